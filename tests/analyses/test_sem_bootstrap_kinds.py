"""Bootstrap of models in groups, with gaps, ordered items, rules: lavaan's replicates of the same rows."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from csat.analyses.sem import Moments, sem, sem_by_group
from csat.analyses.structural.answers import Answers
from csat.analyses.structural.bootstrap import replicas
from csat.analyses.structural.choosing import chosen
from csat.analyses.structural.group_solving import solved_groups
from csat.analyses.structural.grouped import GroupedModel
from csat.analyses.structural.model import ParameterEstimate, StructuralModel
from csat.analyses.structural.options import Options
from csat.analyses.structural.refitting import solved_replicates, told_of
from csat.analyses.structural.solving import solved
from csat.analyses.structural.whole import Whole
from csat.errors import BadInput
from csat.instrument.parameters import parameter_table
from csat.instrument.syntax import parse_model
from csat.numerics.replication import given_replicates, replication
from csat.numerics.resampling import poisson_multiplicities
from golden_data import reference_rows

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden/sem_bootstrap_kinds.json").read_text(encoding="utf-8")
)
WITHIN = GOLDEN["tolerance"]["value"]
NAMES = tuple(f"{c}{i}" for c in "svl" for i in (1, 2, 3))
MODEL = """
service =~ s1 + s2 + s3
value =~ v1 + v2 + v3
loyalty =~ l1 + l2 + l3
value ~ a*service
loyalty ~ b*value + c*service
indirect := a*b
total := indirect + c
"""
RULES = MODEL + "b == c\nindirect < 0.5\n"


def rows(n: int = 200, seed: int = 20) -> np.ndarray:
    """Nine five-point items of three constructs, service moving value moving loyalty."""
    z = np.random.default_rng(seed).standard_normal((n, 12))
    service = z[:, 0]
    value = 0.6 * service + 0.8 * z[:, 1]
    loyalty = 0.5 * value + 0.3 * service + 0.7 * z[:, 2]
    f = np.column_stack([service] * 3 + [value] * 3 + [loyalty] * 3)
    return np.clip(np.rint(3 + 0.9 * (0.85 * f + 0.5 * z[:, 3:])), 1, 5)


def holes(x: np.ndarray, seed: int = 1) -> np.ndarray:
    x = x.copy()
    x[np.random.default_rng(seed).random(x.shape) < 0.08] = np.nan
    return x


def two(x: np.ndarray, **own: Any) -> dict[str, Answers]:
    """The first 100 rows and the rest."""
    whole = Answers.of_rows(x, NAMES, **own)
    first = np.arange(len(x)) < 100
    return {"one": whole.where(first), "other": whole.where(~first)}


def how(estimator: str = "ML", missing: str = "listwise", ordered: Any = False, *, means: bool) -> Options:
    return Options(estimator, "normal", False, False, True, means, "Hu-Bentler", 0.95, missing, ordered, 0)


# lavaan, of the same rows


def data_of(kind: dict[str, Any]) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray | None]:
    """Names, rows, weights and groups of a kind."""
    file = "bfi" if kind["data"] == "bfi" else "holzinger"
    header, text = reference_rows(f"data/{file}.csv")
    column = {h: [row[i] for row in text][: kind["rows"]] for i, h in enumerate(header)}

    def numbers(name: str) -> np.ndarray:
        return np.array([float(v) if v not in ("", "NA") else np.nan for v in column[name]])

    names = list(dict.fromkeys(parse_model(kind["model"]).observed))
    x = np.column_stack([numbers(n) for n in names])
    if "halved" in kind["data"]:
        for j, name in enumerate(names):
            whole = kind["data"] != "halved" and name in ("x3", "x6", "x9")
            if name in {f"x{i}" for i in range(1, 10)} and not whole:
                x[:, j] = x[:, j] > np.median(x[:, j])
    number = np.arange(1, len(x) + 1) if file == "bfi" else numbers("id")
    labels = None if kind["column"] is None else np.array(column[kind["column"]])
    kept = np.ones(len(x), dtype=bool)
    if kind["options"].get("missing", "listwise") == "listwise":
        kept = ~np.isnan(x).any(axis=1)
    weights = 0.5 + (number[kept] % 5) / 3
    return names, x[kept], weights, None if labels is None else labels[kept]


def drawn(seed: int, sizes: list[int], replicates: int) -> list[np.ndarray]:
    """By group (R, n) how often each row was drawn."""
    factors = [np.zeros((replicates, n)) for n in sizes]
    s = seed
    for r in range(replicates):
        for own, n in zip(factors, sizes, strict=True):
            for _ in range(n):
                s = 16807 * s % 2147483647
                own[r, int(s / 2147483647 * n)] += 1
    return factors


def name_of(row: ParameterEstimate, groups: list[str]) -> str:
    if row.op == ":=":
        return f"{row.lhs} :="
    return row.name + (f" [{groups.index(row.group) + 1}]" if row.group else "")


@pytest.mark.parametrize("name", GOLDEN["kinds"])
def test_replicates_of_the_same_rows_are_lavaans(name: str) -> None:
    kind = GOLDEN["kinds"][name]
    own = dict(kind["options"])
    names, x, w, labels = data_of(kind)
    assert len(x) == kind["n"]
    weights = w if own.pop("weights", False) else None
    equal = own.pop("group_equal", [])
    model = parse_model(kind["model"])
    options = how(**own, means=labels is not None or own.get("missing") == "fiml")
    groups: list[str] = []
    if labels is None:
        data = Answers.of_rows(x, names, weights=weights)
        options = chosen(options, model, data)
        table = parameter_table(
            model, fixed_x=options.fixes_covariates, mean_structure=options.mean_structure
        )
        whole = Whole.of_solution(solved(table, data, options), data, options)
        parameters = sem(model, data, **own).parameters
        sizes = [len(x)]
    else:
        groups = list(dict.fromkeys(labels.tolist()))
        by_group = {
            g: Answers.of_rows(
                x[labels == g], names, weights=None if weights is None else weights[labels == g]
            )
            for g in groups
        }
        options = chosen(options, model, by_group)
        table = parameter_table(
            model,
            fixed_x=options.fixes_covariates,
            mean_structure=True,
            groups=tuple(groups),
            group_equal=equal,
        )
        found = solved_groups(table, by_group, options, equal=equal, partial=())
        whole = Whole.of_groups(found, by_group, options)
        parameters = sem_by_group(model, by_group, group_equal=equal, **own).parameters
        sizes = [len(a.rows) for a in by_group.values()]
    count = len(kind["est"])
    refitted = solved_replicates(whole, iter([drawn(kind["seed"], sizes, count)]), count)
    parts, defined = told_of(whole, refitted)
    raw = np.vstack([*(p.raw for p in parts), defined.raw])
    complete = np.vstack([*(p.complete for p in parts), defined.complete])
    place = {name_of(row, groups): i for i, row in enumerate(parameters)}
    place |= {
        name_of(row._replace(lhs=row.rhs, rhs=row.lhs), groups): i
        for i, row in enumerate(parameters)
        if row.op == "~~"
    }
    seen = 0
    for k, one in enumerate(kind["names"]):
        if ("~*~" in one and not groups) or (one not in place and one.split(" ")[1] == "~1"):
            # without groups scales are 1, and intercepts of ordered items 0: lavaan lists them
            continue
        for r in range(count):
            for ours, theirs in ((raw, kind["est"][r][k]), (complete, kind["std"][r][k])):
                if theirs is not None:
                    seen += 1
                    off = abs(ours[place[one], r] - theirs)
                    assert off < WITHIN * max(1.0, abs(theirs)), (one, r, ours[place[one], r], theirs)
    assert seen > 25


# Laws


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (RULES, {}),
        (RULES, {"estimator": "MLR"}),
        (MODEL, {"missing": "fiml"}),
        (RULES, {"missing": "fiml", "estimator": "MLR"}),
        (MODEL, {"ordered": True, "estimator": "WLSMV"}),
        (RULES, {"ordered": True, "estimator": "ULSMV"}),
        (MODEL, {"ordered": True, "estimator": "WLSMV", "missing": "pairwise"}),
        (MODEL, {"ordered": ["s1", "v1", "l1"], "estimator": "WLSMV"}),
        (MODEL, {"estimator": "DWLS"}),
    ],
)
def test_a_replicate_is_the_fit_to_its_respondents_counted_as_often(
    model: str, options: dict[str, Any]
) -> None:
    x = rows() if options.get("missing", "listwise") == "listwise" else holes(rows())
    data = Answers.of_rows(x, NAMES)
    own = how(**options, means=options.get("missing") == "fiml")
    table = parameter_table(
        parse_model(model), fixed_x=own.fixes_covariates, mean_structure=own.mean_structure
    )
    made = replicas(solved(table, data, own), data, own, replicates=4, seed=2)
    times = np.vstack(list(poisson_multiplicities(np.arange(len(x)), 4, seed=2)))
    for r in (1, 3):
        alone = sem(model, Answers.of_rows(np.repeat(x, times[r].astype(int), axis=0), NAMES), **options)
        assert alone.converged
        assert made.drawn.raw[:, r] == pytest.approx([p.est for p in alone.parameters], abs=2e-5)
        assert made.drawn.latent[:, r] == pytest.approx([p.std_lv for p in alone.parameters], abs=2e-5)
        assert made.drawn.complete[:, r] == pytest.approx([p.std_all for p in alone.parameters], abs=2e-5)
        at = {n: i for i, n in enumerate(table.variables)}
        for e in alone.effects:
            place = at[e.effect], at[e.cause], r
            assert made.drawn.total[place] == pytest.approx(e.total, abs=2e-5)
            assert made.drawn.std_indirect[place] == pytest.approx(e.std_indirect, abs=2e-5)


def grouped(model: str = MODEL, **options: Any) -> GroupedModel:
    data = options.pop("data", None) or two(rows())
    return sem_by_group(model, data, **({"bootstrap": 100, "group_equal": ["loadings"]} | options))


def test_groups_without_anything_in_common_are_resampled_as_each_alone() -> None:
    x = rows()
    # a label would hold in both
    model = MODEL.split(":=")[0].rpartition("\n")[0].replace("a*", "").replace("b*", "").replace("c*", "")
    both = grouped(model, data=two(x), group_equal=[], bootstrap=150)
    for name, answers in two(x).items():
        alone = sem(model, answers, mean_structure=True, bootstrap=150)
        for row in both.by_group[name].parameters:
            own = alone.parameter(row.lhs, row.op, row.rhs)
            assert own is not None
            assert row.boot_se == pytest.approx(own.boot_se, abs=1e-5)
            assert row.std_all_boot_upper == pytest.approx(own.std_all_boot_upper, abs=1e-4, nan_ok=True)
        for effect, own_effect in zip(both.by_group[name].effects, alone.effects, strict=True):
            assert effect.indirect_boot_lower == pytest.approx(own_effect.indirect_boot_lower, abs=1e-4)


def test_what_is_equal_in_all_groups_is_equal_in_every_replicate() -> None:
    found = grouped(group_equal=["loadings", "intercepts"])
    one, other = found.by_group.values()
    for a, b in zip(one.loadings, other.loadings, strict=True):
        assert (a.boot_se, a.boot_lower, a.boot_upper) == (b.boot_se, b.boot_lower, b.boot_upper)
    free = other.parameter("service", "~1", "")
    assert free is not None
    assert free.boot_se > 0.05


def test_a_difference_between_groups_has_its_interval() -> None:
    model = "service =~ s1 + s2 + s3\nvalue =~ v1 + v2 + v3\nvalue ~ c(p, q)*service\ngap := p - q"
    found = grouped(model, bootstrap=200, interval="bca", seed=3)
    gap = found.parameters[-1]
    assert (gap.lhs, gap.op) == ("gap", ":=")
    assert gap.boot_se == pytest.approx(gap.se, rel=0.3)
    assert gap.boot_lower < gap.est < gap.boot_upper
    assert "gap" in found.table("bootstrap").to_text("en")


@pytest.mark.parametrize(
    ("options", "blind"),
    [
        ({}, False),
        ({"missing": "fiml"}, True),
        ({"ordered": True, "estimator": "WLSMV", "group_equal": ["loadings", "thresholds"]}, False),
    ],
)
def test_errors_of_groups_are_near_those_of_theory(options: dict[str, Any], blind: bool) -> None:
    x = holes(rows(400)) if blind else rows(400)
    found = grouped(data=two(x), bootstrap=300, **options)
    assert found.bootstrap is not None
    assert found.bootstrap.used > 290
    ratios = [p.boot_se / p.se for p in found.parameters if p.free]
    assert 0.9 < np.median(ratios) < 1.15
    assert all(0.6 < r < 1.8 for r in ratios)


@pytest.mark.parametrize(
    "options",
    [
        {"missing": "fiml"},
        {"ordered": True, "estimator": "WLSMV"},
        {"model": RULES},
    ],
)
def test_bca_intervals_are_those_of_the_estimates_without_each_respondent(options: dict[str, Any]) -> None:
    own = dict(options)
    model = own.pop("model", MODEL)
    data = Answers.of_rows(rows(90), NAMES)
    found = sem(model, data, bootstrap=60, interval="bca", **own)
    plain = sem(model, data, bootstrap=60, **own)
    chosen_rows = [
        (p, q) for p, q in zip(found.parameters, plain.parameters, strict=True) if p.free and p.op == "=~"
    ]
    assert chosen_rows
    for p, q in chosen_rows:
        assert p.boot_se == q.boot_se
        assert math.isfinite(p.boot_lower)
        assert p.boot_lower < p.est < p.boot_upper
    assert any(p.boot_lower != q.boot_lower for p, q in chosen_rows)


def test_rules_hold_in_every_replicate() -> None:
    found = sem(RULES, Answers.of_rows(rows(), NAMES), bootstrap=100)
    b, c = found.parameter("loyalty", "~", "value"), found.parameter("loyalty", "~", "service")
    assert b is not None
    assert c is not None
    assert (b.boot_lower, b.boot_upper) == pytest.approx((c.boot_lower, c.boot_upper), abs=1e-6)
    assert next(p for p in found.parameters if p.lhs == "indirect").boot_upper <= 0.5 + 1e-6


def test_one_seed_gives_one_answer_in_groups_too() -> None:
    one, two_, other = (grouped(ordered=True, estimator="WLSMV", bootstrap=50, seed=s) for s in (5, 5, 6))
    assert one.to_dict() == two_.to_dict()
    assert [p.boot_se for p in one.parameters] != [p.boot_se for p in other.parameters]


def test_groups_without_numbers_of_rows_are_drawn_independently() -> None:
    x = rows(120)
    twins = {name: Answers.of_rows(x, NAMES) for name in ("one", "other")}
    model = "service =~ s1 + s2 + s3\nvalue =~ v1 + v2 + v3\nvalue ~ c(p, q)*service\ngap := p - q"
    found = sem_by_group(model, twins, bootstrap=100)
    # the same rows drawn alike would leave no difference
    assert found.parameters[-1].boot_se > 0.05


# Doubts


def test_a_category_that_a_replicate_loses_costs_its_threshold_alone() -> None:
    x = rows()
    x[:, 0] = np.minimum(x[:, 0], 4)
    x[:2, 0] = 5
    found = sem(MODEL, Answers.of_rows(x, NAMES), ordered=True, estimator="WLSMV", bootstrap=100)
    caution = next(c for c in found.cautions if c.code == "bootstrap thresholds lost")
    assert "s1" in caution.text.en
    assert "s1" in caution.text.zh
    cuts = {p.rhs: p for p in found.parameters if (p.lhs, p.op) == ("s1", "|")}
    assert math.isnan(cuts["t4"].boot_se)
    assert cuts["t3"].boot_se > 0
    assert found.bootstrap is not None
    assert found.bootstrap.used == 100


def test_a_replicate_without_two_answers_to_an_item_is_lost_and_the_item_named() -> None:
    x = (rows() > 3).astype(float)
    x[:, 4] = 0.0
    x[:4, 4] = 1.0
    found = sem(MODEL, Answers.of_rows(x, NAMES), ordered=True, estimator="WLSMV", bootstrap=200)
    assert found.bootstrap is not None
    assert found.bootstrap.used < 200
    caution = next(c for c in found.cautions if c.code in ("bootstrap replicates lost", "bootstrap withheld"))
    assert "v2" in caution.text.en
    assert "v2" in caution.text.zh


@pytest.mark.parametrize("kind", ["bootstrap", "jackknife", "given"])
@pytest.mark.parametrize("options", [{"missing": "fiml"}, {"ordered": True, "estimator": "WLSMV"}])
def test_how_respondents_were_drawn_is_honoured(kind: str, options: dict[str, Any]) -> None:
    x = rows(180)
    # rows of a cluster are copies: as if a third of them had been asked
    clusters = np.arange(180) // 3
    x = x[clusters]
    if kind == "given":
        weights = np.vstack(list(replication(n=180, clusters=clusters).row_factors(np.arange(180), 80))).T
        made = given_replicates(None, weights, type="bootstrap")
    else:
        made = replication(kind, n=180, clusters=clusters)  # type: ignore[arg-type]
    alone = sem(MODEL, Answers.of_rows(x, NAMES), bootstrap=200, **options)
    found = sem(MODEL, Answers.of_rows(x, NAMES, replication=made), bootstrap=200, **options)
    assert found.bootstrap is not None
    assert found.bootstrap.replicates == {"bootstrap": 200, "jackknife": 60, "given": 80}[kind]
    ratios = [
        p.boot_se / q.boot_se
        for p, q in zip(found.parameters, alone.parameters, strict=True)
        if p.free and p.op in ("=~", "~")
    ]
    assert np.median(ratios) == pytest.approx(math.sqrt(3), rel=0.25)


def test_weights_are_those_of_the_fit_in_every_replicate() -> None:
    x, w = holes(rows()), np.repeat([1.0, 2.5], 100)
    for options in ({"missing": "fiml"}, {"ordered": True, "estimator": "WLSMV", "missing": "pairwise"}):
        plain = sem(MODEL, Answers.of_rows(x, NAMES), bootstrap=50, **options)
        same = sem(MODEL, Answers.of_rows(x, NAMES, weights=np.full(200, 3.0)), bootstrap=50, **options)
        other = sem(MODEL, Answers.of_rows(x, NAMES, weights=w), bootstrap=50, **options)
        errors = [[p.boot_se for p in f.parameters if p.free] for f in (plain, same, other)]
        assert errors[1] == pytest.approx(errors[0], abs=1e-5)
        assert errors[2] != pytest.approx(errors[0], abs=1e-3)


# Bollen and Stine


def test_a_model_that_holds_in_groups_has_a_middling_bollen_stine_p() -> None:
    found = grouped(data=two(rows(400)), bollen_stine=True, bootstrap=200)
    assert found.bootstrap is not None
    assert found.bootstrap.bollen_stine_p == pytest.approx(found.fit["pvalue"], abs=0.25)
    wrong = grouped(
        "all =~ s1 + s2 + s3 + v1 + v2 + v3", data=two(rows(400)), bollen_stine=True, bootstrap=100
    )
    assert wrong.bootstrap is not None
    assert wrong.bootstrap.bollen_stine_p < 0.02


def test_bollen_stine_turns_answers_under_rules_too() -> None:
    false = sem(MODEL + "a == 0.02\n", Answers.of_rows(rows(), NAMES), bollen_stine=True, bootstrap=100)
    assert false.bootstrap is not None
    assert false.bootstrap.bollen_stine_p < 0.02


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"missing": "fiml"}, "gaps"),
        ({"ordered": True, "estimator": "WLSMV"}, "ordered items"),
    ],
)
def test_bollen_stine_is_refused_where_it_is_not_defined(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        grouped(bollen_stine=True, **options)
    assert "Leave it out" in str(caught.value)


def test_covariances_of_groups_cannot_be_resampled() -> None:
    data = {name: Moments.of_rows(own.rows, NAMES) for name, own in two(rows()).items()}
    with pytest.raises(BadInput, match="needs the answers"):
        sem_by_group(MODEL, data, bootstrap=100)


def test_a_model_that_is_not_identified_has_no_bootstrap() -> None:
    model = "service =~ NA*s1 + s2 + s3"
    found: StructuralModel = sem(model, Answers.of_rows(rows(), NAMES), missing="fiml", bootstrap=50)
    assert found.verdict.failed
    assert found.bootstrap is None
    assert any(c.code == "no bootstrap" for c in found.cautions)


# Tables


def test_tables_of_groups_speak_both_languages() -> None:
    found = grouped(bootstrap=50)
    tables = found.tables()
    assert list(tables)[-1] == "bootstrap"
    assert tables["bootstrap"].column("group")[0] == "one"
    assert set(tables["bootstrap_effects"].column("group")) == {"one", "other"}
    for name in ("bootstrap", "bootstrap_effects"):
        english, chinese = tables[name].to_text("en"), tables[name].to_text("zh")
        assert "50" in english
        assert "自助法" in chinese
        assert "{" not in english + chinese


# Edges


def test_rows_without_a_covariate_are_left_out_in_groups_too() -> None:
    x = rows()
    x[::9, 3] = np.nan
    x[1::7, 0] = np.nan
    model = "service =~ s1 + s2 + s3\nservice ~ v1"
    whole = sem_by_group(model, two(x), missing="fiml", bootstrap=60)
    known = ~np.isnan(x[:, 3])
    first = np.arange(len(x)) < 100
    left = {
        name: Answers.of_rows(x[own & known], NAMES, numbers=np.flatnonzero(own & known))
        for name, own in (("one", first), ("other", ~first))
    }
    alone = sem_by_group(model, left, missing="fiml", bootstrap=60)
    assert whole.n == tuple(len(a.rows) for a in left.values())
    assert [p.est for p in whole.parameters] == pytest.approx([p.est for p in alone.parameters], abs=1e-8)
    assert [p.boot_se for p in whole.parameters] == pytest.approx(
        [p.boot_se for p in alone.parameters], abs=1e-6
    )


@pytest.mark.parametrize(
    "options",
    [{}, {"missing": "fiml"}, {"ordered": True, "estimator": "WLSMV"}, {"estimator": "DWLS"}],
)
def test_a_group_that_is_one_cluster_is_not_always_drawn_and_that_is_counted(
    options: dict[str, Any],
) -> None:
    x = rows(150)
    clusters = np.where(np.arange(150) < 100, 0, 1 + np.arange(150) // 10)
    data = two(x, replication=replication(n=150, clusters=clusters))
    found = sem_by_group("service =~ s1 + s2 + s3", data, bootstrap=60, **options)
    assert found.bootstrap is not None
    assert found.bootstrap.withheld
    assert all(math.isnan(p.boot_se) for p in found.parameters)


def test_a_parameter_made_of_thresholds_is_lavaans_and_has_an_interval() -> None:
    golden = GOLDEN["thresholds"]
    header, text = reference_rows("data/bfi.csv")
    names = ("A1", "A2", "A3", "A4")
    x = np.array([[float(row[header.index(n)].replace("NA", "nan")) for n in names] for row in text[:600]])
    found = sem(golden["model"], Answers.of_rows(x, names), ordered=True, estimator="WLSMV", bootstrap=100)
    for name in ("gap", "twice"):
        row = next(p for p in found.parameters if p.lhs == name)
        assert (row.est, row.std_all) == pytest.approx((golden[name][0], golden[name][2]), abs=WITHIN)
        assert (row.se, row.std_all_se) == pytest.approx((golden[name][1], golden[name][3]), rel=1e-3)
        assert row.boot_se == pytest.approx(row.se, rel=0.35)
        assert row.boot_lower < row.est < row.boot_upper
        assert row.std_all_boot_se == pytest.approx(row.std_all_se, rel=0.35)
    # nothing else moved its place: thresholds come after what is made of them
    operators = [p.op for p in found.parameters]
    assert operators.index(":=") < operators.index("|")


def test_without_bootstrap_and_given_covariates_thresholds_still_make_parameters() -> None:
    model = "service =~ s1 + s2 + s3\nservice ~ v1\ns1 | u*t1\ns2 | w*t2\ngap := u - w"
    found = sem(model, Answers.of_rows(rows(), NAMES), ordered=["s1", "s2", "s3"], estimator="WLSMV")
    cuts = {(p.lhs, p.rhs): p for p in found.parameters if p.op == "|"}
    gap = next(p for p in found.parameters if p.op == ":=")
    assert gap.est == pytest.approx(cuts["s1", "t1"].est - cuts["s2", "t2"].est)
    assert gap.std_all == pytest.approx(cuts["s1", "t1"].std_all - cuts["s2", "t2"].std_all)
    assert 0 < gap.se < 1
