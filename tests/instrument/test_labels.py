"""From words to codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.errors import UnknownName
from csat.instrument.instrument import Scale
from csat.instrument.labels import (
    LABEL_SETS,
    answer_code,
    best_sets,
    fold,
    label_codes,
    label_set,
    set_labels,
    silence_words,
)
from csat.language import Text

FIVE = Scale("five", 1, 5, set_labels("satisfaction-5", minimum=1, maximum=5, higher_is="better"))
BARE = Scale("bare", 1, 5)
ELEVEN = Scale("eleven", 0, 10)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Very satisfied", 5),
        ("非常满意", 5),
        ("  very  SATISFIED ", 5),
        ("非常不满意", 1),
        ("一般", 3),
        ("5 - Very satisfied", 5),
        ("5. 非常满意", 5),
        ("5、非常满意", 5),
        ("非常满意（5）", 5),
        ("4", 4),
        ("４", 4),
        ("4.0", 4),
        ("1分", 1),
        ("1 分", 1),
        ("Neither satisfied nor dissatisfied", 3),
        ("比较满意", 4),
        ("十分满意", 5),
        ("4 – Satisfied", 4),
    ],
)
def test_words_in_either_language_have_one_code(text, code):
    assert label_codes(FIVE)[fold(text)] == code
    assert answer_code(text, FIVE) == code


@pytest.mark.parametrize("text", ["", "6", "0", "blue", "3.5", "1 - Very satisfied", "99 - x", "5 - ", "-1"])
def test_what_is_no_answer_of_the_scale_has_no_code(text):
    assert answer_code(text, FIVE) is None


def test_a_numeral_with_unknown_words_is_its_numeral():
    assert answer_code("10 - Extremely likely", ELEVEN) == 10
    assert answer_code("0 = not at all likely", ELEVEN) == 0
    assert answer_code("Extremely likely (10)", ELEVEN) == 10


def test_a_scale_without_labels_knows_the_shipped_lists_of_its_length():
    codes = label_codes(BARE)
    assert codes[fold("Strongly agree")] == 5
    assert codes[fold("较好")] == 4
    assert fold("Dislike") not in codes  # Kano's answers are not in order


def test_words_on_which_lists_disagree_stay_unknown():
    # 'Somewhat dissatisfied' is 2 of 5 in one list and 3 of 7 in another; within one length nothing may clash
    for points in (2, 4, 5, 7):
        scale = Scale("s", 1, points)
        codes = label_codes(scale)
        for labels in LABEL_SETS.values():
            if labels.ordered and len(labels.labels) == points:
                found = [codes.get(fold(w)) for p in range(points) for w in labels.words(p)]
                expected = [p + 1 for p in range(points) for _ in labels.words(p)]
                assert all(f in (None, e) for f, e in zip(found, expected, strict=True))


def test_own_labels_rule_and_other_lists_stay_out():
    scale = Scale("odd", 1, 2, {1: Text("Neutral or dissatisfied"), 2: Text("Satisfied")})
    codes = label_codes(scale)
    assert codes["satisfied"] == 2 and codes["neutral or dissatisfied"] == 1
    assert "yes" not in codes


def test_the_codes_of_a_label_that_is_a_numeral_stay():
    scale = Scale("odd", 1, 2, {1: Text("2"), 2: Text("1")})
    assert (label_codes(scale)["1"], label_codes(scale)["2"]) == (1, 2)


def test_a_scale_that_runs_down_takes_a_list_from_its_top():
    labels = set_labels("satisfaction-5", minimum=1, maximum=5, higher_is="worse")
    assert labels[1].en == "Very satisfied"
    assert answer_code("很满意", Scale("down", 1, 5, labels, "worse")) == 1


def test_yes_and_no_are_a_scale_of_two():
    scale = Scale("yes", 0, 1)
    for yes in ("Yes", "Y", "TRUE", "是", "有", "1"):
        assert answer_code(yes, scale) == 1
    for no in ("No", "n", "false", "否", "没有", "0"):
        assert answer_code(no, scale) == 0


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("N/A", "NOT_APPLICABLE"),
        ("不适用", "NOT_APPLICABLE"),
        ("不了解", "NOT_APPLICABLE"),
        ("（跳过）", "NOT_APPLICABLE"),
        ("Don’t know", "NOT_APPLICABLE"),
        ("未使用", "NOT_APPLICABLE"),
        ("拒答", "NO_ANSWER"),
        ("(空)", "NO_ANSWER"),
        ("Refused", "NO_ANSWER"),
        ("", "NO_ANSWER"),
    ],
)
def test_a_word_of_silence_has_its_reason(word, reason):
    assert silence_words()[fold(word)] == reason


def test_no_word_of_silence_is_an_answer():
    words = {fold(w) for s in LABEL_SETS.values() for p in range(len(s.labels)) for w in s.words(p)}
    assert not words & silence_words().keys()


def test_a_list_says_each_word_once():
    for labels in LABEL_SETS.values():
        words = [fold(w) for p in range(len(labels.labels)) for w in labels.words(p)]
        assert len(words) == len(set(words)), labels.id


def test_lists_are_recognised_from_the_words_in_use():
    assert best_sets(["满意", "一般", "满意"])[0] == "satisfaction-5"
    assert best_sets(["Yes", "No"]) == ["yes-no"]
    assert best_sets(["满意", "blue"]) == []
    assert best_sets([]) == []


def test_an_unknown_list_is_named_with_the_close_one():
    with pytest.raises(UnknownName, match="Did you mean 'satisfaction-5'"):
        label_set("satisfacton-5")


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=20), st.integers(-3, 3), st.integers(1, 8))
def test_any_text_has_a_code_of_the_scale_or_none(text, low, points):
    scale = Scale("s", low, low + points)
    code = answer_code(text, scale)
    assert code is None or low <= code <= low + points


@given(st.integers(0, 10), st.sampled_from(["{} - Likely", "{}. ok", "{}分", "{}", "ok ({})", "{}: x y"]))
def test_a_written_numeral_is_its_code(code, form):
    assert answer_code(form.format(code), ELEVEN) == code
