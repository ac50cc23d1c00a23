"""TF-IDF and logistic regression: the baseline that a fine-tuned encoder has to beat."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import jieba
import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from safetynlp.labelled import LabelledRow, targets
from safetynlp.prediction import Prediction, check_texts, decide
from safetynlp.schema import Schema

__all__ = ["TfidfClassifier"]

jieba.setLogLevel(logging.WARNING)  # else it tells on stderr how it loads its dictionary


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
        self._words = TfidfVectorizer(
            tokenizer=jieba.lcut, token_pattern=None, min_df=2, sublinear_tf=True
        )
        self._characters = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 4), min_df=3, sublinear_tf=True
        )
        texts = [row.text for row in rows]
        features = hstack(
            [self._words.fit_transform(texts), self._characters.fit_transform(texts)]
        ).tocsr()
        y, known = targets(rows, schema)
        self._models = [
            self._fit(features[known[:, index]], y[known[:, index], column])
            for index, (_, part) in enumerate(schema.columns())
            for column in range(part.start, part.stop)
        ]

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
        features = features.tocsr()
        columns = [
            np.full(len(texts), model)
            if isinstance(model, float)
            else model.predict_proba(features)[:, 1]
            for model in self._models
        ]
        return decide(np.stack(columns, axis=1), self._schema, self._threshold)

    @staticmethod
    def _fit(features: csr_matrix, y: np.ndarray) -> LogisticRegression | float:
        if not len(y):  # a facet that no row has labels for
            return 0.0
        if y.min() == y.max():  # a label that is never, or always, there
            return float(y[0])
        return LogisticRegression(C=10.0, max_iter=300, solver="liblinear").fit(features, y)
