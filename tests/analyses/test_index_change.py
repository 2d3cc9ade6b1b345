"""Changes of an index: between samples, and among the same respondents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csat.analyses.index_change import IndexChange
from csat.chain import index_change
from csat.errors import BadInput
from csat.numerics.intervals import adjust_p
from csat.responses.responses import Responses
from small_surveys import FIVE, bound

N, FEW = 400, 800


def panel(shift: float = 0.4, *, extra: int = 60) -> dict[str, Responses]:
    """Two waves of the same people, in another order, and some in one wave only."""
    rng = np.random.default_rng(3)
    level = rng.normal(3, 1, N)
    waves = {}
    for k, name in enumerate(("2024", "2025")):
        own = np.r_[level, rng.normal(3, 1, extra)] + k * shift
        answers = np.clip(np.round(own[:, None] + rng.normal(0, 0.4, (len(own), 2))), 1, 5)
        ids = np.array([f"p{i}" for i in range(N)] + [f"{name}-{i}" for i in range(extra)], dtype=object)
        order = rng.permutation(len(own))
        made = bound(
            {"a": answers[order, 0].tolist(), "b": answers[order, 1].tolist()},
            {"a": FIVE, "b": FIVE},
            roles={"all": "outcome"},
        )
        waves[name] = replace(made, ids=ids[order])
    return waves


@pytest.fixture(scope="module")
def paired() -> IndexChange:
    return index_change(panel(), panel=True, replicates=FEW)


def scores_by_id(responses: Responses) -> dict[str, float]:
    assert responses.ids is not None
    points = (responses.answers().mean(axis=1) - 1) * 25
    return dict(zip(map(str, responses.ids[np.arange(responses.rows)]), points, strict=True))


def test_a_panel_compares_the_respondents_in_both_waves(paired: IndexChange) -> None:
    one, two = (scores_by_id(r) for r in panel().values())
    moved = np.array([two[i] - one[i] for i in one if i in two])
    assert paired.matched.tolist() == [N] == [len(moved)]
    assert paired.change[0] == pytest.approx(moved.mean(), rel=1e-12)
    # 800 replicates know an error to 2.5 per cent
    assert paired.change_se[0] == pytest.approx(moved.std(ddof=1) / np.sqrt(N), rel=0.08)
    # each wave's own index is of all its respondents
    assert paired.n.tolist() == [N + 60] * 2


def test_a_panel_sees_smaller_changes_than_two_samples(paired: IndexChange) -> None:
    apart = index_change(panel(), replicates=FEW)
    assert not apart.panel and apart.matched.tolist() == [0]
    assert paired.change_se[0] < 0.6 * apart.change_se[0]
    assert paired.detectable[0] < 0.6 * apart.detectable[0]


def test_the_table_says_how_samples_are_paired(paired: IndexChange) -> None:
    for language, words in (("en", "respondents in both samples"), ("zh", "面板")):
        assert words in paired.text(language)
    assert "In both" in paired.table("changes").to_text("en")


def test_adjustment_is_over_all_changes_shown() -> None:
    waves = panel()
    rng = np.random.default_rng(0)
    waves["2026"] = waves["2025"].where(np.sort(rng.choice(N, 200, replace=False)))
    for adjustment in ("holm", "benjamini-hochberg"):
        found = index_change(waves, against="pairs", adjustment=adjustment, replicates=200)
        np.testing.assert_allclose(found.p_adjusted, adjust_p(found.p, method=adjustment))
    assert "Benjamini" in found.text("en") and "Benjamini" in found.text("zh")


def test_a_panel_without_ids_or_with_a_respondent_twice_is_refused() -> None:
    waves = panel()
    with pytest.raises(BadInput, match="no respondent ids"):
        index_change({k: replace(r, ids=None) for k, r in waves.items()}, panel=True)
    twice = waves["2024"].where(np.r_[0, np.arange(waves["2024"].rows)])
    with pytest.raises(BadInput, match="more than once"):
        index_change({"a": twice, "b": waves["2025"]}, panel=True)
    ids = np.array([f"x{i}" for i in range(waves["2025"].rows)], dtype=object)
    with pytest.raises(BadInput, match="0 respondents are in both"):
        index_change({"a": waves["2024"], "b": replace(waves["2025"], ids=ids)}, panel=True)


def test_small_samples_are_shown_without_a_test() -> None:
    waves = {k: r.where(np.arange(20)) for k, r in panel().items()}
    found = index_change(waves, replicates=200)
    assert np.isnan(found.p).all() and found.cautions[0].code == "small samples"
    assert "could be tested" in found.headline()[0].en


def test_weighted_samples_say_so() -> None:
    waves = panel()
    assert not index_change(waves, replicates=200).base.weighted
    w = np.random.default_rng(0).uniform(0.5, 2, waves["2024"].rows)
    found = index_change({k: replace(r, weights=w) for k, r in waves.items()}, replicates=200)
    assert found.base.weighted and found.base.effective_n < found.base.respondents


def test_one_sample_has_no_change() -> None:
    with pytest.raises(BadInput, match="no change"):
        index_change({"only": panel()["2024"]})
    with pytest.raises(BadInput, match="no comparison"):
        index_change(panel(), against="rest")  # type: ignore[arg-type]


def test_two_frames_are_compared_in_one_call() -> None:
    import pandas as pd

    import csat

    waves = panel()
    frames = {
        name: pd.DataFrame(r.answers(), columns=["a", "b"]).assign(id=r.ids[np.arange(r.rows)])
        for name, r in waves.items()
        if r.ids is not None
    }
    asked = replace(waves["2024"].instrument, respondent=("id",), index="all")
    found = csat.index_change(frames, asked, panel=True, replicates=200)
    assert found.matched.tolist() == [N]
    assert found.change[0] == pytest.approx(index_change(waves, panel=True, replicates=200).change[0])
