"""An instrument proposed from a data file."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import BadInput
from csat.instrument.labels import LABEL_SETS
from csat.instrument.profile import Column
from csat.instrument.propose import propose
from csat.instrument.toml import read_instrument
from golden_data import reference_rows


def named(columns):
    return [Column(name, cells) for name, cells in columns.items()]


def proposed(columns, source_name="data.csv"):
    text = propose(named(columns), source_name=source_name)
    return text, read_instrument(text, where=source_name)


def ratings(n=200, *, low=1, high=5, seed=1, down=False):
    """Answers that follow one hidden opinion."""
    rng = random.Random(seed)
    hidden = random.Random(0)
    middle = (low + high) / 2
    found = []
    for _ in range(n):
        opinion = hidden.gauss(0, 1) * (-1 if down else 1)
        found.append(str(min(high, max(low, round(middle + opinion + rng.gauss(0, 0.6))))))
    return found


def file(name):
    header, rows = reference_rows(f"data/{name}")
    return {h: [row[i] or None for row in rows] for i, h in enumerate(header)}


def part(text, name):
    """The block of the proposal about one column."""
    return next(block for block in text.split("\n\n") if f'"{name}"' in block)


def test_blocks_of_items_become_constructs():
    text, found = proposed({f"{p}{i}": ratings(seed=i) for p in ("imag", "sat") for i in (1, 2, 3)})
    assert [(c.id, c.role, len(c.items)) for c in found.constructs] == [
        ("Imag", "driver", 3),
        ("Sat", "outcome", 3),
    ]
    assert found.index == "Sat"
    assert [(s.minimum, s.maximum) for s in found.scales] == [(1, 5)]
    assert '# model = "Sat ~ Imag"' in text
    assert text.startswith("# Proposed by csat from data.csv (200 rows, 6 columns).\n")


def test_the_ends_of_a_scale_are_a_question_not_a_fact():
    text, found = proposed({f"x{i}_a": [v.replace("1", "2") for v in ratings(seed=i)] for i in range(4)})
    assert (found.scales[0].minimum, found.scales[0].maximum) == (1, 5)
    assert "Please check: answers from 2 to 5 were seen, so the ends below are a guess." in text


def test_few_answers_suggest_the_most_common_scale():
    _, found = proposed({f"sat{i}": ["1", "2", "3", "4"] for i in (1, 2)})
    assert found.scales[0].maximum == 5


def test_a_zero_below_a_short_scale_is_asked_about():
    text, found = proposed({f"sat{i}": [*ratings(seed=i), "0"] for i in (1, 2, 3)})
    assert found.items[0].no_answer == ("0",)
    assert "does 0 mean a blank" in text


def test_codes_that_stand_apart_are_asked_about():
    text, found = proposed({f"sat{i}": [*ratings(seed=i), "99", "-1"] for i in (1, 2, 3)})
    assert set(found.items[0].no_answer) == {"99", "-1"}
    assert "what do the codes -1, 99 mean?" in text


def test_label_lists_are_recognised_in_either_language():
    words = [t.zh for t in LABEL_SETS["satisfaction-5"].labels]
    text, found = proposed({"1、网点环境": words * 4, "2、服务态度": [*words, "不适用"] * 4})
    assert [i.text.zh for i in found.items] == ["1、网点环境", "2、服务态度"]
    assert found.items[0].scale.labels[5].zh == "非常满意"
    assert found.items[0].aliases == ("1、网点环境",)
    assert "'不适用' (4, NOT_APPLICABLE)" in text
    assert "is 'Very dissatisfied' the worst answer" in text


def test_numerals_with_words_become_labels():
    _, found = proposed(
        {"how": ["1 - never", "2 - sometimes", "3 - often", "3 - often"], "sat": ["1", "2", "5", "4"]}
    )
    assert found.item("how").scale.labels[3].en == "often"


def test_an_item_that_runs_against_the_others_is_asked_about():
    columns = {f"x{i}": ratings(seed=i) for i in (1, 2, 3)} | {"x4": ratings(seed=4, down=True)}
    text, found = proposed({f"mood{k[1:]}": v for k, v in columns.items()})
    assert "run against the others of mood" in part(text, "mood4")
    assert text.count("run against") == 1
    assert not found.item("mood4").reverse  # a guess is no fact


def test_the_reversed_items_of_a_known_scale_are_found():
    text, _ = proposed(file("bfi.csv"), "bfi.csv")
    flagged = re.findall(r'run against.*?\nid = "(\w+)"', text, flags=re.S)
    assert flagged == ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("weight", ["0.5", "1.5", "1.2", "0.8"] * 50, 'weight = ["weight"]'),
        ("pw", ["0.5", "1.5", "1.2", "0.8"] * 50, "positive decimals that average 1.000"),
        ("ResponseId", [f"R_{i}" for i in range(200)], 'respondent = ["ResponseId"]'),
        ("nr", [str(i) for i in range(200)], "whole numbers that hardly repeat"),
        ("gender", ["1", "2"] * 100, 'column = "gender"'),
        ("性别", ["男", "女"] * 100, "Seen: 男 (100), 女 (100)"),
        ("When", ["2026/03/01 12:00:00", "2026-3-2"] * 100, "# When: its values are dates or times"),
        ("Email", [f"{i}@example.org" for i in range(200)], "# Email: private, its name says"),
        ("comment", [f"word {i}" for i in range(200)], "# comment: free text"),
        ("empty", [None, ""] * 100, "# empty: no answers at all"),
        ("same", ["3"] * 200, "# same: one value only (3)"),
        ("rare", ["4"] * 3 + [None] * 197, "# rare: answered in 3 of 200 rows"),
        ("minutes", [str(i % 90) for i in range(200)], "# minutes: whole numbers from 0 to 89"),
    ],
)
def test_a_column_that_is_no_item_is_told_with_its_reason(name, values, expected):
    text, found = proposed({"sat1": ratings(seed=1), "sat2": ratings(seed=2), name: values})
    assert expected in text
    assert [i.id for i in found.items] == ["sat1", "sat2"]


def test_a_long_question_that_mentions_a_group_is_still_a_question():
    _, found = proposed(
        {"The waiting area is clean": ratings(), "网点布局合理，办理方便": ratings(), "sat": ratings()}
    )
    assert len(found.items) == 3


def test_without_items_it_says_what_was_seen():
    with pytest.raises(BadInput, match=r"no column looks like the answers.*name \(free text\)"):
        propose([Column("name", [f"a {i}" for i in range(50)])], source_name="x.csv")


@pytest.mark.parametrize(
    ("name", "items", "blocks"),
    [
        ("mobi.csv", 24, 6),
        ("satisfaction_gender.csv", 27, 6),
        ("bfi.csv", 25, 5),
        ("airline2.csv.gz", 14, 0),
    ],
)
def test_public_data_are_recognised(name, items, blocks):
    _, found = proposed(file(name), name)
    assert len(found.items) == items
    assert len(found.constructs) == blocks


def test_a_code_for_never_used_gives_itself_away():
    text, found = proposed(file("sfo2015.csv.gz"), "sfo2015.csv.gz")
    assert len(found.construct("Q7").items) == 15
    assert "a code such as 'never used'? Its share runs from 1% to 65% over the items" in text
    assert found.weight == ("WEIGHT",)
    assert found.respondent[0] == "RESPNUM"
    assert {"Q19GENDER", "Q18AGE", "BAREA"} <= {s.column for s in found.segments}


CELLS = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "0",
    "99",
    "-1",
    "满意",
    "Satisfied",
    "yes",
    "0.5",
    "1.5",
    "2026-01-01",
    "NA",
    "x",
    "5.0",
    "٣",
] + ["1 - a", "12 - b", "900 - c"]
NAMES = [
    "Q1",
    "sat1",
    "sat2",
    "NA",
    ".x",
    ".5",
    "1、a",
    "age",
    "weight",
    "id",
    "from",
    "Q2[a]",
] + ["q1 ", "Q 1", "", " "]
cells = st.one_of(st.none(), st.sampled_from(CELLS), st.text(max_size=5))
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=8))
columns_of_any_kind = st.dictionaries(names, st.lists(cells, min_size=8, max_size=8), min_size=1, max_size=8)


@given(columns_of_any_kind, st.text(max_size=8))
def test_every_proposal_reads_as_an_instrument(columns, source_name):
    try:
        text = propose(named(columns), source_name=source_name)
    except BadInput as error:
        assert "\n" not in str(error)
        return
    read_instrument(text, where="proposal")


@given(
    st.lists(
        st.sampled_from(
            [
                "sat1",
                "imag1",
                "imag2",
                "服务1",
                "服务2",
                "a、b",
                "1、x",
                "x!",
                "q",
            ]
        ),
        min_size=3,
        unique=True,
    ),
    st.sampled_from([(0, 10), *((1, high) for high in range(4, 12))]),
    st.randoms(use_true_random=False),
)
def test_ratings_of_any_common_scale_are_items(headers, ends, rng):
    low, high = ends
    every = [str(v) for v in range(low, high + 1)]
    _, found = proposed({h: every + [str(rng.randint(low, high)) for _ in range(100)] for h in headers})
    assert {(i.aliases or (i.id,))[0] for i in found.items} == set(headers)
    longer = {8: 9}.get(high, high)  # nobody asks on eight points
    assert [(s.minimum, s.maximum) for s in found.scales] == [(low, longer)]


def test_a_single_question_on_satisfaction_is_the_outcome():
    text, found = proposed(
        {"Q1 Overall, how satisfied are you?": ratings(), "Q2 Speed": ratings(), "Q3 Staff": ratings()}
    )
    assert [(c.id, c.role) for c in found.constructs] == [("Satisfaction", "outcome")]
    assert found.index == "Satisfaction"
    assert 'items = ["q2_speed", "q3_staff"]' in text.replace("# ", "")


def test_gaps_among_few_answers_are_no_codes_of_silence():
    _, found = proposed({"您有多大可能向他人推荐我们": ["3", "5", "8", "10"]})
    assert (found.scales[0].minimum, found.scales[0].maximum) == (1, 10)
    assert found.items[0].no_answer == ()
