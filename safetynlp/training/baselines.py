"""What learns quickly from labelled speeches, to compare a model with and to trace curves of."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from safetynlp.errors import DataError, UsageError
from safetynlp.evaluation.learning_curve import LearningCurve, learning_curve
from safetynlp.evaluation.overlap import without_copies
from safetynlp.labelled import (
    LabelledRow,
    Message,
    ReadOptions,
    near_duplicate_groups,
    read_labelled,
)
from safetynlp.prediction import Labeller
from safetynlp.schema import Schema
from safetynlp.training.baseline import (
    FrozenEncoder,
    FrozenEncoderClassifier,
    TfidfClassifier,
)
from safetynlp.training.replay import released_corpus_path
from safetynlp.training.start import find_start

__all__ = ["Baselines"]


class Baselines:
    """TF-IDF and, with an encoder, its frozen states, under logistic regression.

    Args:
        schema: decides the classes.
        test: the rows that will be measured; speeches too much like them are not learned from.
        train_data: files to learn from; None takes the released corpus.
        reading: how the files are read.
        encoder: what ``safetynlp train --base`` takes; None does without.
        tell: takes remarks on the progress.

    Attributes:
        notes: what a reader of the figures should know of the training speeches.

    Raises:
        DataError: the files are faulty, or all of their speeches are like the test speeches.
    """

    def __init__(
        self,
        schema: Schema,
        test: Sequence[LabelledRow],
        train_data: Sequence[str] | None,
        reading: ReadOptions,
        encoder: str | None,
        tell: Callable[[Message], None] = lambda message: None,
    ) -> None:
        self.notes: list[Message] = []
        self._schema = schema
        self._test = test
        self._tell = tell
        self._encoder_name = encoder
        self._rows = self._training_rows(train_data, reading)

    def learners(self) -> dict[str, Callable[[Sequence[LabelledRow]], Labeller]]:
        """Name → function from labelled rows to what has learned from them."""
        found: dict[str, Callable[[Sequence[LabelledRow]], Labeller]] = {
            "tfidf": lambda rows: TfidfClassifier(rows, self._schema)
        }
        if self._encoder_name is not None:
            encoder = self._encoder
            found["frozen_encoder"] = lambda rows: FrozenEncoderClassifier(
                rows, self._schema, encoder
            )
        return found

    def fitted(self) -> dict[str, Labeller]:
        """Each learner, having learned from all rows there are; none without rows."""
        found = {}
        for name, learner in self.learners().items() if self._rows else ():
            n = len(self._rows)
            self._tell(Message(f"{name}: learning from {n} segments", f"{name}：学习 {n} 句"))
            found[name] = learner(self._rows)
        return found

    def curves(self, draws: int, random_state: int) -> list[LearningCurve]:
        """A learning curve of each learner.

        It learns from the training rows and is measured on the test rows; without training rows
        a third of the test speeches is measured in turn, having learned from the others.
        """
        rows, test = (self._rows, self._test) if self._rows else (self._test, None)
        groups = near_duplicate_groups(rows)
        return [
            learning_curve(
                name,
                learner,
                rows,
                test,
                self._schema,
                draws=draws,
                random_state=random_state,
                groups=groups,
                tell=self._tell,
            )
            for name, learner in self.learners().items()
        ]

    def _training_rows(
        self, train_data: Sequence[str] | None, reading: ReadOptions
    ) -> list[LabelledRow]:
        if train_data:
            given = read_labelled(train_data, self._schema, reading).rows
        elif self._schema == Schema.default():
            given = read_labelled([released_corpus_path()], self._schema).rows
        else:
            return []
        rows, left_out = without_copies(given, self._test)
        n_docs = len({row.doc for row in rows})
        if not rows:
            raise DataError(
                "every training speech is like a speech of the data, so the baselines would have "
                "learned what is measured. Give others with --train-data.",
                "训练讲话全部与待评数据近似重复，基线等于学过考题。请用 --train-data 另给训练数据。",
            )
        also = (
            f"; {len(left_out)} are left out because they are like speeches of the data",
            f"；另有 {len(left_out)} 篇与待评数据近似重复，未用",
        )
        self.notes.append(
            Message(
                f"The baselines learned from {len(rows)} segments of {n_docs} other speeches"
                f"{also[0] if left_out else ''}.",
                f"基线由另外 {n_docs} 篇讲话的 {len(rows)} 句训练{also[1] if left_out else ''}。",
            )
        )
        return rows

    @cached_property
    def _encoder(self) -> FrozenEncoder:
        name = str(self._encoder_name)
        # Windows does not delete what is still mapped into memory.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            start = find_start(name, Path(scratch))
            if start.settings is not None:
                raise UsageError(
                    f"--encoder {name}: is a trained model, expected a base encoder such as "
                    "e5-small-zh.",
                    f"--encoder {name}：这是训练好的模型，应为基础编码器，如 e5-small-zh。",
                )
            return FrozenEncoder(start.path)
