"""Room that words take."""

from hypothesis import given
from hypothesis import strategies as st

from csat.display.lettering import columns, has_cjk, padded, shortened, wrapped, wrapped_and_shortened

LABELS = st.text(alphabet="abc de等待时间，。-_/éα", max_size=60)


def test_chinese_characters_are_twice_as_wide_as_latin_letters():
    assert columns("等待 ab") == 7


def test_a_combining_mark_takes_no_room():
    assert columns("e\u0301") == 1


def test_padding_fills_up_to_the_same_width_in_both_scripts():
    assert columns(padded("等待", 8)) == columns(padded("wait", 8, right=True)) == 8
    assert padded("wait", 8, right=True) == "    wait"


def test_latin_words_break_at_spaces_and_chinese_anywhere():
    assert wrapped("waiting time at the counter", 12) == ["waiting time", "at the", "counter"]
    assert wrapped("柜台等候时间太长", 8) == ["柜台等候", "时间太长"]


def test_no_line_starts_with_a_closing_mark():
    assert wrapped("热情友好，服务周到", 8) == ["热情友好，", "服务周到"]


@given(LABELS, st.integers(4, 20))
def test_wrapping_keeps_every_character_but_spaces(text, width):
    assert "".join("".join(wrapped(text, width)).split()) == "".join(text.split())


@given(LABELS, st.integers(4, 20))
def test_shortened_labels_fit(text, width):
    assert columns(shortened(text, width)) <= width


@given(LABELS, st.integers(4, 20), st.integers(1, 3))
def test_wrapped_and_shortened_labels_have_few_lines(text, width, lines):
    assert len(wrapped_and_shortened(text, width, lines)) <= lines


def test_a_label_is_cut_after_a_whole_word():
    assert shortened("Staff are friendly and treat me with respect", 30) == "Staff are friendly and treat…"


def test_fullwidth_punctuation_counts_as_chinese():
    assert has_cjk("（") and has_cjk("价格") and not has_cjk("prix élevé")


def test_evening_out_the_lines_breaks_no_word() -> None:
    assert wrapped_and_shortened("Cleanliness: restrooms", 18, 2) == ["Cleanliness:", "restrooms"]
