"""The whole path in one object: read, segment, label, and score on request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from safetynlp.classifier import Classifier
from safetynlp.coverage import Coverage, cover
from safetynlp.document import Document
from safetynlp.doubt import uncertainty
from safetynlp.explanation import Explanation, explain
from safetynlp.lexicon import KeywordClassifier
from safetynlp.prediction import LabelledSegment
from safetynlp.rubric import Rubric, load_rubric
from safetynlp.schema import Schema
from safetynlp.segment import segment

__all__ = ["Analysis", "Analyzer", "Audit"]

DEFAULT_RUBRIC = "speech-structure"


@dataclass(frozen=True, slots=True)
class Audit:
    """What made an analysis, so that it can be made again."""

    model: str
    model_sha256: str
    safetynlp_version: str


@dataclass(frozen=True)
class Analysis:
    """A speech with its labelled segments, in order."""

    document: Document
    segments: tuple[LabelledSegment, ...]
    schema: Schema
    audit: Audit

    def coverage(
        self,
        rubric: str | Path | Rubric = DEFAULT_RUBRIC,
        *,
        date: str | None = None,
        audience: str | None = None,
        level: str | None = None,
        uncertain: bool = False,
    ) -> Coverage:
        """Score the speech against a rubric.

        Args:
            rubric: name of a rubric of the package, path of a YAML file, or a :class:`Rubric`.
            date: of the speech, ``"YYYY-MM"`` or ``"YYYY-MM-DD"``; decides which topics apply.
            audience: ``"government"`` or ``"enterprise"``; decides which topics apply.
            level: level of the speaker, where the rubric asks for it.
            uncertain: also tell how far the score may be off because labels may
                (``Coverage.uncertainty``); takes a fraction of a second.

        Raises:
            RubricError: no such rubric, or a faulty file.
            UsageError: a date or audience of another form.
        """
        chosen = rubric if isinstance(rubric, Rubric) else load_rubric(rubric, self.schema)
        coverage = cover(self.segments, chosen, date=date, audience=audience, level=level)
        if not uncertain:
            return coverage
        found = uncertainty(
            self.segments, chosen, date=date, audience=audience, level=level, schema=self.schema
        )
        return replace(coverage, uncertainty=found)

    def explain(
        self,
        topic: str,
        rubric: str | Path | Rubric = DEFAULT_RUBRIC,
        *,
        date: str | None = None,
        audience: str | None = None,
        level: str | None = None,
    ) -> Explanation:
        """Explain why a topic has its level: every evidence segment, near misses, what is missing.

        Args:
            topic: id of a topic of the rubric.
            rubric: as of :meth:`coverage`, and so are the others.
            date: of the speech.
            audience: ``"government"`` or ``"enterprise"``.
            level: level of the speaker.

        Raises:
            RubricError: no such rubric or topic, or a faulty file.
            UsageError: the topic does not apply, or a value of another form.
        """
        chosen = rubric if isinstance(rubric, Rubric) else load_rubric(rubric, self.schema)
        return explain(
            self.segments,
            chosen,
            topic,
            date=date,
            audience=audience,
            level=level,
            schema=self.schema,
        )


class Analyzer:
    """Reads, segments and labels speeches.

    >>> from safetynlp import Analyzer, KeywordClassifier
    >>> analysis = Analyzer(KeywordClassifier()).analyze("各乡镇要严查酒驾。散会！")
    >>> [s.text for s in analysis.segments]
    ['各乡镇要严查酒驾。', '散会！']
    >>> analysis.segments[0].labels["responsibility"]
    ('territorial',)
    """

    def __init__(self, labeller: Classifier | KeywordClassifier) -> None:
        self._labeller = labeller

    @classmethod
    def from_pretrained(
        cls, path: str | Path | None = None, *, num_threads: int | None = None
    ) -> Analyzer:
        """An analyzer with the model in ``path``; None takes the released model.

        Raises:
            ModelError: the model cannot be loaded.
        """
        return cls(Classifier.from_pretrained(path, num_threads=num_threads))

    @property
    def schema(self) -> Schema:
        """The facets and labels it gives."""
        return self._labeller.schema

    def analyze(
        self, speech: str | bytes | Path | Document, *, threshold: float | None = None
    ) -> Analysis:
        """Analyse one speech.

        Args:
            speech: a path, the bytes of a file, a text, or a document that was read before. A
                ``str`` is a path if it has no line break and such a file exists or it ends like
                a file name (``.docx``, ``.txt`` …); else it is the text itself.
            threshold: one threshold for all multi-label facets in place of the model's own.

        Raises:
            ReadError: the file or text cannot be read as a speech.
        """
        document = _as_document(speech)
        segments = segment(document)
        texts = [s.text for s in segments]
        if threshold is None or isinstance(self._labeller, KeywordClassifier):
            predictions = self._labeller.predict(texts)
        else:
            predictions = self._labeller.predict(texts, threshold=threshold)
        labelled = tuple(map(LabelledSegment, segments, predictions))
        return Analysis(document, labelled, self.schema, self._audit())

    def pipe(
        self, speeches: Iterable[str | bytes | Path | Document], *, threshold: float | None = None
    ) -> Iterator[Analysis]:
        """Analyse many speeches, one after the other, in order.

        The arguments are those of :meth:`analyze`, and so are its errors, which end the iteration.
        """
        for speech in speeches:
            yield self.analyze(speech, threshold=threshold)

    def _audit(self) -> Audit:
        from safetynlp import __version__

        if isinstance(self._labeller, Classifier):
            return Audit(self._labeller.name, self._labeller.sha256, __version__)
        return Audit("keywords", "", __version__)


_SUFFIXES = (".txt", ".md", ".html", ".htm", ".docx", ".pdf", ".doc", ".wps")
_MAX_PATH_CHARS = 1000


def _as_document(speech: str | bytes | Path | Document) -> Document:
    if isinstance(speech, Document):
        return speech
    if isinstance(speech, bytes):
        return Document.from_bytes(speech)
    if isinstance(speech, Path) or _looks_like_path(speech):
        return Document.from_path(speech)
    return Document.from_text(speech)


def _looks_like_path(text: str) -> bool:
    if "\n" in text or "\0" in text or len(text) > _MAX_PATH_CHARS:
        return False
    if text.lower().endswith(_SUFFIXES):
        return True
    try:
        return Path(text).is_file()
    except OSError:  # a name too long for the file system is no path
        return False
