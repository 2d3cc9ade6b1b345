"""Every example export reads as the file of expectations beside it says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from csat.instrument.instrument import Instrument
from csat.responses.binding import bind
from csat.responses.raw import RawTable
from csat.responses.readers import read_file
from export_files import FOLDER, QUALITY, SATISFACTION, all_spoken, example, instrument, item

ZERO_TEN = (0, 10)
WENJUANXING = instrument(
    item("1", SATISFACTION),
    item("2.办理速度", SATISFACTION),
    item("2.员工态度", SATISFACTION),
    item("5", ZERO_TEN),
)
AIRPORT = ("Q7ART", "Q7FOOD", "Q7WIFI", "Q7ALL", "Q9RESTROOM", "Q9ALL", "Q10SAFE")

INSTRUMENTS: dict[str, Instrument] = {
    "qualtrics_numeric.tsv": instrument(
        item("Q1"), item("Q2_1"), item("Q2_2"), item("Q2_3"), item("Q4", ZERO_TEN)
    ),
    "qualtrics_text.csv": instrument(
        item("Q1", SATISFACTION), item("Q2_1", QUALITY), item("Q2_2", QUALITY), item("Q4", ZERO_TEN)
    ),
    "qualtrics_legacy.csv": instrument(item("Q1"), item("Q2_1"), item("Q2_2")),
    "surveymonkey_expanded.csv": instrument(
        item("satisfied", SATISFACTION, "Overall, how satisfied are you with us?"),
        item("Speed", QUALITY),
        item("Staff", QUALITY),
        item(
            "recommend", ZERO_TEN, "How likely is it that you would recommend us, to a friend or colleague?"
        ),
    ),
    "surveymonkey_condensed.xlsx": instrument(
        item("satisfied", SATISFACTION, "Overall, how satisfied are you with us?"),
        item("Speed", QUALITY),
        item("Staff", QUALITY, not_applicable=["0"]),
        item("recommend", ZERO_TEN, "How likely is it that you would recommend us?"),
        item("Age", None),
    ),
    "limesurvey_codes.csv": instrument(
        item("OSAT"), item("SERV[SQ001]"), item("SERV[SQ002]"), item("SERV[SQ003]"), item("NPS", ZERO_TEN)
    ),
    "limesurvey_full.csv": instrument(
        item("satisfied", SATISFACTION, "Overall, how satisfied are you?"),
        item("Speed of service", QUALITY),
        item("Staff", QUALITY),
        weight=("Weight",),
    ),
    "google_forms.csv": instrument(
        item("satisfied", (1, 5), "Overall, how satisfied are you?"),
        item("Speed", QUALITY),
        item("Staff", QUALITY),
    ),
    "google_forms_zh.xlsx": instrument(
        item("总体", (1, 5), "总体而言,您对本次服务满意吗?"),
        item("办理速度", SATISFACTION),
        item("员工态度", SATISFACTION),
    ),
    "wenjuanxing_text.csv": WENJUANXING,
    "wenjuanxing_codes.xlsx": WENJUANXING,
    "wenjuanxing_score.xls": WENJUANXING,
    "spss.sav": instrument(
        item("sat1", SATISFACTION), item("sat2", (1, 10)), item("nps", ZERO_TEN), respondent=("rid",)
    ),
    "rating_form.csv": instrument(item("Bewertung (1-5)"), weight=("Gewicht",)),
    "airport_codes.csv": instrument(
        *(item(i, no_answer=["0"], not_applicable=["6"]) for i in AIRPORT),
        weight=("WEIGHT",),
        respondent=("RESPNUM",),
    ),
}
QUESTIONS = {"channels": "Which channels did you use?", "渠道": "您使用过哪些渠道?"}


def expectations() -> dict[str, Any]:
    if not FOLDER.is_dir():
        return {}
    found = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    for name, wanted in found.items():
        if isinstance(wanted, dict) and "same_answers_as" in wanted:
            other = found[wanted["same_answers_as"]]
            same = ("items", "multiple", "ranking", "write_in", "kept", "duration_seconds", "dropped")
            found[name] = wanted | {k: other[k] for k in same}
    return {k: v for k, v in found.items() if not k.startswith("_")}


EXPECTED = expectations()
FILES = sorted(INSTRUMENTS)


@pytest.fixture(scope="module")
def tables() -> dict[str, RawTable]:
    return {}


def read(name: str, tables: dict[str, RawTable]) -> RawTable:
    path = example(name)
    if name not in tables:
        tables[name] = read_file(path)
    return tables[name]


@pytest.mark.skipif(not EXPECTED, reason="the folder of example exports is absent: set CSAT_FORMATS")
def test_every_example_has_an_instrument_here():
    assert sorted(EXPECTED) == FILES


@pytest.mark.parametrize("name", FILES)
def test_the_source_is_understood(name: str, tables: dict[str, RawTable]):
    table = read(name, tables)
    wanted = EXPECTED[name]
    found = {
        "layout": table.layout,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "sheet": table.sheet,
        "decimal": table.decimal,
        "header_rows": table.header_rows,
        "data_rows": table.rows_read,
    }
    assert found == found | {k: v for k, v in wanted.items() if k in found}
    assert table.evidence


@pytest.mark.parametrize("name", FILES)
def test_rows_are_kept_and_left_out_with_their_reason(name: str, tables: dict[str, RawTable]):
    table = read(name, tables)
    responses = bind(table, INSTRUMENTS[name])
    names = (
        responses.row_numbers.tolist()
        if responses.ids is None
        else list(responses.ids[np.arange(responses.rows)])
    )
    assert names == EXPECTED[name]["kept"]
    assert {reason: list(keys) for reason, keys in table.dropped_keys.items()} == EXPECTED[name]["dropped"]
    assert responses.report.rows_read == EXPECTED[name]["data_rows"]
    assert sum(responses.report.dropped.values()) == responses.report.rows_read - responses.report.rows_kept


@pytest.mark.parametrize("name", FILES)
def test_answers_and_silences_are_those_expected(name: str, tables: dict[str, RawTable]):
    responses = bind(read(name, tables), INSTRUMENTS[name])
    assert all_spoken(responses) | EXPECTED[name]["items"] == all_spoken(responses)
    assert not responses.report.missing_items or name == "wenjuanxing_score.xls"


@pytest.mark.parametrize(
    "name", [n for n in FILES if {"multiple", "ranking", "write_in"} & set(EXPECTED.get(n, ()))]
)
def test_questions_with_several_answers_are_taken_apart(name: str, tables: dict[str, RawTable]):
    table = read(name, tables)
    for kind in ("multiple", "ranking"):
        for question, answers in EXPECTED[name].get(kind, {}).items():
            wanted = QUESTIONS.get(question, question)
            found = next(c for q, c in table.choices.items() if q.startswith(wanted))
            assert found.answers() == answers
            assert (found.place is not None) == (kind == "ranking")
    for question, written in EXPECTED[name].get("write_in", {}).items():
        assert list(table.choices[question].write_in) == written


@pytest.mark.parametrize("name", FILES)
def test_what_the_file_says_beside_answers_is_reported(name: str, tables: dict[str, RawTable]):
    table, wanted = read(name, tables), EXPECTED[name]
    report = bind(table, INSTRUMENTS[name]).report
    if "private" in wanted:
        assert list(table.private) == wanted["private"]
        assert not set(wanted["private"]) & set(table.columns)
    if "duration_seconds" in wanted:
        assert table.seconds is not None
        assert table.seconds.tolist() == wanted["duration_seconds"]
    if "dates_usable" in wanted:
        assert table.submitted is not None
        assert (~np.isnat(table.submitted)).tolist() == wanted["dates_usable"]
    for column, parts in wanted.get("question", {}).items():
        assert list(table.stems[column]) == parts
    assert list(table.repeated_headers) == wanted.get("duplicate_headers", [])
    assert set(wanted.get("empty_columns", ())) <= set(table.empty_columns)
    for column in wanted.get("not_an_item", ()):
        assert table.roles[column] == "score"
    if "weight" in wanted:
        weights = bind(table, INSTRUMENTS[name]).weights
        assert weights is not None
        assert weights.tolist() == wanted["weight"]
    said = [n.en for n in report.notes] + [
        f"row {c.row}: {c.value} is not on the scale 1-5" for c in report.invalid
    ]
    assert set(wanted.get("cautions", ())) <= set(said)
    assert all(n.zh for n in report.notes)


@pytest.mark.parametrize("name", [n for n in FILES if "silence_codes" in EXPECTED.get(n, ())])
def test_codes_of_silence_are_listed_with_their_reason(name: str, tables: dict[str, RawTable]):
    report = bind(read(name, tables), INSTRUMENTS[name]).report
    wanted = EXPECTED[name]["silence_codes"]
    per_item = wanted if all(isinstance(v, dict) for v in wanted.values()) else {"": wanted}
    for item_name, codes in per_item.items():
        met = {s.value: s.reason for s in report.silent_codes if s.value and item_name in ("", s.item)}
        # a code of the dictionary that nobody gave is not listed, nor is one that only comments hold
        assert met.items() <= codes.items()
        assert met or name == "wenjuanxing_score.xls"


@pytest.mark.parametrize("name", [n for n in FILES if "label_codes" in EXPECTED.get(n, ())])
def test_labels_are_numbered_in_their_order(name: str, tables: dict[str, RawTable]):
    report = bind(read(name, tables), INSTRUMENTS[name]).report
    for question, labels in EXPECTED[name]["label_codes"].items():
        columns = ("Speed", "Staff") if question == "rate" else (question, f"{question}_1", f"{question}_2")
        met = {m.text: m.read_as for m in report.met if m.item in columns and not isinstance(m.read_as, str)}
        assert met
        assert met == {label: labels.index(label) + 1.0 for label in met}


def test_the_score_export_holds_no_fifth_question(tables: dict[str, RawTable]):
    report = bind(read("wenjuanxing_score.xls", tables), WENJUANXING).report
    assert list(report.missing_items) == ["5"]
