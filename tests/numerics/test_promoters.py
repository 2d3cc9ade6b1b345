"""The net promoter score: the fixtures of METHODS 11."""

from __future__ import annotations

import numpy as np
import pytest

from csat.numerics.promoters import net_difference, net_score, net_score_of, promoter_scores
from csat.numerics.sampling import sample_size_nps

Z = 1.959963984540054


def test_half_promoters_and_a_sixth_detractors() -> None:
    found = net_score(1 / 2, 1 / 6, 400)
    assert found.value == pytest.approx(33.333333, abs=5e-7)
    assert found.variance == pytest.approx(5 / 9)
    assert found.se == pytest.approx(3.726780, abs=5e-7)
    assert found.value - Z * found.se == pytest.approx(26.028979, abs=5e-7)
    assert found.value + Z * found.se == pytest.approx(40.637688, abs=5e-7)
    assert int(np.ceil(sample_size_nps(margin=0.05, promoters=1 / 2, detractors=1 / 6))) == 854


def test_two_scores_differ_by_chance() -> None:
    difference, se, z, p = net_difference(net_score(1 / 2, 1 / 6, 400), net_score(0.45, 0.20, 500))
    assert difference == pytest.approx(8.333333, abs=5e-7)
    assert se == pytest.approx(5.063486, abs=5e-7)
    assert z == pytest.approx(1.645770, abs=5e-7)
    assert p == pytest.approx(0.099811, abs=5e-7)


def test_weights_2_1_1_1() -> None:
    found = net_score_of([9, 7, 0, 10], [2, 1, 1, 1])
    assert found.value == pytest.approx(40)
    assert found.se == pytest.approx(45.723809, abs=5e-7)


def test_answers_and_shares_agree_and_silence_is_left_out() -> None:
    answers = np.array([10, 9, 8, 7, 6, 0, np.nan])
    assert promoter_scores(answers)[:6].tolist() == [100, 100, 0, 0, -100, -100]
    found = net_score_of(answers)
    assert (found.n, found.value) == (6, 0)
    assert found == net_score(1 / 3, 1 / 3, 6)
    assert np.isnan(net_score_of([np.nan]).value)
