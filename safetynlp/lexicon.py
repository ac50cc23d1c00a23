"""Cue words per label: input features of the trained model, and the keyword baseline."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from safetynlp.errors import SchemaError
from safetynlp.prediction import Prediction, check_texts
from safetynlp.schema import Facet, Schema

__all__ = ["KeywordClassifier", "Lexicon"]

_BOOK_TITLE = re.compile("《[^《》]*》")
# What an excluded phrase is replaced by: keeps words apart, and no cue matches it.
_BLANKED = "\x00"


class Lexicon:
    """Regular expressions per facet and label, searched in a segment.

    Args:
        facets: ``{facet id: {label id: {"terms": [regex…], "exclude": [regex…]}}}``. Labels
            without an entry never match.
        schema: decides the order of the columns.
        source: names the lexicon in messages.

    Raises:
        SchemaError: another form than this, a facet or label that the schema lacks, or a faulty
            expression.
    """

    def __init__(
        self,
        facets: Mapping[str, Mapping[str, Any]],
        schema: Schema,
        source: str = "lexicon",
    ) -> None:
        _check(facets, schema, source)
        self._facets = facets
        self._schema = schema
        self._rules: list[tuple[re.Pattern[str] | None, re.Pattern[str] | None]] = []
        for facet in schema.facets:
            entries = facets.get(facet.id, {})
            for label_id in facet.label_ids:
                entry = entries.get(label_id, {})
                self._rules.append(
                    (
                        _union(entry.get("terms", ()), f"{source}: {facet.id}.{label_id}.terms"),
                        _union(
                            entry.get("exclude", ()), f"{source}: {facet.id}.{label_id}.exclude"
                        ),
                    )
                )

    @property
    def schema(self) -> Schema:
        """The schema whose labels are its columns."""
        return self._schema

    @property
    def n_features(self) -> int:
        """Number of columns: one per label of the schema, facets in schema order."""
        return len(self._rules)

    def features(self, texts: Sequence[str]) -> np.ndarray:
        """Which labels' cues stand in which text.

        Returns: float32, shape ``(len(texts), n_features)``, each 0.0 or 1.0.
        """
        hits = np.zeros((len(texts), len(self._rules)), dtype=np.float32)
        for row, text in enumerate(texts):
            plain = _BOOK_TITLE.sub(_BLANKED, text)
            for column, (terms, exclude) in enumerate(self._rules):
                if terms is None or not terms.search(plain):
                    continue
                if exclude is None or terms.search(exclude.sub(_BLANKED, plain)):
                    hits[row, column] = 1.0
        return hits

    def labels(self, text: str) -> dict[str, frozenset[str]]:
        """Ids of the labels whose cues stand in ``text``, by facet id; every facet is a key."""
        hits = iter(self.features([text])[0])
        return {
            facet.id: frozenset(id for id, hit in zip(facet.label_ids, hits, strict=False) if hit)
            for facet in self._schema.facets
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data that :meth:`__init__` takes as ``facets``; goes into the model folder."""
        return {facet: dict(labels) for facet, labels in self._facets.items()}

    @classmethod
    def default(cls) -> Lexicon:
        """The lexicon of the default schema."""
        return _default_lexicon()

    @classmethod
    def from_yaml(cls, path: str | Path, schema: Schema) -> Lexicon:
        """Read a lexicon file.

        Raises:
            SchemaError: the file cannot be read or does not fit the schema.
        """
        try:
            data = yaml.safe_load(Path(path).read_text("utf-8-sig"))
            facets = data["facets"]
        # ValueError: text that is no UTF-8, or a date that does not exist.
        except (OSError, ValueError, RecursionError, yaml.YAMLError, KeyError, TypeError) as error:
            raise SchemaError(
                f"{path}: cannot be read as a lexicon ({error}). Expected UTF-8 YAML with a key "
                f'"facets".',
                f"{path}：无法读作词表（{error}）。应为含 facets 的 UTF-8 YAML。",
            ) from error
        return cls(facets, schema, str(path))


@lru_cache(maxsize=1)
def _default_lexicon() -> Lexicon:
    resource = resources.files("safetynlp") / "lexicons" / "safety-speech.yaml"
    with resources.as_file(resource) as path:
        return Lexicon.from_yaml(path, Schema.default())


def _check(facets: Any, schema: Schema, source: str) -> None:
    """Raise SchemaError unless ``facets`` has the form that Lexicon takes."""
    if not isinstance(facets, Mapping):
        raise _misshaped(source, facets, "a mapping from facet id to label id to terms")
    for facet_id, labels in facets.items():
        try:
            facet = schema.facet(facet_id)
            if not isinstance(labels, Mapping):
                raise _misshaped(f"{source}: {facet_id}", labels, "a mapping from label id")
            for label_id, entry in labels.items():
                facet.label(str(label_id))
                _check_entry(entry, f"{source}: {facet_id}.{label_id}")
        except SchemaError as error:
            if error.en.startswith(source):
                raise
            raise SchemaError(f"{source}: {error.en}", f"{source}：{error.zh}") from error


def _check_entry(entry: Any, where: str) -> None:
    if not isinstance(entry, Mapping) or not set(entry) <= {"terms", "exclude"}:
        raise _misshaped(where, entry, "a mapping with terms and, if need be, exclude")
    for key, terms in entry.items():
        is_list = isinstance(terms, Sequence) and not isinstance(terms, str)
        if not is_list or not all(isinstance(term, str) and term for term in terms):
            raise _misshaped(f"{where}.{key}", terms, "a list of regular expressions")


def _misshaped(where: str, found: Any, expected: str) -> SchemaError:
    return SchemaError(
        f"{where}: found {str(found)[:40]!r}, expected {expected}. Correct the lexicon.",
        f"{where}：内容 {str(found)[:40]!r} 不合要求，应为 {expected}。请改正词表。",
    )


def _union(patterns: Sequence[str], where: str) -> re.Pattern[str] | None:
    if not patterns:
        return None
    try:
        return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    except re.error as error:
        raise SchemaError(
            f"{where}: not a regular expression: {error}. Correct it.",
            f"{where}：正则表达式有误：{error}。请改正。",
        ) from error


class KeywordClassifier:
    """Labels a segment by cue words alone: no model file, instant, easy to explain.

    It is the baseline that a trained model must beat, and a stand-in for one in tests. Its
    scores are 1.0 for a cue that was found and 0.0 else. In a single-label facet the first label
    with a cue wins, labels in the order of ``single_label_priority``; without any cue the first
    label of the schema, whose score is then 1.0 too.

    Args:
        lexicon: the cue words, for the labels of its own schema; None takes the default one.

    >>> KeywordClassifier().predict(["严禁酒驾。"])[0].labels["sector"]
    ('road_traffic',)
    """

    # Annotation guide, F1: directive > problem > situation > achievement > rationale. Procedural
    # cues come first because they are whole-line forms; no cue at all reads as a directive.
    single_label_priority = (
        "procedural",
        "problem",
        "directive",
        "situation",
        "achievement",
        "rationale",
    )

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self._lexicon = lexicon or Lexicon.default()
        self._schema = self._lexicon.schema

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
        return [self._prediction(row) for row in self._lexicon.features(texts)]

    def _prediction(self, hits: np.ndarray) -> Prediction:
        labels: dict[str, tuple[str, ...]] = {}
        scores: dict[str, dict[str, float]] = {}
        column = 0
        for facet in self._schema.facets:
            row = hits[column : column + len(facet.labels)]
            column += len(facet.labels)
            found = tuple(id for id, hit in zip(facet.label_ids, row, strict=True) if hit)
            if facet.kind == "single":
                found = (self._first(found, facet),)
            labels[facet.id] = found
            scores[facet.id] = {id: float(id in found) for id in facet.label_ids}
        return Prediction(labels, scores)

    def _first(self, found: tuple[str, ...], facet: Facet) -> str:
        for id in self.single_label_priority:
            if id in found:
                return id
        return found[0] if found else facet.label_ids[0]
