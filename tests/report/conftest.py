"""A small report made of invented results, whose words try to be markup and formulas."""

import numpy as np
import pytest

from csat.analyses.result import Verdict
from csat.display import charts
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Text
from csat.report.document import (
    Bullets,
    CautionBlock,
    ChartBlock,
    Document,
    Facts,
    Figure,
    Figures,
    Heading,
    Paragraph,
    Ranking,
    References,
    TableBlock,
    VerdictBlock,
)

NASTY = "<script>alert(1)</script> *bold* #hash $x$ @ref =1+1 \"q\" 'q' & {{ 7*7 }} \\"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "http://example.org", "'quoted", "12")


def items_table() -> Table:
    return Table(
        {
            "item": FORMULAS,
            "wording": [NASTY, *(Text(f"Wording {i}", f"题目{i}") for i in range(6))],
            "n": [90, 91, 92, 93, 94, 95, 96],
            "mean": [3.14159, np.nan, -0.5, 1, 2, 3, 4],
            "share": [0.5, 0.25, 1.0, 0, 0, 0, 0],
            "p": [0.0001, 0.04, 1.0, 1, 1, 1, 1],
            "met": [True, False, None, True, True, True, True],
        },
        title=Text("Items", "题项"),
        notes=[Text("A note: " + NASTY, "说明：" + NASTY)],
        formats={"share": "share", "p": "p"},
    )


def long_table() -> Table:
    return Table(
        {"item": [f"q{i:03d}" for i in range(120)], "mean": np.arange(120) / 7}, title=Text("Long", "长表")
    )


def wide_table() -> Table:
    return Table(
        {"item": ["a", "b"], **{f"c{i}": [0.123, -0.456] for i in range(30)}},
        labels={f"c{i}": Text(f"wait_time_{i}", f"等待时间{i}") for i in range(30)},
        title=Text("Wide", "宽表"),
    )


def plot(title: Text) -> Plot:
    return Plot(
        lambda ax, language: charts.bars(ax, ["a", Text("Price", "价格").say(language), NASTY], [1, 2, 3]),
        title=title,
        description=Text("Three bars. " + NASTY, "三个条形。"),
    )


@pytest.fixture(scope="session")
def document() -> Document:
    items = items_table()
    return Document(
        title=Text("Satisfaction " + NASTY, "满意度报告"),
        subtitle=Text("A subtitle", "副标题"),
        about=((Text("Data", "数据"), "bank.csv"), (Text("Respondents", "答卷"), Text("93", "九十三份"))),
        foot=Text("The foot", "页脚"),
        blocks=(
            VerdictBlock(Verdict("doubtful", Text("Take care.", "请谨慎。")), (Text("Point one", "第一点"),)),
            Figures(
                (
                    Figure(Text("Index", "指数"), 68.4, lower=64.1, upper=72.6, extent=(0, 100)),
                    Figure(Text("Satisfied", "满意"), 0.61, "share", note=Text("top two", "前两项")),
                )
            ),
            Heading(Text("Improve first", "优先改进"), "first", 3),
            Ranking(
                (
                    (Text("Waiting time", "等候时间"), Text("It matters.", "很重要。")),
                    (Text("Fees", "收费"), Text("")),
                )
            ),
            Heading(Text("Evidence", "证据"), "evidence"),
            Paragraph(Text("Running words.", "正文。")),
            Paragraph(Text("A note.", "注释。"), "note"),
            ChartBlock(plot(Text("Bars", "条形图")), "bars", items),
            TableBlock(items, "items"),
            Heading(Text("More", "更多"), "evidence", 3),
            ChartBlock(plot(Text("Bars again", "又一条形图")), "bars"),
            TableBlock(long_table(), "long"),
            TableBlock(wide_table(), "wide"),
            CautionBlock((Text("One doubt.", "一个疑点。"),)),
            CautionBlock((Text("Two", "二"), Text("doubts", "疑点")), "failed"),
            Heading(Text("Methods", "方法"), "methods"),
            Facts(((Text("Seed", "种子"), "1"), (Text("Hash", "哈希"), "sha256:" + "0f" * 32))),
            Bullets((Text("One bullet", "一条"),)),
            Heading(Text("References", "参考文献"), "references"),
            References(("Grömping (2007). Ł. The American Statistician.",)),
        ),
    )


@pytest.fixture(scope="session")
def drawn(document):
    return {language: document.charts(language) for language in ("en", "zh")}
