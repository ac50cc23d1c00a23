"""Word files: what Word shows with all changes accepted, in order."""

import io
import zipfile
from xml.sax.saxutils import escape

import docx
import pytest
from docx.oxml import parse_xml

from safetynlp.document import Document, Furniture, Heading
from safetynlp.errors import ReadError
from safetynlp.readers import docx as reader

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SPACES = (
    f'xmlns:w="{W}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def saved(document):
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def built(*blocks):
    """A .docx of python-docx whose body holds these pieces of raw XML."""
    document = docx.Document()
    body = document.element.body
    for block in blocks:
        body.insert(len(body) - 1, parse_xml(block.replace(">", f" {SPACES}>", 1)))
    return saved(document)


def run(text, properties=""):
    return f"<w:r>{properties}<w:t xml:space='preserve'>{escape(text)}</w:t></w:r>"


def p(*content, properties=""):
    inner = "".join(c if c.startswith("<") else run(c) for c in content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def box(text):
    return f"<w:txbxContent>{p(text)}</w:txbxContent>"


def cell(*content, properties=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{''.join(content)}</w:tc>"


def table(*rows):
    return "<w:tbl>" + "".join(f"<w:tr>{''.join(row)}</w:tr>" for row in rows) + "</w:tbl>"


def lines(*blocks):
    data = built(*blocks)
    text = Document.from_bytes(data, "讲话.docx").text
    check_places(docx.Document(io.BytesIO(data)).element.body, text)
    return text.split("\n")


def check_places(body, text):
    """Every character stands where ``locate`` says; only separators stand nowhere."""
    found, places = reader.locate(body)
    assert found == text
    nowhere, done = "", 0
    for place in places:
        nowhere += text[done : place.start]
        name = place.element.tag.rpartition("}")[2]
        shown = place.element.text if name == "t" else reader._SIGNS[name]
        length = place.end - place.start
        assert text[place.start : place.end] == shown[place.offset : place.offset + length] != ""
        done = place.end
    assert set(nowhere + text[done:]) <= {"\n", "\t"}


def test_paragraphs_and_tables_in_document_order():
    document = docx.Document()
    document.add_paragraph("表前。")
    grid = document.add_table(rows=2, cols=2)
    for text, place in zip("甲乙丙丁", [(0, 0), (0, 1), (1, 0), (1, 1)], strict=True):
        grid.cell(*place).text = text
    document.add_paragraph("")
    document.add_paragraph("表后。")
    read = Document.from_bytes(saved(document), "讲话.docx")
    assert read.text == "表前。\n甲\t乙\n丙\t丁\n表后。"
    assert read.encoding is None


def test_nested_table_and_cells_of_several_paragraphs():
    inner = table([cell(p("内一")), cell(p("内二"))])
    outer = table([cell(p("左一。"), p("左二。")), cell(p("前"), inner, p("后"))])
    assert lines(p("表前"), outer, p("表后")) == [
        "表前",
        "左一。",
        "左二。",
        "前",
        "内一\t内二",
        "后",
        "表后",
    ]


def test_merged_cells_are_read_once():
    grid = table(
        [cell(p("部门"), properties='<w:vMerge w:val="restart"/>'), cell(p("甲"))],
        [cell(p("旧"), properties="<w:vMerge/>"), cell(p("乙"))],
    )
    assert lines(grid) == ["部门\t甲", "乙"]


def test_text_box_in_both_alternatives_is_read_once():
    drawing = (
        "<w:r><mc:AlternateContent>"
        f"<mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx>{box('框内文字。')}</wps:txbx>"
        "</wps:wsp></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape><v:textbox>{box('框内文字。')}</v:textbox></v:shape>"
        "</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert lines(p("框前，", drawing, "框后。"), p("下段。")) == [
        "框前，框后。",
        "框内文字。",
        "下段。",
    ]


def test_text_box_of_old_word_only():
    pict = f"<w:r><w:pict><v:shape><v:textbox>{box('旧框。')}</v:textbox></v:shape></w:pict></w:r>"
    assert lines(p("正文。", pict)) == ["正文。", "旧框。"]


def test_text_box_in_a_table_cell_and_in_a_text_box():
    inner = f"<w:r><w:pict>{box('内')}</w:pict></w:r>"
    outer = f"<w:r><w:pict><w:txbxContent>{p('外', inner)}</w:txbxContent></w:pict></w:r>"
    grid = table([cell(p("甲", outer)), cell(p("乙"))])
    assert lines(grid) == ["甲", "外", "内", "乙"]


def test_alternative_characters_take_the_fallback():
    symbol = (
        "<w:r><mc:AlternateContent><mc:Choice Requires='w16se'></mc:Choice>"
        "<mc:Fallback><w:t>★</w:t></mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert lines(p("四", symbol, "级")) == ["四★级"]


def test_insertions_kept_and_deletions_dropped():
    changed = p(
        "企业要",
        f"<w:ins w:id='1' w:author='a'>{run('每周')}</w:ins>",
        "<w:del w:id='2' w:author='a'><w:r><w:delText>每月</w:delText></w:r></w:del>",
        "自查。",
    )
    assert lines(changed) == ["企业要每周自查。"]


def test_moved_text_stands_at_its_new_place_only():
    moved = f"<w:moveFrom w:id='1' w:author='a'>{run('移走。')}</w:moveFrom>"
    arrived = f"<w:moveTo w:id='2' w:author='a'>{run('移来。')}</w:moveTo>"
    assert lines(p("甲。", moved), p("乙。", arrived)) == ["甲。", "乙。移来。"]


def test_deleted_paragraph_mark_joins_with_the_next():
    mark = "<w:rPr><w:del w:id='1' w:author='a'/></w:rPr>"
    assert lines(p("各乡镇要", properties=mark), p("压实责任。"), p("散会。")) == [
        "各乡镇要压实责任。",
        "散会。",
    ]
    assert lines(p("表前", properties=mark), table([cell(p("甲")), cell(p("乙"))])) == [
        "表前",
        "甲\t乙",
    ]
    assert lines(p("只有一段", properties=mark)) == ["只有一段"]
    pict = f"<w:r><w:pict>{box('框。')}</w:pict></w:r>"
    assert lines(p("前半", pict, properties=mark), p("后半。")) == ["框。", "前半后半。"]


def test_deleted_and_inserted_rows():
    def row(mark, text):
        return f"<w:tr><w:trPr>{mark}</w:trPr>{cell(p(text))}{cell(p('乙'))}</w:tr>"

    rows = row("<w:del w:id='1'/>", "删") + row("<w:ins w:id='2'/>", "增")
    assert lines(f"<w:tbl>{rows}</w:tbl>", p("后")) == ["增\t乙", "后"]


def test_links_controls_and_smart_tags_are_read_through():
    content = p(
        "登录",
        f"<w:hyperlink r:id='x'>{run('应急网')}</w:hyperlink>",
        f"<w:sdt><w:sdtPr/><w:sdtContent>{run('查看')}</w:sdtContent></w:sdt>",
        f"<w:smartTag>{run('清单')}</w:smartTag>",
    )
    outer = f"<w:sdt><w:sdtContent>{p('控件里的段落。')}</w:sdtContent></w:sdt>"
    assert lines(content, outer) == ["登录应急网查看清单", "控件里的段落。"]


def field(instruction, result):
    parts = [
        "<w:r><w:fldChar w:fldCharType='begin'/></w:r>",
        instruction,
        "<w:r><w:fldChar w:fldCharType='separate'/></w:r>",
        result,
        "<w:r><w:fldChar w:fldCharType='end'/></w:r>",
    ]
    return "".join(parts)


def test_fields_give_their_result_only():
    code = "<w:r><w:instrText> DATE \\@ yyyy </w:instrText></w:r>"
    simple = f"<w:fldSimple w:instr='NUMPAGES'>{run('七')}</w:fldSimple>"
    assert lines(p("今年是", field(code, run("2024")), "年，共", simple, "页")) == [
        "今年是2024年，共七页"
    ]


def test_field_inside_an_instruction_is_not_shown():
    code = "<w:r><w:instrText> IF </w:instrText></w:r>"
    inner = field("<w:r><w:instrText> REF x </w:instrText></w:r>", run("隐"))
    assert lines(p("甲", field(code + inner, run("显")), "乙")) == ["甲显乙"]


def test_a_field_that_never_ends_costs_no_text():
    begin = "<w:r><w:fldChar w:fldCharType='begin'/></w:r>"
    end = "<w:r><w:fldChar w:fldCharType='end'/></w:r>"
    assert lines(p("甲", begin, "乙"), p(end, "丙")) == ["甲乙", "丙"]


def test_footnote_marks_comments_and_hidden_text_leave_no_trace():
    assert lines(
        p(
            "责任要压实",
            "<w:r><w:footnoteReference w:id='2'/></w:r>",
            "<w:commentRangeStart w:id='0'/>",
            "。",
            "<w:r><w:commentReference w:id='0'/></w:r>",
            run("批注草稿", "<w:rPr><w:vanish/></w:rPr>"),
            run("可见", "<w:rPr><w:vanish w:val='0'/></w:rPr>"),
        )
    ) == ["责任要压实。可见"]


def test_soft_breaks_tabs_and_hyphens():
    content = (
        "<w:r><w:t>一要快</w:t><w:br/><w:t>二要</w:t><w:tab/><w:t>稳</w:t>"
        "<w:noBreakHyphen/><w:softHyphen/><w:cr/><w:t>三要实</w:t></w:r>"
    )
    assert lines(p(content)) == ["一要快", "二要\t稳-", "三要实"]


def test_ruby_and_formulas():
    above, below = run("bāng"), run("帮")
    ruby = f"<w:ruby><w:rt>{above}</w:rt><w:rubyBase>{below}</w:rubyBase></w:ruby>"
    ruby = f"<w:r>{ruby}</w:r>"
    formula = "<m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath>"
    assert lines(p(ruby, "扶", formula)) == ["帮扶x=1"]


def test_headings_by_style_and_by_outline_level():
    document = docx.Document()
    document.add_heading("在安全生产会议上的讲话", 0)  # the style Title
    document.add_heading("形势", 1)
    document.add_paragraph("总体平稳。")
    document.add_heading("问题", 3)
    own = document.add_paragraph("任务")
    own._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl xmlns:w="{W}" w:val="1"/>'))
    body = document.add_heading("其实是正文", 2)
    body._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl xmlns:w="{W}" w:val="9"/>'))
    read = Document.from_bytes(saved(document))
    found = [(read.text[h.start : h.end], h.level) for h in read.headings]
    assert found == [("在安全生产会议上的讲话", 1), ("形势", 1), ("问题", 3), ("任务", 2)]


def test_headings_by_a_style_based_on_another():
    document = docx.Document()
    style = document.styles.add_style("公文小标题", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("落实责任", style=style)
    document.add_paragraph("正文。")
    assert Document.from_bytes(saved(document)).headings == (Heading(0, 4, 2),)


def test_styles_based_on_each_other_in_a_circle():
    document = docx.Document()
    kind = docx.enum.style.WD_STYLE_TYPE.PARAGRAPH
    one, two = (document.styles.add_style(name, kind) for name in ("甲式", "乙式"))
    one.base_style, two.base_style = two, one
    document.add_paragraph("正文。", style=one)
    assert Document.from_bytes(saved(document)).headings == ()


def test_contents_are_navigation():
    document = docx.Document()
    style = document.styles.add_style("toc 1", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("一、形势\t1", style=style)
    document.add_paragraph("一、形势")
    read = Document.from_bytes(saved(document))
    assert read.text == "一、形势\t1\n一、形势"
    assert read.furniture == (Furniture(0, 6, "navigation"),)


def test_page_furniture_in_a_word_file_is_marked():
    read = Document.from_bytes(built(p("企业要自查。"), p("责任编辑：小周")))
    assert read.furniture == (Furniture(7, 14, "source_line"),)


def test_without_text():
    with pytest.raises(ReadError, match="contains no text") as caught:
        Document.from_bytes(built(p(" "), p("\u200b")), "空.docx")
    assert "OCR" in caught.value.zh


def repacked(data, **parts):
    """The same file with the content of some parts replaced; None leaves a part out."""
    replaced = {name.replace("__", "/") + ".xml": content for name, content in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = replaced.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "main",
    [
        None,
        b"",
        b"<w:document",
        f"<w:document xmlns:w='{W}'/>".encode(),
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
    ],
    ids=["missing", "empty", "cut off", "no body", "document type"],
)
def test_broken_main_part(main):
    data = repacked(built(p("甲。")), word__document=main)
    with pytest.raises(ReadError, match="incomplete, damaged or encrypted") as caught:
        Document.from_bytes(data, "坏.docx")
    assert caught.value.en.startswith("坏.docx: ")
    assert "另存为 .docx" in caught.value.zh


def test_missing_styles_do_no_harm():
    data = repacked(built(p("甲。")), word__styles=None)
    assert Document.from_bytes(data).text == "甲。"


def test_truncated():
    data = built(p("各乡镇要压实责任。"))
    for kept in (100, len(data) // 2, len(data) - 30):
        with pytest.raises(ReadError, match="incomplete or damaged"):
            Document.from_bytes(data[:kept], "半.docx")


def test_damaged_inside_the_compressed_part():
    data = bytearray(built(p("各乡镇要压实责任。")))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        member = archive.getinfo("word/document.xml")
    begin = member.header_offset + 30 + len(member.filename)
    data[begin : begin + 40] = bytes(range(200, 240))
    with pytest.raises(ReadError, match="damaged"):
        Document.from_bytes(bytes(data), "坏.docx")


def test_unpacks_to_too_much(monkeypatch):
    monkeypatch.setattr(reader, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(ReadError, match="unpacks to") as caught:
        Document.from_bytes(built(p("甲。")), "大.docx")
    assert "上限" in caught.value.zh
