# ruff: noqa: E402 (nothing of safetynlp.training can be imported without torch)
from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import torch
from tokenizers import Tokenizer

from safetynlp.errors import ModelError, UsageError
from safetynlp.schema import Schema
from safetynlp.training import fit as fit_module
from safetynlp.training import loss as loss_module
from safetynlp.training.checkpoint import Checkpoints
from safetynlp.training.fit import (
    FitConfig,
    FitResult,
    Rows,
    batches_of,
    fit,
    load_tokenizer,
    logits_of,
)
from safetynlp.training.model import MultiFacetModel
from safetynlp.training.narrator import Narrator
from safetynlp.training.progress import Lines, Step

SCHEMA = Schema.default()
FUNCTION = next(part for facet, part in SCHEMA.columns() if facet.id == "function")
END = 2  # </s>
PLAIN = FitConfig(
    epochs=1, batch_size=8, dropout=0, concat=0, lexicon_dropout=0, max_tokens=64, bf16=False
)
NewModel = Callable[[Path], MultiFacetModel]


@dataclass
class Seen:
    """What the network was trained on, sample by sample."""

    ids: list[list[int]] = field(default_factory=list)  # without padding
    lexicon: list[np.ndarray] = field(default_factory=list)
    y: list[np.ndarray] = field(default_factory=list)
    known: list[list[bool]] = field(default_factory=list)


@pytest.fixture
def seen(base: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> Callable[[FitConfig], Seen]:
    """Trains and returns what the network saw."""

    def run(config: FitConfig) -> Seen:
        model, record = MultiFacetModel.from_encoder(base, SCHEMA), Seen()
        loss = loss_module.facet_loss

        def on_call(_: object, arguments: tuple[torch.Tensor, ...]) -> None:
            for row, mask in zip(arguments[0].tolist(), arguments[1].sum(dim=1), strict=True):
                record.ids.append(row[: int(mask)])
            record.lexicon += list(arguments[2].numpy())

        def on_loss(
            logits: torch.Tensor, y: Any, known: Any, schema: Schema, **settings: Any
        ) -> torch.Tensor:
            record.y += list(y.numpy())
            record.known += known.tolist()
            return loss(logits, y, known, schema, **settings)

        model.register_forward_pre_hook(on_call)
        monkeypatch.setattr(fit_module, "facet_loss", on_loss)
        fit(model, rows, SCHEMA, config, log=lambda line: None)
        monkeypatch.setattr(fit_module, "facet_loss", loss)
        return record

    return run


def without_lexicon(rows: Rows) -> Rows:
    return replace(rows, lexicon=np.zeros_like(rows.lexicon))


def test_learns_a_small_set_by_heart(base: Path, rows: Rows) -> None:
    blind = without_lexicon(rows)
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    right = []

    def after_epoch(epoch: int) -> None:
        logits = logits_of(model, blind)
        multi = ((logits > 0) == (rows.y > 0))[:, : FUNCTION.start].all(axis=1)
        single = logits[:, FUNCTION].argmax(axis=1) == rows.y[:, FUNCTION].argmax(axis=1)
        right.append(float((multi & single).mean()))

    config = replace(PLAIN, epochs=40, learning_rate=3e-3)
    fit(model, blind, SCHEMA, config, after_epoch=after_epoch, log=lambda line: None)
    assert len(right) == 40
    assert right[-1] >= 0.95
    assert right[-1] > right[0] + 0.3
    assert (model.query != 0).any()  # the attention has learned too


def test_same_seed_same_weights(base: Path, rows: Rows) -> None:
    def trained(seed: int) -> torch.Tensor:
        model = MultiFacetModel.from_encoder(base, SCHEMA, dropout=0.1)
        config = replace(PLAIN, concat=0.3, lexicon_dropout=0.3, dropout=0.1, seed=seed)
        fit(model, rows, SCHEMA, config, log=lambda line: None)
        return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    first = trained(0)
    assert torch.equal(first, trained(0))
    assert not torch.equal(first, trained(1))


def test_every_row_once_an_epoch(seen: Callable[[FitConfig], Seen], rows: Rows) -> None:
    record = seen(PLAIN)
    assert sorted(record.ids) == sorted(rows.ids)
    assert np.sum(record.y, axis=0).tolist() == rows.y.sum(axis=0).tolist()
    assert np.sum(record.lexicon, axis=0).tolist() == rows.lexicon.sum(axis=0).tolist()
    assert np.all(record.known)


def test_joined_rows_have_all_labels_but_no_function(
    seen: Callable[[FitConfig], Seen], rows: Rows
) -> None:
    by_body = {tuple(ids[1:-1]): n for n, ids in enumerate(rows.ids)}
    record = seen(replace(PLAIN, concat=0.999, max_tokens=60))
    joined = 0
    for ids, lexicon, y, known in zip(
        record.ids, record.lexicon, record.y, record.known, strict=True
    ):
        members = parts_of(tuple(ids[1:-1]), by_body)
        assert len(ids) <= 60
        assert (ids[0], ids[-1]) == (0, END)
        assert y.tolist() == rows.y[members].max(axis=0).tolist()
        assert lexicon.tolist() == rows.lexicon[members].max(axis=0).tolist()
        assert known == [True, True, True, len(members) == 1]
        joined += len(members) > 1
    assert joined > 40


def parts_of(body: tuple[int, ...], by_body: dict[tuple[int, ...], int]) -> list[int]:
    """The rows that a joined row is made of."""
    if not body:
        return []
    for length in range(1, len(body) + 1):
        if (first := by_body.get(body[:length])) is not None:
            rest = parts_of(body[length:], by_body)
            if rest or length == len(body):
                return [first, *rest]
    return []


def test_some_samples_do_not_see_the_lexicon(seen: Callable[[FitConfig], Seen], rows: Rows) -> None:
    record = seen(replace(PLAIN, lexicon_dropout=0.5, epochs=4))
    blank = sum(not hits.any() for hits in record.lexicon) / len(record.lexicon)
    own = float((rows.lexicon.sum(axis=1) == 0).mean())  # rows without any cue
    assert own < 0.2
    assert 0.35 < blank < 0.7


def test_long_rows_are_cut_but_keep_their_end(
    seen: Callable[[FitConfig], Seen], rows: Rows
) -> None:
    record = seen(replace(PLAIN, max_tokens=10))
    assert max(map(len, record.ids)) == 10 < max(map(len, rows.ids))
    assert all(ids[-1] == END for ids in record.ids)
    (_, (ids, mask, _)), *_ = batches_of(rows.take([4]), pad_id=1, max_tokens=10)
    assert ids[0].tolist() == [*rows.ids[4][:9], END]
    assert mask.tolist() == [[1] * 10]


def test_logits_do_not_depend_on_order(base: Path, rows: Rows, new_model: NewModel) -> None:
    model = new_model(base)
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    np.testing.assert_allclose(
        logits_of(model, rows.take(order)), logits_of(model, rows)[order], atol=1e-4
    )


def test_no_rows(base: Path, rows: Rows, new_model: NewModel) -> None:
    assert logits_of(new_model(base), rows.take([])).shape == (0, 51)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("epochs", 0, "epochs is 0, expected a number above 0"),
        ("epochs", 2.5, "epochs is 2.5, expected int"),
        ("epochs", True, "epochs is True, expected int"),
        ("batch_size", -1, "batch_size is -1, expected a number above 0"),
        ("learning_rate", float("nan"), "learning_rate is nan, expected a number above 0"),
        ("learning_rate", "1e-4", "learning_rate is '1e-4', expected float"),
        ("max_grad_norm", 0.0, "max_grad_norm is 0.0, expected a number above 0"),
        ("weight_decay", -0.1, "weight_decay is -0.1, expected a number from 0"),
        ("concat", 1.0, r"concat is 1.0, expected a share in \[0, 1\)"),
        ("dropout", -0.1, r"dropout is -0.1, expected a share in \[0, 1\)"),
        ("max_tokens", 7, "max_tokens is 7, expected at least 8"),
        ("patience", -1, "patience is -1, expected a number from 0"),
        ("average", 0, "average is 0, expected at least 1"),
        ("layers", 0, "layers is 0, expected at least 1"),
        ("layer_decay", 0.0, r"layer_decay is 0.0, expected a factor in \(0, 1\]"),
        ("positive_weight", 0.5, r"positive_weight is 0.5, expected 0 \(off\) or"),
        ("distill", 1.1, r"distill is 1.1, expected a share in \[0, 1\]"),
        ("bf16", "yes", "bf16 is 'yes', expected bool | None"),
    ],
)
def test_faulty_settings(name: str, value: object, expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        FitConfig(**{name: value})  # type: ignore[arg-type]
    assert name in caught.value.zh


def test_mixed_precision_is_a_choice() -> None:
    assert FitConfig(bf16=True).mixed_precision
    assert not FitConfig(bf16=False).mixed_precision


def test_tokenizer_neither_pads_nor_cuts(base: Path, tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    plain = tokenizer.encode("各部门要排查隐患").ids
    tokenizer.enable_padding(length=32, pad_id=1, pad_token="<pad>")
    tokenizer.enable_truncation(4)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert load_tokenizer(tmp_path / "tokenizer.json").encode("各部门要排查隐患").ids == plain
    assert len(plain) == 10


def test_no_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json: not a tokenizer"):
        load_tokenizer(tmp_path / "tokenizer.json")


def flat(model: MultiFacetModel) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def quiet(line: str) -> None:
    pass


def watched(
    base: Path, rows: Rows, config: FitConfig, scores: list[float]
) -> tuple[FitResult, MultiFacetModel, list[torch.Tensor]]:
    """Trains with these validation scores; also gives the weights that each was given for."""
    model, seen = MultiFacetModel.from_encoder(base, SCHEMA), list[torch.Tensor]()

    def validate() -> dict[str, float]:
        seen.append(flat(model))
        score = scores[len(seen) - 1]
        return {"a": score - 1, "b": score + 1}

    return fit(model, rows, SCHEMA, config, validate=validate, log=quiet), model, seen


def test_stops_early_with_the_best_weights(base: Path, rows: Rows) -> None:
    config = replace(PLAIN, epochs=9, patience=2)
    result, model, seen = watched(base, rows, config, [0.125, 0.5, 0.5, 0.25])
    assert (result.epochs_run, result.best_epoch, result.best_score) == (4, 2, 0.5)
    assert [record.score for record in result.history] == [0.125, 0.5, 0.5, 0.25]
    assert result.history[1].figures == {"a": -0.5, "b": 1.5}
    assert torch.equal(flat(model), seen[1])
    assert not torch.equal(flat(model), seen[3])


def test_without_patience_all_epochs_are_run(base: Path, rows: Rows) -> None:
    result, model, seen = watched(base, rows, replace(PLAIN, epochs=3), [0.5, 0.1, 0.2])
    assert (result.epochs_run, result.best_epoch) == (3, 1)
    assert torch.equal(flat(model), seen[0])


def test_without_validation_the_last_weights_stay(base: Path, rows: Rows) -> None:
    result = fit(
        MultiFacetModel.from_encoder(base, SCHEMA),
        rows,
        SCHEMA,
        replace(PLAIN, epochs=2),
        log=quiet,
    )
    assert (result.epochs_run, result.best_epoch, result.best_score) == (2, 2, None)


def test_averaged_weights_are_what_is_validated(base: Path, rows: Rows) -> None:
    config = replace(PLAIN, epochs=3)
    _, _, plain = watched(base, rows, config, [0.1, 0.2, 0.3])
    _, model, averaged = watched(base, rows, replace(config, average=2), [0.1, 0.2, 0.3])
    assert torch.equal(averaged[0], plain[0])
    assert torch.allclose(averaged[1], (plain[0] + plain[1]) / 2, atol=1e-6)
    assert torch.allclose(averaged[2], (plain[1] + plain[2]) / 2, atol=1e-6)
    assert torch.equal(flat(model), averaged[2])


class CtrlC(Lines):
    """Comes in the first step."""

    def on_step(self, step: Step) -> None:
        signal.raise_signal(signal.SIGINT)


def test_speaks_the_language_of_its_user(base: Path, rows: Rows, tmp_path: Path) -> None:
    said: list[str] = []

    def run(progress: Lines | None = None) -> None:
        fit(
            MultiFacetModel.from_encoder(base, SCHEMA),
            rows,
            SCHEMA,
            PLAIN,
            checkpoints=Checkpoints(tmp_path, resume=True),
            progress=progress,
            log=said.append,
            lang="zh",
        )

    with pytest.raises(KeyboardInterrupt):
        run(CtrlC(Narrator()))
    run()
    probe, stopped, resumed, step = said
    assert probe.startswith("线性探测：损失 ")
    assert stopped == f"已停止，完成 1/8 步；已完成的部分保存在 {tmp_path}"
    assert resumed == "从第 1 轮继续，已完成 1/8 步"
    assert step.startswith("第 1/1 轮，第 8/8 步：损失 ")


@pytest.mark.parametrize("figures", [{}, {"a": float("nan")}])
def test_validation_without_figures(base: Path, rows: Rows, figures: dict[str, float]) -> None:
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    with pytest.raises(UsageError, match="expected finite figures"):
        fit(model, rows, SCHEMA, PLAIN, validate=lambda: figures, log=quiet)


def test_layers_are_left_out(base: Path, rows: Rows) -> None:
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    fit(model, rows, SCHEMA, replace(PLAIN, layers=1), log=quiet)
    assert len(model.encoder.encoder.layer) == 1


def test_a_student_learns_from_its_teacher_alone(base: Path, rows: Rows) -> None:
    """With the whole loss against the teacher, wrong labels do not matter."""
    wrong = replace(rows, y=np.roll(rows.y, 1, axis=0))
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    config = replace(PLAIN, epochs=30, learning_rate=3e-3, probe=False, distill=1.0)
    fit(model, wrong.taught(rows.y), SCHEMA, config, log=quiet)
    found = logits_of(model, rows)[:, FUNCTION].argmax(axis=1)
    assert (found == rows.y[:, FUNCTION].argmax(axis=1)).mean() > 0.8


def test_no_teacher(base: Path, rows: Rows) -> None:
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    with pytest.raises(UsageError, match="carry no probabilities of a teacher"):
        fit(model, rows, SCHEMA, replace(PLAIN, distill=0.5), log=quiet)


def test_rdrop_brings_two_dropouts_together(base: Path, rows: Rows) -> None:
    def gap(weight: float) -> float:
        model = MultiFacetModel.from_encoder(base, SCHEMA)
        config = replace(PLAIN, epochs=8, learning_rate=1e-3, rdrop=weight)
        fit(model, rows, SCHEMA, config, log=quiet)
        (_, arguments), *_ = batches_of(rows, 1, 64)
        model.train()
        torch.manual_seed(0)
        with torch.no_grad():
            return float((model(*arguments).sigmoid() - model(*arguments).sigmoid()).abs().mean())

    assert gap(5.0) < 0.8 * gap(0.0)


def test_a_loss_that_is_no_number(base: Path, rows: Rows) -> None:
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    with torch.no_grad():
        model.bias.fill_(float("nan"))
    with pytest.raises(UsageError, match=r"the loss of step 1 is nan\. Lower learning_rate"):
        fit(model, rows, SCHEMA, replace(PLAIN, probe=False), log=quiet)


def test_nothing_to_train_on(base: Path, rows: Rows) -> None:
    model = MultiFacetModel.from_encoder(base, SCHEMA)
    with pytest.raises(UsageError, match="no rows"):
        fit(model, rows.take([]), SCHEMA, PLAIN, log=quiet)
