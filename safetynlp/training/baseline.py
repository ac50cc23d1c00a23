"""What a fine-tuned encoder has to beat: logistic regression on TF-IDF and on a frozen encoder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import jieba
import numpy as np
import torch
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from safetynlp.errors import ModelError
from safetynlp.labelled import LabelledRow, targets
from safetynlp.prediction import Prediction, check_texts, decide
from safetynlp.schema import Schema

__all__ = ["FrozenEncoder", "FrozenEncoderClassifier", "TfidfClassifier"]

jieba.setLogLevel(logging.WARNING)  # else it tells on stderr how it loads its dictionary

_MAX_TOKENS = 256
_BATCH = 32
_MIN_DEVIATION = 1e-6


class _Regressions:
    """A logistic regression for each label, learned from the rows that have its facet."""

    def __init__(
        self,
        features: csr_matrix | np.ndarray,
        rows: Sequence[LabelledRow],
        schema: Schema,
        make: Callable[[], LogisticRegression],
    ) -> None:
        self._schema = schema
        y, known = targets(rows, schema)
        self._models = [
            _fit(features[known[:, index]], y[known[:, index], column], make)
            for index, (_, part) in enumerate(schema.columns())
            for column in range(part.start, part.stop)
        ]

    def probabilities(self, features: csr_matrix | np.ndarray) -> np.ndarray:
        """Shape (texts, labels), in [0, 1]; those of a single-label facet sum to 1."""
        n = features.shape[0]
        values = np.stack(
            [
                np.full(n, model)
                if isinstance(model, float)
                else model.predict_proba(features)[:, 1]
                for model in self._models
            ],
            axis=1,
        )
        for facet, part in self._schema.columns():
            if facet.kind == "single":
                total = values[:, part].sum(axis=1, keepdims=True)
                even = 1 / len(facet.labels)
                values[:, part] = np.where(
                    total > 0, values[:, part] / np.maximum(total, 1e-12), even
                )
        return values


def _fit(
    features: csr_matrix | np.ndarray, y: np.ndarray, make: Callable[[], LogisticRegression]
) -> LogisticRegression | float:
    if not len(y):  # a facet that no row has labels for
        return 0.0
    if y.min() == y.max():  # a label that is never, or always, there
        return float(y[0])
    return make().fit(features, y)


class TfidfClassifier:
    """Words (jieba) and character 1–4-grams, one logistic regression per label.

    Args:
        rows: training rows. schema: decides the classes. threshold: of the multi-label facets.
    """

    def __init__(
        self, rows: Sequence[LabelledRow], schema: Schema, *, threshold: float = 0.4
    ) -> None:
        self._schema = schema
        self._threshold = threshold
        texts = [row.text for row in rows]
        # Rare features are noise, but of a few segments every feature is rare.
        few = len(texts) < 200
        self._words = TfidfVectorizer(
            tokenizer=jieba.lcut, token_pattern=None, min_df=1 if few else 2, sublinear_tf=True
        )
        self._characters = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 4), min_df=1 if few else 3, sublinear_tf=True
        )
        features = hstack(
            [self._words.fit_transform(texts), self._characters.fit_transform(texts)]
        ).tocsr()
        self._regressions = _Regressions(
            features,
            rows,
            schema,
            lambda: LogisticRegression(C=10.0, max_iter=300, solver="liblinear"),
        )

    @property
    def schema(self) -> Schema:
        """The facets and labels it predicts."""
        return self._schema

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Labels of each text; same length and order as ``texts``.

        Raises:
            UsageError: ``texts`` is one string instead of a list of them.
        """
        check_texts(texts)
        if not texts:
            return []
        features = hstack([self._words.transform(texts), self._characters.transform(texts)])
        return decide(
            self._regressions.probabilities(features.tocsr()), self._schema, self._threshold
        )


class FrozenEncoder:
    """A base encoder as it is: texts in, mean-pooled hidden states out.

    Args:
        folder: with a BERT checkpoint and its ``tokenizer.json``.

    Raises:
        ModelError: there is none.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer
        from transformers import AutoModel
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # else a bar for every loading of weights
        try:
            self._model = AutoModel.from_pretrained(str(folder), add_pooling_layer=False).eval()
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers raises bare Exception
            reason = " ".join(str(error).split())[:300]
            raise ModelError(
                f"{folder}: not a BERT checkpoint with its tokenizer.json: {reason}. "
                "Name another encoder.",
                f"{folder}：不是含 tokenizer.json 的 BERT 检查点：{reason}。请换一个编码器。",
            ) from error
        most = min(_MAX_TOKENS, self._model.config.max_position_embeddings)
        self._tokenizer.enable_truncation(most)
        self._tokenizer.no_padding()
        self._known: dict[str, np.ndarray] = {}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """float32, shape (texts, width). A text that was embedded before is not run again."""
        new = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            self._known.update(zip(batch, self._run(batch), strict=True))
        width = self._model.config.hidden_size
        return np.array([self._known[text] for text in texts]).reshape(len(texts), width)

    def _run(self, texts: Sequence[str]) -> np.ndarray:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        shape = (len(ids), max(map(len, ids)))
        padded = torch.full(shape, self._model.config.pad_token_id or 0)
        mask = torch.zeros(shape, dtype=torch.int64)
        for n, row in enumerate(ids):
            padded[n, : len(row)] = torch.tensor(row)
            mask[n, : len(row)] = 1
        with torch.inference_mode():
            states = self._model(input_ids=padded, attention_mask=mask).last_hidden_state
            pooled = (states * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        values: np.ndarray = pooled.float().numpy()
        return values


class FrozenEncoderClassifier:
    """Logistic regression on the states of a frozen encoder, one per label.

    It is the head that SetFit (Tunstall et al. 2022, arXiv:2209.11055) puts on its encoder, here
    without the contrastive training before it. States are standardised, for those of e5 all lie
    close together. The penalty (C = 0.8 / √rows) and the threshold did best on validation speeches
    of the corpus, with few training rows and with many.

    Args:
        rows: training rows. schema: decides the classes. encoder: gives the states.
        threshold: of the multi-label facets.
    """

    def __init__(
        self,
        rows: Sequence[LabelledRow],
        schema: Schema,
        encoder: FrozenEncoder,
        *,
        threshold: float = 0.3,
    ) -> None:
        self._schema = schema
        self._encoder = encoder
        self._threshold = threshold
        states = encoder.embed([row.text for row in rows])
        self._mean = states.mean(axis=0)
        self._deviation = np.maximum(states.std(axis=0), _MIN_DEVIATION)
        self._regressions = _Regressions(
            self._standardised(states),
            rows,
            schema,
            lambda: LogisticRegression(C=0.8 / len(rows) ** 0.5, max_iter=1000),
        )

    @property
    def schema(self) -> Schema:
        """The facets and labels it predicts."""
        return self._schema

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Labels of each text; same length and order as ``texts``.

        Raises:
            UsageError: ``texts`` is one string instead of a list of them.
        """
        check_texts(texts)
        if not texts:
            return []
        features = self._standardised(self._encoder.embed(texts))
        return decide(self._regressions.probabilities(features), self._schema, self._threshold)

    def _standardised(self, states: np.ndarray) -> np.ndarray:
        values: np.ndarray = (states - self._mean) / self._deviation
        return values
