"""The user's own Word file with comments."""

from __future__ import annotations

import copy
import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from safetynlp import Analysis, Analyzer, Document, KeywordClassifier, ReadError, UsageError
from safetynlp.report.annotate import Annotated, annotate_docx
from safetynlp.segment import segment as cut

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
    return dict(spans(document))


def spans(document: Any) -> list[tuple[str, str]]:
    """Text between the ends of each comment, and the text of the comment, in order."""
    found: list[tuple[str, str]] = []
    open_now: dict[str, str] = {}
    for element in document.element.body.iter():
        if element.tag == qn("w:commentRangeStart"):
            open_now[element.get(qn("w:id"))] = ""
        elif element.tag == qn("w:commentRangeEnd"):
            id = element.get(qn("w:id"))
            found.append((open_now.pop(id), document.comments.get(int(id)).text))
            reference = element.getnext().find(qn("w:commentReference"))
            assert reference.get(qn("w:id")) == id
        elif (name := element.tag.rpartition("}")[2]) in _SHOWN:
            shown = _SHOWN[name] or element.text or ""
            open_now = {id: text + shown for id, text in open_now.items()}
    assert not open_now
    return found


# What an element shows; None for its text.
_SHOWN = {"t": None, "noBreakHyphen": "-", "tab": "\t"}


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


def test_labels_of_another_text_are_refused(analysis: Analysis) -> None:
    document = docx.Document()
    document.add_paragraph("同志们：")
    with pytest.raises(UsageError, match="labels are of another text"):
        annotate_docx(saved(document), analysis)


SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def raw(*blocks: str) -> bytes:
    """A Word file whose body holds these pieces of XML, with a style for tables of contents."""
    document = docx.Document()
    document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH).element.set(qn("w:styleId"), "TOC1")
    body = document.element.body
    for block in blocks:
        body.insert(len(body) - 1, parse_xml(block.replace(">", f" {SPACES}>", 1)))
    return saved(document)


def p(*content: str, style: str = "Normal") -> str:
    inner = "".join(c if c.startswith("<") else r(c) for c in content)
    return f"<w:p><w:pPr><w:pStyle w:val='{style}'/></w:pPr>{inner}</w:p>"


def r(*content: str, properties: str = "<w:b/>") -> str:
    inner = "".join(c if c.startswith("<") else f"<w:t>{c}</w:t>" for c in content)
    return f"<w:r w:rsidR='00AB12CD'><w:rPr>{properties}</w:rPr>{inner}</w:r>"


def table(*cells: str, row: str = "") -> str:
    inner = "".join(f"<w:tc><w:tcPr/>{cell}</w:tc>" for cell in cells)
    return f"<w:tbl><w:tr><w:trPr>{row}</w:trPr>{inner}</w:tr></w:tbl>"


def field(mark: str) -> str:
    return f"<w:r><w:fldChar w:fldCharType='{mark}'/></w:r>"


BOX = f"<w:r><w:pict><w:txbxContent>{p('企业必须演练。')}</w:txbxContent></w:pict></w:r>"
# What is in the file → the sentences with comments, as they are shown.
HOSTILE = {
    "empty runs": (
        [p("<w:r/>", "各部门要", "<w:r><w:t/></w:r>", "严查酒驾。", "<w:r><w:rPr/></w:r>")],
        ["各部门要严查酒驾。"],
    ),
    "one run with tabs, breaks and hyphens": (
        [
            p(
                r("<w:tab/>", "各部门要在3", "<w:noBreakHyphen/>", "6月严查酒驾。企业", "<w:softHyphen/>",
                  "必须演练。", "<w:br/>", "各乡镇要", "<w:tab/>", "排查燃气隐患。", "<w:br/>"),
                r("<w:tab/>", "企业必须培训", "<w:noBreakHyphen/>"),
            )
        ],
        ["各部门要在3-6月严查酒驾。", "企业必须演练。", "各乡镇要\t排查燃气隐患。", "企业必须培训-"],
    ),
    "links": (
        [
            p(
                "各部门要",
                f"<w:hyperlink w:anchor='x'>{r('严查酒驾。企业必须')}{r('演')}</w:hyperlink>",
                "练。各乡镇要排查燃气隐患。",
            )
        ],
        ["各部门要严查酒驾。", "企业必须演练。", "各乡镇要排查燃气隐患。"],
    ),
    "tracked changes": (
        [
            p(
                "各部门要",
                f"<w:ins w:id='901' w:author='甲'>{r('严查酒驾。企业')}</w:ins>",
                "<w:del w:id='902' w:author='甲'><w:r><w:delText>不必</w:delText></w:r></w:del>",
                "必须演练。",
            ),
            table(p("企业必须培训。"), row="<w:del w:id='903' w:author='甲'/>"),
            p("企业必须培训。"),
        ],
        ["各部门要严查酒驾。", "企业必须演练。", "企业必须培训。"],
    ),
    "bookmarks and content controls": (
        [
            p(
                "各部门要",
                "<w:bookmarkStart w:id='7' w:name='x'/>",
                f"<w:sdt><w:sdtContent>{r('严查')}</w:sdtContent></w:sdt>",
                "<w:bookmarkEnd w:id='7'/>",
                "酒驾。企业必须演练。",
            )
        ],
        ["各部门要严查酒驾。", "企业必须演练。"],
    ),
    "a field": (
        [
            p(
                field("begin"),
                "<w:r><w:instrText>各部门要严查酒驾。</w:instrText></w:r>",
                field("separate"),
                "各部门要",
                field("end"),
                "严查酒驾。企业必须演练。",
            )
        ],
        ["各部门要严查酒驾。", "企业必须演练。"],
    ),
    "a phonetic guide": (
        [
            p(
                "各部门要",
                "<w:r><w:ruby><w:rt/><w:rubyBase>"
                f"{r('严查')}</w:rubyBase></w:ruby></w:r>",
                "酒驾。企业必须演练。",
            )
        ],
        ["各部门要严查酒驾。", "企业必须演练。"],
    ),
    "formulas": (
        [p("企业必须在", "<m:oMath><m:r><m:t>x</m:t></m:r></m:oMath>", "日内演练。")],
        ["企业必须在x日内演练。"],
    ),
    "nested tables": (
        [
            table(
                p("各部门要严查酒驾。") + p("企业必须演练。"),
                table(p("企业必须培训。"), p("各乡镇要排查燃气隐患。")) + p(),
            )
        ],
        ["各部门要严查酒驾。", "企业必须演练。", "企业必须培训。", "各乡镇要排查燃气隐患。"],
    ),
    "a table of contents": (
        [p("各部门要严查酒驾。", style="TOC1"), p("企业必须演练。"), p("各部门要严查酒驾。")],
        ["企业必须演练。", "各部门要严查酒驾。"],
    ),
    "the same sentence twice": (
        [p("企业必须演练。企业必须演练。"), p("企业必须演练。")],
        ["企业必须演练。"] * 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("blocks", HOSTILE.values(), ids=HOSTILE)
def test_every_comment_spans_exactly_its_sentence(blocks: tuple[list[str], list[str]]) -> None:
    data = raw(*blocks[0])
    found, after = marked(data)
    assert [text for text, _ in spans(after)] == blocks[1]
    assert (found.n_comments, found.missed) == (len(blocks[1]), ())
    before = docx.Document(io.BytesIO(data))
    assert formatted(after) == formatted(before)
    assert skeleton(after) == skeleton(before)
    assert Document.from_bytes(found.data, "稿.docx").text == Document.from_bytes(data).text


def skeleton(document: Any) -> list[str]:
    """All elements but runs, their texts and the marks of comments, in order."""
    passed_over = ("r", "rPr", "b", "t", "commentRangeStart", "commentRangeEnd", "commentReference")
    names = (element.tag.rpartition("}")[2] for element in document.element.body.iter())
    return [name for name in names if name not in (*passed_over, "rStyle")]


def test_a_table_of_contents_gets_no_comment() -> None:
    _, after = marked(raw(p("各部门要严查酒驾。", style="TOC1"), p("各部门要严查酒驾。")))
    start = next(after.element.body.iter(qn("w:commentRangeStart")))
    assert start.getparent() is after.paragraphs[1]._p


def test_a_text_box_is_missed_and_nothing_else() -> None:
    found, after = marked(raw(p(BOX), p("各部门要严查酒驾。"), p("企业必须演练。")))
    assert [segment.text for segment in found.missed] == ["企业必须演练。"]
    assert [text for text, _ in spans(after)] == ["各部门要严查酒驾。", "企业必须演练。"]


def test_of_two_alternatives_both_are_within_the_comment() -> None:
    choice, fallback = r("企业必须演练。"), r("企业必须演练。")
    twofold = (
        f"<mc:AlternateContent><mc:Choice Requires='w16'>{choice}</mc:Choice>"
        f"<mc:Fallback>{fallback}</mc:Fallback></mc:AlternateContent>"
    )
    _, after = marked(raw(p(twofold, "各部门要严查酒驾。")))
    start = next(after.element.body.iter(qn("w:commentRangeStart")))
    assert start.getnext().tag.endswith("}AlternateContent")
    assert [text for text, _ in spans(after)][1:] == ["各部门要严查酒驾。"]


def test_blanks_where_a_run_is_cut_stay() -> None:
    _, after = marked(raw(p("各部门要严查酒驾。 企业必须演练。")))
    texts = [t for t in after.element.body.iter(qn("w:t")) if t.text]
    assert "".join(t.text for t in texts) == "各部门要严查酒驾。 企业必须演练。"
    space = "{http://www.w3.org/XML/1998/namespace}space"
    assert all(t.get(space) == "preserve" for t in texts if t.text != t.text.strip())


def test_all_else_in_the_file_stays() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "内部资料"
    document.add_picture(io.BytesIO(PIXEL))
    document.add_paragraph("各部门要严查酒驾。")
    document.core_properties.author = "县安委办"
    data = saved(document)
    found, _ = marked(data)
    before, after = (zipfile.ZipFile(io.BytesIO(d)) for d in (data, found.data))
    changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
    assert changed == {
        "[Content_Types].xml",
        "word/document.xml",
        "word/_rels/document.xml.rels",
    }
    assert set(after.namelist()) - set(before.namelist()) == {"word/comments.xml"}


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice installed")
def test_libreoffice_shows_the_comments(tmp_path: Path) -> None:
    file = tmp_path / "marked.docx"
    found, after = marked(raw(*(block for blocks, _ in HOSTILE.values() for block in blocks)))
    file.write_bytes(found.data)
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
            "--convert-to", "fodt", "--outdir", str(tmp_path), str(file),
        ],
        capture_output=True, timeout=180, check=True,
    )  # fmt: skip
    shown = (tmp_path / "marked.fodt").read_text("utf-8")
    assert shown.count("<office:annotation ") == found.n_comments == len(spans(after))


def test_no_word_file(analysis: Analysis) -> None:
    with pytest.raises(ReadError, match="cannot be opened as a Word file"):
        annotate_docx(b"PK\x03\x04 no zip", analysis)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text("各部门要企业演练燃气。；\t\n \u3000<&", max_size=9), min_size=1, max_size=12)
)
def test_text_and_format_stay_and_comments_fit_whatever_the_runs(pieces: list[str]) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("企业要演练。")
    for n, piece in enumerate(pieces):
        paragraph.add_run(piece).bold = bool(n % 2)
    data = saved(document)
    found, after = marked(data)
    assert formatted(after) == formatted(docx.Document(io.BytesIO(data)))
    assert found.missed == ()
    assert len(after.comments) == found.n_comments > 0
    sentences = iter([segment.text for segment in cut(Document.from_bytes(data))])
    assert all(text in sentences for text, _ in spans(after))  # each exactly, in order


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
        (["稿.docx"], "须以 .docx 结尾"),
        (["稿.docx", "--out", "x.txt"], "须以 .docx 结尾"),
        (["稿.docx", "--out", "x.docx", "--date", "2024-07"], "没有指定要点表"),
        (["稿.docx", "--out", "稿.docx"], "会被覆盖"),
        (["无.docx", "--out", "x.docx"], "文件不存在"),
    ):
        assert main(["annotate", *arguments]) == 2
        assert told in capsys.readouterr().err
    assert not Path("x.docx").exists()
