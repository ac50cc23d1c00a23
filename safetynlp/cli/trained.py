"""What ``safetynlp train`` shows in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from safetynlp.report.cells import cell_width

if TYPE_CHECKING:
    from safetynlp.evaluation.metrics import FacetMetrics
    from safetynlp.training.measure import Comparison, TrainResult

__all__ = ["result_text"]

_WORDS = {
    "zh": {
        "test": "测试讲话",
        "folds": "交叉验证（新讲话）",
        "released": "随包语料的测试讲话",
        "facet": "分面",
        "figure": "指标",
        "before": "训练前",
        "after": "训练后",
        "few": "讲话很少，区间仅供参考。",
        "worse": "低于训练前：{}。训练使这些变差了，如不能接受，请保留原模型或多标注一些讲话。",
        "wrote": "已写入 {}",
        "size": "{}：{} 篇 {} 句",
    },
    "en": {
        "test": "test speeches",
        "folds": "cross-validation on the new speeches",
        "released": "test speeches of the released corpus",
        "facet": "facet",
        "figure": "figure",
        "before": "before",
        "after": "after",
        "few": "With so few speeches the intervals are rough.",
        "worse": "lower than before: {}. If that is not worth what is gained, keep the model before, "
        "or label more speeches.",
        "wrote": "wrote {}",
        "size": "{}: {} speeches, {} segments",
    },
}
_FEW = 10  # speeches
_CLEARLY = 0.01
_SHOWN = ("f1_micro", "accuracy", "f1_macro")


def result_text(result: TrainResult, lang: str) -> str:
    """Tables of the main figures, before and after, with intervals."""
    words = _WORDS["zh" if lang == "zh" else "en"]
    blocks = [
        _table(words[name], found, words)
        for name, found in (
            ("test", result.test),
            ("folds", result.cross_validation),
            ("released", result.released),
        )
        if found is not None
    ]
    return "\n\n".join([*blocks, words["wrote"].format(result.path)]) + "\n"


def _table(title: str, found: Comparison, words: dict[str, str]) -> str:
    after, before = _figures(found.after), _figures(found.before)
    rows = [[words["facet"], words["figure"], words["before"], words["after"]]]
    rows += [[facet, name, before.get((facet, name), "–"), v] for (facet, name), v in after.items()]
    if not before:
        rows = [[facet, name, value] for facet, name, _, value in rows]
    widths = [max(cell_width(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [words["size"].format(title, found.speeches, found.rows)]
    for row in rows:
        cells = (cell + " " * (w - cell_width(cell)) for cell, w in zip(row, widths, strict=True))
        lines.append(f"  {'  '.join(cells)}".rstrip())
    if lower := _lower(found):
        lines.append("  " + words["worse"].format(", ".join(lower)))
    if found.speeches < _FEW:
        lines.append(f"  {words['few']}")
    return "\n".join(lines)


def _lower(found: Comparison) -> list[str]:
    """Facets whose first figure is clearly lower than before, with the difference."""
    lower = []
    for facet, metrics in found.after.items():
        name = next(name for name in _SHOWN if name in metrics.figures)
        before = found.before.get(facet)
        if before is None:
            continue
        change = metrics.figures[name].value - before.figures[name].value
        if change < -_CLEARLY:
            lower.append(f"{facet} {name} {change:+.3f}")
    return lower


def _figures(facets: Mapping[str, FacetMetrics]) -> dict[tuple[str, str], str]:
    return {
        (facet, name): str(metrics.figures[name])
        for facet, metrics in facets.items()
        for name in _SHOWN
        if name in metrics.figures
    }
