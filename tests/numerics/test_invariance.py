"""Structures of several groups that share parameters: against lavaan's group.equal, and by law."""

from __future__ import annotations

import numpy as np
import pytest

from csat.numerics.fitting import Sample, fit
from csat.numerics.invariance import STEPS, across_groups, ordered_across_groups
from csat.numerics.moment_vectors import ContinuousMoments, OrderedMoments
from csat.numerics.ordered import ordered_sample
from golden_data import recipe_matrix, reference, reference_rows
from lavaan_tables import lavaan_model

ORDERED = {
    # lavaan 0.6-14, cfa(bfi A and C, ordered = TRUE, group = "gender", group.equal = ...,
    # estimator = "WLSMV"), default optimiser (not polished): chi-square to 1e-7, scaled to 1e-5
    "configural": (122, 68, 494.944, 644.081),
    "metric": (114, 76, 522.19841, 600.78724),
    "scalar": (76, 114, 604.84000, 706.95292),
}


@pytest.mark.parametrize("step", STEPS)
def test_steps_of_continuous_items_equal_lavaan(step: str) -> None:
    golden = reference("sem")["holzinger"]["invariance_school_cfa3"]
    block = golden["ml"][step]
    items = golden["recipe"]["columns"]
    configural = dict(golden["ml"]["configural"]["parameters"]["columns"])
    first = [i for i, g in enumerate(configural["group"]) if g == 1]
    one = lavaan_model({name: [values[i] for i in first] for name, values in configural.items()}, items)
    header, text = reference_rows(golden["recipe"]["file"])
    school = np.array([row[header.index("school")] for row in text])
    rows = recipe_matrix(golden["recipe"])
    samples = [Sample.of_rows(rows[school == g]) for g in block["group_order"]]
    structures, count = across_groups(one.structures[0], one.count, 2, step=step)
    found = fit([ContinuousMoments(s) for s in structures], samples, count)
    assert count == block["fit_measures"]["npar"]
    assert found.test.df == block["fit_measures"]["df"]
    assert found.measures["chisq"] == pytest.approx(block["fit_measures"]["chisq"], rel=1e-8)
    if step == "scalar":
        means = found.theta[structures[1].means.parameter[-3:]]
        table = block["latent_means"]["columns"]
        theirs = [e for e, g in zip(table["est"], table["group"], strict=True) if g == 2]
        np.testing.assert_allclose(np.sort(means), np.sort(theirs), atol=1e-7)


@pytest.mark.parametrize("step", ORDERED)
def test_steps_of_ordered_items_equal_lavaan(step: str) -> None:
    golden = reference("sem")["bfi"]["cfa2_wlsmv"]
    items = golden["implied_cov"]["rows"]
    one = lavaan_model(golden["parameters"]["columns"], items)
    header, text = reference_rows("data/bfi.csv")
    recipe = {**golden["recipe"], "missing": "none", "n_rows": len(text)}
    rows = recipe_matrix(recipe)
    complete = ~np.isnan(rows).any(axis=1)
    gender = np.array([row[header.index("gender")] for row in text])
    samples = [
        Sample.of_ordered(ordered_sample(rows[complete & (gender == g)].astype(int) - 1, [6] * len(items)))
        for g in ("1", "2")
    ]
    models, count = ordered_across_groups(
        OrderedMoments(one.structures[0], one.thresholds[0]), one.count, 2, step=step
    )
    found = fit(models, samples, count, estimator="WLSMV")
    npar, df, chisq, scaled = ORDERED[step]
    assert (count, found.test.df) == (npar, df)
    assert found.test.chisq == pytest.approx(chisq, rel=2e-6)
    assert found.test.scaled == pytest.approx(scaled, rel=2e-5)


def test_a_released_intercept_is_each_groups_own() -> None:
    golden = reference("sem")["holzinger"]["invariance_school_cfa3"]
    table = golden["ml"]["configural"]["parameters"]["columns"]
    first = [i for i, g in enumerate(table["group"]) if g == 1]
    one = lavaan_model(
        {name: [values[i] for i in first] for name, values in table.items()}, golden["recipe"]["columns"]
    )
    whole, count = across_groups(one.structures[0], one.count, 2, step="scalar")
    partial, more = across_groups(
        one.structures[0], one.count, 2, step="scalar", released=[("intercepts", 2)]
    )
    assert more == count + 1
    assert whole[1].means.parameter[2] == whole[0].means.parameter[2]
    assert partial[1].means.parameter[2] != partial[0].means.parameter[2]
