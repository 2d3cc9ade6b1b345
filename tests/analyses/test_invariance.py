"""Invariance across groups: lavaan's ladders, an intercept that differs and is found, unfit groups."""

import json
from pathlib import Path

import numpy as np
import pytest

from csat.analyses.invariance import invariance
from csat.analyses.sem import cfa_by_group
from csat.analyses.structural.answers import Answers
from csat.chain import Chain
from csat.chain.models import invariance_between
from csat.cli import run
from csat.errors import BadInput, CannotCompute, UnknownName
from csat.instrument.instrument import Segment
from csat.language import Text
from golden_data import recipe_matrix, reference, reference_rows
from group_cases import SECOND_ITEMS, SECOND_ORDER, second_order
from small_surveys import TEN, bound

CASES = [
    ("holzinger", "invariance_school_cfa3"),
    ("satisfaction_gender", "invariance_gender_cfa3"),
    ("satisfaction_gender", "invariance_gender_cfa6"),
]
MODEL = "f =~ x1 + x2 + x3 + x4\ng =~ y1 + y2 + y3 + y4"
ITEMS = tuple(f"{c}{i}" for c in "xy" for i in range(1, 5))


def golden_groups(golden):
    header, text = reference_rows(golden["recipe"]["file"])
    of = np.array([row[header.index(golden["group"])] for row in text])
    rows = recipe_matrix(golden["recipe"])
    order = golden["ml"]["configural"]["group_order"]
    return {name: Answers.of_rows(rows[of == name], golden["recipe"]["columns"]) for name in order}


def two_constructs(n, *, intercepts=0.0, loadings=1.0, mean=0.0, seed=1, noise=0.6):
    """Answers of one group: items of loading 1 on f and g, correlated .5; what differs stands on x2."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, 2)) @ np.linalg.cholesky(np.array([[1.0, 0.5], [0.5, 1.0]])).T
    factors[:, 0] += mean
    rows = factors[:, [0] * 4 + [1] * 4] + noise * rng.standard_normal((n, 8)) + 5
    rows[:, 1] += intercepts + (loadings - 1) * factors[:, 0]
    return Answers.of_rows(rows, ITEMS)


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
@pytest.mark.parametrize(("data", "case"), CASES)
def test_the_ladder_is_lavaans(data, case, estimator):
    golden = reference("sem")[data][case]
    found = invariance(golden["model"], golden_groups(golden), estimator=estimator, partial=False)
    theirs = golden[estimator.lower()]
    assert [level.level for level in found.levels] == ["configural", "metric", "scalar", "strict"]
    for level in found.levels:
        block = theirs[level.level]["fit_measures"]
        for name in ("chisq", "chisq.scaled", "cfi", "cfi.robust", "rmsea", "rmsea.robust", "srmr"):
            if block.get(name) is not None:
                mine = level.fit[name.replace(".", "_")]
                # lavaan's own numerics in the scaling factors agree to about 1e-6
                assert mine == pytest.approx(block[name], rel=1e-5), (level.level, name)
        assert (level.df, level.parameters) == (block["df"], block["npar"])
    table = theirs["difference_tests"]["default"]["table"]["columns"]
    for level, statistic, df, p in zip(
        found.levels[1:], table["Chisq diff"][1:], table["Df diff"][1:], table["Pr(>Chisq)"][1:], strict=True
    ):
        assert level.difference == pytest.approx(statistic, rel=1e-4)
        assert level.difference_df == df
        assert level.difference_p == pytest.approx(p, abs=1e-5)
    latent = theirs["scalar"]["latent_means"]["columns"]
    second = {
        c: (e, s)
        for c, e, s, g in zip(latent["lhs"], latent["est"], latent["se"], latent["group"], strict=True)
        if g == 2
    }
    for mean in found.means:
        assert mean.estimate == pytest.approx(second[mean.construct][0], abs=1e-5)
        assert mean.se == pytest.approx(second[mean.construct][1], rel=1e-3)
    assert len(found.means) == len(second)


def test_score_tests_of_intercepts_are_lavaans():
    golden = reference("sem")["holzinger"]["invariance_school_cfa3"]
    found = invariance(golden["model"], golden_groups(golden), partial=False)
    table = golden["ml"]["scalar_score_univariate"]["columns"]
    theirs = {c.split("~1")[0]: x for c, x in zip(table["constraint"], table["X2"], strict=True) if "~1" in c}
    mine = {r.item: r.statistic for r in found.releases if r.level == "scalar"}
    assert mine == pytest.approx(theirs, rel=1e-4)
    assert found.comparable == "associations"
    assert "intercept of x3" in found.verdict.text.en
    assert "x3的截距" in found.verdict.text.zh


def test_holzinger_schools_compare_once_x3_and_x7_are_free():
    golden = reference("sem")["holzinger"]["invariance_school_cfa3"]
    found = invariance(golden["model"], golden_groups(golden))
    assert [r.parameter for r in found.freed] == ["x3 ~ 1", "x7 ~ 1"]
    assert found.comparable == "means"
    assert [level.partial for level in found.levels] == [False, False, False, True, True]
    # the accepted partial level is not judged by the level it replaces
    assert found.levels[4].difference_df == 9


def test_the_intercept_that_differs_is_found_and_freed():
    groups = {"a": two_constructs(400), "b": two_constructs(400, intercepts=0.8, mean=0.5, seed=2)}
    found = invariance(MODEL, groups, estimator="MLR")
    assert [(r.level, r.item, r.freed) for r in found.freed] == [("scalar", "x2", 1)]
    assert (found.comparable, found.accepted, found.verdict.level) == ("means", "strict", "doubtful")
    mean = next(m for m in found.means if m.construct == "f")
    assert mean.ci_lower < 0.5 < mean.ci_upper
    # kept equal, the intercept of x2 would have been taken for a difference of the construct
    forced = invariance(MODEL, groups, estimator="MLR", partial=False)
    assert next(m for m in forced.means if m.construct == "f").ci_lower > 0.5
    assert forced.comparable == "associations"
    assert "do not use" in forced.table("means").to_text("en")


def test_the_loading_that_differs_is_freed_with_its_intercept():
    groups = {"a": two_constructs(400), "b": two_constructs(400, loadings=2.0, intercepts=0.7, seed=2)}
    found = invariance(MODEL, groups)
    assert [r.parameter for r in found.freed][:1] == ["f =~ x2"]
    scalar = next(level for level in found.levels if level.level == "scalar")
    assert scalar.partial
    # 6 loadings and 8 intercepts less the two means; x2 keeps its own
    assert scalar.difference_df == 8 - 1 - 2
    assert all(r.item != "x2" for r in found.releases if r.level == "scalar")


def test_groups_that_are_alike_hold_at_every_level():
    found = invariance(MODEL, {"a": two_constructs(300), "b": two_constructs(300, seed=2)})
    assert all(level.holds for level in found.levels)
    assert (found.accepted, found.verdict.level, found.freed) == ("strict", "sound", ())
    assert "means" in found.plots()


def test_three_groups_name_the_one_that_differs():
    groups = {"a": two_constructs(300), "b": two_constructs(300, seed=2)}
    groups["c"] = two_constructs(300, intercepts=1.0, seed=3)
    found = invariance(MODEL, groups)
    assert [(r.item, r.group) for r in found.freed] == [("x2", "c")]
    assert {m.group for m in found.means} == {"b", "c"}


def test_two_items_of_a_construct_stay_equal():
    groups = {"a": two_constructs(400), "b": two_constructs(400, seed=2)}
    shifted = groups["b"].rows.copy()
    shifted[:, :4] += [0.0, 1.0, -1.0, 2.0]
    groups["b"] = Answers.of_rows(shifted, ITEMS)
    found = invariance(MODEL, groups)
    freed = [r for r in found.freed if r.level == "scalar" and r.item.startswith("x")]
    assert len(freed) <= 2
    assert found.comparable == "associations"
    assert any(c.code == "partial_fails" for c in found.cautions)


def test_a_model_that_fits_nobody_allows_no_comparison():
    rng = np.random.default_rng(0)
    rows = two_constructs(300).rows
    mixed = {g: Answers.of_rows(rows[:, rng.permutation(8)], ITEMS) for g in ("a", "b")}
    found = invariance(MODEL, mixed)
    assert found.comparable == "nothing"
    assert found.verdict.failed
    one = "f =~ " + " + ".join(ITEMS)
    poor = invariance(one, {"a": two_constructs(300), "b": two_constructs(300, seed=2)})
    assert (poor.comparable, poor.accepted, poor.verdict.level) == ("nothing", None, "doubtful")
    assert "describes the answers poorly" in poor.verdict.text.en
    assert poor.levels[0].beyond[0] == "cfi"


def test_ordered_answers_hold_thresholds_equal():
    groups = {}
    for name, seed in (("a", 1), ("b", 2)):
        rows = np.clip(np.round(two_constructs(400, seed=seed).rows - 2), 1, 5)
        groups[name] = Answers.of_rows(rows, ITEMS, scales=[(1, 2, 3, 4, 5)] * 8)
    found = invariance(MODEL, groups, ordered=True, estimator="WLSMV")
    assert [level.df for level in found.levels[:3]] == [38, 44, 44 + 32 - 8 - 2]
    assert found.comparable == "means"
    assert not found.freed
    assert {r.df for r in found.releases if r.kind == "thresholds"} == {4}
    groups["b"] = Answers.of_rows(np.maximum(groups["b"].rows, 2), ITEMS, scales=groups["b"].scales)
    with pytest.raises(CannotCompute, match="nobody in b chose some answer of x1"):
        invariance(MODEL, groups, ordered=True, estimator="WLSMV")
    with pytest.raises(BadInput, match="ordered items the estimators"):
        invariance(MODEL, groups, ordered=True)


def ordered_answers(n, *, seed, shift=0.0, loading=1.0, mean=0.0):
    """Five ordered categories; in x2 `shift` moves the thresholds and `loading` the loading."""
    rows = two_constructs(n, seed=seed, intercepts=shift, loadings=loading, mean=mean).rows
    return Answers.of_rows(np.digitize(rows, [3.8, 4.6, 5.3, 6.2]).astype(float) + 1, ITEMS)


def test_thresholds_that_differ_are_let_go_together():
    groups = {"a": ordered_answers(500, seed=1), "b": ordered_answers(500, seed=2, shift=0.8, mean=0.3)}
    found = invariance(MODEL, groups, ordered=True, estimator="WLSMV")
    assert [(r.level, r.item, r.parameter, r.df) for r in found.freed] == [("scalar", "x2", "x2 | t1-t4", 4)]
    assert found.comparable == "means"
    assert found.verdict.level == "doubtful"
    assert "the thresholds of x2" in found.verdict.text.en
    assert "x2的阈值" in found.verdict.text.zh
    whole, partial = (r for r in found.levels if r.level == "scalar")
    assert (whole.df - partial.df, whole.holds, partial.holds) == (4, False, True)
    kept = invariance(MODEL, groups, ordered=True, estimator="WLSMV", partial=False)
    assert (kept.freed, kept.comparable) == ((), "associations")


def test_an_ordered_loading_that_differs_takes_its_thresholds_along():
    groups = {"a": ordered_answers(800, seed=1), "b": ordered_answers(800, seed=2, loading=0.3)}
    found = invariance(MODEL, groups, ordered=True, estimator="WLSMV")
    assert [(r.level, r.parameter) for r in found.freed] == [("metric", "f =~ x2")]
    metric = [r for r in found.levels if r.level == "metric"][-1]
    scalar = next(r for r in found.levels if r.level == "scalar")
    # 7 items of 4 equal thresholds, less 7 scales and 2 means; x2 has its own thresholds and scale 1
    assert scalar.df - metric.df == 7 * 4 - 7 - 2
    assert scalar.holds


def test_the_generalised_score_test_is_near_the_test_of_the_two_models():
    groups = {"a": ordered_answers(500, seed=1), "b": ordered_answers(500, seed=2, shift=0.25)}
    found = invariance(MODEL, groups, ordered=True, estimator="WLSMV", partial=False)
    score = next(r for r in found.releases if r.kind == "thresholds" and r.item == "x2")
    assert 10 < score.statistic < 60
    others = [r.statistic for r in found.releases if r.kind == "thresholds" and r.item != "x2"]
    assert max(others) < score.statistic / 2


SECOND = json.loads((Path(__file__).parents[1] / "golden" / "invariance_second_order.json").read_text())


def second_order_groups(shift):
    return {n: Answers.of_rows(rows, SECOND_ITEMS) for n, rows in second_order(shift).items()}


def test_levels_of_a_second_order_model_are_lavaans():
    found = invariance(SECOND_ORDER, second_order_groups(0.0), estimator="MLR", partial=False)
    for level in found.levels:
        golden = SECOND["cases"]["so0"][level.level]
        assert (level.df, level.parameters) == (golden["df"], golden["npar"])
        for name in ("chisq", "chisq_scaled", "cfi_robust", "rmsea_robust", "srmr"):
            assert level.fit[name] == pytest.approx(golden[name.replace("_", ".")], rel=1e-5, abs=1e-6)
    assert found.accepted == "strict"
    (mean,) = found.means
    golden = SECOND["cases"]["so0"]["scalar"]
    assert mean.construct == "top"
    assert (mean.estimate, mean.se) == (
        pytest.approx(golden["top_mean"], abs=1e-4),
        pytest.approx(golden["top_se"], rel=1e-3),
    )


def test_the_intercept_of_a_construct_that_differs_is_let_go():
    groups = second_order_groups(0.5)
    whole = invariance(SECOND_ORDER, groups, estimator="ML", partial=False)
    tests = {r.item: r for r in whole.releases if r.kind == "intercepts"}
    for name, golden in SECOND["intercept_tests"].items():
        assert tests[name].statistic == pytest.approx(golden, abs=0.001)
        assert tests[name].df == 1
    found = invariance(SECOND_ORDER, groups, estimator="MLR")
    assert [m.construct for m in found.means] == ["top"]
    assert [r.parameter for r in found.freed] == ["b ~ 1"]
    partial = [r for r in found.levels if r.level == "scalar"][-1]
    golden = SECOND["cases"]["so5"]["partial"]
    assert (partial.df, partial.fit["chisq"]) == (golden["df"], pytest.approx(golden["chisq"], rel=1e-6))
    assert found.means[0].estimate == pytest.approx(golden["top_mean"], abs=1e-4)
    assert "the intercept of b" in found.verdict.text.en


def test_letting_an_equality_go_in_three_groups_takes_two_degrees_of_freedom():
    groups = {n: two_constructs(200, seed=s) for n, s in (("a", 1), ("b", 2), ("c", 3))}
    found = invariance(MODEL, groups, estimator="ML", partial=False)
    assert {r.df for r in found.releases} == {2}
    # the score test and what chi-square falls by agree for a model that holds
    first = next(r for r in found.releases if r.level == "metric" and r.item == "x2")
    two = "f =~ x1 + x2 + x3 + x4\ng =~ y1 + y2 + y3 + y4"
    whole, freed = (
        cfa_by_group(two, groups, group_equal=["loadings"], group_partial=partial).fit["chisq"]
        for partial in ([], ["f =~ x2"])
    )
    assert first.statistic == pytest.approx(whole - freed, rel=0.05, abs=0.1)


def test_populations_that_are_alike_keep_their_levels_and_a_shift_is_caught():
    # the simulation behind the rule (1,440 ladders that hold, 2 to 12 items, 100 and 250 a group): 97.6 % are
    # kept up to scalar; the guidelines alone, without the difference test, kept 78.8 %
    kept = caught = 0
    for seed in range(40):
        base = two_constructs(150, seed=2 * seed, noise=0.9).select(ITEMS[:4])
        other = two_constructs(150, seed=2 * seed + 1, noise=0.9, mean=0.3).select(ITEMS[:4])
        moved = other.rows.copy()
        moved[:, 1] += 0.7
        ask = {"estimator": "MLR", "partial": False, "levels": ("configural", "metric", "scalar")}
        model = MODEL.splitlines()[0]
        kept += invariance(model, {"a": base, "b": other}, **ask).accepted == "scalar"
        shifted = {"a": base, "b": Answers.of_rows(moved, ITEMS[:4])}
        caught += invariance(model, shifted, **ask).accepted != "scalar"
    assert kept >= 38
    assert caught >= 38


def test_full_information_uses_rows_with_gaps():
    groups = {}
    for name, seed in (("a", 1), ("b", 2)):
        rows = two_constructs(300, seed=seed).rows.copy()
        rows[np.random.default_rng(seed).random(rows.shape) < 0.05] = np.nan
        groups[name] = Answers.of_rows(rows, ITEMS)
    found = invariance(MODEL, groups, estimator="MLR", missing="fiml")
    assert found.base.respondents == 600
    assert found.comparable == "means"
    assert invariance(MODEL, groups).base.respondents < 450


def test_full_information_with_ordinary_errors_is_maximum_likelihood_where_nothing_is_missing():
    groups = {"a": two_constructs(200), "b": two_constructs(200, seed=2)}
    full = invariance(MODEL, groups, estimator="ML", missing="fiml", partial=False)
    plain = invariance(MODEL, groups, estimator="ML", partial=False)
    for one, other in zip(full.levels, plain.levels, strict=True):
        assert one.chi_square == pytest.approx(other.chi_square, rel=1e-6)
        assert one.cfi == pytest.approx(other.cfi, abs=1e-5)
    assert full.accepted == plain.accepted


def test_groups_too_small_are_named_with_their_size():
    groups = {"a": two_constructs(300), "b": two_constructs(60, seed=2), "c": two_constructs(5, seed=3)}
    found = invariance(MODEL, groups)
    said = {c.code: c.text.en for c in found.cautions}
    assert "c (n = 5)" in said["group_left_out"]
    assert "b (n = 60)" in said["small_group"]
    assert found.groups == ("a", "b")
    assert found.base.rows == 365
    with pytest.raises(CannotCompute, match=r"c \(n = 5\)"):
        invariance(MODEL, {"a": groups["a"], "c": groups["c"]})
    with pytest.raises(CannotCompute, match="1 group given"):
        invariance(MODEL, {"a": groups["a"]})


def test_what_cannot_be_asked_is_said():
    groups = {"a": two_constructs(100), "b": two_constructs(100, seed=2)}
    constant = groups["b"].rows.copy()
    constant[:, 2] = 4.0
    with pytest.raises(CannotCompute, match=r"group 'b'.*x3"):
        invariance(MODEL, {**groups, "b": Answers.of_rows(constant, ITEMS)})
    twin = groups["b"].rows.copy()
    twin[:, 2] = twin[:, 1]
    with pytest.raises(CannotCompute, match="group 'b'"):
        invariance(MODEL, {**groups, "b": Answers.of_rows(twin, ITEMS)})
    with pytest.raises(UnknownName, match="level"):
        invariance(MODEL, groups, levels=("configural", "metrick"))
    with pytest.raises(BadInput, match="leave out configural"):
        invariance(MODEL, groups, levels=("metric",))
    with pytest.raises(UnknownName, match="x9"):
        invariance("f =~ x1 + x2 + x9", groups)


def test_a_negative_error_variance_in_one_group_forbids_comparison():
    few = two_constructs(30, seed=2, noise=2.5)
    found = invariance(MODEL, {"a": two_constructs(200), "b": few})
    assert found.comparable == "nothing"
    assert found.accepted is None
    assert found.verdict.failed
    assert "In group b the error variance of x3 is negative" in found.verdict.text.en
    assert "组别b" in found.verdict.text.zh
    assert found.plots() == {}


def test_the_group_without_a_solution_is_named():
    few = two_constructs(30, seed=3, noise=2.5)
    with pytest.raises(CannotCompute, match=r"configural level: no best solution was found in b \(n = 30\)"):
        invariance(MODEL, {"a": two_constructs(200), "b": few})


def test_a_survey_answers_by_segment_and_in_json():
    parts = [two_constructs(400), two_constructs(400, intercepts=0.9, seed=2)]
    rows = np.clip(np.round(np.vstack([p.rows for p in parts])), 1, 10).astype(int)
    columns = {item: [str(v) for v in rows[:, j]] for j, item in enumerate(ITEMS)}
    columns["city"] = ["1"] * 400 + ["2"] * 400
    responses = bound(
        columns,
        dict.fromkeys(ITEMS, TEN),
        constructs={"f": ITEMS[:4], "g": ITEMS[4:]},
        segments=[Segment("city", Text("City"), labels={"1": Text("Oslo"), "2": Text("Bergen")})],
    )
    found = Chain(responses).invariance("city")
    assert found.groups == ("Oslo", "Bergen")
    assert [r.item for r in found.freed][:1] == ["x2"]
    body = json.loads(json.dumps(found.to_dict()))
    assert body["analysis"] == "invariance"
    assert body["comparable"] == "means"
    assert "x2的截距" in found.text("zh")


def test_waves_are_compared_on_the_items_all_of_them_asked():
    def wave(seed, items, **differing):
        rows = np.clip(np.round(2 * two_constructs(400, seed=seed, **differing).rows - 4), 1, 10).astype(int)
        columns = {item: [str(v) for v in rows[:, ITEMS.index(item)]] for item in items}
        blocks = {"f": [i for i in items if i[0] == "x"], "g": [i for i in items if i[0] == "y"]}
        return bound(columns, dict.fromkeys(items, TEN), constructs=blocks)

    alike = invariance_between({"2014": wave(1, ITEMS), "2015": wave(2, ITEMS[:-1])})
    assert alike.items == ITEMS[:-1]
    assert alike.verdict_on_means == alike.verdict
    two = {"2014": wave(1, ITEMS), "2015": wave(2, ITEMS, intercepts=1.5)}
    partial = invariance_between(two)
    assert partial.verdict_on_means.level == "doubtful"
    metric = invariance(
        MODEL, {"a": two_constructs(300), "b": two_constructs(300, intercepts=1.0, seed=2)}, partial=False
    )
    assert metric.comparable == "associations"
    assert metric.verdict_on_means.failed
    assert not metric.verdict.failed


def test_the_command_line_compares_waves_under_invariance(tmp_path, capsys):
    lines = [",".join([*ITEMS, "year"])]
    for year, seed in (("2014", 1), ("2015", 2)):
        rows = np.clip(np.round(2 * two_constructs(300, seed=seed).rows - 4), 1, 10).astype(int)
        lines += [",".join([*map(str, row), year]) for row in rows.tolist()]
    data, model = tmp_path / "waves.csv", tmp_path / "model.txt"
    data.write_text("\n".join(lines) + "\n", encoding="utf-8")
    model.write_text(MODEL, encoding="utf-8")
    asked = [str(data), "--items", ",".join(ITEMS), "--scale", "1-10", "--by", "year"]
    assert run(["invariance", *asked, "--model", str(model), "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert (body["comparable"], body["groups"]) == ("means", ["2014", "2015"])
    assert run(["invariance", *asked, "--model", str(model), "--lang", "zh"]) == 0
    assert "测量不变性" in capsys.readouterr().out
    assert run(["waves", *asked, "--invariance", "--json"]) == 0
    codes = {c["code"] for c in json.loads(capsys.readouterr().out)["cautions"]}
    # without an instrument all items are one construct, which does not fit
    assert "invariance_failed" in codes
