"""How sure priorities are: replicate by replicate as the whole chain gives them, by law, and calibrated."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from csat.analyses.certainty import certainty
from csat.analyses.importance import derived_importance, importance_replicates, spans_of
from csat.chain import Chain
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.numerics.quadrants import QUADRANTS
from csat.numerics.resampling import poisson_multiplicities
from csat.responses.responses import Responses
from csat.tally.tally import count
from small_surveys import FIVE, bound

ITEMS = ("a", "b", "c", "d")


def survey(n: int = 150, *, holes: float = 0.0, weighted: bool = False, seed: int = 0) -> Responses:
    rng = np.random.default_rng(seed)
    general = rng.normal(size=n)
    strength, level = (0.9, 0.5, 0.7, 0.2), (3.0, 3.9, 3.4, 2.9)
    columns: dict[str, list[Any]] = {}
    for name, s, m in zip(ITEMS, strength, level, strict=True):
        x = np.clip(np.round(m + s * general + 0.8 * rng.normal(size=n)), 1, 5)
        columns[name] = [None if rng.random() < holes else int(v) for v in x]
    columns["y"] = np.clip(np.round(3.4 + general + 0.5 * rng.normal(size=n)), 1, 5).astype(int).tolist()
    if weighted:
        columns["w"] = rng.uniform(0.3, 2, n).tolist()
    return bound(
        columns,
        dict.fromkeys((*ITEMS, "y"), FIVE),
        constructs={"A": ("a", "b"), "B": ("c", "d"), "Y": ("y",)},
        roles={"Y": "outcome"},
        weight="w" if weighted else "",
    )


@pytest.mark.parametrize("measure", ["LMG", "relative weight", "|r|", "beta"])
@pytest.mark.parametrize("centre", ["mean", "median", "overall"])
def test_every_replicate_is_the_whole_chain_on_that_replicate(measure: Any, centre: Any) -> None:
    responses, drawn = survey(weighted=True), 25
    found = Chain(responses).priorities(measure=measure, centre=centre, replicates=drawn, measures=())
    assert found.certainty is not None and responses.weights is not None
    counts = np.zeros((4, len(QUADRANTS)))
    first = np.zeros(4)
    for batch in poisson_multiplicities(responses.row_numbers, drawn):
        for m in batch:
            again = Chain(responses.weighted_by(responses.weights * m)).priorities(
                measure=measure, centre=centre, replicates=0
            )
            for i, quadrant in enumerate(again.quadrants):
                counts[i, QUADRANTS.index(quadrant)] += 1
            first += again.rank <= 3
    np.testing.assert_allclose(found.certainty.main.probability, counts / drawn)
    np.testing.assert_allclose(found.certainty.main.among_first, first / drawn)


@pytest.mark.parametrize(("holes", "missing"), [(0.0, "listwise"), (0.2, "pairwise")])
@pytest.mark.parametrize("measure", ["LMG", "relative weight", "|r|"])
def test_importance_in_the_full_data_is_that_of_the_tally(holes: float, missing: Any, measure: Any) -> None:
    responses = survey(holes=holes, weighted=True)
    tally = count(responses, (*ITEMS, "y"))
    expected, name, _ = derived_importance(tally, outcome=["y"], items=ITEMS, measure=measure)
    found = importance_replicates(
        responses.answers([*ITEMS, "y"]),
        drivers=4,
        spans=spans_of(tally.select(["y"])),
        measures=[measure],
        weights=responses.weights,
        rows=responses.row_numbers,
        missing=missing,
        replicates=20,
    )
    np.testing.assert_allclose(found[name][0], expected, atol=1e-10)
    assert found[name][1].shape == (4, 20)


def test_constructs_have_the_shares_of_the_drivers() -> None:
    chain = Chain(survey())
    result = chain.priorities(level="construct", replicates=50)
    np.testing.assert_allclose(result.importance, chain.drivers(outcome="Y", drivers=["A", "B"]).lmg)
    assert result.certainty is not None and result.certainty.items == ("A", "B")


def test_the_order_of_respondents_does_not_matter() -> None:
    responses = survey()
    order = np.random.default_rng(1).permutation(responses.rows)
    one, other = (Chain(r).priorities(replicates=100) for r in (responses, responses.where(order)))
    assert one.certainty is not None and other.certainty is not None
    np.testing.assert_allclose(one.certainty.main.probability, other.certainty.main.probability)


def test_every_measure_and_crosshair_asked_for_is_there_the_published_first() -> None:
    result = Chain(survey()).priorities(
        measures=["|r|", "beta"], centres=["median", "midpoint"], replicates=100, first=2
    )
    known = result.certainty
    assert known is not None
    assert [(p.measure, p.centre) for p in known.placements][:3] == [
        ("LMG share", "mean"), ("LMG share", "median"), ("LMG share", "midpoint"),
    ]  # fmt: skip
    assert len(known.placements) == 9
    assert known.main.quadrants == result.quadrants
    assert (known.main.rank == result.rank).all()
    for p in known.placements:
        np.testing.assert_allclose(p.probability.sum(axis=1), 1)
        assert p.among_first.sum() == pytest.approx(2)
        assert 0 <= p.concordance <= 1
    assert known.agreement_lower <= known.agreement_upper
    assert result.firm == tuple(bool(s >= 0.8) for s in known.main.own)
    assert list(result.tables()) == ["priorities", "certainty", "certainty_measures", "measures"]
    assert json.loads(json.dumps(result.to_dict()))["certainty"]["first"] == 2
    for language in ("en", "zh"):
        assert result.text(language)
    assert "<svg" in result.plots()["quadrant"].svg("zh", salt="q")


def test_items_far_apart_are_firm_and_one_on_the_line_is_not() -> None:
    rng = np.random.default_rng(0)
    x = np.array([40.0, 80.0, 40.0, 80.0, 60.0])
    y = np.array([0.9, 0.9, 0.1, 0.1, 0.9])
    drawn_x = x[:, None] + rng.normal(size=(5, 4000))
    drawn_y = y[:, None] + 0.01 * rng.normal(size=(5, 4000))
    found = certainty(items="abcde", performance=(x, drawn_x), importance={"m": (y, drawn_y)}).main
    assert found.own[:4] == pytest.approx(1)
    assert found.own[4] == pytest.approx(0.5, abs=0.03)
    assert found.firm.tolist() == [True, True, True, True, False]


def test_too_many_lost_replicates_name_the_item() -> None:
    x, drawn = np.array([1.0, 2.0]), np.random.default_rng(0).normal(size=(2, 100))
    broken = drawn.copy()
    broken[1, :10] = np.nan
    with pytest.raises(CannotCompute, match="'b'"):
        certainty(items="ab", performance=(x, drawn), importance={"m": (x, broken)})
    broken[1, 2:10] = 1.0
    assert certainty(items="ab", performance=(x, drawn), importance={"m": (x, broken)}).lost == 2
    with pytest.raises(BadInput):
        certainty(items="ab", performance=(x, drawn), importance={})
    with pytest.raises(UnknownName, match="LMG"):
        Chain(survey()).priorities(measures=["lgm"], replicates=50)


def test_probabilities_of_being_among_the_first_are_calibrated() -> None:
    # items whose true places are drawn widely: of those given a chance near p, a share p is truly there
    rng = np.random.default_rng(0)
    claimed, true = [], []
    for _ in range(400):
        x, y = rng.normal(0, 10, 8), rng.normal(0, 10, 8)
        seen_x, seen_y = x + rng.normal(0, 3, 8), y + rng.normal(0, 3, 8)
        drawn = [v[:, None] + rng.normal(0, 3, (8, 300)) for v in (seen_x, seen_y)]
        found = certainty(
            items="abcdefgh", performance=(seen_x, drawn[0]), importance={"m": (seen_y, drawn[1])}
        )
        whole = certainty(items="abcdefgh", performance=(x, x[:, None] + np.zeros((8, 2))),
                          importance={"m": (y, y[:, None] + np.zeros((8, 2)))})  # fmt: skip
        claimed.append(found.main.among_first)
        true.append(whole.main.rank <= 3)
    p, hit = np.concatenate(claimed), np.concatenate(true)
    for low in np.arange(0, 1, 0.2):
        own = (p >= low) & (p <= low + 0.2)
        error = np.sqrt(p[own].mean() * (1 - p[own].mean()) / own.sum())
        assert abs(hit[own].mean() - p[own].mean()) < 3 * error + 0.03


def test_stated_importance_gives_gap_zones_by_the_interval_of_the_gap() -> None:
    rng = np.random.default_rng(0)
    n = 200
    columns = {
        "a": rng.choice([1, 2], n).tolist(),
        "b": rng.choice([4, 5], n).tolist(),
        "c": rng.choice([3, 4], n).tolist(),
    }
    columns |= {"ia": [5] * n, "ib": rng.choice([2, 3], n).tolist(), "ic": columns["c"]}
    responses = bound(
        columns,
        dict.fromkeys(columns, FIVE),
        constructs={"A": ("a", "b", "c")},
        importance={"a": "ia", "b": "ib", "c": "ic"},
    )
    result = Chain(responses).priorities(replicates=200, iso_priority=True)
    assert result.importance_name == "stated"
    table = result.table("priorities")
    zones = dict(zip(table.column("item"), (t.en for t in table.column("zone")), strict=True))
    # the only outcome is made of the same items, so nothing is derived from it
    assert result.certainty is not None and result.certainty.measures == ("stated",)
    with pytest.raises(BadInput, match="cannot explain itself"):
        Chain(responses).priorities(measures=["|r|"], replicates=200)
    assert zones == {"a": "falls short", "b": "exceeds", "c": "in balance"}
