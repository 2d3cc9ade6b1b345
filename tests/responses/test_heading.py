"""Where the column names stand: below titles, and in two rows below merged cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from csat.responses.heading import has_second_row, rows_above
from csat.responses.raw import RawTable
from csat.responses.readers import read_file
from made_files import xlsx

NAMES = ["编号", "环境", "服务", "满意度"]
ANSWERS = [[f"R{i}", str(1 + i % 5), str(1 + i % 4), str(1 + i % 3)] for i in range(12)]


def read(folder: Path, name: str, rows: list[list[str]], encoding: str = "utf-8") -> RawTable:
    path = folder / name
    if name.endswith(".csv"):
        path.write_bytes("\n".join(",".join(r) for r in rows).encode(encoding))
    else:
        xlsx(path, rows)
    return read_file(path)


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
@pytest.mark.parametrize(
    "above",
    [
        [],
        [["2025年满意度调查", "", "", ""]],
        [["", "", "", ""]],
        [["满意度调查", "", "", ""], ["", "", "", ""], ["导出时间 2025-05-01", "", "", ""]],
    ],
)
def test_titles_above_the_names_are_left_out_and_named(
    tmp_path: Path, name: str, above: list[list[str]]
) -> None:
    table = read(tmp_path, name, [*above, NAMES, *ANSWERS])
    assert list(table.columns) == NAMES
    assert table.columns["环境"].texts() == [r[1] for r in ANSWERS]
    np.testing.assert_array_equal(table.numbers_of_rows(), range(1, len(ANSWERS) + 1))
    said = " ".join(n.en for n in table.notes)
    filled = [row[0] for row in above if row[0]]
    assert ("above the column names" in said) == bool(filled or (above and name == "a.csv"))
    assert all(text in said for text in filled)


def test_a_title_of_one_cell_does_not_make_the_table_one_column_wide(tmp_path: Path) -> None:
    table = read(tmp_path, "a.csv", [["Survey 2025"], NAMES, *ANSWERS])
    assert list(table.columns) == NAMES


def test_a_platform_is_recognised_below_a_title(tmp_path: Path) -> None:
    own = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]
    rows = [[str(i), "2026/3/1 9:05:12", "60秒", "微信", "直接访问", "1.2.3.4", "4"] for i in range(1, 9)]
    table = read(tmp_path, "w.csv", [["门店满意度", *[""] * 6], [*own, "1、满意吗"], *rows])
    assert table.layout == "wenjuanxing"
    assert table.rows == 8


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_names_below_merged_cells_are_put_together(tmp_path: Path, name: str) -> None:
    head = [["编号", "评价", "", "满意度"], ["", "环境", "服务", ""]]
    table = read(tmp_path, name, [*head, *ANSWERS])
    assert list(table.columns) == ["编号", "评价 - 环境", "评价 - 服务", "满意度"]
    assert table.stems["评价 - 服务"] == ("评价", "服务")
    assert table.rows == len(ANSWERS)


def test_a_row_of_answers_is_no_second_row_of_names() -> None:
    assert not has_second_row(
        [["id", "", "sat"], ["a", "yes", "1"], ["b", "no", "2"], ["c", "yes", "3"], ["d", "no", "1"]]
    )
    assert not has_second_row(
        [["id", "q", ""], ["", "3", "4"], ["b", "1", "2"], ["c", "2", "3"], ["d", "1", "1"]]
    )
    assert not has_second_row(
        [["id", "q", "r"], ["", "x", "y"], ["b", "1", "2"], ["c", "2", "3"], ["d", "1", "1"]]
    )


def test_a_first_row_of_words_beside_a_nameless_column_is_no_row_of_names() -> None:
    rows = [[f"R{i}", f"comment {i}", f"note {i}"] for i in range(5)]
    assert not has_second_row([["id", "comment", ""], *rows])


def test_a_header_of_numbers_is_not_looked_for_below_an_empty_row() -> None:
    assert rows_above([["", "", ""], ["1", "2", "3"], ["4", "5", "6"]]) == 0


def test_a_guessed_western_encoding_is_said(tmp_path: Path) -> None:
    western = read(tmp_path, "a.csv", [["id", "Größe", "Qualité", "Año"], *ANSWERS], "cp1252")
    assert western.encoding == "cp1252"
    assert any("name the encoding" in n.en for n in western.notes)
    assert not any("name the encoding" in n.en for n in read(tmp_path, "b.csv", [NAMES, *ANSWERS]).notes)
