"""PLS compared between groups of a survey."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from csat.analyses.pls_groups import PlsGroups, pls_groups
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.responses.responses import Responses
from matrix_survey import survey_of

CONSTRUCTS = {"Quality": ["q1", "q2", "q3"], "Satisfaction": ["s1", "s2"]}
PATHS = [("Quality", "Satisfaction")]
ITEMS = [i for block in CONSTRUCTS.values() for i in block]


def survey(sizes: dict[str, int], slopes: dict[str, float], seed: int = 0) -> Responses:
    """Groups whose path is the slope; labels in the segment column `branch`."""
    rng = np.random.default_rng(seed)
    parts, labels = [], []
    for name, n in sizes.items():
        q = rng.normal(size=n)
        s = slopes[name] * q + np.sqrt(1 - slopes[name] ** 2) * rng.normal(size=n)
        parts.append(np.column_stack([0.85 * f + 0.53 * rng.normal(size=n) for f in (q, q, q, s, s)]))
        labels += [name] * n
    answers = np.clip(np.rint(4 + 1.3 * np.vstack(parts)), 1, 7)
    made = survey_of(answers, (1, 7), names=ITEMS)
    return replace(made, segments={"branch": np.array(labels, dtype=object)})


def compared(responses: Responses, **options) -> PlsGroups:
    return pls_groups(
        responses, "branch", constructs=CONSTRUCTS, paths=PATHS, **{"permutations": 200, **options}
    )


def test_a_branch_with_another_path_is_found() -> None:
    found = compared(survey({"north": 200, "south": 200}, {"north": 0.8, "south": 0.2}))
    (path,) = found.paths
    assert (path.first, path.second) == ("north", "south")
    assert path.difference > 0.3
    assert path.p_adjusted < 0.01
    assert path.null_lower < 0 < path.null_upper < path.difference
    assert "differ" in found.headline()[0].en


def test_each_of_three_groups_is_held_against_the_rest_or_each_other() -> None:
    made = survey({"a": 80, "b": 80, "c": 80}, {"a": 0.5, "b": 0.5, "c": 0.5})
    rest, pairs = compared(made), compared(made, against="pairs")
    assert [(p.first, p.second) for p in rest.paths] == [("a", ""), ("b", ""), ("c", "")]
    assert [(p.first, p.second) for p in pairs.paths] == [("a", "b"), ("a", "c"), ("b", "c")]
    # Holm: the smallest of three p-values is three times as large
    smallest = min(rest.paths, key=lambda p: p.p)
    assert smallest.p_adjusted == pytest.approx(min(1.0, 3 * smallest.p))
    assert "all others" in rest.table("paths").to_text()


def test_small_groups_are_told_and_not_tested() -> None:
    found = compared(survey({"a": 80, "b": 80, "c": 12}, {"a": 0.5, "b": 0.5, "c": 0.5}))
    assert found.groups == ("a", "b", "c")
    assert {p.first for p in found.paths} == {"a"}
    assert [c.where for c in found.cautions if c.code == "small_groups"] == [("c",)]


def test_groups_that_weigh_items_otherwise_are_doubtful() -> None:
    made = survey({"a": 250, "b": 250}, {"a": 0.7, "b": 0.7})
    rng = np.random.default_rng(1)
    columns = dict(made.columns)
    noise = columns["q1"].copy()
    noise[250:] = rng.integers(0, 7, 250)
    found = compared(replace(made, columns=columns | {"q1": noise}))
    assert found.verdict.level == "doubtful"
    assert next(r for r in found.invariance if r.construct == "Quality").invariance == "none"


def test_tables_charts_and_json_are_complete() -> None:
    found = compared(survey({"a": 80, "b": 80, "c": 80}, {"a": 0.5, "b": 0.5, "c": 0.5}), permutations=60)
    for table in found.tables().values():
        for language in ("en", "zh"):
            assert "{" not in table.to_text(language)
    found.plot(language="zh")
    said = json.loads(json.dumps(found.to_dict()))
    assert said["permutations"] == 60
    assert said["paths"][0]["cause"] == "Quality"
    again = compared(survey({"a": 80, "b": 80, "c": 80}, {"a": 0.5, "b": 0.5, "c": 0.5}), permutations=60)
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())


def test_one_group_cannot_be_compared() -> None:
    with pytest.raises(BadInput, match="1 groups"):
        compared(survey({"a": 80, "b": 12}, {"a": 0.5, "b": 0.5}))


def test_an_unknown_column_is_suggested() -> None:
    made = survey({"a": 80, "b": 80}, {"a": 0.5, "b": 0.5})
    with pytest.raises(UnknownName, match="branch"):
        pls_groups(made, "branhc", constructs=CONSTRUCTS, paths=PATHS)


def test_an_item_without_variance_in_a_group_names_item_and_group() -> None:
    made = survey({"a": 80, "b": 80}, {"a": 0.5, "b": 0.5})
    columns = dict(made.columns)
    constant = columns["s1"].copy()
    constant[:80] = 3
    with pytest.raises(CannotCompute, match=r"group 'a'.*s1"):
        compared(replace(made, columns=columns | {"s1": constant}))


def test_the_corrected_model_is_compared_too() -> None:
    made = survey({"north": 200, "south": 200}, {"north": 0.8, "south": 0.2})
    (plain,), (corrected,) = compared(made).paths, compared(made, consistent=True).paths
    # unreliable scores weaken both paths
    assert corrected.estimate_first > plain.estimate_first
    assert corrected.difference > plain.difference
    assert corrected.p < 0.01


def test_a_construct_of_constructs_takes_their_items_and_products_are_refused() -> None:
    made = survey({"north": 120, "south": 120}, {"north": 0.5, "south": 0.5})
    blocks = {"One": ["q1", "q2"], "Two": ["q3"], "Whole": ["One", "Two"], "Satisfaction": ["s1", "s2"]}
    found = pls_groups(made, "branch", constructs=blocks, paths=[("Whole", "Satisfaction")], permutations=100)
    assert ("Whole", "One") in {(p.cause, p.effect) for p in found.paths}
    text = "A =~ q1 + q2\nB =~ q3\nC =~ s1 + s2\nC ~ A + B + A:B"
    with pytest.raises(BadInput, match="products"):
        pls_groups(made, "branch", text, permutations=100)
