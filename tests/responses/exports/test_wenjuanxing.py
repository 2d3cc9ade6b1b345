"""Wenjuanxing: numbered questions in every form, text, number and score exports."""

from __future__ import annotations

import csv

import pytest

from csat.responses.binding import bind
from csat.responses.readers import read_file
from export_files import SATISFACTION, instrument, item, spoken
from made_files import xlsx

META = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]


def meta(key: int, seconds: str = "123秒") -> list[object]:
    return [key, f"2026/3/{key} 9:05:12", seconds, "微信", "直接访问", "192.0.2.1(上海-上海)"]


def workbook(path, names, *rows, header=META):
    return xlsx(path, [header + names, *[meta(k) + list(row) for k, row in enumerate(rows, start=1)]])


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("1、总体满意吗?", "1"),
        ("1：总体满意吗?", "1"),
        ("1:总体满意吗?", "1"),
        ("1. 总体满意吗?", "1"),
        ("第1题 总体满意吗?", "1"),
        ("2、(办理速度)", "2.办理速度"),
        ("2、（办理速度）", "2.办理速度"),
        ("第2题(办理速度)", "2.办理速度"),
        ("2、请评价—办理速度", "2.办理速度"),
        ("2、请评价——办理速度", "2.办理速度"),
        ("25、(其他（请补充）:)", "25.其他（请补充）:"),
    ],
)
def test_a_question_has_one_name_in_every_export(tmp_path, header, name):
    table = read_file(workbook(tmp_path / "a.xlsx", [header], [5], [4]))
    assert list(bind(table, instrument(item(name))).report.matched.values()) == [header]


def test_the_text_export_is_read_in_its_own_encoding(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="gb18030") as file:
        csv.writer(file).writerows(
            [
                META + ["1、满意吗?", "2、渠道"],
                [*meta(1), "非常满意", "网点┋其他〖𠮷野家〗"],
                [*meta(2), "(空)", "(跳过)"],
            ]
        )
    table = read_file(path)
    assert table.encoding == "gb18030"
    assert spoken(bind(table, instrument(item("1", SATISFACTION))), "1") == [5.0, "NO_ANSWER"]
    assert table.choices["2"].answers() == [["网点", "其他"], []]
    assert table.choices["2"].write_in == ("𠮷野家", None)


def test_codes_of_silence_leave_the_numbers(tmp_path):
    table = read_file(workbook(tmp_path / "a.xlsx", ["1、满意吗?", "2、分数"], [5, 10], [-3, -2], [-2, -3]))
    responses = bind(table, instrument(item("1"), item("2", None)))
    assert spoken(responses, "1") == [5.0, "NOT_APPLICABLE", "NO_ANSWER"]
    # a quantity has no scale that could hold -2, but it could be one: the platform's code is believed
    assert spoken(responses, "2") == [10.0, "NO_ANSWER", "NOT_APPLICABLE"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("123秒", 123),
        ("2分3秒", 123),
        ("1小时2分3秒", 3723),
        ("1天1秒", 86401),
        ("0:02:03", 123),
        ("2分", 120),
        ("88", 88),
    ],
)
def test_durations_are_seconds(tmp_path, text, seconds):
    table = read_file(xlsx(tmp_path / "a.xlsx", [META + ["1、满意吗?"], meta(1, text) + [5]]))
    assert table.seconds is not None
    assert table.seconds.tolist() == [seconds]


def test_places_of_a_ranking_and_marks_of_options_are_told_from_ratings(tmp_path):
    names = [
        "1、(快)",
        "1、(好)",
        "2、(价格)",
        "2、(速度)",
        "2、(态度)",
        "3、(网点)",
        "3、(其他)",
        "4、(快)",
        "4、(好)",
    ]
    rows = [
        [1, 2, 1, 2, 3, 1, "1〖微信〗", 1, 2],
        [1, 1, 3, 1, 2, 0, 1, 2, 1],
        [5, 1, 2, -2, 1, 1, 0, 1, 2],
    ]
    table = read_file(workbook(tmp_path / "a.xlsx", names, *rows))
    assert table.choices["2"].answers() == [
        ["价格", "速度", "态度"],
        ["速度", "态度", "价格"],
        ["态度", "价格"],
    ]
    assert table.choices["3"].answers() == [["网点", "其他"], ["其他"], ["网点"]]
    assert table.choices["3"].write_in == ("微信", None, None)
    assert set(table.choices) == {"2", "3", "4"}
    assert table.choices["4"].place is not None


def test_the_score_is_no_item_and_nicknames_are_private(tmp_path):
    table = read_file(
        workbook(tmp_path / "a.xlsx", ["1、满意吗?"], ["小李", 14, 5], header=[*META, "微信昵称", "总分"])
    )
    assert table.roles["总分"] == "score"
    assert table.private == ("来自IP", "微信昵称")


def test_the_respondent_is_named_by_the_number_of_the_answer(tmp_path):
    table = read_file(workbook(tmp_path / "a.xlsx", ["1、满意吗?"], [5], [""], [4]))
    assert dict(table.dropped_keys) == {"empty": ("2",)}
    responses = bind(table, instrument(item("1")))
    assert responses.ids is not None
    assert list(responses.ids[[0, 1]]) == ["1", "3"]
