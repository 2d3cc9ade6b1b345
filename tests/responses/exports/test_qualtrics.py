"""Qualtrics exports: header rows, statuses, suffixes, several answers."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from csat.errors import BadInput, UnknownName
from csat.responses.binding import bind
from csat.responses.readers import read_file, read_frame
from export_files import instrument, item, spoken
from made_files import xlsx

META = [
    "StartDate",
    "EndDate",
    "Status",
    "IPAddress",
    "Progress",
    "Duration (in seconds)",
    "Finished",
    "ResponseId",
]
WORDS = [
    "Start Date",
    "End Date",
    "Response Type",
    "IP Address",
    "Progress",
    "Duration (in seconds)",
    "Finished",
    "Response ID",
]


def meta(
    key: str, status: str = "0", finished: str = "1", progress: str = "100", seconds: str = "60"
) -> list[str]:
    return [
        "2026-03-01 09:00:00",
        "2026-03-01 09:01:00",
        status,
        "192.0.2.1",
        progress,
        seconds,
        finished,
        f"R_{key}",
    ]


def export(
    path, tags: dict[str, str], rows: list[list[str]], *, ids: bool = True, encoding="utf-8", delimiter=","
):
    """tags : export tag to question text."""
    lines = [META + list(tags), WORDS + list(tags.values())]
    if ids:
        own = [json.dumps({"ImportId": m}) for m in META]
        lines.append(own + [json.dumps({"ImportId": re.sub(r"Q(?=\d)", "QID", t)}) for t in tags])
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(lines + rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("0", ""),
        ("4", ""),
        ("16", ""),
        ("1", "preview"),
        ("2", "test"),
        ("8", "spam"),
        ("9", "preview"),
        ("17", "preview"),
        ("12", "spam"),
        ("IP Address", ""),
        ("Survey Preview", "preview"),
        ("Survey Test", "test"),
        ("Spam", "spam"),
        ("Imported", ""),
        ("Offline", ""),
        ("", ""),
    ],
)
def test_a_status_says_whether_a_row_is_an_answer(tmp_path, status, reason):
    path = export(tmp_path / "a.csv", {"Q1": "How?"}, [meta("a") + ["5"], meta("b", status) + ["4"]])
    table = read_file(path)
    assert dict(table.dropped_keys) == ({reason: ("R_b",)} if reason else {})
    kept = read_file(path, keep_rows=[reason])
    assert kept.rows == 2


@pytest.mark.parametrize(
    ("word", "rows"), [("1", 2), ("0", 1), ("True", 2), ("False", 1), ("TRUE", 2), ("FALSE", 1)]
)
def test_unfinished_answers_are_left_out(tmp_path, word, rows):
    path = export(tmp_path / "a.csv", {"Q1": "How?"}, [meta("a") + ["5"], meta("b", finished=word) + ["4"]])
    assert read_file(path).rows == rows


def test_rows_without_any_answer_are_left_out_as_empty(tmp_path):
    path = export(
        tmp_path / "a.csv", {"Q1": "How?", "store": "store"}, [meta("a") + ["5", "x"], meta("b") + ["", "y"]]
    )
    table = read_file(path)
    assert dict(table.dropped_keys) == {"empty": ("R_b",)}
    assert table.numbers_of_rows().tolist() == [1]


def test_tags_that_are_no_items_have_their_role(tmp_path):
    tags = {
        "Q1": "How?",
        "1_Q5": "Loop",
        "Q2_TEXT": "Other",
        "Q6_First Click": "t",
        "Q6_Click Count": "t",
        "Q2_DO_1": "d",
        "Q4_NPS_GROUP": "group",
        "SC0": "Score",
        "Q_RecaptchaScore": "",
        "store": "store",
        "Q9_Browser": "b",
    }
    table = read_file(export(tmp_path / "a.csv", tags, [meta("a") + ["1"] * len(tags)]))
    roles = {t: table.roles.get(t, "") for t in tags}
    assert roles == {
        "Q1": "",
        "1_Q5": "",
        "Q2_TEXT": "write-in",
        "Q6_First Click": "timer",
        "Q6_Click Count": "timer",
        "Q2_DO_1": "order",
        "Q4_NPS_GROUP": "group",
        "SC0": "score",
        "Q_RecaptchaScore": "meta",
        "store": "embedded",
        "Q9_Browser": "meta",
    }
    assert table.respondent == "ResponseId"
    assert table.private == ("IPAddress",)
    assert "IPAddress" in read_file(tmp_path / "a.csv", keep_private=["IPAddress"]).columns


def test_the_wording_of_a_matrix_is_stem_and_part(tmp_path):
    tags = {
        "Q2_1": "Rate - us - Staff A",
        "Q2_2": "Rate - us - Staff B",
        "Q3": "Re-visit - likely? - Selected Choice",
    }
    table = read_file(export(tmp_path / "a.csv", tags, [meta("a") + ["5", "4", "3"]]))
    assert dict(table.stems) == {"Q2_1": ("Rate - us", "Staff A"), "Q2_2": ("Rate - us", "Staff B")}
    responses = bind(table, instrument(item("a", (1, 5), "staff a"), item("b", (1, 5), "Re-visit - likely?")))
    assert dict(responses.report.matched) == {"a": "Q2_1", "b": "Q3"}


def test_joined_codes_and_joined_labels_are_taken_apart(tmp_path):
    tags = {"Q3": "Which?", "Q4": "Which?", "Q5": "Why?"}
    rows = [
        ["1,2", "Branch, counter,App", "Slow, dear, dull"],
        ["12", "App", "Fine, I think"],
        ["-99", "Branch, counter", "No, never"],
    ]
    table = read_file(export(tmp_path / "a.csv", tags, [meta(str(k)) + r for k, r in enumerate(rows)]))
    assert table.choices["Q3"].answers() == [["1", "2"], ["12"], []]
    assert table.choices["Q3"].options == ("1", "2", "12")
    assert table.choices["Q4"].answers() == [["Branch, counter", "App"], ["App"], ["Branch, counter"]]
    assert "Q5" not in table.choices


def test_a_matrix_is_not_taken_for_a_list_of_options(tmp_path):
    tags = {"Q2_1": "Rate - Staff", "Q2_2": "Rate - Price"}
    table = read_file(export(tmp_path / "a.csv", tags, [meta("a") + ["1", "1"], meta("b") + ["1", "1"]]))
    assert not table.choices


def test_codes_below_zero_are_silence_where_the_scale_has_none(tmp_path):
    tags = {"Q1": "How?", "Q2": "Change?"}
    table = read_file(export(tmp_path / "a.csv", tags, [meta("a") + ["-99", "-1"], meta("b") + ["-1", "1"]]))
    responses = bind(table, instrument(item("Q1"), item("Q2", (-2, 2))))
    assert spoken(responses, "Q1") == ["NO_ANSWER", "NOT_APPLICABLE"]
    assert spoken(responses, "Q2") == [-1.0, 1.0]
    told = bind(table, instrument(item("Q1", no_answer=["-1"]), item("Q2", (-2, 2))))
    assert spoken(told, "Q1") == ["NO_ANSWER", "NO_ANSWER"]


@pytest.mark.parametrize("ids", [True, False])
def test_a_workbook_has_two_header_rows_or_three(tmp_path, ids):
    rows = [META + ["Q1"], WORDS + ["How?"]]
    rows += [[json.dumps({"ImportId": m}) for m in META + ["QID1"]]] if ids else []
    rows += [meta("a") + [5], meta("b") + [4]]
    table = read_file(xlsx(tmp_path / "a.xlsx", rows))
    assert (table.layout, table.header_rows, table.rows) == ("qualtrics", 2 + ids, 2)
    assert table.questions["Q1"] == "How?"


def test_an_export_without_question_text_has_one_header_row(tmp_path):
    rows = [META + ["Q1"], meta("a") + ["5"], meta("b") + ["4"]]
    table = read_file(xlsx(tmp_path / "a.xlsx", rows))
    assert (table.layout, table.header_rows, table.rows) == ("qualtrics", 1, 2)


def test_a_frame_made_of_an_export_is_read_as_the_export(tmp_path):
    path = export(tmp_path / "a.csv", {"Q1": "How?"}, [meta("a") + ["5"], meta("b", "1") + ["4"]])
    table = read_frame(pd.read_csv(path))
    assert (table.layout, table.header_rows, table.rows) == ("qualtrics", 3, 1)
    assert table.columns["Q1"].texts() == ["5"]


def test_the_old_layout_may_name_its_columns_in_the_second_row(tmp_path):
    old = [
        "ResponseID",
        "ResponseSet",
        "Name",
        "ExternalDataReference",
        "EmailAddress",
        "IPAddress",
        "Status",
    ]
    rows = [[f"V{k}" for k in range(1, 8)] + ["Q1_1", "Q1_2"], old + ["Rate-Staff", "Rate-Price"]]
    rows += [["R_1", "Default", "Ann", "", "a@b.example", "192.0.2.1", "0", "5", "4"]]
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    table = read_file(path)
    assert (table.layout, table.header_rows, table.rows) == ("qualtrics_legacy", 2, 1)
    assert set(table.private) == {"V3", "V4", "V5", "V6"}
    assert (table.respondent, table.stems["Q1_1"]) == ("V1", ("Rate", "Staff"))


def test_a_layout_can_be_named_and_must_exist(tmp_path):
    path = export(tmp_path / "a.csv", {"Q1": "How?"}, [meta("a") + ["5"]])
    assert read_file(path, layout="plain").rows == 3
    with pytest.raises(UnknownName, match=r"no layout is called 'qualtric'. Did you mean 'qualtrics'?"):
        read_file(path, layout="qualtric")


def test_a_file_that_could_be_two_layouts_is_refused_with_both(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "Respondent ID,Collector ID,序号,提交答卷时间,所用时间,来源,q1\n1,2,3,4,5,6,7\n8,9,1,2,3,4,5\n"
    )
    with pytest.raises(
        BadInput, match=r"could be SurveyMonkey \(.*\) or Wenjuanxing .*--layout: surveymonkey, wenjuanxing"
    ):
        read_file(path)
    assert read_file(path, layout="wenjuanxing").rows == 2


def test_repeated_keys_and_addresses_are_said_not_dropped(tmp_path):
    rows = [meta("a") + ["5"], meta("b") + ["4"], meta("a") + ["3"]]
    notes = [n.en for n in read_file(export(tmp_path / "a.csv", {"Q1": "How?"}, rows)).notes]
    assert notes == ["same IP address in rows 1 and 2 and 3", "same respondent in rows 1 and 3"]


def test_durations_come_with_the_answers(tmp_path):
    rows = [meta("a", seconds="35") + ["5"], meta("b", seconds="") + ["4"]]
    responses = bind(read_file(export(tmp_path / "a.csv", {"Q1": "How?"}, rows)), instrument(item("Q1")))
    assert responses.seconds is not None
    np.testing.assert_array_equal(responses.seconds, [35.0, np.nan])
    assert responses.where(np.array([False, True])).seconds is not None


def test_semicolons_and_utf16_do_not_hide_the_layout(tmp_path):
    for encoding, delimiter in (("utf-16", "\t"), ("utf-8-sig", ";"), ("gb18030", ",")):
        path = export(
            tmp_path / "a.csv", {"Q1": "满意吗"}, [meta("a") + ["5"]], encoding=encoding, delimiter=delimiter
        )
        table = read_file(path)
        assert (table.layout, table.encoding, table.delimiter) == ("qualtrics", encoding, delimiter)
