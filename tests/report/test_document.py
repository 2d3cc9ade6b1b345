"""A report as blocks."""

import math

import pytest

from csat.analyses.result import SOUND, Base, Caution, Result, Verdict
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Text
from csat.report.document import (
    CautionBlock,
    ChartBlock,
    Figure,
    Heading,
    Paragraph,
    TableBlock,
    VerdictBlock,
    section,
)


class Fake(Result):
    title = Text("Fake", "假")
    name = "fake"

    def tables(self):
        return {"main": Table({"item": ["a"]}), "more": Table({"item": ["b"]})}

    def plots(self):
        return {"main": Plot(lambda ax, language: None, Text("Main"), Text("d"))}

    def headline(self):
        return (Text("It is so."),)


BASE = Base(respondents=3, effective_n=3.0, missing="listwise", rows=4)


def test_a_result_becomes_a_section():
    blocks = section(Fake(base=BASE, cautions=(Caution("c", Text("Careful.")),)))
    assert [type(b) for b in blocks] == [Heading, Paragraph, ChartBlock, TableBlock, CautionBlock, Paragraph]
    assert blocks[2].table is not None and blocks[2].name == "fake-main"
    assert blocks[3].name == "fake-more"
    assert blocks[-1].text == BASE.text() and blocks[-1].tone == "note"


def test_a_verdict_that_is_not_sound_comes_first():
    doubtful = Verdict("doubtful", Text("Hm."))
    blocks = section(Fake(base=BASE, verdict=doubtful))
    assert blocks[1] == VerdictBlock(doubtful)
    assert VerdictBlock not in {type(b) for b in section(Fake(base=BASE, verdict=SOUND))}


def test_tables_and_plots_can_be_chosen():
    blocks = section(Fake(base=BASE), tables=["more"], plots=[], id="x", level=3, title=Text("T"))
    assert [b.name for b in blocks if isinstance(b, TableBlock)] == ["x-more"]
    assert blocks[0] == Heading(Text("T"), "x", 3)


def test_contents_are_the_sections(document):
    assert [h.text.en for h in document.contents()] == ["Evidence", "Methods", "References"]


def test_every_table_is_listed_once(document):
    assert list(document.tables()) == ["bars", "long", "wide"]


def test_ids_are_unique(document):
    ids = list(document.ids().values())
    assert len(ids) == len(set(ids)) == 10
    assert {"evidence", "evidence-2", "chart-bars", "chart-bars-2", "table-items"} <= set(ids)


def test_a_figure_says_its_number_and_interval():
    figure = Figure(Text("x"), 0.614, "share", 0.51, 0.7)
    assert figure.number() == "61.4%"
    assert figure.interval("en") == "95% interval 51.0% to 70.0%"
    assert figure.interval("zh") == "95% 区间 51.0% 至 70.0%"


@pytest.mark.parametrize(("lower", "upper"), [(None, 1.0), (math.nan, 1.0)])
def test_a_figure_without_bounds_has_no_interval(lower, upper):
    assert Figure(Text("x"), 0.5, lower=lower, upper=upper).interval("en") == ""


def test_a_figure_lies_on_its_extent():
    assert Figure(Text("x"), 75.0, lower=50.0, upper=120.0, extent=(0, 100)).places() == (0.75, 0.5, 1.0)
    assert Figure(Text("x"), 75.0, extent=(0, 100)).places() == (0.75, 0.75, 0.75)
    assert Figure(Text("x"), math.nan, extent=(0, 100)).places() is None
    assert Figure(Text("x"), 75.0).places() is None
