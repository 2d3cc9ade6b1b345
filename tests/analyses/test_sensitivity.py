"""Which differences between treatments matter, and what the panel says of them."""

import math

import pytest

from csat.analyses.result import Base
from csat.analyses.sensitivity import Treatment, sensitivity
from csat.language import Text

BASE = Base(respondents=250, effective_n=250.0, missing="available", rows=250)
FIRST = Treatment(
    "as analysed",
    250,
    index=66.0,
    ci_lower=63.0,
    ci_upper=69.0,
    alpha=(0.80, 0.71),
    kmo=0.85,
    cfi=0.97,
    rmsea=0.04,
    r2=0.45,
    first=("a", "b", "c"),
)


def panel(**changed):
    other = Treatment(
        **{f: getattr(FIRST, f) for f in FIRST.__dataclass_fields__}
        | {"kind": "without flagged", "respondents": 240}
        | changed
    )
    return sensitivity(
        [FIRST, other],
        constructs=("A", "B"),
        alpha_lower=(0.76, 0.66),
        alpha_upper=(0.84, 0.76),
        drivers=2,
        titles={"A": Text("Staff", "员工"), "a": Text("Waiting time.", "等候时间。")},
        base=BASE,
    )


def test_equal_figures_let_the_conclusions_hold():
    found = panel()
    assert found.marks == () and found.verdict.level == "sound"
    assert "hold under 1 other treatment" in found.verdict.text.en
    assert found.headline()[0].en == (
        "Without flagged respondents: nothing that matters changes (index 66.0, as analysed 66.0)."
    )


def test_an_index_outside_its_interval_makes_the_conclusions_depend_on_the_treatment():
    assert panel(index=68.9).marks == ()
    found = panel(index=69.2)
    assert [m.figure for m in found.marks] == ["index"] and found.verdict.level == "doubtful"
    assert found.verdict.text.en == "The conclusions depend on the treatment: without flagged respondents."
    assert "69.2 instead of 66.0, outside its interval (63.0 to 69.0)" in found.headline()[0].en


@pytest.mark.parametrize(
    ("changed", "figures"),
    [
        ({"alpha": (0.85, 0.71)}, ["alpha"]),
        ({"alpha": (0.83, 0.71)}, []),
        ({"alpha": (0.80, 0.69)}, ["alpha"]),
        ({"alpha": (0.80, 0.70)}, []),
        ({"alpha": (0.90, 0.71), "kind": "ordinal"}, []),
        ({"alpha": (0.80, 0.65), "kind": "ordinal"}, ["alpha"]),
        ({"kmo": 0.55}, ["kmo"]),
        ({"cfi": 0.94, "rmsea": 0.07}, ["cfi", "rmsea"]),
        ({"cfi": math.nan}, []),
        ({"r2": 0.60}, ["r2"]),
        ({"r2": 0.50}, []),
        ({"first": ("b", "a", "c")}, ["priorities"]),
        ({"first": ("a", "c", "b")}, []),
        ({"first": ("a", "b", "d")}, ["priorities"]),
    ],
)
def test_a_difference_is_named_when_it_matters(changed, figures):
    found = panel(**changed)
    assert [m.figure for m in found.marks] == figures
    assert found.verdict.level == "sound"
    assert ("with exceptions" in found.verdict.text.en) == bool(figures)


def test_the_narrow_intervals_of_many_respondents_make_no_difference_matter():
    narrow = Treatment(
        **{f: getattr(FIRST, f) for f in FIRST.__dataclass_fields__}
        | {"respondents": 100_000, "ci_lower": 65.9, "ci_upper": 66.1}
    )
    other = Treatment(
        **{f: getattr(FIRST, f) for f in FIRST.__dataclass_fields__}
        | {"kind": "imputed", "index": 66.4, "alpha": (0.81, 0.71), "r2": 0.465}
    )
    found = sensitivity(
        [narrow, other],
        constructs=("A", "B"),
        alpha_lower=(0.799, 0.709),
        alpha_upper=(0.801, 0.711),
        base=BASE,
    )
    assert found.marks == ()


def test_another_advice_is_more_than_an_exception():
    found = panel(first=("b", "c", "d"))
    assert found.verdict.level == "doubtful"
    assert "hold 'd' instead of 'Waiting time'" in found.headline()[0].en
    assert "“d”取代“等候时间”" in found.headline()[0].zh


def test_the_interval_of_r2_is_olkin_and_finns():
    # 0.45 +- 1.959964 * sqrt(4 * .45 * .55^2 * 247^2 / ((250^2 - 1) * 253)), by hand
    half = 1.959964 * math.sqrt(4 * 0.45 * 0.55**2 * 247**2 / ((250**2 - 1) * 253))
    assert panel(r2=0.45 + half - 1e-6).marks == () and len(panel(r2=0.45 + half + 1e-6).marks) == 1


def test_tables_hold_every_treatment_side_by_side():
    tables = panel(index=69.2).tables()
    assert list(tables) == ["panel", "alpha", "first"]
    assert [r["index"] for r in tables["panel"].to_records()] == [66.0, 69.2]
    assert len(tables["alpha"].to_records()[0]) == 3
    assert "等候时间" in tables["first"].to_text("zh")


def test_with_nothing_to_treat_otherwise_the_panel_says_why():
    found = sensitivity(
        [FIRST], skipped={"imputed": Text("no answer is missing", "没有缺失的回答")}, base=BASE
    )
    assert "nothing to treat otherwise" in found.verdict.text.en and found.plots() == {}
    assert "no answer is missing" in found.tables()["skipped"].to_text("en")
