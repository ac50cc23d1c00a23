"""The Word document, Markdown and the tidy tables."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from safetynlp import Analysis, Coverage, UsageError
from safetynlp.report import (
    report_html,
    report_markdown,
    segment_record,
    segments_parquet,
    topic_rows,
    topics_csv,
    topics_parquet,
)
from safetynlp.report.brief import Heading, Paragraph, Table, brief
from safetynlp.report.docx import report_docx

Pair = tuple[Analysis, Coverage]


def opened(pairs: list[Pair], lang: str = "zh", **options: bool) -> Any:
    return docx.Document(io.BytesIO(report_docx(pairs, lang, **options)))


def text_of(document: Any) -> str:
    cells = [c.text for t in document.tables for row in t.rows for c in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def test_the_brief_tells_all_of_a_coverage(analysis: Analysis, coverage: Coverage) -> None:
    blocks = brief(analysis, coverage, pmc=True)
    assert next(b.level for b in blocks if isinstance(b, Heading)) == 0
    tables = [b for b in blocks if isinstance(b, Table)]
    groups, gaps, topics, _index = tables
    assert len(groups.rows) == len(coverage.groups)
    assert [row[1].split()[0] for row in gaps.rows] == [topic.id for topic in coverage.gaps]
    for row, topic in zip(topics.rows, coverage.topics, strict=True):
        assert row[2:] == tuple("✓" if reached else "–" for reached in topic.elements.values())
    for table in tables:
        assert sum(table.widths) == pytest.approx(1)
        assert {len(row) for row in table.rows} == {len(table.header)} == {len(table.widths)}


def test_quotes_have_the_paragraph_they_stand_in(analysis: Analysis, coverage: Coverage) -> None:
    paragraphs: dict[int, str] = {}
    for segment in analysis.segments:  # furniture of the page is no paragraph
        number = segment.segment.paragraph
        paragraphs[number] = paragraphs.get(number, "") + segment.text
    quotes = [
        b for b in brief(analysis, coverage) if isinstance(b, Paragraph) and b.style == "quote"
    ]
    assert quotes
    for quote in quotes:
        number, text = re.fullmatch(r"第 (\d+) 段 「(.*)」 \(.*\)", quote.text).groups()  # type: ignore[union-attr]
        assert text in paragraphs[int(number) - 1]


def test_doubtful_topics_are_listed(analysis: Analysis, unsure: Coverage) -> None:
    assert unsure.uncertainty is not None
    doubts = [d for t in unsure.uncertainty.topics.values() for d in t.doubts]
    assert doubts
    page = report_html([(analysis, unsure)])
    written = text_of(opened([(analysis, unsure)]))
    interval = f"[{100 * unsure.uncertainty.low:.1f}, {100 * unsure.uncertainty.high:.1f}]"
    assert interval in page
    assert interval in written
    assert "请核对" in written
    assert "请核对" not in text_of(opened([(analysis, replace(unsure, uncertainty=None))]))
    for doubt in doubts:
        assert doubt.text in written
    blocks = brief(analysis, unsure)
    *_, topics = (block for block in blocks if isinstance(block, Table))
    for row, topic in zip(topics.rows, unsure.topics, strict=True):
        assert row[0].endswith("[请核对]") == bool(unsure.uncertainty.topics[topic.id].doubts)


def test_the_word_document_is_laid_out_for_an_office(
    analysis: Analysis, coverage: Coverage
) -> None:
    document = opened([(analysis, coverage)], pmc=True)
    assert round(document.sections[0].page_width.cm, 1) == 21.0
    for name, font in (("Normal", "仿宋"), ("Heading 1", "黑体")):
        fonts = document.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font
        assert fonts.get(qn("w:eastAsiaTheme")) is None
    assert {lang.get(qn("w:eastAsia")) for lang in document.styles.element.iter(qn("w:lang"))} == {
        "zh-CN"
    }
    properties = document.core_properties
    assert properties.title == "安全生产讲话覆盖报告"
    assert properties.created is None  # not the day on which the template was made
    for table in document.tables:
        whole = table._tbl.tblPr.find(qn("w:tblW"))
        columns = [int(c.get(qn("w:w"))) for c in table._tbl.tblGrid.iter(qn("w:gridCol"))]
        assert whole.get(qn("w:type")) == "dxa"
        assert int(whole.get(qn("w:w"))) == pytest.approx(sum(columns), abs=len(columns))
        first, *rest = table.rows
        assert first._tr.trPr.find(qn("w:tblHeader")) is not None
        assert all(row._tr.trPr.find(qn("w:tblHeader")) is None for row in rest)
    written = text_of(document)
    assert "speech.txt" in written
    assert "folder/" not in written  # the folders of this computer are nobody's business
    for topic in coverage.topics:
        assert f"{topic.id} {topic.name['zh']}" in written


def test_several_speeches_in_one_document(analysis: Analysis, coverage: Coverage) -> None:
    one, two = (opened([(analysis, coverage)] * n, "en") for n in (1, 2))
    assert len(two.tables) == 2 * len(one.tables)
    assert "Coverage report" in text_of(one)


def test_hostile_text_stays_text(hostile: Analysis) -> None:
    coverage = hostile.coverage()
    written = text_of(opened([(hostile, coverage)]))
    assert not re.search("[\x00-\x08\u202a-\u202e\u2066-\u2069]", written)
    markdown = report_markdown([(hostile, coverage)])
    assert not re.search(r"(?<!\\)[<>]", markdown)
    assert "\\<script\\>" in markdown or "script" not in markdown


def test_where_nothing_applies(nothing_applies: Pair) -> None:
    assert "没有总分" in text_of(opened([nothing_applies]))
    assert "没有总分" in report_markdown([nothing_applies])
    assert topic_rows([nothing_applies]) == []


def test_markdown_tables_are_whole(analysis: Analysis, coverage: Coverage) -> None:
    text = report_markdown([(analysis, coverage)], "en", pmc=True)
    assert text.startswith("# Coverage report of a work-safety speech\n")
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert len(rows) > len(coverage.topics)
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1


def test_one_row_per_topic(analysis: Analysis, coverage: Coverage) -> None:
    rows = topic_rows([(analysis, coverage)])
    assert [row["topic"] for row in rows] == [topic.id for topic in coverage.topics]
    read = list(csv.DictReader(io.StringIO(topics_csv(rows))))
    for row, cells, topic in zip(rows, read, coverage.topics, strict=True):
        assert row["level"] == int(cells["level"]) == topic.level
        assert row["mentioned"] is (topic.level > 0)
        assert cells["mentioned"] == str(int(topic.level > 0))
        assert cells["doubtful"] == ""  # the coverage does not tell
        if topic.quotes:
            start, end = row["quote_start"], row["quote_end"]
            assert analysis.document.text[start:end] == row["quote"]
        else:
            assert row["quote"] is None


def test_formulas_are_defused(hostile: Analysis) -> None:
    (row, *_) = topic_rows([(hostile, hostile.coverage())])
    cells = list(csv.reader(io.StringIO(topics_csv([{**row, "quote": "=1+1"}]))))[1]
    assert cells[-1] == "'=1+1"


def test_parquet_holds_the_same_rows(analysis: Analysis, unsure: Coverage) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = topic_rows([(analysis, unsure)])
    read = parquet.read_table(io.BytesIO(topics_parquet(rows)))
    assert read.to_pylist() == rows
    assert str(read.schema.field("level").type) == "int8"
    facets = analysis.schema.facet_ids
    records = [segment_record("x", n, s) for n, s in enumerate(analysis.segments)]
    table = parquet.read_table(io.BytesIO(segments_parquet(records, facets))).to_pylist()
    for record, row in zip(records, table, strict=True):
        assert row["text"] == record["text"]
        assert row["sector"] == record["sector"]
        assert row["function"] == [record["function"]]
        for label, p in record["scores"]["sector"].items():
            assert row[f"sector.{label}"] == pytest.approx(p, abs=1e-6)


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match=r"safetynlp\[parquet\]"):
        topics_parquet([])


def test_the_page_shows_the_pmc_index_if_asked(analysis: Analysis, coverage: Coverage) -> None:
    assert 'class="surface"' not in report_html([(analysis, coverage)])
    page = report_html([(analysis, coverage)], pmc=True)
    assert 'class="surface"' in page
    assert "PMC" in page


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice installed")
def test_libreoffice_opens_it(analysis: Analysis, coverage: Coverage, tmp_path: Path) -> None:
    file = tmp_path / "report.docx"
    file.write_bytes(report_docx([(analysis, coverage)], pmc=True))
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
            "--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path), str(file),
        ],
        capture_output=True, timeout=180, check=True,
    )  # fmt: skip
    shown = (tmp_path / "report.txt").read_text("utf-8-sig")
    assert "安全生产讲话覆盖报告" in shown
    assert all(topic.id in shown for topic in coverage.topics)
