"""The web page."""

import itertools
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from csat.display import words
from csat.display.table import Table
from csat.language import Text
from csat.report import page
from csat.report.document import Document, Paragraph, TableBlock
from csat.report.view import FOLDED_ROWS, SHOWN_ROWS, view

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Outline(HTMLParser):
    """Elements with their attributes, text by element, and whether every element is closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.text, self.errors = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(tag)

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module", params=["en", "zh"])
def html(request, document, drawn):
    return page.render(document, request.param, charts=drawn[request.param])


@pytest.fixture(scope="module")
def outline(html):
    return Outline(html)


def test_the_same_document_gives_the_same_page(document, drawn):
    assert page.render(document, "en") == page.render(document, "en", charts=drawn["en"])


def test_every_element_is_closed(outline):
    assert outline.errors == [] and outline.open == []


def test_ids_are_unique(outline):
    ids = [a["id"] for _, a in outline.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_every_link_and_label_has_its_target(outline):
    ids = {a["id"] for _, a in outline.elements if "id" in a}
    links = [a["href"][1:] for tag, a in outline.elements if tag == "a"]
    labels = [i for _, a in outline.elements for i in a.get("aria-labelledby", "").split()]
    used = re.findall(r"url\(#([^)]+)\)", " ".join(str(a) for _, a in outline.elements))
    assert links and labels and set(links) | set(labels) | set(used) <= ids


def test_words_of_respondents_are_inert(outline):
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {"script", "img", "iframe", "link", "object"}
    assert not [a for _, attributes in outline.elements for a in attributes if a.startswith("on")]
    assert "{{ 7*7 }}" in "".join(outline.text)


def test_the_page_asks_the_network_for_nothing(html, outline):
    policy = next(
        a["content"] for tag, a in outline.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")
    addresses = [v for _, a in outline.elements for k, v in a.items() if k in ("src", "href", "xlink:href")]
    assert all(v.startswith("#") for v in addresses)
    assert "@import" not in html and "url(http" not in html


def test_headings_descend_one_level_at_a_time(outline):
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_a_keyboard_reaches_everything(outline):
    skip = next(a for tag, a in outline.elements if tag == "a")
    assert skip == {"class": "skip", "href": "#report"}
    regions = [a for _, a in outline.elements if a.get("role") == "region"]
    assert regions and all(a["tabindex"] == "0" and a["aria-label"] for a in regions)


def test_charts_are_pictures_with_a_name(outline):
    drawings = [a for tag, a in outline.elements if tag == "svg" and a.get("class") == "chart"]
    assert len(drawings) == 2
    assert all(a["role"] == "img" and a["aria-labelledby"] for a in drawings)


def test_long_tables_are_folded(document, drawn):
    shown = view(document, "en", drawn["en"])
    folded = [b["folded"] for s in shown["sections"] for b in s["blocks"] if b["kind"] == "table"]
    assert folded == [False, True, False]
    assert FOLDED_ROWS < 120


def test_the_page_is_said_in_its_language(document, drawn):
    english, chinese = (page.render(document, language, charts=drawn[language]) for language in ("en", "zh"))
    assert '<html lang="en">' in english and '<html lang="zh-CN">' in chinese
    for text in (words.CONTENTS, words.SKIP, words.BEHIND, words.CAUTION):
        assert text.en in english and text.zh in chinese
    for word in ("满意度报告", "优先改进", "很重要。", "说明：", "价格", "前两项", "页脚", "九十三份"):
        assert word in chinese and word not in english


def test_numbers_are_rounded_and_marked(html):
    assert '<td class="num">3.142</td>' in html
    assert '<td class="num">−0.500</td>' in html
    assert '<td class="num">&lt;0.001</td>' in html


def test_a_very_long_table_is_cut_and_says_so():
    table = Table({"item": [f"q{i}" for i in range(SHOWN_ROWS + 7)]})
    text = page.render(Document(Text("T"), (TableBlock(table, "t"),)), "en")
    assert "7 more rows are in the workbook." in text
    assert f"q{SHOWN_ROWS - 1}<" in text and f"q{SHOWN_ROWS}<" not in text


def test_a_document_without_sections_is_a_page():
    assert "<p>Only this.</p>" in page.render(Document(Text("T"), (Paragraph(Text("Only this.")),)), "en")
    assert Outline(page.render(Document(Text("T"), ()), "zh")).errors == []


def test_a_browser_opens_the_page_without_complaint(document, drawn, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    file = tmp_path / "report.html"
    file.write_text(page.render(document, "zh", charts=drawn["zh"]), encoding="utf-8")
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--enable-logging=stderr", "--log-level=0", "--virtual-time-budget=2000", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "满意度报告</h1>" in done.stdout
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
