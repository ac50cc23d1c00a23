"""All that is settled before a network is trained: data, parts, replay, settings."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import safetynlp
from safetynlp.errors import DataError, UsageError
from safetynlp.labelled import LabelledRow
from safetynlp.lexicon import Lexicon
from safetynlp.schema import Schema
from safetynlp.training.config import TrainConfig
from safetynlp.training.fit import FitConfig
from safetynlp.training.material import Material, read_material, warn_of_rare_labels
from safetynlp.training.narrator import Narrator
from safetynlp.training.plan import Plan, make_plan, speeches_of
from safetynlp.training.recipe import Recipe
from safetynlp.training.replay import Replay, load_replay, shared_schema
from safetynlp.training.start import Start

__all__ = ["Prepared", "prepare"]

_SHOWN = 5  # groups of speeches that are alike
_PARTS_ZH = {"train": "训练", "validation": "验证", "test": "测试"}
# Steps that a run should have: few rows need more epochs for them. Early stopping may end it sooner.
_NEW_STEPS, _TUNING_STEPS = 400, 200
_MOST_EPOCHS = 20


@dataclass(frozen=True)
class Prepared:
    """A run that can begin."""

    config: TrainConfig
    start: Start
    material: Material
    plan: Plan
    replay: Replay
    runs: tuple[FitConfig, ...]
    lexicon: Lexicon
    rare: Mapping[str, int]  # labels that are hard to learn → their segments

    @property
    def schema(self) -> Schema:
        """The facets and labels of the new model."""
        return self.material.schema

    @property
    def parts(self) -> dict[str, tuple[LabelledRow, ...]]:
        """Name → rows of the parts that are not empty."""
        plan = self.plan
        parts = {"train": plan.learn, "validation": plan.validation, "test": plan.test}
        return {name: rows for name, rows in parts.items() if rows}

    @property
    def docs(self) -> dict[str, tuple[str, ...]]:
        """Name of each part → its speeches."""
        return {name: speeches_of(rows) for name, rows in self.parts.items()}

    def fingerprint(self) -> str:
        """Hash of all that decides the result, but for the machine."""
        content = {
            "version": safetynlp.__version__,
            "recipe": self.config.recipe.to_dict(),
            "runs": [asdict(run) for run in self.runs],
            "schema": self.schema.model_dump(mode="json"),
            "data": self.material.sha256,
            "read": repr(self.config.read),
            "start": self.start.sha256(),
            "replay": [(row.doc, row.index) for row in self.replay.learn],
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def prepare(config: TrainConfig, start: Start, say: Narrator) -> Prepared:
    """Read and divide the data, and tell what will be done with them before it takes hours.

    Raises:
        DataError, SchemaError: data or schema are faulty, or speeches too few.
        UsageError: settings do not fit the start.
    """
    material = read_material(config, start, say)
    test = material.test.rows if material.test else ()
    plan = make_plan(material.data.rows, config.recipe, test)
    _tell_plan(plan, say)
    replay = _replay(config.recipe, start, material.schema, plan, say)
    runs = _runs(config.recipe, start, material.schema, len(plan.learn) + len(replay.learn))
    return Prepared(
        config=config,
        start=start,
        material=material,
        plan=plan,
        replay=replay,
        runs=runs,
        lexicon=start.lexicon(material.schema),
        rare=warn_of_rare_labels(
            [*plan.learn, *replay.learn], material.schema, config.recipe.min_support, say
        ),
    )


def _replay(recipe: Recipe, start: Start, schema: Schema, plan: Plan, say: Narrator) -> Replay:
    if start.settings is None:
        return Replay()
    if not start.kept_columns(schema) or not shared_schema(schema, Schema.default()):
        say(
            "no replay: the labels have no facet in common with the released corpus",
            "不重放：标签体系与随包语料没有相同的分面",
        )
        return Replay()
    texts = {row.text for row in (*plan.learn, *plan.validation, *plan.test)}
    try:
        replay = load_replay(schema, recipe.replay, recipe.split_seed, texts)
    except DataError:
        if recipe.replay:
            raise
        return Replay()  # nobody asked for the corpus: what it would show is not measured
    if not replay.learn:
        return replay
    say(
        f"replay: {len(replay.learn)} segments of the released corpus are trained on too, so that "
        "the model keeps what it knew",
        f"重放：同时训练随包语料 {len(replay.learn)} 句，以保持原有能力",
    )
    _tell_new_labels(start, schema, say)
    return replay


def _tell_new_labels(start: Start, schema: Schema, say: Narrator) -> None:
    kept = start.kept_columns(schema)
    common = shared_schema(schema, Schema.default())
    replayed = common.facet_ids if common else ()
    new = [
        f"{facet.id}.{id}"
        for facet, part in schema.columns()
        if facet.id in replayed
        for n, id in enumerate(facet.label_ids)
        if part.start + n not in kept
    ]
    if new:
        names = ", ".join(new)
        say(
            f"warning: replayed segments count as being without the new labels {names}. If they "
            "are frequent there, train with --no-replay.",
            f"注意：重放的句子一律视为不含新标签 {names}。若其中实有不少，请加 --no-replay。",
        )


def _runs(recipe: Recipe, start: Start, schema: Schema, n_rows: int) -> tuple[FitConfig, ...]:
    """Settings of the runs; defaults are slow and short where a model goes on learning."""
    tuning = bool(start.kept_columns(schema))
    steps, fewest = (_TUNING_STEPS, 3) if tuning else (_NEW_STEPS, 4)
    per_epoch = math.ceil(n_rows / FitConfig().batch_size)
    defaults: dict[str, Any] = {
        "epochs": min(max(fewest, math.ceil(steps / per_epoch)), _MOST_EPOCHS),
        "patience": 2,
        "learning_rate": 3e-5 if tuning else 1e-4,
        "probe": not tuning,
        # Joined segments teach nothing of single-label facets.
        "concat": FitConfig().concat if any(f.kind == "multi" for f in schema.facets) else 0.0,
        "max_tokens": min(FitConfig().max_tokens, start.max_positions),
    }
    runs = recipe.runs(**defaults)
    for run in runs:
        if run.max_tokens > start.max_positions:
            raise UsageError(
                f"max_tokens is {run.max_tokens}, but the base encoder reads at most "
                f"{start.max_positions}. Lower it in the recipe.",
                f"max_tokens 为 {run.max_tokens}，而基础编码器最多读 {start.max_positions}。"
                "请在配方中调低。",
            )
    return runs


def _tell_plan(plan: Plan, say: Narrator) -> None:
    for docs in plan.alike[:_SHOWN]:
        names = ", ".join(docs[:8]) + (f" … ({len(docs)})" if len(docs) > 8 else "")
        say(
            f"near-duplicate speeches, kept in the same part: {names}",
            f"雷同的讲话，划入同一部分：{names}",
        )
    if (more := len(plan.alike) - _SHOWN) > 0:
        say(f"and {more} more such groups", f"另有 {more} 组雷同讲话")
    if plan.left_out:
        names = ", ".join(plan.left_out)
        say(
            f"left out of training, for test speeches are copies of them: {names}",
            f"以下讲话与测试讲话雷同，不用于训练：{names}",
        )
    for name, rows in (
        ("train", plan.learn),
        ("validation", plan.validation),
        ("test", plan.test),
    ):
        if rows:
            _tell_part(name, rows, say)
    if plan.folds:
        say(
            f"cross-validation: {len(plan.folds)} folds, then the model from all of train",
            f"交叉验证：{len(plan.folds)} 折，之后用全部训练讲话训练模型",
        )


def _tell_part(name: str, rows: Sequence[LabelledRow], say: Narrator) -> None:
    n_docs = len(speeches_of(rows))
    say(
        f"{name}: {len(rows)} segments of {n_docs} speeches",
        f"{_PARTS_ZH[name]}：{n_docs} 篇讲话 {len(rows)} 句",
    )
