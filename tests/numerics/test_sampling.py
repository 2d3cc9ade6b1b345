"""Sample sizes, margins and allocations against the fixtures of METHODS 1 and 19, and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import NumericsError, TooFew
from csat.numerics import sampling as sa

SIX = {"rtol": 0, "atol": 5e-7}


def test_yamane():
    n = sa.sample_size_yamane(1000, margin=0.05)
    np.testing.assert_allclose(n, 285.714286, **SIX)
    assert sa.rounded_up(n) == 286


def test_cochran_for_a_share_and_both_corrections():
    n0 = sa.sample_size_share(margin=0.05, z=1.96)
    np.testing.assert_allclose(n0, 384.16, **SIX)
    np.testing.assert_allclose(sa.sample_size_share(margin=0.05), 384.145882, **SIX)
    np.testing.assert_allclose(sa.finite_sample_size(n0, 1000), 277.740825, **SIX)
    np.testing.assert_allclose(sa.finite_sample_size(n0, 1000, correction="n0"), 277.540169, **SIX)


def test_cochran_for_a_mean():
    np.testing.assert_allclose(sa.sample_size_mean(margin=2, sd=20, z=1.96), 384.16, **SIX)


def test_a_net_promoter_score_of_equal_halves_needs_four_times_a_share():
    n = sa.sample_size_nps(margin=0.05, promoters=0.5, detractors=0.5)
    np.testing.assert_allclose(n, 4 * sa.sample_size_share(margin=0.05))


def test_inflation_by_design_and_response():
    deff = sa.cluster_deff(20, 0.05)
    np.testing.assert_allclose(deff, 1.95)
    assert sa.rounded_up(sa.inflated(385, deff=deff, response=0.4)) == 1877


@pytest.mark.parametrize(
    ("n", "population", "points"),
    [(460, 3833, 4.286892), (200, 3833, 6.747316), (460, np.inf, 4.569274), (200, np.inf, 6.929646)],
)
def test_margins_of_the_tobacco_survey(n, population, points):
    np.testing.assert_allclose(100 * sa.margin_share(n, population=population, z=1.96), points, **SIX)


def test_neyman_and_cost_optimal_allocation():
    sizes, sds = [500, 300, 200], [10, 20, 30]
    np.testing.assert_allclose(
        sa.shared_within(100, np.multiply(sizes, sds), lower=2, upper=sizes),
        [29.411765, 35.294118, 35.294118],
        **SIX,
    )
    assert sa.allocate(100, sizes, sds=sds, method="neyman").tolist() == [30, 35, 35]
    optimal = sa.allocate(100, sizes, sds=sds, costs=[1, 4, 9], method="cost-optimal")
    assert optimal.tolist() == [50, 30, 20]


def test_proportional_allocation():
    np.testing.assert_allclose(
        sa.shared_within(460, [1448, 2385], lower=2, upper=[1448, 2385]), [173.775111, 286.224889], **SIX
    )
    assert sa.allocate(460, [1448, 2385]).tolist() == [174, 286]


def test_a_full_stratum_hands_the_rest_to_the_others():
    assert sa.allocate(100, [10, 500, 500], sds=[100, 1, 1], method="neyman").tolist() == [10, 45, 45]
    # a stratum without variance keeps its least, and takes what nobody else can
    assert sa.allocate(20, [10, 500], sds=[1, 0], method="neyman").tolist() == [10, 10]


def test_ties_go_to_the_earlier_stratum():
    assert sa.allocate(7, [10, 10], fewest=1).tolist() == [4, 3]


def test_stratified_mean():
    arguments = ([80, 60], [20, 25], [100, 100], [600, 400])
    found = sa.stratified_mean(*arguments)
    assert found.mean == pytest.approx(72)
    np.testing.assert_allclose(found.se, 1.396424, **SIX)
    np.testing.assert_allclose(sa.stratified_mean(*arguments, finite=False).se, 1.562050, **SIX)
    np.testing.assert_allclose([found.deff, found.effective_n], [1.04, 192.307692], **SIX)
    np.testing.assert_allclose(found.weights, [6, 4])


def test_kish():
    np.testing.assert_allclose(sa.kish_effective_n([1, 1, 2, 4]), 2.909091, **SIX)
    np.testing.assert_allclose(sa.kish_deff([1, 1, 2, 4]), 1.375, **SIX)


def test_impossible_plans_are_refused():
    with pytest.raises(NumericsError, match="between 0 and 1"):
        sa.sample_size_share(margin=5)
    with pytest.raises(NumericsError, match="response rate"):
        sa.inflated(100, response=0)
    with pytest.raises(NumericsError, match="larger than the population"):
        sa.margin_share(20, population=10)
    with pytest.raises(NumericsError, match="promoters"):
        sa.sample_size_nps(margin=0.05, promoters=0.8, detractors=0.3)
    with pytest.raises(TooFew, match="merge strata"):
        sa.allocate(5, [10, 10, 10])
    with pytest.raises(NumericsError, match="larger than the population"):
        sa.allocate(50, [10, 10, 10])
    with pytest.raises(NumericsError, match="position 1"):
        sa.allocate(5, [10, 0])
    with pytest.raises(NumericsError, match="standard deviation"):
        sa.allocate(5, [10, 10], method="neyman")
    with pytest.raises(NumericsError, match="cost"):
        sa.allocate(5, [10, 10], sds=[1, 1], method="cost-optimal")
    with pytest.raises(TooFew, match="position 1"):
        sa.stratified_mean([1, 2], [1, 1], [5, 1], [10, 10])
    with pytest.raises(NumericsError, match="position 2"):
        sa.kish_effective_n([1, 1, -1])
    with pytest.raises(NumericsError, match="zero"):
        sa.kish_effective_n([0, 0])


plans = st.lists(
    st.tuples(st.integers(1, 400), st.floats(0, 50), st.floats(0.5, 20)), min_size=1, max_size=8
).filter(lambda h: any(s > 0 for _, s, _ in h))


@given(strata=plans, part=st.floats(0, 1), method=st.sampled_from(["proportional", "neyman", "cost-optimal"]))
def test_an_allocation_sums_to_n_within_its_strata(strata, part, method):
    sizes, sds, costs = (np.array(v) for v in zip(*strata, strict=True))
    least = int(np.minimum(sizes, 2).sum())
    n = least + int(part * (sizes.sum() - least))
    split = sa.allocate(n, sizes, sds=sds, costs=costs, method=method)
    assert split.sum() == n
    assert (split >= np.minimum(sizes, 2)).all()
    assert (split <= sizes).all()


@given(n=st.integers(2, 500), extra=st.integers(0, 5000))
def test_the_exact_correction_inverts_the_margin(n, extra):
    population = n + extra
    margin = float(sa.margin_share(n, population=population))
    if margin > 0:
        n0 = sa.sample_size_share(margin=margin)
        np.testing.assert_allclose(sa.finite_sample_size(n0, population), n, rtol=1e-9)
    margin = float(sa.margin_mean(n, sd=20, population=population))
    if margin > 0:
        n0 = sa.sample_size_mean(margin=margin, sd=20)
        np.testing.assert_allclose(sa.finite_sample_size(n0, population, correction="n0"), n, rtol=1e-9)


@given(
    sizes=st.lists(st.integers(4, 300), min_size=1, max_size=5),
    sd=st.floats(0.1, 30),
    share=st.floats(0.1, 1),
)
def test_proportional_strata_of_equal_spread_cost_nothing(sizes, sd, share):
    n = np.maximum(np.multiply(sizes, share), 2)
    found = sa.stratified_mean(np.zeros(len(sizes)), np.full(len(sizes), sd), n, n / share, finite=False)
    np.testing.assert_allclose([found.deff, found.se], [1, sd / np.sqrt(n.sum())], rtol=1e-9)
