"""Tables of plain values."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csat.display.lettering import columns
from csat.display.table import Table
from csat.errors import BadInput
from csat.language import Text


def example() -> Table:
    return Table(
        {
            "item": ["q1", "等待时间", "q3"],
            "wording": [Text("Price", "价格"), Text("Waiting time", "等候时间"), None],
            "n": np.array([90, 91, 92]),
            "mean": np.array([3.14159, math.nan, -0.5]),
            "share": [0.5, 0.25, 1.0],
            "p": [0.0001, 0.04, 1.0],
            "met": np.array([True, False, True]),
        },
        title=Text("Items", "题项"),
        notes=[Text("A note.", "说明。")],
        formats={"share": "share", "p": "p"},
    )


def test_plain_text_is_aligned_in_english():
    assert example().to_text() == (
        "Items\n"
        "Item      Wording        n    Mean   Share       p  Met\n"
        "--------  ------------  --  ------  ------  ------  ---\n"
        "q1        Price         90   3.142   50.0%  <0.001  yes\n"
        "等待时间  Waiting time  91       –   25.0%   0.040  no\n"
        "q3                      92  -0.500  100.0%   1.000  yes\n"
        "A note."
    )


def test_plain_text_is_aligned_in_chinese():
    lines = example().to_text("zh").splitlines()
    assert lines[0] == "题项" and lines[-1] == "说明。"
    assert lines[3].endswith("是") and lines[4].endswith("否")
    starts = [
        columns(line[: line.index(word)]) for line, word in zip(lines[3:5], ("价格", "等候时间"), strict=True)
    ]
    assert starts[0] == starts[1]


def test_long_words_go_on_below():
    table = Table({"item": ["a", "b"], "wording": ["long " * 30, "short"]})
    lines = table.to_text().splitlines()
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(line.split()) for line in lines).count("long") == 30


def test_values_are_unrounded_for_programs():
    records = example().to_records()
    assert records[0]["mean"] == 3.14159
    assert records[1]["mean"] is None
    assert records[1]["wording"] == {"en": "Waiting time", "zh": "等候时间"}
    assert example().to_records("zh")[1]["wording"] == "等候时间"
    assert [type(v) for v in records[0].values()] == [str, dict, int, float, float, float, bool]


def test_a_frame_has_the_column_names_and_the_numbers():
    frame = example().to_frame()
    assert list(frame.columns) == list(example().columns)
    assert frame["mean"].dtype == float and math.isnan(frame["mean"][1])


def test_words_in_cells_are_inert_in_html():
    nasty = '<script>alert("x")</script>&\'"'
    html = Table(
        {"item": [nasty], "x": [1.0]}, labels={"x": Text(nasty)}, title=Text(nasty), notes=[Text(nasty)]
    ).to_html()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4


def test_html_heads_rows_and_columns():
    html = example().to_html("zh")
    assert '<th scope="col" class="num">均值</th>' in html
    assert '<th scope="row">等待时间</th>' in html
    assert '<td class="num">−0.500</td>' in html


def test_one_value_stands_for_the_whole_column():
    table = Table({"item": ["a", "b"], "guideline": 0.7, "reason": Text("why", "原因")})
    assert [r["guideline"] for r in table.to_records()] == [0.7, 0.7]
    assert table.cells("zh")[1] == ["b", "0.700", "原因"]


def test_whole_numbers_among_measures_have_no_decimals():
    assert Table({"measure": ["df", "CFI"], "value": [99, 0.912]}).cells() == [["df", "99"], ["CFI", "0.912"]]


def test_an_empty_table_still_has_its_headings():
    table = Table({"item": [], "n": []})
    assert table.rows == 0 and table.to_records() == []
    assert table.to_text().splitlines()[0] == "Item  n"


def test_columns_of_different_length_are_refused():
    with pytest.raises(BadInput, match="differ in length"):
        Table({"item": ["a"], "n": [1, 2]})


def test_a_column_without_heading_is_refused():
    with pytest.raises(BadInput, match="'unheard_of' has no heading"):
        Table({"unheard_of": [1]})


def test_an_unknown_format_is_refused():
    with pytest.raises(BadInput, match="'n' as 'dollars'"):
        Table({"n": [1]}, formats={"n": "dollars"})


@given(st.lists(st.tuples(st.text(max_size=8), st.floats(allow_nan=True)), max_size=6))
def test_every_row_is_shown_in_every_form(rows):
    table = Table(
        {"item": [r[0] for r in rows], "value": [r[1] for r in rows]},
        formats={"value": "number", "item": "text"},
    )
    assert len(table.cells()) == len(table.to_records()) == len(table.raw()) == len(rows)
    assert table.to_html().count("<tr>") == len(rows) + 1


def test_printing_a_table_loads_no_data_frame_library():
    code = (
        "import sys; from csat.display.table import Table; Table({'item': ['a'], 'n': [1]}).to_text();"
        "sys.exit(any(m in sys.modules for m in ('pandas', 'matplotlib', 'rich')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
