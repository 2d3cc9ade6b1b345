"""Simulated answers: what the words say is what the columns hold, for every shipped instrument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.analyses.importance import derived_importance
from csat.analyses.index import index
from csat.analyses.priorities import priorities
from csat.analyses.result import Base
from csat.analyses.sem import sem
from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Construct, Hypothesis, Instrument, Item, Scale
from csat.instrument.model import model_of
from csat.instrument.toml import load
from csat.language import Text
from csat.numerics.adequacy import kmo
from csat.responses.binding import ad_hoc_instrument, bind
from csat.responses.raw import RawColumn, RawTable
from csat.responses.responses import Responses
from csat.simulate import PLANTED, RECIPES, population, simulate
from csat.tally.tally import count

SHIPPED = sorted(p.stem for p in (Path(__file__).parents[1] / "instruments").glob("*.toml"))
FIVE = Scale("five", 1, 5)


def responses(instrument: Instrument, columns: dict[str, list[Any]]) -> Responses:
    rows = len(next(iter(columns.values())))
    return bind(RawTable({k: RawColumn.of(v) for k, v in columns.items()}, rows), instrument)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_instrument_reads_its_own_simulation(name: str) -> None:
    instrument = load(name)
    survey = responses(instrument, simulate(instrument, 300, 1))
    assert set(survey.items) == {i.id for i in instrument.items}
    report = survey.report
    assert (report.unmatched_columns, report.invalid_count, report.constant) == ((), 0, ())
    assert (survey.weights is not None) == bool(instrument.weight)
    assert set(survey.segments) >= {s.column for s in instrument.segments}
    silent = {s.reason for s in report.silent_codes if s.value}
    declared = {"NO_ANSWER": "no_answer", "NOT_APPLICABLE": "not_applicable"}
    for reason, field in declared.items():
        assert (reason in silent) == any(getattr(i, field) for i in instrument.items)
    words = population(instrument)
    for construct in instrument.by_role("driver"):
        assert construct.items[0] in words.en
    assert words.zh.startswith("模拟数据")


def test_the_same_seed_gives_the_same_answers_and_another_seed_others() -> None:
    instrument = load("bank_corporate")
    assert simulate(instrument, 50, 3) == simulate(instrument, 50, 3)
    assert simulate(instrument, 50, 3) != simulate(instrument, 50, 4)


def test_silence_is_left_out_when_asked() -> None:
    instrument = load("airport")
    columns = simulate(instrument, 200, 0, no_answer=0, not_applicable=0)
    assert not [s for s in responses(instrument, columns).report.silent_codes if s.value]
    much = responses(instrument, simulate(instrument, 2000, 0, no_answer=0.1, not_applicable=0.3))
    tally = count(much)
    assert tally.silence()["NOT_APPLICABLE"].mean() / 2000 == pytest.approx(0.3, abs=0.02)


def instrument_of(model: str, constructs: dict[str, str], items: int = 3, **options: Any) -> Instrument:
    """Constructs by role, each with a number of five-point items c1, c2, ..."""
    blocks = {c: tuple(f"{c.lower()}{k}" for k in range(1, items + 1)) for c in constructs}
    return Instrument(
        id="made",
        version="1",
        title=Text("made"),
        items=tuple(Item(i, Text(i), FIVE) for own in blocks.values() for i in own),
        constructs=tuple(
            Construct(c, Text(c), own, role=constructs[c])  # type: ignore[arg-type]
            for c, own in blocks.items()
        ),
        model=model,
        **options,
    )


def test_the_stated_paths_and_loadings_are_those_of_the_answers() -> None:
    instrument = instrument_of(
        "S ~ A + B\nL ~ S", {"A": "driver", "B": "driver", "S": "outcome", "L": "loyalty"}
    )
    words = population(instrument).en
    # .5 and .25 with correlation .35, scaled to explain .60
    b = np.array([0.5, 0.25]) * np.sqrt(0.6 / (0.25 + 0.0625 + 2 * 0.35 * 0.125))
    for said in (f"A to S {b[0]:.2f}", f"B to S {b[1]:.2f}", "S to L 0.77", "a1 0.82, a2 0.76, a3 0.84"):
        assert said in words
    x = responses(instrument, simulate(instrument, 40_000, 2)).answers()
    r = np.corrcoef(x.T)
    # disattenuated by the mean correlation within each construct; cutting into five points shrinks all alike
    latent = np.eye(4)
    for i in range(4):
        for j in range(i):
            cross = r[3 * i : 3 * i + 3, 3 * j : 3 * j + 3].mean()
            within = [
                np.exp(np.log(r[3 * k : 3 * k + 3, 3 * k : 3 * k + 3][np.triu_indices(3, 1)]).mean())
                for k in (i, j)
            ]
            latent[i, j] = latent[j, i] = cross / np.sqrt(within[0] * within[1])
    assert latent[0, 1] == pytest.approx(0.35, abs=0.03)
    found = np.linalg.solve(latent[:2, :2], latent[:2, 2])
    np.testing.assert_allclose(found, b, atol=0.03)
    assert latent[2, 3] == pytest.approx(np.sqrt(0.6), abs=0.03)


def test_a_hypothesis_with_a_minus_turns_its_path_and_makes_the_effect_rare() -> None:
    instrument = instrument_of(
        "C ~ S",
        {"S": "outcome", "C": "loyalty"},
        hypotheses=(Hypothesis("H1", "S", "C", "-"),),
    )
    assert "S to C -0.77" in population(instrument).en
    x = responses(instrument, simulate(instrument, 2000, 0)).answers()
    assert np.corrcoef(x[:, 0], x[:, 3])[0, 1] < -0.3
    assert x[:, 3:].mean() < 2.7 < x[:, :3].mean()


def test_paths_that_close_a_loop_are_left_out_and_named() -> None:
    instrument = instrument_of("A ~ B\nB ~ A", {"A": "driver", "B": "driver"})
    assert "Left out, as they close a loop: A to B." in population(instrument).en
    assert len(simulate(instrument, 10, 0)) == 6


def test_without_a_model_drivers_move_the_outcome_and_that_loyalty() -> None:
    instrument = instrument_of("", {"A": "driver", "S": "outcome", "L": "loyalty"})
    words = population(instrument).en
    assert "A to S 0.77" in words
    assert "S to L 0.77" in words


def test_turned_items_come_out_as_respondents_ticked_them() -> None:
    straight = instrument_of("", {"A": "driver"}, items=1)
    turned = Instrument(
        **{f: getattr(straight, f) for f in straight.__dataclass_fields__}
        | {"items": (Item("a1", Text("a1"), FIVE, reverse=True),)}
    )
    a, b = simulate(straight, 100, 5)["a1"], simulate(turned, 100, 5)["a1"]
    assert [6 - v for v in b] == a
    bound = responses(turned, {"a1": b})
    np.testing.assert_array_equal(bound.answers()[:, 0], a)


def test_measured_quantities_and_long_scales_are_drawn_too() -> None:
    instrument = Instrument(
        id="made",
        version="1",
        title=Text("made"),
        items=(Item("wait", Text("Seconds"), None), Item("points", Text("Points"), Scale("h", 0, 100))),
        constructs=(Construct("A", Text("A"), ("points",)),),
    )
    columns = simulate(instrument, 500, 0)
    assert min(columns["wait"]) > 0
    assert np.median(columns["wait"]) == pytest.approx(60, rel=0.15)
    assert 0 <= min(columns["points"]) <= max(columns["points"]) <= 100


def test_importance_points_are_shared_out_to_the_last_point() -> None:
    instrument = load("servqual")
    columns = simulate(instrument, 200, 0, no_answer=0, not_applicable=0)
    points = np.array([columns[c.importance] for c in instrument.constructs])
    assert (points.sum(axis=0) == 100).all()
    assert points.min() >= 0
    # in the stated proportion 50 : 25 : 40 : 15 : 32
    np.testing.assert_allclose(
        points.mean(axis=1), 100 * np.array([0.5, 0.25, 0.4, 0.15, 0.32]) / 1.62, atol=2
    )


def test_the_planted_driver_comes_first_in_the_priorities() -> None:
    instrument = load("bank_corporate")
    survey = responses(instrument, simulate(instrument, 600, 0))
    tally = count(survey)
    drivers = [c for c in instrument.constructs if c.role == "driver"]
    items = [i for c in drivers for i in c.items]
    part = tally.select(items)
    values, name, _ = derived_importance(tally, outcome=["sat1", "sat2", "sat3"], items=items)
    result = priorities(
        items=items,
        performance=25 * (part.means() - 1),
        importance=values,
        importance_name=name,
        base=Base(respondents=600, effective_n=600, missing="available", rows=600),
    )
    # image has the strongest stated path and the lowest planted level
    assert PLANTED[0] == min(PLANTED)
    assert {t.en for t, _ in result.improve_first(2)} <= {"x1", "x2"}
    assert result.quadrants[items.index("x8")] in ("possible overkill", "low priority")


def test_the_first_segment_differs_and_the_index_shows_it() -> None:
    instrument = load("bank_corporate")
    survey = responses(instrument, simulate(instrument, 2000, 0))
    result = index(survey, construct="Satisfaction", segments=["size"], replicates=100)
    large, small = result.segments.score
    assert result.segments.names == ("Large", "Small or medium")
    assert large - small > 3


# Recipes


def test_the_bank_recipe_reads_as_the_bank_survey_and_keeps_its_figures() -> None:
    instrument = load("bank_corporate")
    columns = simulate(instrument, recipe="bank_efa")
    survey = responses(instrument, columns)
    assert survey.rows == 93
    assert survey.report.missing_items == {}
    r = count(survey, [f"x{k}" for k in range(1, 13)], complete=True).correlation()
    assert kmo(r).overall == pytest.approx(0.7649, abs=5e-5)


def test_the_path_recipe_comes_continuous_and_in_points() -> None:
    instrument = load("bank_corporate")
    drawn = simulate(instrument, 500, 4, recipe="bank_sem")
    cut = simulate(instrument, 500, 4, recipe="bank_sem_likert")
    assert len(drawn) == 15
    assert list(np.digitize(drawn["x1"], [-1.6, -0.8, 0.1, 1.0]) + 1) == cut["x1"]
    assert responses(instrument, cut).report.invalid_count == 0


def test_the_directory_recipes_hold_sums_and_the_overall_rating() -> None:
    instrument = load("directory_114")
    for recipe, mean in (("directory_114", 2.8625), ("directory_114_rescale", 3.29)):
        columns = simulate(instrument, recipe=recipe)
        assert list(columns) == ["attitude_sum", "quality_sum", "overall"]
        assert np.mean(columns["overall"]) == pytest.approx(mean)
        assert len(columns["overall"]) == 430


def test_every_recipe_says_that_it_is_simulated() -> None:
    for name, recipe in RECIPES.items():
        words = population(load(recipe.instrument), recipe=name)
        assert words.en.startswith("Simulated")
        assert words.zh.startswith("模拟数据")


def test_wrong_calls_are_answered() -> None:
    bank, directory = load("bank_corporate"), load("directory_114")
    with pytest.raises(UnknownName, match="Did you mean 'bank_efa'"):
        simulate(bank, recipe="bank_fa")
    with pytest.raises(UnknownName, match="no recipe is called"):
        population(bank, recipe="power")
    with pytest.raises(BadInput, match="is of instrument 'bank_corporate', not 'directory_114'"):
        simulate(directory, recipe="bank_efa")
    with pytest.raises(BadInput, match="has 93 respondents, not 100"):
        simulate(bank, 100, recipe="bank_efa")
    with pytest.raises(BadInput, match="0 respondents"):
        simulate(bank, 0)
    with pytest.raises(BadInput, match=r"no_answer is 1\.5"):
        simulate(bank, 10, no_answer=1.5)


@pytest.mark.parametrize("recipe", ["bank_sem", "bank_sem_likert"])
def test_the_path_model_of_the_path_recipe_returns_the_published_paths(recipe: str) -> None:
    instrument = load("bank_corporate")
    columns = simulate(instrument, 10_000, 0, recipe=recipe)
    rows = len(columns["x1"])
    table = RawTable({k: RawColumn.of(columns[k]) for k in (i.id for i in instrument.items)}, rows)
    survey = bind(table, ad_hoc_instrument(table))
    result = sem(model_of(instrument), count(survey, complete=True))
    found = {p.rhs: p.std_all for p in result.parameters if p.op == "~"}
    published = {"Image": 0.329, "Product": 0.41, "Relation": 0.57, "Service": 0.42, "Environment": 0.30}
    assert found == pytest.approx(published, abs=0.03)
