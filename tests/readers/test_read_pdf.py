"""PDF files: lines joined back to paragraphs, and clear words where there is no text."""

import io

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from safetynlp.document import Document
from safetynlp.errors import ReadError
from safetynlp.segment import segment

FONT = "STSong-Light"
SIZE = 16
LEFT = 80
PITCH = 28
PER_LINE = 27
TOP = 760
WIDTH, HEIGHT = A4
INDENT = "\u3000\u3000"

pdfmetrics.registerFont(UnicodeCIDFont(FONT))

LONG = (
    "各乡镇、各部门要严格落实属地管理责任和行业监管责任，围绕矿山、燃气、消防、道路交通等重点领域，"
    "逐家逐户排查安全隐患，建立问题清单和整改清单，明确责任人和完成时限，确保月底前全部整改到位。"
)
NEXT = "企业要落实主体责任，主要负责人每月至少带队检查一次，发现隐患立即停产整改，不留死角和盲区，做到全面覆盖。"


class Printer:
    """Sets paragraphs as an office does: full lines, first line indented by two characters."""

    def __init__(self, **options):
        self.file = io.BytesIO()
        self.canvas = Canvas(self.file, pagesize=A4, **options)
        self.y = TOP

    def line(self, text, x=LEFT, size=SIZE, y=None):
        if y is None:
            y, self.y = self.y, self.y - PITCH
        self.canvas.setFont(FONT, size)
        self.canvas.drawString(x, y, text)
        return self

    def paragraph(self, text, indent=INDENT):
        text = indent + text
        for start in range(0, len(text), PER_LINE):
            # Blanks at the start are left out and the rest is shifted, as Word prints it.
            line = text[start : start + PER_LINE]
            shown = line.lstrip("\u3000")
            self.line(shown, LEFT + SIZE * (len(line) - len(shown)))
        return self

    def page(self, head=None, number=None):
        if head:
            self.line(head, x=200, size=10, y=800)
        if number:
            self.line(number, x=280, size=10, y=40)
        self.canvas.showPage()
        self.y = TOP
        return self

    def data(self):
        self.canvas.save()
        return self.file.getvalue()


def read(printer):
    return Document.from_bytes(printer.data(), "讲话.pdf")


def marked(document):
    return [(document.text[f.start : f.end], f.kind) for f in document.furniture]


def body(document):
    return [s.text for s in segment(document)]


def test_lines_are_joined_and_indents_start_paragraphs():
    document = read(Printer().paragraph(LONG).paragraph(NEXT).paragraph("散会。"))
    assert document.text == f"{LONG}\n{NEXT}\n散会。"
    assert document.furniture == ()


def test_first_line_that_fills_the_line_exactly():
    full = "责" * (PER_LINE - 3) + "。"
    document = read(Printer().paragraph(full).paragraph(LONG))
    assert document.text == f"{full}\n{LONG}"


def test_title_and_headings_stand_alone():
    printer = Printer().line("在全县安全生产会议上的讲话", x=180, size=22)
    printer.y -= 20
    printer.paragraph(LONG).paragraph("一、压实责任").paragraph(NEXT).paragraph("（一）抓部门")
    printer.paragraph(LONG)
    assert read(printer).text.split("\n") == [
        "在全县安全生产会议上的讲话",
        LONG,
        "一、压实责任",
        NEXT,
        "（一）抓部门",
        LONG,
    ]


def test_paragraphs_set_apart_by_space_instead_of_indent():
    printer = Printer()
    for text in (LONG, NEXT, LONG):
        printer.paragraph(text, indent="")
        printer.y -= PITCH
    assert read(printer).text == f"{LONG}\n{NEXT}\n{LONG}"


def test_latin_words_and_numbers_keep_their_blanks():
    printer = Printer()
    printer.line("The safety committee meets once a month and reports to the county".ljust(65))
    printer.line("government at the end of each quarter on the state of all open items")
    printer.line("and closes them.")
    assert read(printer).text.count("county government") == 1


def test_paragraph_over_a_page_break_with_page_numbers_and_running_heads():
    half = len(INDENT + LONG) // PER_LINE // 2 * PER_LINE - len(INDENT)
    printer = Printer()
    for _ in range(4):
        printer.paragraph(NEXT)
    printer.paragraph(LONG[:half]).page("县安委会办公室编", "— 1 —")
    printer.paragraph(LONG[half:], indent="").paragraph(NEXT).paragraph(NEXT)
    printer.page("县安委会办公室编", "— 2 —").paragraph("散会。").page("县安委会办公室编", "— 3 —")
    document = read(printer)
    assert body(document) == [NEXT] * 4 + [LONG] + [NEXT] * 2 + ["散会。"]
    assert sorted(marked(document)) == sorted(
        [(f"— {n} —", "page_number") for n in (1, 2, 3)]
        + [("县安委会办公室编", "running_head")] * 3
    )


def test_bare_page_numbers_count_with_the_pages():
    printer = Printer()
    pages = {5: "第五页：" + LONG, 6: "下一步，" + NEXT, 7: LONG}
    for number, text in pages.items():
        printer.paragraph(text).page(number=str(number))
    document = read(printer)
    assert marked(document) == [(str(n), "page_number") for n in (5, 6, 7)]
    assert body(document) == list(pages.values())


def test_numbers_and_repeated_lines_inside_the_text_stay():
    printer = Printer()
    for first, last in ((LONG, NEXT), (NEXT, LONG)):
        printer.paragraph(first).paragraph("同志们：").paragraph("12").paragraph(last).page()
    document = read(printer)
    assert document.furniture == ()
    assert document.text.split("\n").count("同志们：") == 2
    assert document.text.split("\n").count("12") == 2


def test_one_page_with_its_number():
    document = read(Printer().paragraph(LONG).page(number="1"))
    assert marked(document) == [("1", "page_number")]


def test_text_alone_on_an_empty_page_between():
    document = read(Printer().paragraph(LONG).page().page().paragraph(NEXT).page())
    assert document.text == f"{LONG}\n{NEXT}"


def picture():
    return ImageReader(Image.new("RGB", (60, 80), "gray"))


def test_scanned():
    printer = Printer()
    for _ in range(2):
        printer.canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
        printer.page()
    with pytest.raises(ReadError, match="2 of 2 pages") as caught:
        read(printer)
    assert "looks scanned" in caught.value.en
    assert "OCR" in caught.value.en
    assert "扫描件" in caught.value.zh
    assert "OCR" in caught.value.zh


def test_scanned_with_a_stamp_of_the_scanner():
    printer = Printer()
    for number in (1, 2):
        printer.canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
        printer.page(number=f"Scan {number}")
    with pytest.raises(ReadError, match="looks scanned"):
        read(printer)


def test_scanned_pages_among_others_are_not_lost_in_silence():
    printer = Printer().paragraph(LONG).page()
    printer.canvas.drawImage(picture(), 0, 0, WIDTH, HEIGHT)
    printer.page()
    with pytest.raises(ReadError, match=r"1 of 2 pages \(page 2\)"):
        read(printer)


def test_text_drawn_as_outlines():
    printer = Printer()
    for step in range(200):
        printer.canvas.line(50 + step, 100, 52 + step, 120)
    printer.page()
    with pytest.raises(ReadError, match="looks scanned"):
        read(printer)


def test_picture_beside_text_is_no_scan():
    printer = Printer().paragraph(LONG)
    printer.canvas.drawImage(picture(), 100, 100, 60, 80)
    assert read(printer).text == LONG


def test_empty_pages():
    with pytest.raises(ReadError, match="contains no text"):
        read(Printer().page().page())


def test_encrypted():
    locked = StandardEncryption("geheim", canPrint=0)
    with pytest.raises(ReadError, match="protected by a password") as caught:
        read(Printer(encrypt=locked).paragraph(LONG))
    assert "打开密码" in caught.value.zh


def test_protected_against_copying_only_is_read():
    owner = StandardEncryption("", ownerPassword="geheim", canCopy=0)
    assert read(Printer(encrypt=owner).paragraph(LONG)).text == LONG


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.95])
def test_truncated(kept):
    data = Printer().paragraph(LONG).page().paragraph(NEXT).data()
    with pytest.raises(ReadError, match="cut off or damaged") as caught:
        Document.from_bytes(data[: int(len(data) * kept)], "半.pdf")
    assert "重新复制" in caught.value.zh


def test_rubbish_between_a_good_head_and_a_good_end():
    with pytest.raises(ReadError, match="cut off or damaged"):
        Document.from_bytes(b"%PDF-1.7\n" + b"rubbish " * 500 + b"\n%%EOF", "坏.pdf")


def test_garbled_text_layer():
    private = "".join(chr(0xE000 + i) for i in range(60))
    with pytest.raises(ReadError, match="text layer of this PDF is garbled") as caught:
        read(Printer().line(private[:25]).line(private[25:50]))
    assert "乱码" in caught.value.zh
