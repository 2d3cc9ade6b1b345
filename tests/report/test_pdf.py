"""The PDF."""

import io

import pypdf
import pytest

from csat.display.table import Table
from csat.language import Text
from csat.report import pdf
from csat.report.document import Document, Paragraph, TableBlock

MISSING = "\U0001f9ff"  # nazar amulet, in no font csat brings


@pytest.fixture(scope="module", params=["en", "zh"])
def reader(request, document, drawn):
    return request.param, pypdf.PdfReader(
        io.BytesIO(pdf.render(document, request.param, charts=drawn[request.param]))
    )


def words(reader):
    return "\n".join(page.extract_text() for page in reader.pages).replace("\u200b", "")


def test_the_same_document_gives_the_same_bytes(document, drawn):
    assert pdf.render(document, "en", charts=drawn["en"]) == pdf.render(document, "en")


def test_the_pdf_is_tagged_titled_and_knows_its_language(reader):
    language, file = reader
    root = file.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith(language)
    assert file.metadata.title.startswith("Satisfaction" if language == "en" else "满意度报告")
    assert "pdfuaid" in file.xmp_metadata.stream.get_data().decode()


def test_every_word_is_there(reader):
    language, file = reader
    text = words(file)
    said = {
        "en": (
            "Improve first",
            "Waiting time",
            "It matters.",
            "Evidence",
            "One doubt.",
            "Grömping",
            "Ł",
            "The foot",
        ),
        "zh": ("优先改进", "等候时间", "很重要。", "证据", "一个疑点。", "Ł", "页脚"),
    }[language]
    flat = "".join(text.split())
    for word in said:
        assert "".join(word.split()) in flat, word


def test_markup_in_words_stays_words(reader):
    flat = "".join(words(reader[1]).split())
    assert "*bold*#hash$x$@ref=1+1" in flat and "{{7*7}}" in flat


def test_table_heads_repeat_on_every_page(reader):
    language, file = reader
    head = {"en": "Mean", "zh": "均值"}[language]
    pages = [page.extract_text() for page in file.pages]
    with_rows = [text for text in pages if "q010" in text or "q110" in text]
    assert len(with_rows) == 2 and all(head in text for text in with_rows)


def test_wide_tables_are_turned_and_stay_on_the_page(reader):
    shapes = [(p.mediabox.width, p.mediabox.height) for p in reader[1].pages]
    assert any(w > h for w, h in shapes) and shapes[0][0] < shapes[0][1]


def test_every_page_says_its_number(reader):
    language, file = reader
    n = len(file.pages)
    for i, page in enumerate(file.pages, 1):
        said = f"Page {i} of {n}" if language == "en" else f"第{i}页，共{n}页"
        assert "".join(said.split()) in "".join(page.extract_text().split())


def test_charts_are_figures_with_words(reader):
    structure = str(_tags(reader[1].trailer["/Root"]["/StructTreeRoot"]))
    assert structure.count("/Figure") >= 2
    assert ("Three bars." if reader[0] == "en" else "三个条形。") in structure


def test_all_fonts_are_embedded(reader):
    for page in reader[1].pages:
        for font in page["/Resources"].get("/Font", {}).values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile3", "/FontFile2"} & set(descriptor)


def test_characters_no_font_can_draw_are_named():
    document = Document(Text("T"), (Paragraph(Text(f"Lovely {MISSING} staff")),))
    file = pypdf.PdfReader(io.BytesIO(pdf.render(document, "en")))
    flat = "".join(words(file).split())
    assert "U+1F9FFNAZARAMULET" in flat and "Lovely\ufffdstaff" in flat
    assert "U+1F9FF NAZAR AMULET" in pdf.lost_characters(document, "en").en
    assert not pdf.lost_characters(Document(Text("T"), ()), "en")


@pytest.mark.parametrize("columns", [3, 12, 25, 60])
def test_columns_fit_the_page(columns):
    table = Table(
        {"item": ["staff_friendliness_at_counter"], **{f"c{i}": [-0.123] for i in range(columns)}},
        labels={f"c{i}": Text(f"waiting_time_{i}") for i in range(columns)},
    )
    shown = {
        "title": "",
        "headings": table.headings(),
        "kinds": list(table.kinds.values()),
        "rows": table.cells(),
    }
    pdf._fit_table(shown)
    assert sum(len(part["headings"]) - 1 for part in shown["parts"]) == columns
    for part in shown["parts"]:
        room = (pdf.LANDSCAPE if part["flip"] else pdf.PORTRAIT)[0]
        assert sum(part["widths"]) <= room + 1 and part["size"] >= 5.5
    file = pypdf.PdfReader(io.BytesIO(pdf.render(Document(Text("T"), (TableBlock(table, "t"),)), "en")))
    said = "".join(words(file).split())
    assert all(f"waiting_time_{i}" in said for i in range(columns))


def test_an_empty_document_is_a_pdf():
    assert pdf.render(Document(Text("T"), ()), "zh").startswith(b"%PDF")


def _tags(node, depth=0):
    node = node.get_object()
    if isinstance(node, list):
        return [_tags(child, depth + 1) for child in node]
    if not isinstance(node, dict) or depth > 40:
        return None
    return (node.get("/S"), node.get("/Alt"), _tags(node["/K"], depth + 1) if "/K" in node else None)


def tall_chart(rows):
    from csat.display import charts
    from csat.display.plot import Plot

    names = [f"row {k}" for k in range(rows)]

    def draw(ax, language):
        charts.dots(ax, names, range(rows), xlabel="points")

    return Plot(draw, Text("Tall"), Text("Dots"), (6.8, 3.0)).svg(salt="tall")


def test_a_chart_of_a_hundred_rows_goes_on_over_pages_between_its_rows():
    import re

    from csat.report.pdf import PORTRAIT, slices
    from csat.report.view import svg_size

    svg = tall_chart(100)
    width, height = svg_size(svg)
    parts = slices(svg, (width, height))
    assert len(parts) > 1
    baselines = [float(y) for y in re.findall(r'text-anchor: end[^>]* y="([\d.]+)"', svg)]
    seen = []
    for piece, (wide, tall) in parts:
        assert svg_size(piece) == (wide, tall) == (width, pytest.approx(tall))
        assert min(PORTRAIT[0] / wide, PORTRAIT[1] / tall) > 0.8
        top, size = map(float, re.findall(r'viewBox="0 ([\d.]+) [\d.]+ ([\d.]+)"', piece)[1])
        assert not any(top - 0.1 < y - 1 < top + 3.9 for y in baselines if top)
        seen += [y for y in baselines if top < y <= top + size]
        assert piece.count(">points<") == 2  # the axis is shown below the rows, the rest of it is cut off
    assert sorted(seen) == sorted(baselines)


def test_a_chart_that_fits_a_page_stays_whole():
    from csat.report.pdf import slices
    from csat.report.view import svg_size

    svg = tall_chart(20)
    assert slices(svg, svg_size(svg)) == [(svg, svg_size(svg))]
