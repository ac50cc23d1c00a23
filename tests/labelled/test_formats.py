"""Every format says the same: three segments, hand-written in ``golden/`` as its tool writes them."""

from __future__ import annotations

import datetime
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from safetynlp.errors import DataError
from safetynlp.labelled import LabelledData, LabelledRow, ReadOptions, first_reading, read_labelled
from safetynlp.schema import Schema

SCHEMA = Schema.default()
GOLDEN = Path(__file__).parent / "golden"
TEXTS = (
    "要压实企业主体责任，盯紧煤矿和学校，立即整改隐患。",
    "会议到此结束。",
    "去年火灾下降一成。",
)
LABELS: tuple[dict[str, tuple[str, ...]], ...] = (
    {
        "sector": ("coal_mining", "schools"),
        "responsibility": ("enterprise",),
        "action": ("hazard_rectification",),
        "function": ("directive",),
    },
    {"sector": (), "responsibility": (), "action": (), "function": ("procedural",)},
    {"sector": ("fire_safety",), "responsibility": (), "action": (), "function": ("situation",)},
)
ROWS = [
    LabelledRow(doc, text, labels, index)
    for doc, text, labels, index in zip(("s1", "s1", "s2"), TEXTS, LABELS, (0, 1, 0), strict=True)
]


def read(*paths: Path, **options: Any) -> LabelledData:
    return read_labelled(paths, SCHEMA, ReadOptions(**options))


def bare(data: LabelledData) -> list[LabelledRow]:
    """Rows without what only some formats say of them."""
    return [replace(row, para=None, annotator="", meta={}) for row in data.rows]


@pytest.mark.parametrize(
    "name",
    [
        "rows.jsonl",
        "rows.csv",
        "rows.tsv",
        "label-studio.json",
        "label-studio-old.json",
        "json-min.json",
        "doccano-text-labels.jsonl",
        "doccano-1.4.jsonl",
        "doccano-current.jsonl",
    ],
)
def test_golden_file(name: str) -> None:
    data = read(GOLDEN / name)
    assert bare(data) == ROWS
    assert data.skipped == ()
    assert all(str(GOLDEN / name) in row.where for row in data.rows)
    assert list(data.sha256) == [str(GOLDEN / name)]


# JSON Lines


def test_what_is_not_label_is_kept_as_meta() -> None:
    for name in ("rows.csv", "label-studio.json", "doccano-current.jsonl"):
        assert [row.meta for row in read(GOLDEN / name).rows] == [
            {"level": "city"},
            {"level": "city"},
            {"level": "county"},
        ]


def test_index_file_tells_more_of_each_speech(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes((GOLDEN / "rows.jsonl").read_bytes())
    (tmp_path / "index.csv").write_text("doc,level,year\ns1,city,2023\n", "utf-8-sig")
    data = read(tmp_path)
    assert [dict(row.meta) for row in data.rows] == [{"level": "city", "year": "2023"}] * 2 + [{}]
    assert set(data.sha256) == {str(tmp_path / "rows.jsonl"), str(tmp_path / "index.csv")}


def test_key_that_is_almost_a_facet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"doc": "a", "text": "x", "sectors": ["schools"]}', "utf-8")
    with pytest.raises(DataError, match=r'a\.jsonl:1: no facet "sectors"\. Did you mean "sector"'):
        read(file)


# Tables


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv"])
def test_encodings_of_excel(tmp_path: Path, name: str, encoding: str) -> None:
    file = tmp_path / name
    file.write_bytes((GOLDEN / name).read_text("utf-8").encode(encoding))
    assert bare(read(file)) == ROWS


@pytest.mark.parametrize("separator", [",", "，", "、", ";", "；", "|", "\n", " , "])
def test_separators_of_labels(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "a.csv"
    cell = separator.join(["Construction", "Rail, aviation and metro", "schools"])
    file.write_text(f'doc,text,sector\na,x,"{cell}"\n', "utf-8")
    (row,) = read(file).rows
    assert row.labels == {"sector": ("construction", "rail_aviation", "schools")}


def test_column_that_is_missing_is_unlabelled_and_empty_cell_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("doc;text;sector;function\na;x;;\n", "utf-8")
    assert read(file).rows[0].labels == {"sector": ()}
    assert read(file, absent="unlabelled").rows[0].labels == {}


def test_lines_are_counted_through_quoted_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('doc,text,sector\na,"x\ny",schools\n,,\na,"说""好""",mine\n', "utf-8")
    with pytest.raises(DataError, match=r'a\.csv:5: facet "sector" has no label "mine"'):
        read(file)
    data = read(file, on_error="skip")
    assert [row.text for row in data.rows] == ["x\ny"]
    assert data.skipped[0].line == 'a,"说""好""",mine'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("doc,words,sector\na,x,\n", r'a\.csv:1: no column "text" among doc, words, sector'),
        ("doc,text,topic\na,x,\n", r"a\.csv:1: no column of labels among doc, text, topic"),
        ("doc,text,sector,sector\n", r"a\.csv:1: columns of the same name: sector"),
        ("doc,text,sector,actions\n", r'a\.csv:1: no facet "actions"\. Did you mean "action"'),
        ("doc,text,sector\na,x,,y\n", r"a\.csv:2: 4 cells, expected 3"),
        ("doc,text,sector\na,x\n", r"a\.csv:2: 2 cells, expected 3"),
        ('doc,text,sector\na,"x,\nb,y,\n', r"a\.csv:2: not a line of a table"),
        ("doc,text,sector\na, ,\n", r"a\.csv:2: no text: found ' '"),
        ("doc,text,sector\n,x,\n", r'a\.csv:2: no "doc"'),
        ("doc,i,text,sector\na,-1,x,\n", r'a\.csv:2: "i" is \'-1\''),
        ("doc,text,function\na,x,directive、problem\n", r"exactly one label, found 2"),
    ],
)
def test_faulty_table(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text, "utf-8")
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.csv")


def test_named_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("speech,words,sector\ns,x,schools\n", "utf-8")
    (row,) = read(file, text_column="words", doc_column="speech").rows
    assert (row.doc, row.text) == ("s", "x")


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


def test_workbook(tmp_path: Path) -> None:
    lines = [line.split("\t") for line in (GOLDEN / "rows.tsv").read_text("utf-8").splitlines()]
    file = workbook(tmp_path / "a.xlsx", 标注=[[cell or None for cell in line] for line in lines])
    data = read(file)
    assert bare(data) == ROWS
    assert data.rows[2].where == f"{file}:4"


def test_sheets_and_cells_of_a_workbook(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 5, 1)
    file = workbook(
        tmp_path / "a.xlsx",
        one=[["doc", "text", "sector", "date", "i"], [], [1.0, "x", "schools", day, 7]],
        notes=[["to do"]],
        empty=[],
        two=[["doc", "text", "sector"], ["b", "y", "mine"]],
    )
    data = read(file, on_error="skip")
    (row,) = data.rows
    assert row == LabelledRow("1", "x", {"sector": ("schools",)}, 7, meta={"date": "2024-05-01"})
    assert row.where == f"{file}[one]:3"
    assert data.skipped[0].where == f"{file}[two]:2"
    assert [warning.en for warning in data.warnings] == [
        f'{file}: sheet "notes" has no column "text" and was not read.'
    ]


def test_faulty_workbooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.xlsx"
    for content, message in (
        (b"text", "not a workbook"),
        (b"PK\x03\x04", "not a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or protected"),
    ):
        file.write_bytes(content)
        with pytest.raises(DataError, match=message):
            read(file)
    with pytest.raises(DataError, match="empty"):
        read(workbook(file, a=[]))
    with pytest.raises(DataError, match=r'a\.xlsx:1: no column "text"'):
        read(workbook(file, a=[["words"]]))
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(DataError, match=r"safetynlp\[train\]"):
        read(file)


# Label Studio


def test_annotators_of_label_studio(tmp_path: Path) -> None:
    tasks = json.loads((GOLDEN / "label-studio.json").read_text("utf-8"))
    tasks[1]["annotations"][1] |= {"was_cancelled": False, "ground_truth": True}
    file = tmp_path / "a.json"
    file.write_text(json.dumps(tasks), "utf-8")
    rows = read(file).rows
    assert [(row.annotator, row.index, row.labels["function"]) for row in rows] == [
        ("1", 0, ("directive",)),
        ("1", 1, ("procedural",)),
        ("2", 1, ("situation",)),
        ("1", 0, ("situation",)),
    ]
    assert rows[2].meta["ground_truth"] == "true"
    assert first_reading(rows) == [rows[0], rows[2], rows[3]]
    assert rows[1].where == f"{file}: task 5"


def test_label_studio_says_what_it_left_out(tmp_path: Path) -> None:
    data = read(GOLDEN / "label-studio.json")
    assert [w.en for w in data.warnings] == [
        f"{GOLDEN / 'label-studio.json'}: 1 annotations that their annotator cancelled were left out."
    ]


def test_task_without_annotation_is_unlabelled(tmp_path: Path) -> None:
    task: dict[str, Any] = {"id": 1, "data": {"doc": "a", "text": "x"}, "annotations": []}
    prediction = {"from_name": "sector", "type": "choices", "value": {"choices": ["消防"]}}
    rating = {"from_name": "sure", "type": "rating", "value": {"rating": 3}}
    other = task | {
        "id": 2,
        "data": {"doc": "a", "text": "y"},
        "annotations": [{"result": [rating]}],
    }
    file = tmp_path / "a.json"
    file.write_text(
        json.dumps([task | {"predictions": [{"result": [prediction]}]}, other]), "utf-8"
    )
    data = read(file)
    assert [row.labels for row in data.rows] == [{}, {}]
    assert 'results of type "rating"' in data.warnings[0].en
    assert "2 of 2 rows have no labelled facet" in data.warnings[1].en


@pytest.mark.parametrize("name", ["label-studio.json", "json-min.json"])
def test_absent_facet_of_label_studio_by_option(name: str) -> None:
    row = read(GOLDEN / name, absent="unlabelled").rows[1]
    assert row.labels == {"function": ("procedural",)}


def test_taxonomies(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    paths = [["经营", "企业主体责任"], ["企业主体责任", "某分厂"]]
    flat = {"id": 1, "doc": "a", "text": "x", "responsibility": [{"taxonomy": paths}]}
    result = {"type": "taxonomy", "from_name": "tree", "value": {"taxonomy": [["sector", "消防"]]}}
    for content, labels in (
        (flat, {"responsibility": ("enterprise",)}),
        (_task([result]), {"sector": ("fire_safety",)}),  # its first level names the facet
    ):
        file.write_text(json.dumps([content]), "utf-8")
        assert read(file).rows[0].labels == labels


def test_controls_are_the_facets_of_an_inferred_schema(tmp_path: Path) -> None:
    data = read_labelled([GOLDEN / "label-studio.json"], None)
    assert data.schema.facet_ids == ("action", "function", "responsibility", "sector")
    assert data.rows[2].labels == {
        "sector": ("消防",),
        "function": ("situation",),
        "responsibility": (),
        "action": (),
    }


def _task(result: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"doc": "a", "text": "x"}, "annotations": [{"result": result}]}


def _choice(control: str, value: Any) -> list[dict[str, Any]]:
    return [{"type": "choices", "from_name": control, "value": value}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[{", r"a\.json: not JSON"),
        ('"x"', r"a\.json: found str at the top level"),
        ([7], r"a\.json: record 1: found int"),
        ([{"id": 3, "data": 7}], r'a\.json: task 3: no "data"'),
        ([{"id": 3, "data": {}, "annotations": 2}], r'task 3: "annotations" is no list'),
        ([_task([7])], r'task 1: "result" is no list'),
        ([_task(_choice("sector", {"choices": ["矿"]}))], r'task 1: facet "sector" has no .*矿'),
        ([_task(_choice("sector", {"choices": [7]}))], r"task 1: found .* expected choices"),
        ([_task(_choice("sectors", {"choices": ["消防"]}))], r'Did you mean "sector"'),
        ([_task(_choice("tags", {"choices": ["矿"]}))], r'no facet has a label "矿"'),
        ([{"id": 9, "doc": "a", "text": "x", "sector": "矿"}], r'task 9: facet "sector"'),
        ([{"id": 9, "doc": "a", "text": "x", "sector": {"n": 1}}], r"task 9: found"),
    ],
)
def test_faulty_label_studio(tmp_path: Path, content: Any, message: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    with pytest.raises(DataError, match=message):
        read(file)


# doccano


def test_oldest_doccano_takes_its_label_file() -> None:
    data = read(GOLDEN / "doccano-oldest.jsonl", label_file=GOLDEN / "label_config.json")
    assert bare(data) == ROWS
    assert {row.annotator for row in data.rows} == {"1"}
    with pytest.raises(DataError, match=r"oldest\.jsonl:1: label number 10 has no name\. Give the"):
        read(GOLDEN / "doccano-oldest.jsonl")
    with pytest.raises(DataError, match="cannot be read as doccano's label file"):
        read(GOLDEN / "doccano-oldest.jsonl", label_file=GOLDEN / "rows.csv")


def test_annotators_of_the_oldest_doccano(tmp_path: Path) -> None:
    annotations = [{"label": 16, "user": 1}, {"label": 10, "user": 2}, {"label": 16, "user": 2}]
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"id": 1, "text": "x", "annotations": annotations}), "utf-8")
    rows = read(file, label_file=GOLDEN / "label_config.json", group_by_row=True).rows
    assert [(row.annotator, row.labels["sector"]) for row in rows] == [
        ("1", ("fire_safety",)),
        ("2", ("coal_mining", "fire_safety")),
    ]
    assert rows[0].doc == rows[1].doc  # one text cannot be in two parts


def test_zip_has_one_file_for_each_annotator(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for member in ("li.jsonl", "wang.jsonl", "all.jsonl"):
            archive.write(GOLDEN / "doccano-current.jsonl", member)
    rows = read(file).rows
    assert [row.annotator for row in rows] == [""] * 3 + ["li"] * 3 + ["wang"] * 3
    assert [row.index for row in rows] == [0, 1, 0] * 3
    assert rows[4].where == f"{file}/li.jsonl:2"


def test_empty_labels_of_doccano_are_unlabelled_unless_said(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    lines = [{"text": "x", "doc": "a", "label": ["消防"]}, {"text": "y", "doc": "a", "label": []}]
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert [row.labels for row in read(file).rows] == [{"sector": ("fire_safety",)}, {}]
    assert read(file, absent="none").rows[1].labels == {"sector": ()}


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ('["矿"]', r'a\.jsonl:1: no facet has a label "矿"'),
        ('["产业##煤矿"]', r'a\.jsonl:1: there is no facet "产业"'),
        ('["sector##企业主体责任"]', r'a\.jsonl:1: facet "sector" has no label "企业主体责任"'),
        ('[[0, 2, "地点"]]', r"a\.jsonl:1: label .* Only exports of text classification"),
        ('["部署要求", "形势事实"]', r'a\.jsonl:1: facet "function" takes exactly one label'),
    ],
)
def test_faulty_doccano(tmp_path: Path, label: str, message: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f'{{"id": 1, "text": "x", "doc": "a", "label": {label}}}', "utf-8")
    with pytest.raises(DataError, match=message):
        read(file)


def test_faulty_zips(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="cannot be unpacked"):
        read(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(DataError, match=r"no \*\.jsonl in this zip"):
        read(file)


# PaddleNLP


def test_paddlenlp_folder() -> None:
    data = read(GOLDEN / "paddlenlp", group_by_row=True)
    assert [(row.text, row.labels) for row in data.rows] == list(zip(TEXTS, LABELS, strict=True))
    assert len({row.doc for row in data.rows}) == 3
    assert list(data.sha256) == [str(GOLDEN / "paddlenlp" / "train.txt")]


def test_paddlenlp_names_no_speech() -> None:
    with pytest.raises(DataError, match=r'train\.txt:1: no "doc".*every row stands alone'):
        read(GOLDEN / "paddlenlp")


def test_paddlenlp_row_without_label_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_text("甲\t消防\n乙\t\n", "utf-8")
    rows = read(file, group_by_row=True).rows
    assert [row.labels for row in rows] == [{"sector": ("fire_safety",)}, {"sector": ()}]
    rows = read(file, group_by_row=True, absent="unlabelled").rows
    assert rows[1].labels == {}


def test_faulty_paddlenlp(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("甲\t消防\n乙\n丙\t消防\t煤矿\n丁\t矿\n", "utf-8")
    with pytest.raises(DataError) as caught:
        read(file, group_by_row=True)
    assert [line.split(": ")[0] for line in caught.value.en.split("\n")] == [
        f"{file}:{n}" for n in (2, 3, 4)
    ]
    assert "0 tabs, expected one" in caught.value.en
    assert len(caught.value.zh.split("\n")) == 3
