"""The user's own Word file with comments."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from safetynlp import Analysis, Analyzer, Document, KeywordClassifier, ReadError
from safetynlp.report.annotate import Annotated, annotate_docx

LINES = (
    "在全县安全生产会议上的讲话",
    "各乡镇要排查燃气隐患。企业必须每月开展一次演练；今天天气很好。",
    "各部门要严查酒驾。",
)


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def marked(data: bytes, **options: Any) -> tuple[Annotated, Any]:
    analysis = Analyzer(KeywordClassifier()).analyze(Document.from_bytes(data, "稿.docx"))
    coverage = analysis.coverage() if options.pop("topics", False) else None
    found = annotate_docx(data, analysis, coverage, **options)
    return found, docx.Document(io.BytesIO(found.data))


def commented(document: Any) -> dict[str, str]:
    """Text between the ends of each comment → text of the comment."""
    found: dict[str, str] = {}
    open_now: dict[str, str] = {}
    for element in document.element.body.iter():
        if element.tag == qn("w:commentRangeStart"):
            open_now[element.get(qn("w:id"))] = ""
        elif element.tag == qn("w:commentRangeEnd"):
            id = element.get(qn("w:id"))
            found[open_now.pop(id)] = document.comments.get(int(id)).text
        elif element.tag == qn("w:t"):
            open_now = {id: text + (element.text or "") for id, text in open_now.items()}
    assert not open_now
    return found


def formatted(document: Any) -> list[tuple[str, str]]:
    """Every character with the format of its run, in order."""
    return [
        (character, "" if run.find(qn("w:rPr")) is None else _xml(run.find(qn("w:rPr"))))
        for run in document.element.body.iter(qn("w:r"))
        for text in run.iterchildren(qn("w:t"))
        for character in text.text or ""
    ]


def _xml(element: Any) -> str:
    from lxml import etree

    return etree.tostring(copy.deepcopy(element)).decode()


def test_each_labelled_sentence_has_its_comment() -> None:
    document = docx.Document()
    for line in LINES:
        document.add_paragraph(line)
    data = saved(document)
    found, after = marked(data)
    comments = commented(after)
    assert list(comments) == [
        "各乡镇要排查燃气隐患。",
        "企业必须每月开展一次演练；",
        "各部门要严查酒驾。",
    ]
    assert "行业领域：城镇燃气" in comments["各乡镇要排查燃气隐患。"]
    assert (found.n_comments, found.missed) == (3, ())
    assert formatted(after) == formatted(docx.Document(io.BytesIO(data)))


def test_topics_and_english() -> None:
    document = docx.Document()
    document.add_paragraph(LINES[1])
    _, after = marked(saved(document), topics=True, lang="en")
    told = commented(after)["企业必须每月开展一次演练；"]
    assert "Responsibility: Enterprise" in told
    assert "st-18" in told


def test_sentences_over_runs_tables_and_links() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph()
    paragraph.add_run("各乡镇").bold = True
    paragraph.add_run("要排查燃")
    paragraph.add_run("气隐患。企业必须").italic = True
    run = paragraph.add_run("演练。")
    run.add_tab()
    run.add_text("各部门要严查酒驾。")
    table = document.add_table(1, 2)
    table.cell(0, 0).text = "企业必须演练。"
    table.cell(0, 1).text = "各部门要严查超载。"
    data = saved(document)
    found, after = marked(data)
    comments = commented(after)
    assert {"各乡镇要排查燃气隐患。", "企业必须演练。", "各部门要严查酒驾。"} <= set(comments)
    assert found.missed == ()
    assert formatted(after) == formatted(docx.Document(io.BytesIO(data)))


def test_comments_that_are_there_stay() -> None:
    document = docx.Document()
    run = document.add_paragraph().add_run("各部门要严查酒驾。")
    document.add_comment([run], text="县长：这句再斟酌", author="办公室")
    _, after = marked(saved(document))
    assert [comment.author for comment in after.comments] == ["办公室", "safetynlp"]


def test_what_is_hidden_or_deleted_is_passed_over() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("各部门要")
    paragraph.add_run("（待定）").font.hidden = True
    paragraph.add_run("严查酒驾。")
    found, after = marked(saved(document))
    assert found.n_comments == 1
    assert list(commented(after)) == ["各部门要（待定）严查酒驾。"]


def test_a_sentence_that_is_not_in_the_file_is_told(analysis: Analysis) -> None:
    document = docx.Document()
    document.add_paragraph("同志们：")
    found = annotate_docx(saved(document), analysis)
    assert found.n_comments == 0
    assert found.missed


def test_no_word_file(analysis: Analysis) -> None:
    with pytest.raises(ReadError, match="cannot be opened as a Word file"):
        annotate_docx(b"PK\x03\x04 no zip", analysis)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text("各部门要企业演练燃气。；\t \u3000<&", max_size=9), min_size=1, max_size=12)
)
def test_text_and_format_stay_whatever_the_runs(pieces: list[str]) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("企业要演练。")
    for n, piece in enumerate(pieces):
        paragraph.add_run(piece).bold = bool(n % 2)
    data = saved(document)
    found, after = marked(data)
    assert formatted(after) == formatted(docx.Document(io.BytesIO(data)))
    assert found.missed == ()
    assert len(after.comments) == found.n_comments > 0


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from safetynlp.classifier import Classifier
    from safetynlp.cli import main

    class Keywords(KeywordClassifier):
        @classmethod
        def from_pretrained(cls, *_: object, **__: object) -> KeywordClassifier:
            return KeywordClassifier()

    monkeypatch.setattr(Classifier, "from_pretrained", Keywords.from_pretrained)
    monkeypatch.chdir(tmp_path)
    document = docx.Document()
    document.add_paragraph(LINES[1])
    document.save("稿.docx")
    Path("稿.txt").write_text(LINES[1], "utf-8")
    assert main(["annotate", "稿.docx", "--out", "批注.docx", "--rubric", "speech-structure"]) == 0
    assert "批注 2 处" in capsys.readouterr().err
    assert len(docx.Document("批注.docx").comments) == 2
    for arguments, told in (
        (["稿.txt", "--out", "x.docx"], "只能在 Word 文件"),
        (["稿.docx"], "请指定文件"),
        (["稿.docx", "--out", "稿.docx"], "会被覆盖"),
        (["无.docx", "--out", "x.docx"], "文件不存在"),
    ):
        assert main(["annotate", *arguments]) == 2
        assert told in capsys.readouterr().err
    assert not Path("x.docx").exists()
