"""How a result looks in a notebook."""

from csat.display.notebook import notebook_html
from csat.display.table import Table
from csat.language import Text

NASTY = Text("<img src=x onerror=alert(1)>", "<b>")


def test_every_part_is_shown_and_inert():
    html = notebook_html(NASTY, [NASTY], [Table({"item": [NASTY.en]}, title=NASTY)], [NASTY], NASTY)
    assert "<img" not in html
    assert html.count("&lt;img src=x") == 6


def test_chinese_words_on_request():
    html = notebook_html(
        Text("Title", "标题"), [], [], [Text("Care", "小心")], Text("n = 3", "三份"), language="zh"
    )
    assert "标题" in html and "小心" in html and "三份" in html and "Title" not in html
