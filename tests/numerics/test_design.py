"""Design-based errors against R's survey: weights, strata, clusters, finite populations, domains."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import NumericsError, TooFew
from csat.numerics import design as de
from csat.numerics.intervals import mean_interval
from golden_data import recipe_matrix, reference

CLOSED = {"rtol": 0, "atol": 1e-10}
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "design.json").read_text(encoding="utf-8"))
DATA = {k: np.array([np.nan if v is None else v for v in c], dtype=float) for k, c in GOLDEN["data"].items()}


def golden_design(case, keep=slice(None)):
    options = {}
    if "strata" in case or case in ("clusters", "clusters_population") or "lone" in case:
        options["strata"] = DATA["stratum"][keep]
    if "cluster" in case or "lone" in case:
        options["clusters"] = DATA["cluster"][keep]
    if "population" in case:
        whom = "clusters" if "clusters" in case else "respondents"
        options["population"] = GOLDEN[f"population_{whom}"]
    if "lone" in case:
        options["lone"] = case.removeprefix("lone_")
    return de.design(DATA["weight"][keep], **options)


@pytest.mark.parametrize("case", [c for c in GOLDEN["cases"] if "lone" not in c])
def test_estimates_and_errors_agree_with_r(case):
    golden, of = GOLDEN["cases"][case], golden_design(case)
    x, y, group = DATA["x"], DATA["y"], DATA["g"] == 1
    assert of.df == golden["df"]

    def same(found, name):
        np.testing.assert_allclose([found.value[0], found.se[0]], golden[name], rtol=1e-10, err_msg=name)

    same(de.means(y, of), "mean_y")
    same(de.means(x, of), "mean_x")
    same(de.totals(y, of), "total_y")
    same(de.ratio(y, x, of), "ratio")
    same(de.means(y, of, among=group), "domain_mean_y")
    same(de.totals(y, of, among=group), "domain_total_y")
    same(de.variances(y, of), "variance_y")
    same(de.variances(x, of, rows="design"), "variance_x")
    low, high = de.means(y, of).interval()
    np.testing.assert_allclose([low[0], high[0]], golden["ci_t_mean_y"], rtol=1e-10)
    difference = de.differences(y, of, first=~group, second=group)
    t, p, df = de.mean_tests(difference)
    for value, name in ((difference.value[0], "difference"), (t[0], "t"), (df, "df"), (p[0], "p")):
        np.testing.assert_allclose(value, golden["ttest"][name], rtol=1e-9, err_msg=name)
    # R leaves out rows with any silence when it is asked for both at once
    listwise = ~np.isnan(x)
    both = de.means(np.column_stack([x, y]), of, among=listwise)
    np.testing.assert_allclose(of.covariance(both.influence), golden["both"]["cov"], rtol=1e-10)


@pytest.mark.parametrize("case", ["lone_certainty", "lone_adjust"])
def test_a_stratum_with_one_cluster_agrees_with_r(case):
    keep = ~((DATA["stratum"] == 2) & (DATA["cluster"] > 1))
    of = golden_design(case, keep)
    found = de.means(DATA["y"][keep], of)
    np.testing.assert_allclose([found.value[0], found.se[0]], GOLDEN["cases"][case]["mean_y"], rtol=1e-10)


@pytest.fixture(scope="module", params=["sfo2015", "sfo2016"])
def airport(request):
    g = reference("weighted")[request.param]["ratings"]
    matrix = recipe_matrix(g["recipe"], extra=("WEIGHT", "STRATA"))
    items = [g["items"][name] for name in g["recipe"]["columns"]]
    return items, matrix[:, :-2], de.design(matrix[:, -2]), de.design(matrix[:, -2], strata=matrix[:, -1])


def of_all(items, *path):
    def at(item):
        for key in path:
            item = item[key]
        return item

    return np.array([at(item) for item in items])


def test_weighted_means_of_the_airport_agree_with_r(airport):
    items, answers, plain, strata = airport
    found = de.means(answers, plain)
    np.testing.assert_allclose(found.value, of_all(items, "mean"), **CLOSED)
    np.testing.assert_allclose(found.se, of_all(items, "se_weights_domain"), **CLOSED)
    np.testing.assert_allclose(
        de.means(answers, strata).se, of_all(items, "se_weights_strata_domain"), **CLOSED
    )
    interval = np.column_stack(found.interval())
    np.testing.assert_allclose(interval, of_all(items, "ci95_t_weights_domain"), **CLOSED)
    normal = np.column_stack(mean_interval(found.value, found.se))
    np.testing.assert_allclose(normal, of_all(items, "ci95_weights_domain"), **CLOSED)
    np.testing.assert_allclose(de.design_effects(answers, plain), of_all(items, "deff"), **CLOSED)


def test_answering_rows_alone_as_the_design_agree_with_r(airport):
    items, answers, plain, _ = airport
    for item, column in zip(items, answers.T, strict=True):
        known = ~np.isnan(column)
        found = de.means(column[known], de.design(plain.weights[known]))
        np.testing.assert_allclose(found.se, item["se_weights_valid_rows_only"], **CLOSED)


def test_weighted_variances_of_the_airport_agree_with_r(airport):
    items, answers, plain, strata = airport
    found = de.variances(answers, plain, rows="design")
    np.testing.assert_allclose(found.value, of_all(items, "svyvar"), **CLOSED)
    np.testing.assert_allclose(found.se, of_all(items, "svyvar_se"), **CLOSED)
    np.testing.assert_allclose(
        de.variances(answers, strata, rows="design").se, of_all(items, "svyvar_se_strata"), **CLOSED
    )


def test_shares_of_the_airport_agree_with_r(airport):
    items, answers, plain, strata = airport
    for item, column in zip(items, answers.T, strict=True):
        levels = [float(v) for v in item["proportions"]["levels"]]
        chosen = np.where(np.isnan(column)[:, None], np.nan, column[:, None] == levels)
        found = de.means(chosen, plain)
        np.testing.assert_allclose(found.value, item["proportions"]["p"], **CLOSED)
        np.testing.assert_allclose(found.se, item["proportions"]["se"], **CLOSED)
        np.testing.assert_allclose(de.means(chosen, strata).se, item["proportions"]["se_strata"], **CLOSED)


@pytest.mark.parametrize(
    ("method", "r_name", "tolerance"),
    [
        ("logit", "logit", 1e-10),
        ("asin", "asin", 1e-10),
        ("beta", "beta", 1e-10),
        ("wald", "mean", 1e-10),
        # R finds these ends with uniroot at its default tolerance of 1e-4 on the logit
        ("likelihood", "likelihood", 5e-6),
    ],
)
def test_intervals_of_top_boxes_agree_with_r(airport, method, r_name, tolerance):
    for item in airport[0]:
        top = item["top_box"]
        found = de.share_interval_of_design(top["p"], top["se"], df=item["n_valid"] - 1, method=method)
        np.testing.assert_allclose(found, top["ci95"][r_name], rtol=0, atol=tolerance)


def test_likelihood_ends_lie_on_the_likelihood():
    p, se = 0.74, 0.0104
    for r in de.share_interval_of_design(p, se, method="likelihood"):
        drop = p * np.log(p / r) + (1 - p) * np.log((1 - p) / (1 - r))
        np.testing.assert_allclose(2 * p * (1 - p) / se**2 * drop, 1.959963984540054**2, rtol=1e-9)


@pytest.mark.parametrize("item", ["Q7ALL", "Q9RESTROOM"])
def test_differences_between_years_agree_with_r(item):
    g = reference("weighted")["sfo2015_vs_2016"][f"{item}_difference"]
    years = []
    for recipe in (g["recipe_a"], g["recipe_b"]):
        # n_rows counts the rows that answered the item
        rows = reference("weighted")[recipe["file"][5:12]]["ratings"]["n"]
        matrix = recipe_matrix(recipe | {"n_rows": rows}, extra=("WEIGHT", "STRATA"))
        column = matrix[:, recipe["columns"].index(item)]
        years.append(np.column_stack([column, matrix[:, -2:]])[~np.isnan(column)])
    (y, w, s), second = np.vstack(years).T, np.repeat([False, True], [len(v) for v in years])
    for strata, name in (
        (None, "svyttest_stacked"),
        (second, "svyttest_year_as_stratum"),
        (s + 10 * second, "svyttest_strata_within_year"),
    ):
        found = de.differences(y, de.design(w, strata=strata), first=~second, second=second)
        t, p, df = de.mean_tests(found)
        np.testing.assert_allclose(found.value[0], g[name]["estimate"], **CLOSED)
        np.testing.assert_allclose(t[0], g[name]["t"], rtol=1e-9)
        np.testing.assert_allclose(p[0], g[name]["p"], rtol=1e-9)
        assert df == g[name]["df"]


def test_a_single_cluster_is_refused_by_default():
    with pytest.raises(TooFew, match="position 1"):
        de.means([1.0, 2, 3], de.design(n=3, strata=[0, 0, 1]))


def test_impossible_designs_are_refused():
    with pytest.raises(NumericsError, match="negative"):
        de.design([1.0, -1])
    with pytest.raises(NumericsError, match="position 0"):
        de.design(n=3, population=2)
    with pytest.raises(NumericsError, match="below the line"):
        de.ratio([1.0, 1], [0.0, 0], de.design(n=2))
    with pytest.raises(ValueError, match="certainty"):
        de.design(n=3, lone="ignore")
    with pytest.raises(ValueError, match="likelihood"):
        de.share_interval_of_design(0.5, 0.1, method="exact")
    with pytest.raises(ValueError, match="weights"):
        de.design()


def test_a_column_nobody_answered_is_undefined():
    found = de.means(np.array([[1.0, np.nan], [2.0, np.nan]]), de.design(n=2))
    assert found.value[0] == 1.5
    assert np.isnan(found.value[1])
    assert np.isnan(found.se[1])


def test_shares_without_spread():
    assert de.share_interval_of_design(1.0, 0.0) == (1.0, 1.0)
    low, high = de.share_interval_of_design(1.0, 0.0, n=10, method="wilson")
    np.testing.assert_allclose([low, high], [0.722467, 1], atol=5e-7)


samples = st.integers(4, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 5), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
    )
)


@given(sample=samples)
def test_weights_of_one_without_strata_give_the_textbook_error(sample):
    y = np.array(sample[0], dtype=float)
    found = de.means(y, de.design(n=len(y)))
    np.testing.assert_allclose(found.se[0], y.std(ddof=1) / np.sqrt(len(y)), atol=1e-12)
    scaled = de.means(y, de.design(np.full(len(y), 7.0)))
    np.testing.assert_allclose([scaled.value[0], scaled.se[0]], [found.value[0], found.se[0]], atol=1e-12)


@given(sample=samples)
def test_asking_everybody_leaves_no_error(sample):
    y, s = np.array(sample[0], dtype=float), np.array(sample[1])
    of = de.design(n=len(y), strata=s, population=np.unique(s, return_counts=True)[1])
    assert de.means(y, of).se[0] == 0


@given(sample=samples)
def test_each_respondent_his_own_cluster_changes_nothing(sample):
    y, s = np.array(sample[0], dtype=float), np.array(sample[1])
    options = {"n": len(y), "strata": s, "lone": "adjust"}
    plain, clustered = de.design(**options), de.design(clusters=np.arange(len(y)), **options)
    np.testing.assert_allclose(de.means(y, plain).se, de.means(y, clustered).se, atol=1e-12)
