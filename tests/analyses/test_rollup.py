"""The roll-up: the fixture of METHODS 11, four levels by hand, and what is refused."""

from __future__ import annotations

import json
import math

import pytest

from csat.analyses.rollup import Company, companies_of, rollup
from csat.errors import BadInput, UnknownName

FIXTURE = (Company("A", 80, 50, 1.0), Company("B", 70, 30, 2.0), Company("C", 75, 20, 3.0))


def test_one_level_rolls_up_to_76() -> None:
    result = rollup(FIXTURE)
    assert list(result.levels) == ["company"]
    assert result.total == pytest.approx(76)
    assert result.total_se == pytest.approx(math.sqrt(50**2 + 60**2 + 60**2) / 100)
    assert result.levels["company"].share == pytest.approx([0.5, 0.3, 0.2])


def test_four_levels_by_hand() -> None:
    rows = [
        Company("A", 80, 50, 1, 100, "phones", "telecom", "X", industry_weight=2),
        Company("B", 70, 30, 1, 100, "phones", "telecom", "X", industry_weight=2),
        Company("C", 75, 20, 2, 100, "net", "telecom", "X", industry_weight=1),
        Company("D", 60, 10, 2, 100, "banks", "money", "X", sector_weight=6),
    ]
    result = rollup(rows)
    phones = (80 * 50 + 70 * 30) / 80
    telecom = (2 * phones + 75) / 3
    assert result.levels["industry"].index == pytest.approx([phones, 75, 60])
    assert result.levels["sector"].index == pytest.approx([telecom, 60])
    # telecom counts with the sum of its industries' weights, money with the one given
    assert result.levels["nation"].index == pytest.approx([(3 * telecom + 6 * 60) / 9])
    se_phones = math.sqrt(50**2 + 30**2) / 80
    se_telecom = math.sqrt((2 * se_phones) ** 2 + 2**2) / 3
    assert result.levels["nation"].se == pytest.approx([math.sqrt((3 * se_telecom) ** 2 + 12**2) / 9])
    assert result.levels["nation"].companies.tolist() == [4]
    assert list(result.tables()) == ["nation", "sector", "industry", "company"]
    assert [(c.code, c.where) for c in result.cautions] == [("mixed weights", ("telecom", "money"))]
    assert json.loads(json.dumps(result.to_dict()))["levels"]["sector"]["names"] == ["telecom", "money"]
    for language in ("en", "zh"):
        assert "X" in result.text(language)
    for name, plot in result.plots().items():
        assert "<svg" in plot.svg("en", salt=name)


def test_the_respondents_behind_it_are_said_as_far_as_they_are_given() -> None:
    assert "not given" in rollup(FIXTURE).text("en") and "未给出受访者人数" in rollup(FIXTURE).text("zh")
    some = rollup([Company("甲", 80, 50, 1.0, 100), Company("乙", 70, 30, 2.0)])
    assert "n = 100" in some.text("en")
    assert [(c.code, c.where) for c in some.cautions] == [("no n", ("乙",))]


def test_equal_weights_and_indices_roll_up_to_themselves() -> None:
    result = rollup([Company(n, 70, 1, industry=n[0]) for n in ("a1", "a2", "b1")])
    assert result.levels["industry"].index == pytest.approx([70, 70])
    assert [c.code for c in result.cautions] == ["no error"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no company"),
        ([Company("A", 80, 0)], "weight of 'A' is 0"),
        ([Company("A", 180, 1)], "index of 'A' is 180"),
        ([Company("A", 80, 1), Company("A", 70, 1)], "stands twice"),
        ([Company("A", 80, 1, industry="x"), Company("B", 70, 1)], "B has no industry"),
        (
            [Company("A", 80, 1, industry="x", sector="s"), Company("B", 70, 1, industry="x", sector="t")],
            "'x' is in two",
        ),
        (
            [
                Company("A", 80, 1, industry="x", sector="s", industry_weight=1),
                Company("B", 70, 1, industry="x", sector="s", industry_weight=2),
            ],
            "several weights",
        ),
    ],
)
def test_what_cannot_be_rolled_up_is_refused(rows: list[Company], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        rollup(rows)


def test_a_table_becomes_companies_in_either_language() -> None:
    table = {"企业": ["A", "B"], "指数": ["80", "70"], "客户数": ["5", "3"], "行业": ["x", "x"]}
    assert companies_of(table)[1] == Company("B", 70, 3, industry="x") or math.isnan(
        companies_of(table)[1].se
    )
    assert rollup(companies_of(table)).total == pytest.approx(76.25)


def test_indices_may_come_from_a_survey() -> None:
    table = {"company": ["A", "B"], "weight": ["1", "3"]}
    found = companies_of(table, indices={"A": (80.0, 1.0, 50)})
    assert [(c.name, c.index, c.n) for c in found] == [("A", 80.0, 50)]
    with pytest.raises(UnknownName, match="no company is called 'Z'"):
        companies_of(table, indices={"Z": (80.0, 1.0, 50)})
    with pytest.raises(BadInput, match="no column holds the index"):
        companies_of(table)
    with pytest.raises(BadInput, match="'many' is no number"):
        companies_of({"company": ["A"], "weight": ["many"], "index": ["3"]})
