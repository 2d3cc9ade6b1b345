"""A stream counted in parts is the whole counted at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from csat.errors import BadInput
from csat.responses.binding import bind
from csat.responses.readers import read_file
from csat.tally.batches import count_batches
from csat.tally.tally import count
from export_files import instrument, item

ROWS = 700


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    answers = {f"q{k}": rng.integers(0, 7, ROWS) for k in range(4)}
    words = np.array(["1", "5", "N/A", "Very good", ""])[rng.integers(0, 5, ROWS)]
    return pd.DataFrame(
        answers
        | {"q4": words, "spend": rng.uniform(1, 9, ROWS).round(3), "w": rng.uniform(0.2, 3, ROWS).round(3)}
    )


OWN = instrument(
    *(item(f"q{k}", no_answer=["0"], not_applicable=["6"]) for k in range(4)),
    item("q4"),
    item("spend", None),
)


@pytest.fixture
def text(frame, tmp_path, monkeypatch):
    monkeypatch.setattr("csat.responses.delimited.BATCH", 1200)
    monkeypatch.setattr("csat.responses.encodings.BLOCK", 500)
    frame.to_csv(tmp_path / "a.csv", index=False)
    return tmp_path / "a.csv"


def whole(path, **options):
    return count(bind(read_file(path), OWN, keep_silent_rows=True, **options))


def test_the_parts_of_a_text_add_to_the_whole(text):
    parts, all_at_once = count_batches(text, OWN), whole(text)
    assert parts.rows == all_at_once.rows == ROWS
    # the origin of a quantity is that of the first part, so only sums about it differ
    items = [i for i in OWN.items if i.scale is not None]
    names = [i.id for i in items]
    assert parts.select(names) == all_at_once.select(names)
    np.testing.assert_allclose(parts.means(), all_at_once.means(), rtol=1e-12)
    np.testing.assert_allclose(parts.covariance(), all_at_once.covariance(), rtol=1e-9)


def test_weights_go_through_the_parts(text):
    parts, all_at_once = count_batches(text, OWN, weight="w"), whole(text, weight="w")
    assert parts.weighted
    np.testing.assert_allclose(parts.weight_sum, all_at_once.weight_sum, rtol=1e-12)
    np.testing.assert_allclose(parts.means(), all_at_once.means(), rtol=1e-12)
    np.testing.assert_array_equal(parts.silent, all_at_once.silent)


def test_only_complete_rows_are_counted_when_asked(text):
    names = [f"q{k}" for k in range(4)]
    parts = count_batches(text, OWN, items=names, complete=True)
    assert parts == count(bind(read_file(text), OWN, keep_silent_rows=True), names, complete=True)


def test_files_frames_and_streams_are_counted_alike(text, frame, tmp_path):
    wanted = whole(text).select([f"q{k}" for k in range(4)])
    table = pa.Table.from_pandas(frame)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=100)
    sources = {
        "parquet": tmp_path / "a.parquet",
        "polars": pl.DataFrame(frame),
        "pyarrow": table,
        "batches": table.to_batches(max_chunksize=90),
        "reader": pa.RecordBatchReader.from_batches(table.schema, table.to_batches()),
        "gzip": tmp_path / "a.csv.gz",
    }
    frame.to_csv(tmp_path / "a.csv.gz", index=False)
    for name, source in sources.items():
        assert count_batches(source, OWN).select(wanted.items) == wanted, name


def test_a_stream_without_rows_or_of_another_kind_is_refused(tmp_path):
    empty = pa.table({"q0": pa.array([], pa.int8())})
    with pytest.raises(BadInput, match="the stream holds no rows"):
        count_batches(empty, OWN)
    with pytest.raises(BadInput, match="there is no such file"):
        count_batches(tmp_path / "gone.parquet", OWN)
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match="only texts and parquet files are read in batches"):
        count_batches(tmp_path / "a.xlsx", OWN)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(BadInput, match="it cannot be read as parquet"):
        count_batches(tmp_path / "a.parquet", OWN)
    with pytest.raises(BadInput, match="no column answers an item"):
        count_batches(pa.table({"x": [1]}), OWN)


def test_ragged_lines_late_in_a_text_change_no_count(text):
    content = text.read_text().splitlines()
    content[600] = content[600].rsplit(",", 1)[0]
    text.write_text("\n".join(content) + "\n")
    names = [f"q{k}" for k in range(5)]
    assert count_batches(text, OWN).select(names) == whole(text).select(names)
