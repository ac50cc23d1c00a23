from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from toy_model import build_toy_model

import safetynlp
from safetynlp import classifier, errors, readers
from safetynlp.cli import console, main
from safetynlp.rubric import available_rubrics
from safetynlp.schema import Schema

ROOT = Path(safetynlp.__file__).parent.parent
SPEECH = """在全镇安全生产例会上的讲话
同志们：
一、认清形势
上个月，我镇发生道路事故2起，仓库的火灾风险管控仍有不足。
二、压实责任
各部门要在9月底前排查燃气隐患，企业必须每月开展一次演练。
镇安委办每季度督查一次，落实不力的严肃追责。
"""


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_toy_model(tmp_path_factory.mktemp("models") / "toy")


@pytest.fixture
def run(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Run:
    """Run the command line in this process, in a folder of its own; the toy model is released."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(classifier, "released_model_path", lambda: model)
    Path("speech.txt").write_text(SPEECH, "utf-8")
    Path("gb.txt").write_bytes(SPEECH.encode("gb18030"))
    Path("empty.txt").write_bytes(b"")

    def _run(*arguments: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "ascii"))
        code = main(arguments)
        out, err = capsysbinary.readouterr()
        return Result(code, out.decode("utf-8"), err.decode("utf-8"))

    return _run


def ok(result: Result) -> str:
    assert (result.code, result.err) == (0, "")
    return result.out


def only_line(text: str) -> str:
    """The text, which must be one line of the program's own."""
    assert text.startswith("safetynlp: ")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text[len("safetynlp: ") : -1]


def error(result: Result) -> str:
    """The message of a command that failed as it should: one line, nothing else, exit code 2."""
    assert result.code == 2
    assert result.out == ""
    return only_line(result.err)


def rows(jsonl: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in jsonl.splitlines()]


# score


def test_score_shows_a_summary_in_chinese(run: Run) -> None:
    out = ok(run("score", "speech.txt"))
    assert out.startswith("speech.txt\n")
    assert "部门监管责任" in out
    assert "Total" not in out


def test_score_speaks_english_on_request(run: Run) -> None:
    after, before = run("score", "speech.txt", "--lang", "en"), run("--lang=en", "score", "gb.txt")
    assert "Duty of departments" in ok(after)
    assert ok(before) == after.out.replace("speech.txt", "gb.txt")
    assert "部门监管责任" in ok(run("--lang=en", "score", "speech.txt", "--lang=zh"))


def test_score_json_of_one_file_is_an_object(run: Run) -> None:
    record = json.loads(ok(run("score", "speech.txt", "--format", "json")))
    assert record["doc"] == "speech.txt"
    assert record["rubric"] == "speech-structure"
    assert 0 < record["total"] < 1
    quotes = [quote for topic in record["topics"] for quote in topic["quotes"]]
    assert quotes
    assert all(SPEECH[quote["start"] : quote["end"]] == quote["text"] for quote in quotes)


def test_score_json_of_several_files_is_a_list_in_their_order(run: Run) -> None:
    records = json.loads(ok(run("score", "gb.txt", "speech.txt", "--format=json")))
    assert [record["doc"] for record in records] == ["gb.txt", "speech.txt"]
    assert records[0]["total"] == records[1]["total"]


def test_score_takes_the_occasion_and_the_rubric(run: Run) -> None:
    options = ("--rubric=fifteen-measures", "--format=json", "--audience=enterprise")
    record = json.loads(ok(run("score", "speech.txt", *options, "--date=2024-07", "--level=city")))
    assert record["rubric"] == "fifteen-measures"
    assert "m15-01" in {topic["id"] for topic in record["not_applicable"]}
    old = json.loads(ok(run("score", "speech.txt", *options, "--date=2021-12-31")))
    assert old["topics"] == []


def test_score_takes_a_rubric_file(run: Run) -> None:
    source = ROOT / "safetynlp" / "rubrics" / "speech-structure.yaml"
    text = source.read_text("utf-8").replace("id: speech-structure", "id: our-own")
    Path("own.yaml").write_text(text, "utf-8")
    assert json.loads(ok(run("score", "speech.txt", "--rubric=own.yaml", "--format=json")))[
        "rubric"
    ] == ("our-own")


def test_score_html_is_a_page(run: Run) -> None:
    out = ok(run("score", "speech.txt", "gb.txt", "--format=html"))
    assert out.lower().startswith("<!doctype html>")
    assert "speech.txt" in out
    assert "gb.txt" in out


# classify


def test_classify_jsonl_has_the_documented_keys(run: Run) -> None:
    records = rows(ok(run("classify", "speech.txt", "--format=jsonl")))
    assert list(records[0]) == [
        *("doc", "i", "start", "end", "text", "heading_path"),
        *("sector", "responsibility", "action", "function", "scores"),
    ]
    demand = records[5]
    assert (demand["doc"], demand["i"]) == ("speech.txt", 5)
    assert SPEECH[demand["start"] : demand["end"]] == demand["text"]
    assert demand["heading_path"] == ["二、压实责任"]
    assert demand["sector"] == ["urban_gas"]
    assert demand["responsibility"] == ["departmental", "enterprise"]
    assert demand["function"] == "directive"
    assert 0.5 < demand["scores"]["sector"]["urban_gas"] <= 1


def test_classify_gives_only_the_facets_asked_for(run: Run) -> None:
    options = ("--facet=function", "--facet=sector", "--facet=function")
    records = rows(ok(run("classify", "speech.txt", "--format=jsonl", *options)))
    assert list(records[0])[6:] == ["function", "sector", "scores"]
    assert set(records[0]["scores"]) == {"function", "sector"}
    text = ok(run("classify", "speech.txt", "--facet=sector"))
    assert "城镇燃气" in text
    assert "企业主体责任" not in text


def test_classify_csv_on_the_screen_has_no_byte_order_mark(run: Run) -> None:
    table = list(csv.DictReader(io.StringIO(ok(run("classify", "speech.txt", "--format=csv")))))
    assert table[5]["responsibility"] == "departmental;enterprise"
    assert len(table) == 7


def test_a_threshold_gives_fewer_or_more_labels(run: Run) -> None:
    def given(*options: str) -> int:
        out = ok(run("classify", "speech.txt", "--format=jsonl", "--facet=sector", *options))
        return sum(len(record["sector"]) for record in rows(out))

    assert given("--threshold=0.9999") == 0
    assert given("--threshold=0.00001") == 7 * 21
    assert 0 < given() < 7 * 21


def test_several_files_are_one_table(run: Run) -> None:
    table = list(
        csv.reader(io.StringIO(ok(run("classify", "speech.txt", "gb.txt", "--format=csv"))))
    )
    assert [row[0] for row in table] == ["doc", *["speech.txt"] * 7, *["gb.txt"] * 7]


# segment


def test_segment_needs_no_model(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier.Classifier, "from_pretrained", None)
    records = rows(ok(run("segment", "speech.txt")))
    assert [record["i"] for record in records] == list(range(7))
    assert all(SPEECH[r["start"] : r["end"]] == r["text"] for r in records)
    assert records[-1]["heading_path"] == ["二、压实责任"]


# labels and rubrics


def test_labels_have_names_and_definitions_in_both_languages(run: Run) -> None:
    out = ok(run("labels"))
    for part in ("urban_gas", "城镇燃气 / Urban gas", "餐饮用气", "restaurant gas", "exactly one"):
        assert part in out
    assert len(out.splitlines()) > 51


def test_labels_of_some_facets(run: Run) -> None:
    out = ok(run("labels", "--facet=function"))
    assert "directive" in out
    assert "urban_gas" not in out
    data = json.loads(ok(run("labels", "--format=json", "--facet", "function", "--facet=sector")))
    assert [facet["id"] for facet in data["facets"]] == ["function", "sector"]
    assert data["facets"][1]["labels"][0]["definition"]["en"]


def test_rubrics_are_listed(run: Run) -> None:
    assert re.search("speech-structure +讲话通用结构", ok(run("rubrics")))
    assert "7 groups, 29 topics" in ok(run("rubrics", "--lang=en"))
    data = json.loads(ok(run("rubrics", "--format=json")))
    topics = {entry["id"]: entry["topics"] for entry in data}
    assert tuple(topics) == available_rubrics()
    assert topics["speech-structure"] == 29


def test_a_rubric_is_shown_with_weights_sources_and_hints(run: Run) -> None:
    out = ok(run("rubrics", "fifteen-measures"))
    for part in (
        "责任落实  responsibility  占总分 40%",
        "［必备，权重 2］",
        "已核对原文",
        "2022-03 起",
    ):
        assert part in out
    assert "适用于：政府" in out
    assert "定标：" in out
    english = ok(run("rubrics", "fifteen-measures", "--lang=en"))
    for part in ("40% of the total", "[vital, weight 2]", "from 2022-03", "applies to: government"):
        assert part in english
    assert len(english.splitlines()) == len(out.splitlines())


def test_a_rubric_is_shown_with_its_rules_in_words(run: Run) -> None:
    out = ok(run("rubrics", "speech-structure"))
    for part in (
        "命中：满足其一：",
        "工作举措为“值班值守与信息报告”",
        "除外：句中有“散会”",
        "合计：至少 3 个行业领域",
        "部署：会议程序或要求",
        "算作定标：",
        "按文件名处理：",
    ):
        assert part in out, part
    assert "evidence: any of:" in ok(run("rubrics", "speech-structure", "--lang=en"))


OWN_RUBRIC = """\
extends: speech-structure
id: our-county
version: "2"
name: {zh: 我县, en: Our county}
off: [st-03]
topics:
  - {id: st-16, vital: true}
"""


def test_a_rubric_that_extends_another_is_checked_shown_and_scored(run: Run) -> None:
    Path("own.yaml").write_text(OWN_RUBRIC, "utf-8")
    checked = ok(run("rubrics", "--check", "own.yaml"))
    assert checked.startswith("own.yaml：没有错误。我县（版本 2+speech-structure-")
    assert checked.count("\n") == 1
    assert "28 topics)" in ok(run("rubrics", "own.yaml", "--check", "--lang=en"))
    assert "st-16  风险管控与双重预防 ［必备" in ok(run("rubrics", "own.yaml"))
    record = json.loads(ok(run("score", "speech.txt", "--rubric=own.yaml", "--format=json")))
    assert record["rubric"] == "our-county"
    assert len(record["topics"]) == 28


def test_a_faulty_rubric_fails_the_check_with_a_line_per_mistake(run: Run) -> None:
    Path("own.yaml").write_text(
        OWN_RUBRIC.replace("st-03", "st-33").replace("true", "1.5"), "utf-8"
    )
    for arguments in (["rubrics", "--check", "own.yaml"], ["score", "gb.txt", "--rubric=own.yaml"]):
        result = run(*arguments)
        assert (result.code, result.out) == (2, "")
        first, second = result.err.splitlines()
        assert first.startswith("safetynlp: own.yaml:5：")
        assert second.startswith("safetynlp: own.yaml:7：要点 st-16：")


def test_the_schema_of_rubric_files_is_printed(run: Run) -> None:
    published = ROOT / "safetynlp" / "rubrics" / "rubric.schema.json"
    assert ok(run("rubrics", "--json-schema")) == published.read_text("utf-8")


def test_score_of_named_sectors(run: Run) -> None:
    options = ("--rubric=sectors", "--sectors=消防,城镇燃气")
    record = json.loads(ok(run("score", "speech.txt", *options, "--format=json")))
    assert [topic["id"] for topic in record["topics"]] == ["urban-gas", "fire-safety"]
    assert "城镇燃气" in ok(run("score", "speech.txt", *options))
    assert "消防" in ok(run("score", "speech.txt", *options, "--format=html"))
    every = json.loads(ok(run("score", "speech.txt", "--rubric=sectors", "--format=json")))
    assert len(every["topics"]) == 21


def test_a_model_of_ones_own_decides_the_labels_of_rubrics(run: Run, model: Path) -> None:
    assert (
        len(
            json.loads(
                ok(
                    run(
                        "score",
                        "speech.txt",
                        f"--model={model}",
                        "--rubric=sectors",
                        "--format=json",
                    )
                )
            )["topics"]
        )
        == 21
    )
    assert "没有错误" in ok(run("rubrics", "--check", "sectors", f"--model={model}"))


def test_a_rubric_as_json_can_be_read_again(run: Run) -> None:
    data = json.loads(ok(run("rubrics", "speech-structure", "--format=json")))
    assert safetynlp.Rubric.model_validate(data) == safetynlp.load_rubric("speech-structure")


# standard input


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_dash_reads_bytes_from_standard_input(run: Run, encoding: str) -> None:
    records = rows(ok(run("segment", "-", stdin=SPEECH.encode(encoding))))
    assert records[0]["doc"] == "<stdin>"
    assert records[-1]["text"] == "镇安委办每季度督查一次，落实不力的严肃追责。"


def test_standard_input_beside_a_file(run: Run) -> None:
    out = ok(run("score", "speech.txt", "-", "--format=json", stdin=SPEECH.encode()))
    assert [record["doc"] for record in json.loads(out)] == ["speech.txt", "<stdin>"]


def test_standard_input_can_be_read_once_only(run: Run) -> None:
    assert "只能读一次" in error(run("score", "-", "-", stdin=SPEECH.encode()))


def test_standard_input_that_is_empty_or_closed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert error(run("segment", "-")).startswith("<stdin>：文件是空的")
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["segment", "-"]) == 2


# the file of --out


def test_out_writes_the_file_and_says_so(run: Run) -> None:
    shown = ok(run("score", "speech.txt"))
    result = run("score", "speech.txt", "--out", "结果.txt")
    assert (result.code, result.out) == (0, "")
    assert only_line(result.err) == "已写入 结果.txt"
    assert Path("结果.txt").read_text("utf-8") == shown


def test_out_replaces_an_older_result(run: Run) -> None:
    Path("r.json").write_text("old", "utf-8")
    assert only_line(run("score", "speech.txt", "--out=r.json", "--lang=en").err) == "wrote r.json"
    assert json.loads(Path("r.json").read_text("utf-8"))["doc"] == "speech.txt"


@pytest.mark.parametrize(
    ("command", "name", "start"),
    [
        ("score", "r.html", "<!doctype html>"),
        ("score", "R.HTM", "<!doctype html>"),
        ("score", "r.json", "{"),
        ("score", "r.txt", "speech.txt"),
        ("score", "report", "speech.txt"),
        ("classify", "r.jsonl", '{"doc"'),
        ("classify", "r.csv", "\ufeffdoc,i,"),
    ],
)
def test_the_name_given_with_out_tells_the_format(
    run: Run, command: str, name: str, start: str
) -> None:
    assert run(command, "speech.txt", "--out", name).code == 0
    assert Path(name).read_text("utf-8").lower().startswith(start)


def test_a_format_given_overrides_the_name(run: Run) -> None:
    run("score", "speech.txt", "--out=r.html", "--format=json")
    assert Path("r.html").read_text("utf-8").startswith("{")


def test_out_that_cannot_be_meant_is_refused_before_the_work(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier.Classifier, "from_pretrained", None)
    Path("folder").mkdir()
    assert "这是文件夹" in error(run("score", "speech.txt", "--out=folder"))
    assert "不存在" in error(run("score", "speech.txt", "--out=nowhere/r.html"))
    assert "会被覆盖" in error(run("score", "gb.txt", "speech.txt", "--out=./speech.txt"))
    assert "不能输出 jsonl" in error(run("score", "speech.txt", "--out=r.jsonl"))
    assert Path("speech.txt").read_text("utf-8") == SPEECH


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line(run: Run) -> None:
    assert "磁盘已满" in error(run("segment", "speech.txt", "--out=/dev/full"))


# errors


@pytest.mark.parametrize(
    ("arguments", "chinese", "english"),
    [
        ("score nofile.txt", "nofile.txt：文件不存在", "nofile.txt: there is no such file"),
        ("score .", "这是文件夹", "is a folder"),
        ("score empty.txt", "文件是空的", "is empty"),
        ("score picture.txt", "PNG 图片", "a PNG picture"),
        ("score speech.txt --rubric=speach-structure", "是否想写", "Did you mean"),
        ("score speech.txt --rubric=speech.txt", "speech.txt:1", "speech.txt:1"),
        ("score speech.txt --date=2024-13", "2024-13", "expected YYYY-MM"),
        ("score speech.txt --audience=public", "public", "expected one of"),
        ("score speech.txt --level=village", "village", "expected one of"),
        ("score speech.txt --threshold=2", "应在 0 与 1 之间", "between 0 and 1"),
        ("score speech.txt --threshold=high", "--threshold 的值应为数字", "--threshold"),
        ("score speech.txt --model=nowhere", "nowhere", "nowhere"),
        ("score speech.txt --format=xml", "不能输出 xml", 'does not write "xml"'),
        ("classify speech.txt --facet=sectors", "没有分面“sectors”", 'no facet "sectors"'),
        ("score speech.txt --out=r.pdf", "不能输出 pdf", 'does not write "pdf"'),
        ("segment speech.txt --format=csv", "可输出 jsonl", "only jsonl"),
        ("labels --facet=x", "没有分面“x”", 'no facet "x"'),
        ("labels --format=html", "可输出 text、json", "only text, json"),
        ("rubrics x", "没有要点表“x”", 'no rubric "x"'),
        ("rubrics --check", "没有写要检查的要点表", "no rubric is given"),
        ("rubrics --check x", "没有要点表“x”", 'no rubric "x"'),
        ("score speech.txt --sectors=消防", "只有要点表 sectors", 'only "sectors" takes them'),
        (
            "score speech.txt --rubric=sectors --sectors=燃气",
            "城镇燃气（urban_gas）",
            "Did you mean",
        ),
        ("score speech.txt --rubric=sectors --sectors=", "没有写任何行业", "none is named"),
        ("rubrics a b", "多余的参数 b", "extra argument"),
        ("score", "缺少 FILE。用法见 `safetynlp score --help`", "Missing argument 'FILE'"),
        ("score speech.txt --date", "选项 --date 后面缺少值", "requires an argument"),
        ("score speech.txt --rubrik=x", "没有选项 --rubrik", "No such option"),
        ("scor speech.txt", "没有命令“scor”，是否想写", "No such command 'scor'"),
        ("--fast", "没有选项 --fast", "No such option"),
    ],
)
def test_a_mistake_is_one_line_in_the_chosen_language(
    run: Run, arguments: str, chinese: str, english: str
) -> None:
    Path("picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    parts = arguments.split()
    assert chinese in error(run(*parts))
    assert english in error(run("--lang=en", *parts))


def test_an_unknown_language_is_refused_in_english(run: Run) -> None:
    assert error(run("score", "speech.txt", "--lang=fr")) == (
        '--lang: found "fr", expected zh or en.'
    )
    assert "expected zh or en" in error(run("--lang", "fr", "labels"))


def test_each_mistake_of_a_rubric_is_a_line(run: Run) -> None:
    Path("bad.yaml").write_text("id: Bad Id\nversion: ''\nname: {zh: 甲, en: A}\n", "utf-8")
    result = run("rubrics", "bad.yaml")
    assert (result.code, result.out) == (2, "")
    lines = result.err.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("safetynlp: bad.yaml:") for line in lines)


def test_a_missing_model_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise errors.ModelError("not installed", "没有安装模型")

    monkeypatch.setattr(classifier, "released_model_path", nowhere)
    assert error(run("score", "speech.txt", "gb.txt")) == "没有安装模型"
    assert ok(run("segment", "speech.txt"))


def test_a_failing_file_does_not_stop_the_others(run: Run) -> None:
    files = ("speech.txt", "nofile.txt", "gb.txt", "empty.txt")
    result = run("score", *files, "--format=json")
    assert result.code == 1
    assert [record["doc"] for record in json.loads(result.out)] == ["speech.txt", "gb.txt"]
    lines = result.err.splitlines()
    assert len(lines) == 3
    assert "nofile.txt：文件不存在" in lines[0]
    assert "empty.txt：文件是空的" in lines[1]
    assert lines[2] == "safetynlp: 4 个文件中成功 2 个；失败：nofile.txt、empty.txt"


def test_one_file_left_of_several_is_still_a_list(run: Run) -> None:
    result = run("score", "nofile.txt", "speech.txt", "--format=json", "--lang=en")
    assert [record["doc"] for record in json.loads(result.out)] == ["speech.txt"]
    assert result.err.splitlines()[-1] == "safetynlp: 1 of 2 read; failed: nofile.txt"


def test_nothing_is_written_if_every_file_fails(run: Run) -> None:
    result = run("classify", "nofile.txt", "empty.txt", "--out=r.csv")
    assert (result.code, result.out) == (1, "")
    assert "2 个文件中成功 0 个" in result.err
    assert not Path("r.csv").exists()


def test_a_wrong_option_is_told_once_not_for_every_file(run: Run) -> None:
    assert "阈值" in error(run("classify", "speech.txt", "gb.txt", "--threshold=-1"))


def broken_reader(data: bytes, name: str) -> None:
    raise KeyError("w:p\nw:r")


def test_an_unforeseen_error_is_one_line_with_a_way_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "read", broken_reader)
    assert "内部错误（KeyError" in error(run("segment", "speech.txt"))
    assert "SAFETYNLP_DEBUG=1" in error(run("segment", "speech.txt", "--lang=en"))
    monkeypatch.setenv("SAFETYNLP_DEBUG", "1")
    result = run("segment", "speech.txt")
    assert result.code == 2
    assert "broken_reader" in result.err
    assert only_line(result.err.splitlines(keepends=True)[-1])


def test_an_unforeseen_error_in_one_of_several_files_does_not_stop_the_others(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = readers.read

    def fragile(data: bytes, name: str) -> Any:
        return broken_reader(data, name) if name == "gb.txt" else real(data, name)

    monkeypatch.setattr(readers, "read", fragile)
    result = run("segment", "gb.txt", "speech.txt")
    assert result.code == 1
    assert {record["doc"] for record in rows(result.out)} == {"speech.txt"}
    assert "内部错误" in result.err
    assert "Traceback" not in result.err


def test_ctrl_c_ends_quietly(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(data: bytes, name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(readers, "read", interrupted)
    result = run("score", "speech.txt", "gb.txt", "--out=r.html")
    assert result.code == 130
    assert only_line(result.err) == "已中断"
    assert not Path("r.html").exists()


def test_a_progress_bar_is_for_several_files_on_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ok(run("segment", "speech.txt", "gb.txt"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    shown = run("segment", "speech.txt", "gb.txt")
    assert (shown.code, shown.out) == (0, plain)
    assert "100%" in shown.err
    ok(run("segment", "speech.txt"))


# help


def test_help_and_version(run: Run) -> None:
    assert ok(run("--version")) == f"safetynlp {safetynlp.__version__}\n"
    for arguments in ([], ["--help"], ["-h"]):
        out = ok(run(*arguments))
        for command in ("score", "classify", "segment", "labels", "rubrics"):
            assert f"  {command} " in out


@pytest.mark.parametrize("command", ["score", "classify", "segment", "labels", "rubrics"])
def test_help_of_a_command_is_in_both_languages(run: Run, command: str) -> None:
    out = ok(run(command, "--help"))
    assert " / " in out
    assert "--lang zh|en" in out
    assert "消息和报告的语言" in out


def test_the_language_is_known_before_the_arguments_are_parsed() -> None:
    assert console.language(["score", "a", "--lang", "en"]) == "en"
    assert console.language(["--lang=en"]) == "en"
    assert console.language(["--lang=en", "score", "--lang=zh"]) == "zh"
    assert console.language(["score", "--", "--lang=en"]) == "zh"
    assert console.language(["score", "--lang"]) == "en"  # not a language: told in English
    assert console.language([]) == "zh"


def test_text_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert console.text_width(None) == console.text_width("r.txt") == 96
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for columns, width in (("70", 70), ("300", 120)):
        monkeypatch.setenv("COLUMNS", columns)
        assert console.text_width(None) == width
        assert console.text_width("r.txt") == 96


# in a process of its own


def start(arguments: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, *options.pop("python", ()), "-m", "safetynlp", *arguments]
    return subprocess.Popen(command, env=env, **{**streams, **options})


def finish(process: subprocess.Popen[bytes], stdin: bytes = b"") -> Result:
    out, err = process.communicate(stdin, timeout=60)
    return Result(process.returncode, out.decode("utf-8"), err.decode("utf-8"))


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_output_is_utf8_whatever_the_locale(env: dict[str, str]) -> None:
    result = finish(start(["segment", "-"], env=env), SPEECH.encode("gb18030"))
    assert (result.code, result.err) == (0, "")
    assert rows(result.out)[0]["text"] == "在全镇安全生产例会上的讲话"
    failed = finish(start(["labels", "--facet=x"], env=env))
    assert "没有分面" in error(failed)


def test_score_and_its_exit_codes_in_a_process(model: Path, tmp_path: Path) -> None:
    (tmp_path / "讲话.txt").write_text(SPEECH, "utf-8")
    arguments = [f"--model={model}", "--format=json"]
    whole = start(["score", "讲话.txt", *arguments], cwd=tmp_path)
    partial = start(["score", "讲话.txt", "没有.txt", *arguments], cwd=tmp_path)
    failed = start(["score", "没有.txt", *arguments], cwd=tmp_path)
    assert json.loads(ok(finish(whole)))["doc"] == "讲话.txt"
    result = finish(partial)
    assert result.code == 1
    assert result.err.splitlines()[-1] == "safetynlp: 2 个文件中成功 1 个；失败：没有.txt"
    assert "没有.txt：文件不存在" in error(finish(failed))


@pytest.mark.skipif(os.name == "nt", reason="pipes of a POSIX shell")
@pytest.mark.parametrize("arguments", [["labels"], ["segment", "-"]])
def test_a_reader_that_goes_away_is_no_error(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(arguments, stdout=writer)
    os.close(writer)
    _, err = process.communicate(SPEECH.encode() * 500, timeout=60)
    assert (process.returncode, err) == (141, b"")


@pytest.mark.skipif(os.name == "nt", reason="file descriptors of POSIX")
def test_closed_streams(tmp_path: Path) -> None:
    def closed(number: int, *arguments: str) -> Result:
        process = start(arguments, cwd=tmp_path, preexec_fn=lambda: os.close(number))
        return finish(process)

    assert "标准输出已关闭" in error(closed(1, "labels"))
    assert "标准输入已关闭" in error(closed(0, "segment", "-"))
    quiet = closed(2, "segment", "nofile.txt")
    assert (quiet.code, quiet.out, quiet.err) == (2, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_standard_output_that_cannot_be_written() -> None:
    with open("/dev/full", "wb") as full:
        process = start(["labels"], stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert only_line(err.decode()).startswith("标准输出无法写入")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_in_a_process() -> None:
    process = start(["segment", "-"], python=["-X", "importtime"])
    assert process.stderr is not None
    while b"safetynlp.report.text" not in process.stderr.readline():  # then it reads its input
        assert process.poll() is None
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1] == "safetynlp: 已中断"
    assert b"Traceback" not in err


def test_light_commands_load_nothing_heavy() -> None:
    for arguments in (["score", "--help"], ["labels"]):
        result = finish(start(arguments, python=["-X", "importtime"]))
        assert result.code == 0
        loaded = {line.rpartition("|")[2].strip() for line in result.err.splitlines()}
        assert "typer" in loaded
        assert not loaded & {
            "numpy",
            "onnxruntime",
            "tokenizers",
            "lxml",
            "jinja2",
            "torch",
            "docx",
        }


# explain, diff, rank


def test_explain(run: Run) -> None:
    told = ok(run("--lang", "en", "explain", "speech.txt", "--topic", "st-18"))
    assert told.startswith("speech.txt\nst-18 ")
    assert "企业必须每月开展一次演练" in told
    record = json.loads(ok(run("explain", "speech.txt", "--topic", "st-18", "--format", "json")))
    assert record["topic"]["id"] == "st-18"
    (segment,) = record["evidence"]
    assert SPEECH[segment["start"] : segment["end"]] == segment["text"]
    assert segment["paragraph"] == SPEECH[: segment["start"]].count("\n") + 1


def test_explain_what_is_not_there(run: Run) -> None:
    told = error(run("--lang", "en", "explain", "speech.txt", "--topic", "st-81"))
    assert 'rubric "speech-structure" has no topic "st-81". Did you mean st-' in told
    assert "不存在" in error(run("explain", "nowhere.txt", "--topic", "st-18"))


def test_explain_a_sector(run: Run) -> None:
    arguments = ("explain", "speech.txt", "--rubric", "sectors", "--sectors", "城镇燃气")
    topic = json.loads(ok(run("score", *arguments[1:], "--format", "json")))["topics"][0]["id"]
    assert "燃气" in ok(run(*arguments, "--topic", topic))


def test_diff(run: Run) -> None:
    Path("later.txt").write_text(SPEECH.replace("企业必须每月开展一次演练", "请保重"), "utf-8")
    told = ok(run("--lang", "en", "diff", "speech.txt", "later.txt"))
    assert "speech.txt → later.txt" in told
    record = json.loads(ok(run("diff", "speech.txt", "later.txt", "--format", "json")))
    (lost,) = [topic for topic in record["topics"] if topic["id"] == "st-18"]
    assert lost["change"] == "lost"
    assert "演练" in lost["before"]["quote"]["text"]
    assert lost["after"] == {**lost["after"], "level": 0, "quote": None}
    back = json.loads(ok(run("diff", "later.txt", "speech.txt", "--format", "json")))
    assert back["total"]["difference"] == pytest.approx(-record["total"]["difference"])
    assert "没有变化" in ok(run("diff", "speech.txt", "gb.txt"))


def test_rank(run: Run) -> None:
    pytest.importorskip("pyarrow")
    Path("short.txt").write_text("同志们：\n企业必须演练。\n", "utf-8")
    result = run("rank", "speech.txt", "short.txt", "--out", "scores.parquet")
    assert (result.code, result.out) == (0, "")
    assert "scores.parquet" in only_line(result.err)
    table = ok(run("rank", "short.txt", "speech.txt", "--reference", "scores.parquet"))
    first, second = (line for line in table.splitlines() if line.startswith("s"))
    assert first.split()[:2] == ["speech.txt", "1"]
    assert second.split()[:2] == ["short.txt", "2"]
    cells = list(
        csv.DictReader(
            io.StringIO(ok(run("rank", "short.txt", "--format", "csv")).lstrip("\ufeff"))
        )
    )
    assert [(row["doc"], row["rank"], row["percentile"]) for row in cells] == [
        ("short.txt", "1", "")
    ]


def test_rank_goes_on_after_a_broken_file(run: Run) -> None:
    result = run("--lang", "en", "rank", "empty.txt", "speech.txt")
    assert result.code == 1
    assert "speech.txt" in result.out
    assert "empty.txt" in result.err


def test_rank_by_another_rubric_than_the_reference(run: Run) -> None:
    pytest.importorskip("pyarrow")
    assert run("rank", "speech.txt", "--out", "scores.parquet").code == 0
    arguments = ("rank", "speech.txt", "--reference", "scores.parquet")
    told = error(run("--lang", "en", *arguments, "--rubric", "fifteen-measures"))
    assert "scored by speech-structure 1, these by fifteen-measures 1" in told
    assert (
        "name a file"
        in error(run("--lang", "en", "rank", "speech.txt", "--format", "parquet")).lower()
    )


# documents and tables


@pytest.mark.parametrize("suffix", ["docx", "md", "csv", "html"])
def test_score_into_a_file(run: Run, suffix: str) -> None:
    result = run("score", "speech.txt", "gb.txt", "--out", f"r.{suffix}")
    assert (result.code, result.out) == (0, "")
    assert f"r.{suffix}" in only_line(result.err)
    data = Path(f"r.{suffix}").read_bytes()
    assert data.startswith({"docx": b"PK", "csv": b"\xef\xbb\xbf"}.get(suffix, b""))
    assert suffix == "docx" or "st-18" in data.decode("utf-8-sig")


def test_tables_as_parquet(run: Run) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("score", "speech.txt", "--out", "topics.parquet").code == 0
    assert run("classify", "speech.txt", "--out", "segments.parquet").code == 0
    topics, segments = (parquet.read_table(f"{name}.parquet") for name in ("topics", "segments"))
    assert "st-18" in topics["topic"].to_pylist()
    assert segments["text"].to_pylist()[1] == "同志们："


@pytest.mark.parametrize("form", ["docx", "parquet"])
def test_what_is_no_text_needs_a_file(run: Run, form: str) -> None:
    told = error(run("--lang", "en", "score", "speech.txt", "--format", form))
    assert told == f"--format {form}: is no text to be shown. Name a file: --out result.{form}."


def test_a_rubric_may_name_the_labels_of_a_model_of_ones_own(run: Run) -> None:
    data = Schema.default().model_dump(mode="json")
    action = next(facet for facet in data["facets"] if facet["id"] == "action")
    (drill,) = (label for label in action["labels"] if label["id"] == "emergency_preparedness")
    action["labels"].append({**drill, "id": "night_drill", "name": {"zh": "夜训", "en": "Night"}})
    build_toy_model(Path("own"), Schema.from_dict(data))
    Path("speech.txt").write_text("同志们：\n企业必须每月夜训一次。\n", "utf-8")
    Path("own.yaml").write_text(
        """\
id: own
version: "1"
name: {zh: 自有, en: Own}
source: {clause: "-", status: memory}
groups: [{id: g, name: {zh: 组, en: Group}, weight: 1}]
topics:
  - id: night
    name: {zh: 夜训, en: Night drill}
    group: g
    source: {clause: "-", status: memory}
    match: {labels: {action: night_drill}}
    hints: {task: {zh: 夜训, en: drill at night}}
""",
        "utf-8",
    )
    given = ("--rubric", "own.yaml", "--model", "own")
    for command in (
        ("score", "speech.txt"),
        ("explain", "speech.txt", "--topic", "night"),
        ("diff", "speech.txt", "speech.txt"),
        ("rank", "speech.txt"),
    ):
        assert ok(run(*command, *given))
    assert "night_drill" in error(run("explain", "speech.txt", "--topic", "night", *given[:2]))
