"""``safetynlp evaluate``, ``compare`` and ``errors`` on the toy model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from toy_model import build_toy_model

from safetynlp import classifier
from safetynlp.cli import main
from safetynlp.schema import Schema

ROWS: list[dict[str, Any]] = [
    {"text": "各街道要在9月底前排查燃气隐患。", "sector": ["urban_gas"]},
    {"text": "上月发生火灾两起。", "sector": ["fire_safety"], "function": "situation"},
    {"text": "<b>企业必须</b>开展演练。", "action": ["emergency_preparedness"]},
]
FILLED: dict[str, Any] = {"sector": [], "responsibility": [], "action": [], "function": "directive"}


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


def write_rows(file: Path, n_docs: int = 3, **more: Any) -> Path:
    rows = [
        {"doc": f"s{n}", **FILLED, **row, **more, "level": "city" if n else "county"}
        for n in range(n_docs)
        for row in ROWS
    ]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return file


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_toy_model(tmp_path_factory.mktemp("models") / "toy")


@pytest.fixture
def run(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the command line in a folder with ``data.jsonl``; the toy model is the released one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(classifier, "released_model_path", lambda: model)
    write_rows(Path("data.jsonl"))

    def _run(*arguments: object) -> Result:
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return _run


def ok(result: Result) -> str:
    assert (result.code, result.err) == (0, "")
    return result.out


def failure(result: Result) -> str:
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("safetynlp: ")
    assert "Traceback" not in result.err
    return result.err


def test_evaluate_as_text(run: Run) -> None:
    text = ok(run("evaluate", "released", "--data", "data.jsonl", "--by", "level", "--lang", "en"))
    lines = text.splitlines()
    assert "Data: 3 speeches, 9 segments" in lines
    assert any(line.startswith("  toy") and "[" in line for line in lines)
    assert "function Function · confusion matrix (row: gold; column: found)" in lines
    assert "by level" in lines
    assert any(line.split()[:3] == ["city", "2", "6"] for line in lines)
    assert "Only 3 speeches: the intervals are wide, and rough." in text
    chinese = ok(run("evaluate", "released", "--data", "data.jsonl"))
    assert "只有 3 篇讲话，区间宽而粗略" in chinese


def test_evaluate_as_json(run: Run) -> None:
    data = json.loads(
        ok(run("evaluate", "released", "--data", "data.jsonl", "--format", "json", "--by", "doc"))
    )
    assert data["format_version"] == 1
    assert data["model"]["sha256"]
    assert (data["data"]["speeches"], data["data"]["segments"]) == (3, 9)
    assert list(data["data"]["sha256"]) == ["data.jsonl"]
    assert tuple(data["facets"]) == Schema.default().facet_ids
    sector = data["facets"]["sector"]
    assert sector["f1_micro"] == {"value": 1.0, "interval": [1.0, 1.0]}
    assert len(sector["labels"]) == 21  # those of the schema, whatever the data hold
    assert "threshold" in sector["labels"]["schools"]
    assert len(data["facets"]["function"]["confusion_matrix"]) == 6
    assert [group["value"] for group in data["by"]["groups"]] == ["s0", "s1", "s2"]
    assert "interval" not in data["by"]["groups"][0]["facets"]["sector"]["f1_micro"]
    assert "baselines" not in data
    assert data["notes"][0]["zh"].startswith("只有 3 篇")


def test_options_of_the_intervals(run: Run) -> None:
    data = json.loads(
        ok(
            run(
                *("evaluate", "keywords", "--data", "data.jsonl", "--format", "json"),
                *("--confidence-level", "0.5", "--n-resamples", "7", "--random-state", "3"),
            )
        )
    )
    assert data["bootstrap"] == {"confidence_level": 0.5, "n_resamples": 7, "random_state": 3}
    assert data["model"] == {"name": "keywords"}


def test_data_that_the_shell_spells_out(run: Run) -> None:
    write_rows(Path("more.jsonl")).write_text(
        Path("data.jsonl").read_text("utf-8").replace('"doc": "s', '"doc": "t'), "utf-8"
    )
    text = ok(run("evaluate", "keywords", "--data", "data.jsonl", "more.jsonl", "--lang", "en"))
    assert "Data: 6 speeches, 18 segments" in text


def _checked_page(page: str) -> Any:
    tree = lxml_html.document_fromstring(page)
    assert "<b>企业" not in page
    assert not tree.xpath("//script | //link | //img | //iframe | //@style | //@onclick")
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert not tree.xpath("//@src | //@href[not(starts-with(., '#'))]")
    ids = tree.xpath("//@id")
    assert {href[1:] for href in tree.xpath("//@href")} <= set(ids)
    assert len(ids) == len(set(ids))
    return tree


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_evaluate_as_a_page(run: Run, lang: str) -> None:
    result = run(
        *("evaluate", "released", "--data", "data.jsonl", "--by", "level"),
        *("--out", "page.html", "--lang", lang),
    )
    assert (result.code, result.out) == (0, "")
    tree = _checked_page(Path("page.html").read_text("utf-8"))
    assert len(tree.xpath("//section")) == 5  # facets and groups
    assert len(tree.xpath("//table[contains(@class, 'matrix')]//td")) == 36
    assert tree.xpath("//td/span[@class='span']")


def test_a_model_measured_on_what_it_was_trained_on(run: Run, model: Path, tmp_path: Path) -> None:
    own = build_toy_model(tmp_path / "own")
    content = {"corpus": {"speeches": {"train": ["s1", "x"], "validation": ["s2"], "test": ["s0"]}}}
    (own / "metrics.json").write_text(json.dumps(content), "utf-8")
    text = ok(run("evaluate", own, "--data", "data.jsonl", "--lang", "en"))
    assert "trained on 2 of these 3 speeches, by their names: s1, s2." in " ".join(text.split())
    assert "was trained on" not in ok(
        run("evaluate", model, "--data", "data.jsonl", "--lang", "en")
    )


def test_a_facet_that_is_not_labelled(run: Run) -> None:
    file = Path("part.jsonl")
    file.write_text('{"doc": "s1", "text": "散会。", "function": "procedural"}\n', "utf-8")
    text = ok(run("evaluate", "keywords", "--data", file, "--lang", "en"))
    assert text.count("not labelled in the data") == 3
    data = json.loads(ok(run("evaluate", "keywords", "--data", file, "--format", "json")))
    assert data["facets"]["sector"]["segments"] == 0


def test_compare_as_text(run: Run) -> None:
    write_rows(Path("data.jsonl"), 12)
    text = ok(run("compare", "keywords", "released", "--data", "data.jsonl", "--lang", "en"))
    assert text.startswith("A = keywords\nB = toy")
    assert "No difference can be told in sector f1_micro" in text
    assert "exact McNemar p = 1" in text


def test_compare_as_json(run: Run) -> None:
    data = json.loads(
        ok(run("compare", "keywords", "released", "--data", "data.jsonl", "--format", "json"))
    )
    assert data["a"] == {"name": "keywords"}
    figure = data["facets"]["sector"]["figures"]["f1_micro"]
    assert set(figure) == {"a", "b", "difference", "interval", "better"}
    assert set(data["facets"]["sector"]["mcnemar"]) == {"only_a_right", "only_b_right", "p_value"}
    assert data["facets"]["sector"]["sentence"]["zh"]


def _foreign(tmp_path: Path, facet: str) -> Path:
    names = [{"id": id, "name": {"zh": id, "en": id}} for id in ("directive", "other")]
    facets = [{"id": facet, "name": {"zh": "f", "en": "f"}, "kind": "single", "labels": names}]
    schema = {"id": "f", "version": "1", "name": {"zh": "f", "en": "f"}, "facets": facets}
    return build_toy_model(tmp_path / facet, Schema.from_dict(schema))


def test_compare_models_without_a_facet_in_common(run: Run, tmp_path: Path) -> None:
    foreign = _foreign(tmp_path, "kind")
    message = failure(run("compare", "keywords", foreign, "--data", "data.jsonl", "--lang", "en"))
    assert "no facet with the same labels" in message
    assert "没有标签相同的分面" in failure(
        run("compare", "keywords", foreign, "--data", "data.jsonl")
    )


def test_evaluate_a_model_of_another_schema(run: Run, tmp_path: Path) -> None:
    foreign = _foreign(tmp_path, "kind")
    file = Path("titles.csv")
    file.write_text("text,kind\n企业必须排查。,directive\n散会。,other\n", "utf-8")
    data = json.loads(
        ok(run("evaluate", foreign, "--data", file, "--group-by-row", "--format", "json"))
    )
    assert list(data["facets"]) == ["kind"]
    assert data["data"]["speeches"] == 2


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_errors(run: Run, lang: str) -> None:
    rows = [
        {"doc": "s1", "text": "之前。", "annotator": "wang", **FILLED},
        {"doc": "s1", "text": "<b>企业必须</b>排查隐患。", "annotator": "wang", **FILLED},
        {"doc": "s1", "text": "之后。", "annotator": "wang", **FILLED},
        {"doc": "s1", "text": "之后。", "annotator": "li", **{**FILLED, "function": "problem"}},
    ]
    file = Path("two.jsonl")
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    result = run("errors", "released", "--data", file, "--out", "errors.html", "--lang", lang)
    assert (result.code, result.out) == (0, "")
    tree = _checked_page(Path("errors.html").read_text("utf-8"))
    case = tree.xpath(
        "//section[@id='surest']/div[@class='case'][.//p[@class='here' and "
        "contains(., '企业必须')]]"
    )[0]
    assert case.xpath(".//p[@class='here']")[0].text_content() == "<b>企业必须</b>排查隐患。"
    assert [p.text for p in case.xpath(".//p[@class='near']")] == ["之前。", "之后。"]
    assert "two.jsonl:2" in case.xpath("./p[@class='where']")[0].text
    assert len(case.xpath(".//li[@class='false_positive']")) == 2  # enterprise, hazards
    assert tree.xpath("//section[@id='labels']//details")
    assert "wang、li" in tree.xpath("//section[@id='agreement']")[0].text_content()


def test_errors_of_a_model_that_makes_none(run: Run) -> None:
    rows = [{"doc": "s1", "text": "企业必须做到。", **FILLED, "responsibility": ["enterprise"]}]
    Path("right.jsonl").write_text(json.dumps(rows[0]), "utf-8")
    assert run("errors", "released", "--data", "right.jsonl", "--out", "e.html").code == 0
    tree = _checked_page(Path("e.html").read_text("utf-8"))
    assert tree.xpath("//section[@id='surest']//p")[0].text == "没有错误。"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "released"), "no data given"),
        (("evaluate", "nowhere", "--data", "data.jsonl"), "nowhere: there is no such folder"),
        (("evaluate", "released", "--data", "none.jsonl"), "none.jsonl: cannot be read"),
        (("evaluate", "released", "--data", "empty.jsonl"), "no labelled row"),
        (("evaluate", "released", "--data", "wrong.jsonl"), "wrong.jsonl:1"),
        (("evaluate", "released", "--data", "data.jsonl", "--by", "year"), 'no column "year"'),
        (("evaluate", "released", "--data", "data.jsonl", "--format", "csv"), 'not write "csv"'),
        (
            ("evaluate", "released", "--data", "data.jsonl", "--confidence-level", "95"),
            "expected a number between 0 and 1",
        ),
        (("evaluate", "released", "--data", "data.jsonl", "--draws", "0"), "--draws is 0"),
        (
            (
                "evaluate",
                "released",
                "--data",
                "data.jsonl",
                "--out",
                "data.jsonl",
                "--format",
                "json",
            ),
            "overwritten",
        ),
        (("compare", "released", "--data", "data.jsonl"), "Missing argument 'MODEL_B'"),
        (("errors", "released", "--data", "data.jsonl"), "Missing option '--out'"),
    ],
)
def test_faulty_calls(run: Run, arguments: tuple[str, ...], message: str) -> None:
    Path("empty.jsonl").write_text("", "utf-8")
    Path("wrong.jsonl").write_text('{"doc": "s", "text": "a", "sector": ["nosuch"]}', "utf-8")
    assert message in failure(run(*arguments, "--lang", "en"))
    assert any("\u4e00" <= c <= "\u9fff" for c in failure(run(*arguments)))
