"""Models fitted within lavaan's `bounds`: the reference cases, where a variance may stand on its bound."""

from __future__ import annotations

import numpy as np
import pytest

from csat.numerics.fitting import Sample, fit
from csat.numerics.moment_vectors import ContinuousMoments
from golden_data import FOLDER, recipe_matrix, reference
from lavaan_tables import lavaan_model


def cases() -> list[tuple[str, str]]:
    if not FOLDER.is_dir():
        return [("", "")]
    return [
        (data, case)
        for data, found in reference("sem").items()
        if data != "_meta"
        for case, golden in found.items()
        if "bounds" in (golden.get("options") or {})
    ]


@pytest.mark.parametrize(("data", "case"), cases())
def test_solutions_within_bounds_equal_lavaan(data: str, case: str) -> None:
    golden = reference("sem")[data][case]
    table, bounds = golden["parameters"]["columns"], golden["bounds"]["columns"]
    items = golden["implied_cov"]["rows"]
    model = lavaan_model(table, items)
    rows = recipe_matrix(golden["recipe"])[:, [golden["recipe"]["columns"].index(i) for i in items]]
    said = {
        key: (lower, upper)
        for *key_parts, lower, upper in zip(
            *(bounds[c] for c in ("lhs", "op", "rhs", "lower", "upper")), strict=True
        )
        for key in [tuple(key_parts)]
    }
    lower, upper = np.full(model.count, -np.inf), np.full(model.count, np.inf)
    for k, *key in zip(model.parameters, table["lhs"], table["op"], table["rhs"], strict=True):
        if k >= 0 and tuple(key) in said:
            low, high = said[tuple(key)]
            lower[k] = -np.inf if low is None else float(low)
            upper[k] = np.inf if high is None else float(high)
    found = fit(
        [ContinuousMoments(model.structures[0])],
        [Sample.of_rows(rows)],
        model.count,
        estimator=golden["options"]["estimator"],
        lower=lower,
        upper=upper,
    )
    assert found.estimate.converged
    assert ((found.theta >= lower) & (found.theta <= upper)).all()
    assert int(found.estimate.on_bound.sum()) == len(golden["active_bounds"])
    # lavaan's errors pass over the bound; ours take what stands on it as known
    errors = np.sqrt(np.diagonal(np.linalg.inv(found.information)))
    # the satisfaction model is nearly flat: its condition of 1e5 costs digits (lavaan's stop at 1e-10 of F)
    close = 2e-4 if data == "satisfaction_gender" else 1e-4
    for k, est, se in zip(model.parameters, table["est"], table["se"], strict=True):
        if k >= 0:
            assert found.theta[k] == pytest.approx(est, rel=close, abs=close)
            assert errors[k] == pytest.approx(se, rel=1e-3)
    for name in ("chisq", "df", "cfi", "tli", "rmsea", "srmr", "aic", "bic"):
        assert found.measures[name] == pytest.approx(golden["fit_measures"][name], rel=1e-5, abs=1e-6)
