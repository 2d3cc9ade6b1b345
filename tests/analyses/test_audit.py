"""The audit: every fixture of METHODS 3 and the contradictions of the sources, with the reason."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csat.analyses.audit import JUDGEMENTS, KINDS, audit, claim_of
from csat.analyses.audit_claims import printed
from csat.analyses.audit_counts import Rate
from csat.errors import BadInput, CsatError, UnknownName


def one(**claim):
    return audit([claim]).findings[0]


@pytest.mark.parametrize(
    ("claim", "judgement", "reason"),
    [
        # the bank study: df 99, chi-square 1329.480
        (
            {"kind": "bartlett_df", "df": 99, "items": 12},
            "false",
            "df impossible: it is p(p - 1)/2 for a whole p, and 99 fits none (p = 14.58); 12 items need 66",
        ),
        ({"kind": "bartlett_df", "df": 99}, "false", "fits none (p = 14.58)."),
        ({"kind": "bartlett_df", "df": 66, "items": 12}, "true", "12 items give 66"),
        ({"kind": "bartlett_df", "df": 66}, "true", "12 items"),
        ({"kind": "bartlett_df", "df": 55, "items": 12}, "false", "12 items need 66; 55 fits 11"),
        (
            {
                "kind": "bartlett_size",
                "chi_square": 1329.480,
                "n": 93,
                "items": 12,
                "factors": 5,
                "cumulative": 0.631,
                "kmo": 0.765,
            },
            "false",
            "ln det R = -15.252; with equal loadings 0.606 these figures give 132.885, 10.005 times less",
        ),
        # the directory study: R, n, F; the index
        (
            {"kind": "regression_f", "r": ".596", "n": 430, "drivers": 2, "f": "53.85"},
            "false",
            "R and n give F(2,427) = 117.62; F 53.85 would need n 198.5 or R 0.449",
        ),
        (
            {"kind": "regression_f", "r": ".596", "n": 430, "drivers": 2, "f": "117.6"},
            "true",
            "117.31 to 117.93",
        ),
        ({"kind": "reachable", "index": "57.25", "n": 430}, "false", "No sum of whole answers"),
        ({"kind": "reachable", "index": "57.25", "n": 400}, "true", "per cent of maximum"),
        # returns: cut, not rounded
        (
            {"kind": "rate", "part": 98, "whole": 145, "per_cent": "67.58"},
            "false",
            "Cut, not rounded: 67.586207 % is 67.59 %",
        ),
        ({"kind": "rate", "part": 98, "whole": 145, "per_cent": "67.59"}, "true", "67.586207"),
        ({"kind": "rate", "part": 93, "whole": 98, "per_cent": 94.9}, "true", "94.897959"),
        ({"kind": "rate", "part": 430, "whole": 480, "per_cent": "89.58"}, "true", "89.583333"),
        ({"kind": "rate", "part": 360, "whole": 3833, "per_cent": "12"}, "false", "The counts give 9 %"),
        # the tobacco study: sums and counts
        ({"kind": "parts", "parts": [15, 13, 5], "whole": 34}, "false", "The sum is 33, not 34"),
        ({"kind": "parts", "parts": [136, 224], "whole": 460}, "false", "The sum is 360, not 460"),
        (
            {"kind": "parts", "parts": [15, 13, 5, 1], "count": 3},
            "false",
            "4 parts are listed, not 3",
        ),
        ({"kind": "parts", "parts": [1, 3, 5, 9, 14, 68], "whole": 100, "count": 6}, "true", "fit"),
        ({"kind": "parts", "parts": ["34.7", "50.61", "14.7"], "whole": 100}, "true", "fit"),
        # the power survey
        (
            {"kind": "change", "share_1": 0.82, "share_2": 0.88},
            "undecidable",
            "need 273 for p < 0.05, and 555",
        ),
        ({"kind": "change", "share_1": 0.82, "share_2": 0.88, "n_1": 500}, "true", "z = 2.66, p = 0.008"),
        ({"kind": "change", "share_1": 0.82, "share_2": 0.88, "n_1": 200}, "false", "z = 1.68, p = 0.093"),
    ],
)
def test_claims_of_the_sources(claim, judgement, reason):
    found = one(**claim)
    assert found.judgement == judgement
    assert reason in found.reason.en
    assert found.reason.zh
    assert found.said.zh


def test_a_slipped_decimal_point_is_suspected_not_proved():
    found = one(
        kind="bartlett_size", chi_square=1329.480, n=93, items=12, factors=5, cumulative=0.631, kmo=0.765
    )
    assert "n = 877.9" in found.reason.en
    assert "slipped decimal point" in found.reason.en
    assert "cannot be proved" in found.reason.en


def test_a_fitting_chi_square_holds_and_a_middling_one_is_open():
    base = {"kind": "bartlett_size", "n": 93, "items": 12, "factors": 5, "cumulative": 0.631, "kmo": 0.765}
    assert one(chi_square=132.9, **base).judgement == "true"
    assert one(chi_square=400.0, **base).judgement == "undecidable"
    impossible = one(chi_square=132.9, **(base | {"kmo": 0.99}))
    assert impossible.judgement == "undecidable"
    assert "between" in impossible.reason.en


def test_age_bands_overlap_and_leave_holes():
    """SOURCES A 9: SK's five segments."""
    found = one(
        kind="bands",
        bands=[
            ["ting", 13, 18],
            ["TTL", 19, 25],
            ["UTO", 25, 35],
            ["CARA", 30, 50, "women"],
            ["senior", 61, None],
        ],
    )
    assert found.judgement == "false"
    assert found.reason.en == ("overlap 25; overlap 30-35 (women); hole 51-60 (women); hole 36-60 (others).")
    assert one(kind="bands", bands=[["a", 0, 17], ["b", 18, None]]).judgement == "true"


def test_the_whole_audit():
    result = audit(
        [
            {"kind": "bartlett_df", "df": 99, "items": 12, "where": "bank, table 3"},
            Rate(part=98, whole=145, per_cent="67.59"),
            {"kind": "change", "share_1": 0.82, "share_2": 0.88},
        ]
    )
    assert "Of 3 claims 1 hold, 1 are false, 1 cannot be decided" in result.headline()[0].en
    assert result.verdict.failed
    assert result.table().column("where")[0] == "bank, table 3"
    made = json.loads(json.dumps(result.to_dict()))
    assert [f["judgement"] for f in made["findings"]] == ["false", "true", "undecidable"]
    assert "不成立" in result.summary("zh")
    assert not audit([Rate(part=1, whole=2, per_cent=50)]).verdict.failed


def test_wrong_claims_are_refused():
    with pytest.raises(BadInput, match="no claim"):
        audit([])
    with pytest.raises(UnknownName, match="claim 1"):
        audit([{"kind": "rates"}])
    with pytest.raises(UnknownName, match="field"):
        audit([{"kind": "rate", "parts": 5}])
    with pytest.raises(BadInput, match="whole, per_cent is missing"):
        audit([{"kind": "rate", "part": 5}])
    with pytest.raises(BadInput, match="n is 'many'"):
        audit([{"kind": "reachable", "index": 5, "n": "many"}])
    with pytest.raises(BadInput, match="is no number"):
        audit([{"kind": "rate", "part": 5, "whole": 7, "per_cent": "about half"}])
    with pytest.raises(BadInput, match="does not exist"):
        audit([{"kind": "rate", "part": 5, "whole": 0, "per_cent": "5"}])
    with pytest.raises(BadInput, match="without the whole"):
        audit([{"kind": "parts", "parts": [1, 2]}])
    with pytest.raises(BadInput, match="ends before"):
        audit([{"kind": "bands", "bands": [["a", 5, 4]]}])
    with pytest.raises(BadInput, match=r"0\.82"):
        audit([{"kind": "change", "share_1": 82, "share_2": 88}])


def test_every_kind_can_be_named():
    for name, made in KINDS.items():
        with pytest.raises(BadInput, match=name):
            claim_of({"kind": name, "nothing": 1})
        assert made.__doc__


def test_decimals_are_those_printed():
    assert printed("67.50") == (67.5, 2)
    assert printed("67.58 %") == (67.58, 2)
    assert printed("1,329.480") == (1329.48, 3)
    assert printed(12) == (12.0, 0)
    assert printed(0.5) == (0.5, 1)


FIELDS = sorted({name for made in KINDS.values() for name in made.__dataclass_fields__})
ANYTHING = st.one_of(
    st.integers(-3, 500),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 1),
    st.text(max_size=6),
    st.sampled_from(["67.58", ".596", "1e400", "12"]),
    st.none(),
    st.lists(st.one_of(st.integers(-5, 200), st.text(max_size=3), st.just(["a", 1, 5])), max_size=4),
)


@settings(max_examples=300)
@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)))
def test_whatever_a_file_claims_is_judged_or_refused(data, kind):
    known = [f for f in FIELDS if f in KINDS[kind].__dataclass_fields__]
    claim = {name: data.draw(ANYTHING, label=name) for name in known if data.draw(st.integers(0, 5))}
    try:
        found = audit([{"kind": kind, **claim}]).findings[0]
    except CsatError as error:
        assert error.exit_code == 2
        return
    assert found.judgement in JUDGEMENTS
    assert found.reason.en
