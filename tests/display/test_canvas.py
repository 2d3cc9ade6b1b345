"""Figures and the pictures made of them."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from csat.display import charts
from csat.display.canvas import look, new_figure, png, resize, svg, text_width
from csat.display.plot import Plot
from csat.language import Text

NASTY = 'a<b>&"c" id="x1" $\\frac{1}{2}$ -- --> url(#y) \x07 font-family: z'


def dots(labels=("Price", "价格")) -> Plot:
    return Plot(
        lambda ax, language: charts.dots(
            ax, labels, [0.2, 0.4], lower=[0.1, 0.3], upper=[0.3, 0.5], reference=0.3
        ),
        title=Text("Alpha <&>", "信度"),
        description=Text("Two dots.", "两个点。"),
    )


def ids(text: str) -> list[str]:
    return re.findall(r'\bid="([^"]+)"', text)


def test_the_same_plot_gives_the_same_svg():
    assert svg(dots(), "en", "a") == svg(dots(), "en", "a")


def test_charts_with_different_salts_share_no_id():
    first, second = svg(dots(), "en", "a"), svg(dots(), "en", "b")
    assert ids(first) and not set(ids(first)) & set(ids(second))
    assert len(ids(first)) == len(set(ids(first)))


def test_every_id_is_referred_to():
    text = svg(dots(), "en", "a")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    assert set(ids(text)) == used | {"a-title", "a-desc"}


def test_svg_has_a_role_a_title_and_a_description():
    root = ElementTree.fromstring(svg(dots(), "zh", "a"))
    assert root.get("role") == "img" and root.get("lang") == "zh-CN"
    words = {child.get("id"): child.text for child in root[:2]}
    assert words == {"a-title": "信度", "a-desc": "两个点。"}
    assert root.get("aria-labelledby") == "a-title a-desc"


def test_svg_words_are_text_that_asks_for_the_reader_s_fonts():
    root = ElementTree.fromstring(svg(dots(), "en", "a"))
    said = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Price" in said and "价格" in said
    assert "PingFang SC" in root.get("font-family")
    paper = ElementTree.fromstring(svg(dots(), "en", "a", for_reader=False))
    assert "PingFang SC" not in paper.get("font-family") and "DejaVu Sans" in paper.get("font-family")


def test_svg_brings_no_style_sheet_into_the_page():
    assert "<style" not in svg(dots(), "en", "a")


def test_labels_that_look_like_markup_stay_words():
    text = svg(dots((NASTY[:20], NASTY[20:])), "en", "a")
    root = ElementTree.fromstring(text)
    said = "".join(e.text for e in root.iter("{http://www.w3.org/2000/svg}text"))
    assert NASTY.replace("\x07", "").replace(" ", "") in said.replace(" ", "")
    assert "\x07" not in text


def test_characters_without_glyph_do_not_warn():
    assert svg(dots(("\U0001f9ff", "b")), "en", "a")


def test_png_is_a_picture_of_the_asked_size():
    data = png(dots(), "zh", dpi=50)
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == round(6.8 * 50)


def test_drawing_leaves_the_settings_alone():
    before = dict(mpl.rcParams)
    svg(dots(), "en", "a")
    dots().figure("en")
    assert dict(mpl.rcParams) == before


def test_settings_come_back_after_an_error():
    before = dict(mpl.rcParams)
    with pytest.raises(RuntimeError), look():
        raise RuntimeError
    assert dict(mpl.rcParams) == before


def test_only_figures_of_csat_are_resized():
    own, other = new_figure((3, 2)), Figure(figsize=(3, 2))
    for figure in (own, other):
        resize(figure.subplots(), height=5)
    assert tuple(own.get_size_inches()) == (3, 5)
    assert tuple(other.get_size_inches()) == (3, 2)


def test_chinese_words_are_wider_than_latin_ones_of_as_many_letters():
    assert text_width("等待时间", 9) > text_width("wait", 9) > text_width("w", 9) > text_width(" ", 9) == 0


def test_a_plot_draws_on_the_axes_of_the_user():
    ax = Figure(figsize=(5, 4)).subplots()
    assert dots().on(ax, "en") is ax
    assert len(ax.collections) == 2


def test_a_plot_without_axes_makes_its_own_figure():
    ax = dots().on(None, "zh")
    assert ax.figure.get_size_inches()[0] == pytest.approx(6.8)


def test_nothing_imports_pyplot_and_charts_load_no_matplotlib():
    code = (
        "import sys; from csat.display import charts, paths, quadrant, notebook;"
        "assert 'matplotlib' not in sys.modules;"
        "from csat.display.plot import Plot; from csat.language import Text;"
        "Plot(lambda ax, l: charts.bars(ax, ['a'], [1]), Text('t'), Text('d')).svg();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
