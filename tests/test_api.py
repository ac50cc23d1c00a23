from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import safetynlp

PACKAGE = Path(safetynlp.__file__).parent
PUBLIC = {
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
}
HEAVY = {
    "jinja2",
    "lxml",
    "numpy",
    "onnxruntime",
    "pydantic",
    "pypdfium2",
    "rich",
    "tokenizers",
    "torch",
    "typer",
    "yaml",
}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    env = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_public_names_are_these() -> None:
    # A name that is added or dropped here is a change of the API: note it in the changelog.
    assert set(safetynlp.__all__) == PUBLIC
    assert list(safetynlp.__all__) == sorted(safetynlp.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_each_public_name_is_the_object_of_its_module(name: str) -> None:
    value = getattr(safetynlp, name)
    if name == "__version__":
        assert value.count(".") == 2
        return
    assert value.__name__ == name
    assert value.__module__.startswith("safetynlp.")
    assert name in importlib.import_module(value.__module__).__all__
    assert value.__doc__


def test_every_error_is_public_and_of_one_family() -> None:
    errors = importlib.import_module("safetynlp.errors")
    for name in errors.__all__:
        assert name in safetynlp.__all__
        assert issubclass(getattr(safetynlp, name), safetynlp.SafetyNLPError)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    seen = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("safetynlp.")
        for alias in node.names
    }
    assert seen | {"__version__"} == PUBLIC
    assert (PACKAGE / "py.typed").is_file()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Analyser'"):
        _ = safetynlp.Analyser  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        from safetynlp import Analyser  # noqa: F401


def test_dir_lists_names_that_are_not_loaded_yet() -> None:
    assert set(dir(safetynlp)) >= PUBLIC


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import safetynlp") & HEAVY


def test_reading_and_segmenting_text_needs_no_model_runtime() -> None:
    statement = "from safetynlp import Document, segment; segment(Document.from_text('散会。'))"
    assert not loaded_by(statement) & {"onnxruntime", "tokenizers", "torch", "lxml", "pydantic"}


def test_the_keyword_classifier_needs_no_model_runtime() -> None:
    loaded = loaded_by(
        "from safetynlp import Analyzer, KeywordClassifier\n"
        "Analyzer(KeywordClassifier()).analyze('严查酒驾。散会！').coverage()"
    )
    assert not loaded & {"onnxruntime", "tokenizers", "torch", "typer", "rich"}


@pytest.mark.parametrize(
    "first", ["import safetynlp.segment", "import safetynlp.analyzer", "from safetynlp import *"]
)
def test_segment_is_the_function_whatever_is_imported_first(first: str) -> None:
    # The module of the same name is set as an attribute of the package when it is imported.
    loaded_by(f"{first}\nimport safetynlp\nassert safetynlp.segment(safetynlp.Document('散会。'))")


def test_from_text_to_coverage_in_a_few_lines() -> None:
    analysis = safetynlp.Analyzer(safetynlp.KeywordClassifier()).analyze(
        "二、压实责任\n各街道要在6月底前排查燃气隐患。"
    )
    assert [piece.text for piece in analysis.segments] == [
        "二、压实责任",
        "各街道要在6月底前排查燃气隐患。",
    ]
    assert analysis.segments[1].labels["sector"] == ("urban_gas",)
    assert analysis.segments[1].heading_path == ("二、压实责任",)
    coverage = analysis.coverage("speech-structure")
    assert 0 < coverage.total < 1
    assert analysis.audit.safetynlp_version == safetynlp.__version__
