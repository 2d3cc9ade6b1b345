"""An instrument proposed from an export uses what the platform says of each column."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from csat.instrument.instrument import Instrument
from csat.instrument.toml import read_instrument
from csat.responses.binding import bind
from csat.responses.proposal import proposal
from csat.responses.readers import read_file

N = 60
CODES = [1 + (3 * r + r // 5) % 5 for r in range(N)]
ZERO_TEN = [(3 * r + r // 5) % 10 for r in range(N)]
AGREEMENT = (
    "Strongly disagree",
    "Somewhat disagree",
    "Neither agree nor disagree",
    "Somewhat agree",
    "Strongly agree",
)
IMPORT_IDS = ("_recordId", "finished", "status", "QID1_1", "QID1_2", "QID2", "QID3", "branch")
MIXED = ("很不满意", "不太满意", "一般", "比较满意", "非常满意")


def written(path: Path, rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(rows)
    return path


def proposed(path: Path) -> tuple[str, Instrument]:
    text = proposal(read_file(path), source_name=path.name)
    return text, read_instrument(text, where=path.name)


@pytest.fixture
def qualtrics(tmp_path: Path) -> Path:
    head = [
        ["ResponseId", "Finished", "Status", "Q1_1", "Q1_2", "Q2", "Q3", "branch"],
        [
            "Response ID",
            "Finished",
            "Response Type",
            "Do you agree? - The staff are friendly",
            "Do you agree? - Fees are fair",
            "How likely are you to recommend us?",
            "Which do you use? - Selected Choice",
            "branch",
        ],
        [f'{{"ImportId":"{i}"}}' for i in IMPORT_IDS],
    ]
    rows = [
        [
            f"R_{r:015d}",
            "True",
            "IP Address",
            AGREEMENT[c - 1],
            AGREEMENT[c - 1],
            ZERO_TEN[r],
            "Card,App" if r % 2 else "Card",
            ("North", "South")[r % 2],
        ]
        for r, c in enumerate(CODES)
    ]
    return written(tmp_path / "q.csv", [*head, *rows])


def test_a_matrix_is_one_construct_with_the_wording_of_its_parts(qualtrics: Path) -> None:
    text, found = proposed(qualtrics)
    assert [(i.id, i.text.en) for i in found.items] == [
        ("Q1_1", "The staff are friendly"),
        ("Q1_2", "Fees are fair"),
        ("Q2", "How likely are you to recommend us?"),
    ]
    assert [(c.title.en, c.role) for c in found.constructs] == [
        ("Do you agree?", "driver"),
        ("How likely are you to recommend us?", "loyalty"),
    ]
    assert [s.column for s in found.segments] == ["branch"]
    assert "# Which do you use?: 2 options" in text


def test_a_recommendation_is_proposed_from_0_to_10_with_its_reason(qualtrics: Path) -> None:
    text, found = proposed(qualtrics)
    scale = found.item("Q2").scale
    assert scale is not None
    assert (scale.minimum, scale.maximum) == (0, 10)
    assert "a recommendation is usually asked for on 0 to 10; is the highest code the best answer?" in text


def test_a_proposal_reads_the_file_it_was_made_from(qualtrics: Path) -> None:
    _, found = proposed(qualtrics)
    responses = bind(read_file(qualtrics), found)
    np.testing.assert_array_equal(responses.answers(["Q1_1"])[:, 0], CODES)


def test_lettered_codes_are_items_and_a_question(tmp_path: Path) -> None:
    header = ["id", "submitdate", "lastpage", "startlanguage", "SAT", "SERV[SQ001]", "SERV[SQ002]"]
    rows = [[r, "2026-01-02 10:00:00", 3, "en", f"A{c}", f"A{c}", f"A{c}"] for r, c in enumerate(CODES, 1)]
    path = written(tmp_path / "ls.csv", [header, *rows])
    text, found = proposed(path)
    assert "the codes come as A1 and so on: is the number behind the letter the degree" in text
    assert [(c.id, c.role) for c in found.constructs] == [("Satisfaction", "outcome"), ("Serv", "driver")]
    np.testing.assert_array_equal(bind(read_file(path), found).answers(["SAT"])[:, 0], CODES)


def test_end_labels_with_their_number_behind_are_the_ends(tmp_path: Path) -> None:
    head = ["Respondent ID", "Collector ID", "Start Date", "How likely would you recommend us to a friend?"]
    words = {0: "Not at all likely - 0", 10: "Extremely likely - 10"}
    values = [words.get(v, v) for v in [*ZERO_TEN, 10]]
    path = written(
        tmp_path / "sm.csv",
        [
            head,
            ["", "", "", ""],
            *([f"114{r:08d}", 40, "05/20/2026 10:00:00 AM", v] for r, v in enumerate(values)),
        ],
    )
    _, found = proposed(path)
    scale = found.items[0].scale
    assert scale is not None
    assert (scale.minimum, scale.maximum) == (0, 10)
    assert scale.labels[10].en == "Extremely likely"
    answers = bind(read_file(path), found).answers([found.items[0].id])[:, 0]
    np.testing.assert_array_equal(answers, [*ZERO_TEN, 10])


def wenjuanxing(path: Path, *, words: bool) -> Path:
    own = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]
    asked = ["1、您的总体满意度：", "2、请评价(商品质量)", "2、(价格水平)", "3、推荐（0-10）"]
    header = [*own, *asked, "4、购买(食品)", "4、(其他)"]
    rows = [
        [
            r + 1,
            "2026/9/3 12:00:07",
            "60秒",
            "微信",
            "直接访问",
            "1.2.3.4(北京-北京)",
            *(MIXED[c - 1] if words else c for _ in range(3)),
            ZERO_TEN[r],
            r % 2,
            "1〖书〗" if r % 3 == 0 else 0,
        ]
        for r, c in enumerate(CODES)
    ]
    return written(path, [header, *rows], "gb18030")


def test_the_stem_before_the_first_part_belongs_to_all_parts(tmp_path: Path) -> None:
    table = read_file(wenjuanxing(tmp_path / "w.csv", words=False))
    assert table.stems["2、(价格水平)"] == ("请评价", "价格水平")
    assert table.stems["2、请评价(商品质量)"] == ("请评价", "商品质量")
    assert table.choices["4"].options == ("食品", "其他")


def test_text_and_number_exports_propose_the_same_items(tmp_path: Path) -> None:
    number, words = (proposed(wenjuanxing(tmp_path / f"{word}.csv", words=word))[1] for word in (False, True))
    assert [i.id for i in number.items] == [i.id for i in words.items]
    assert [(c.title.zh, c.role) for c in words.constructs] == [
        ("您的总体满意度", "outcome"),
        ("请评价", "driver"),
        ("推荐(0-10)", "loyalty")
        if "(0-10)" in words.constructs[2].title.zh
        else ("推荐（0-10）", "loyalty"),
    ]
    answers = bind(read_file(tmp_path / "True.csv"), words).answers(["商品质量"])[:, 0]
    np.testing.assert_array_equal(answers, CODES)


def test_a_dictionary_gives_scale_silence_and_groups(tmp_path: Path) -> None:
    import pandas as pd
    import pyreadstat

    likert = {5: "Very dissatisfied", 4: "Dissatisfied", 3: "Neutral", 2: "Satisfied", 1: "Very satisfied"}
    frame = pd.DataFrame({"sat": [float(c) for c in CODES], "region": [float(1 + r % 3) for r in range(N)]})
    frame.loc[0, "sat"] = 9.0
    pyreadstat.write_sav(
        frame,
        tmp_path / "s.sav",
        column_labels=["Overall satisfaction", "Region"],
        variable_value_labels={
            "sat": likert | {8: "Don't know", 9: "Refused"},
            "region": {1: "East", 2: "Mid", 3: "West"},
        },
        missing_ranges={"sat": [8, 9]},
    )
    text, found = proposed(tmp_path / "s.sav")
    item = found.item("sat")
    assert item.scale is not None
    assert (item.scale.minimum, item.scale.maximum, item.scale.higher_is) == (1, 5, "worse")
    assert (item.no_answer, item.not_applicable) == (("9",), ("8",))
    assert "the file's dictionary labels 1 to 5; is the highest code the worst answer?" in text
    assert found.segments[0].labels["3"].en == "West"
