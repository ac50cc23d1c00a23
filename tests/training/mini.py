"""Ten short invented speeches with labels, and files made of them. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetynlp.labelled import LabelledRow
from safetynlp.schema import Schema

__all__ = [
    "SPEECHES",
    "labelled_rows",
    "one_line_of",
    "write_corpus",
    "write_gold",
    "write_titles",
]

# text, function, labels of the multi-label facets by facet id
Line = tuple[str, str, dict[str, list[str]]]


def _county(cue: str, sector: str, number: int) -> list[Line]:
    return [
        (f"在全县{cue}安全工作会上的讲话", "procedural", {"sector": [sector]}),
        ("同志们：", "procedural", {}),
        (f"上半年全县{cue}事故{number}起，形势严峻。", "situation", {"sector": [sector]}),
        (
            f"有的部门对{cue}的执法检查走了过场。",
            "problem",
            {
                "sector": [sector],
                "responsibility": ["departmental"],
                "action": ["law_enforcement"],
            },
        ),
        (
            f"各部门要在{number}月底前把{cue}隐患排查一遍。",
            "directive",
            {
                "sector": [sector],
                "responsibility": ["departmental"],
                "action": ["hazard_rectification"],
            },
        ),
        (
            "各乡镇要开展应急演练，严格值班值守。",
            "directive",
            {
                "responsibility": ["territorial"],
                "action": ["emergency_preparedness", "duty_reporting"],
            },
        ),
    ]


def _plant(cue: str, sector: str, number: int) -> list[Line]:
    return [
        (f"董事长在{cue}安全例会上的讲话", "procedural", {"sector": [sector]}),
        ("安全是企业的命根子。", "rationale", {"responsibility": ["enterprise"]}),
        (
            f"去年公司培训员工{number}次，成绩不小。",
            "achievement",
            {
                "responsibility": ["enterprise", "frontline_staff"],
                "action": ["education_training"],
            },
        ),
        (
            f"{cue}的风险辨识还不到位。",
            "problem",
            {"sector": [sector], "action": ["risk_control"]},
        ),
        (
            f"企业必须为{cue}配足安全投入。",
            "directive",
            {
                "sector": [sector],
                "responsibility": ["enterprise"],
                "action": ["engineering_investment"],
            },
        ),
        (
            "每名员工都要持证上岗。",
            "directive",
            {"responsibility": ["frontline_staff"], "action": ["education_training"]},
        ),
    ]


_CUES = (
    ("燃气", "urban_gas"),
    ("消防", "fire_safety"),
    ("煤矿", "coal_mining"),
    ("电梯", "special_equipment"),
    ("渔船", "water_fishery"),
)
SPEECHES: dict[str, list[Line]] = {
    f"{family}-{n}": lines(cue, sector, n)
    for family, lines in (("county", _county), ("plant", _plant))
    for n, (cue, sector) in enumerate(_CUES, 1)
}


def _row(doc: str, n: int, line: Line) -> dict[str, Any]:
    text, function, labels = line
    empty: dict[str, list[str]] = {"sector": [], "responsibility": [], "action": []}
    return {"doc": doc, "i": n, "text": text, **empty, **labels, "function": function}


def labelled_rows() -> list[LabelledRow]:
    """All segments with their labels, in schema order."""
    rows = []
    for doc, lines in SPEECHES.items():
        for n, line in enumerate(lines):
            data = _row(doc, n, line)
            labels = {
                facet.id: (data["function"],) if facet.kind == "single" else tuple(data[facet.id])
                for facet in Schema.default().facets
            }
            rows.append(LabelledRow(doc, data["text"], labels))
    return rows


def write_corpus(folder: Path, docs: Sequence[str] = tuple(SPEECHES)) -> Path:
    """One ``DOC.jsonl`` for each speech."""
    folder.mkdir(parents=True, exist_ok=True)
    for doc in docs:
        rows = [_row(doc, n, line) for n, line in enumerate(SPEECHES[doc])]
        _write_jsonl(folder / f"{doc}.jsonl", rows)
    return folder


def write_gold(folder: Path, docs: Sequence[str]) -> Path:
    """For each speech a ``DOC.txt`` and a ``DOC.gold.jsonl`` with the place of each segment."""
    folder.mkdir(parents=True, exist_ok=True)
    for doc in docs:
        rows, start = [], 0
        for n, line in enumerate(SPEECHES[doc]):
            end = start + len(line[0])
            rows.append({**_row(doc, n, line), "start": start, "end": end})
            start = end + 1
        text = "\n".join(line[0] for line in SPEECHES[doc])
        (folder / f"{doc}.txt").write_text(text, "utf-8")
        _write_jsonl(folder / f"{doc}.gold.jsonl", rows)
    return folder


def write_titles(file: Path) -> Path:
    """A foreign data set, ``text<TAB>class`` a line: what kind of sentence is it?"""
    lines = [f"{text}\t{kind}" for speech in SPEECHES.values() for text, kind, _ in speech]
    file.write_text("\n".join(dict.fromkeys(lines)) + "\n", "utf-8")
    return file


def _write_jsonl(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")


def one_line_of(stderr: str) -> str:
    """What a command says of an error: exactly one line, and no traceback."""
    (line,) = stderr.splitlines()
    assert not line.startswith("Traceback")
    return line
