"""Label Chinese work-safety speeches sentence by sentence and score what they cover.

>>> from safetynlp import Analyzer
>>> analysis = Analyzer.from_pretrained().analyze("讲话稿.docx")  # doctest: +SKIP
>>> analysis.segments[3].labels["sector"]  # doctest: +SKIP
('fire_safety',)
>>> analysis.coverage("speech-structure").total  # doctest: +SKIP
0.58
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Not lazy like the rest: importing the module safetynlp.segment sets it as an attribute here, and
# only a name bound after that is the function for good.
from safetynlp.segment import segment

if TYPE_CHECKING:
    from safetynlp.analyzer import Analysis, Analyzer, Audit
    from safetynlp.classifier import Classifier
    from safetynlp.comparison import CoverageDiff, TopicChange, diff
    from safetynlp.coverage import (
        Coverage,
        GroupCoverage,
        NotApplicable,
        Quote,
        TopicCoverage,
        cover,
    )
    from safetynlp.document import Document
    from safetynlp.doubt import Doubt, TopicUncertainty, Uncertainty, uncertainty
    from safetynlp.errors import (
        DataError,
        ModelError,
        ReadError,
        RubricError,
        SafetyNLPError,
        SchemaError,
        UsageError,
    )
    from safetynlp.explanation import EvidenceSegment, Explanation, NearMiss, Reason, Step, explain
    from safetynlp.lexicon import KeywordClassifier, Lexicon
    from safetynlp.pmc_index import PMCIndex, PrimaryVariable, pmc
    from safetynlp.prediction import LabelledSegment, Labeller, Prediction
    from safetynlp.ranking import Rank, Reference, ScoredSpeech, rank
    from safetynlp.reference import read_reference, write_reference
    from safetynlp.rubric import Rubric, available_rubrics, load_rubric
    from safetynlp.schema import Facet, Label, Schema
    from safetynlp.segment import Segment

__all__ = [
    "Analysis",
    "Analyzer",
    "Audit",
    "Classifier",
    "Coverage",
    "CoverageDiff",
    "DataError",
    "Document",
    "Doubt",
    "EvidenceSegment",
    "Explanation",
    "Facet",
    "GroupCoverage",
    "KeywordClassifier",
    "Label",
    "LabelledSegment",
    "Labeller",
    "Lexicon",
    "ModelError",
    "NearMiss",
    "NotApplicable",
    "PMCIndex",
    "Prediction",
    "PrimaryVariable",
    "Quote",
    "Rank",
    "ReadError",
    "Reason",
    "Reference",
    "Rubric",
    "RubricError",
    "SafetyNLPError",
    "Schema",
    "SchemaError",
    "ScoredSpeech",
    "Segment",
    "Step",
    "TopicChange",
    "TopicCoverage",
    "TopicUncertainty",
    "Uncertainty",
    "UsageError",
    "__version__",
    "available_rubrics",
    "cover",
    "diff",
    "explain",
    "load_rubric",
    "pmc",
    "rank",
    "read_reference",
    "segment",
    "uncertainty",
    "write_reference",
]

_NAMES_BY_MODULE = {
    "analyzer": "Analysis Analyzer Audit",
    "classifier": "Classifier",
    "comparison": "CoverageDiff TopicChange diff",
    "coverage": "Coverage GroupCoverage NotApplicable Quote TopicCoverage cover",
    "document": "Document",
    "errors": "DataError ModelError ReadError RubricError SafetyNLPError SchemaError UsageError",
    "explanation": "EvidenceSegment Explanation NearMiss Reason Step explain",
    "lexicon": "KeywordClassifier Lexicon",
    "pmc_index": "PMCIndex PrimaryVariable pmc",
    "prediction": "LabelledSegment Labeller Prediction",
    "ranking": "Rank Reference ScoredSpeech rank",
    "reference": "read_reference write_reference",
    "rubric": "Rubric available_rubrics load_rubric",
    "schema": "Facet Label Schema",
    "segment": "Segment",
    "doubt": "Doubt TopicUncertainty Uncertainty uncertainty",
}
_MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}

# Type checkers must not see this function: to them it would make every name exist.
if not TYPE_CHECKING:

    def __getattr__(name):
        """Import a public name when it is first asked for, so that `import safetynlp` is fast."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
