import pytest

from csat.errors import BadInput
from csat.files import write_all, write_file


def test_files_are_written_into_a_folder_that_is_made(tmp_path):
    paths = write_all(tmp_path / "new" / "out", {"a.txt": b"a", "b.txt": b"b"})
    assert [p.read_bytes() for p in paths] == [b"a", b"b"]


def test_a_failure_in_the_second_file_leaves_none_and_keeps_the_old(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")
    (tmp_path / "b.txt").mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(BadInput, match="in the way"):
        write_all(tmp_path, {"a.txt": b"new", "b.txt": b"new"})
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def test_a_file_where_a_folder_should_be_is_said(tmp_path):
    (tmp_path / "out").write_text("here")
    with pytest.raises(BadInput, match="Name a folder"):
        write_file(tmp_path / "out" / "report.html", b"x")


def test_a_name_cannot_leave_its_folder(tmp_path):
    with pytest.raises(BadInput, match="not a file name"):
        write_all(tmp_path / "out", {"../escaped.txt": b"x"})
    assert not (tmp_path / "escaped.txt").exists()
