"""A sealed result is made again byte for byte, or what differs is named. Through the command line."""

import json
import shutil

import pytest

import csat
from csat.cli import run
from csat.errors import BadInput
from csat.report.seal import read_sealed
from csat.responses.asked import is_plain_path, recorded
from sealed_survey import INSTRUMENT, write_instrument, write_survey

FILES = ("report.html", "report.pdf", "report.xlsx", "result.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with data/tiny.csv, tiny.toml and out/, the report on them, made from inside that folder."""
    folder = tmp_path_factory.mktemp("sealed")
    write_survey(folder / "data")
    write_instrument(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        arguments = ["report", "data/tiny.csv", "-i", "tiny.toml", "-o", "out", "--drop", "duplicates"]
        assert run([*arguments, "--seed", "3", "--issued", "200", "--returned", "150"]) in (0, 1)
    return folder


@pytest.fixture
def copy(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "copy"


def replayed(capsys, *arguments):
    code = run(["replay", *(str(a) for a in arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def changed(path, edit):
    body = json.loads(path.read_text("utf-8"))
    edit(body)
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1), "utf-8")


def wrong(found):
    return {c["what"]["en"] for c in found["checks"] if not c["same"]}


def test_a_run_is_made_again_byte_for_byte_from_anywhere(copy, capsys):
    before = {name: (copy / "out" / name).read_bytes() for name in FILES}
    code, found = replayed(capsys, copy / "out")
    assert code == 0 and found["verdict"]["level"] == "sound" and wrong(found) == set()
    assert {name: (copy / "out" / name).read_bytes() for name in FILES} == before
    assert sorted(p.name for p in (copy / "out").iterdir()) == sorted(FILES)


def test_the_seal_names_files_without_saying_whose_machine_it_was(made):
    text = (made / "out" / "result.json").read_text("utf-8")
    sealed = json.loads(text)
    assert sealed["run"]["data"] == "data/tiny.csv" and sealed["run"]["instrument"] == "tiny.toml"
    assert sealed["run"]["drop"] == ["duplicates"] and sealed["run"]["seed"] == 3
    assert str(made) not in text
    assert set(sealed["files"]) == set(FILES) - {"result.json"}


def test_changed_data_are_named_with_the_first_number_that_differs(copy, capsys):
    data = copy / "data" / "tiny.csv"
    data.write_text(data.read_text().replace("\n", "\r\n", 1) + "1,1,1,2,2,2,1,1\n")
    code, found = replayed(capsys, copy / "out")
    assert code == 1 and "the data have changed" in found["verdict"]["text"]["en"]
    assert "Data, SHA-256" in wrong(found)
    assert found["values"] > 10 and found["different"][0]["at"].startswith("results.")
    assert "数据已改变" in found["verdict"]["text"]["zh"]


def test_the_data_may_have_another_name_and_place(copy, capsys):
    moved = copy.parent / "elsewhere.csv"
    (copy / "data" / "tiny.csv").rename(moved)
    assert run(["replay", str(copy / "out")]) == 2
    assert "--data FILE" in capsys.readouterr().err
    code, found = replayed(capsys, copy / "out", "--data", moved)
    assert code == 0 and wrong(found) == set()


def test_an_edited_instrument_is_named(copy, capsys):
    write_instrument(copy, INSTRUMENT.replace("Wording of s1", "Another wording"))
    code, found = replayed(capsys, copy / "out")
    assert code == 1 and "the instrument has changed" in found["verdict"]["text"]["en"]
    assert "Instrument, SHA-256" in wrong(found) and "Data, SHA-256" not in wrong(found)


def test_a_number_changed_by_hand_is_found_and_its_words_hold_no_control_characters(copy, capsys):
    def edit(body):
        body["results"]["index"]["score"][0] += 1.0
        body["results"]["index"]["construct"] = "\x1b[31mred\nline"

    changed(copy / "out" / "result.json", edit)
    assert run(["replay", str(copy / "out"), "--lang", "zh"]) == 1
    out = capsys.readouterr().out
    assert "2 个数值不同" in out and "密封文件被改动过" in out
    assert "首个不同的数值：results.index.construct" in out and "results.index.score[0]" in out
    assert "\x1b" not in out and "[31mred line" in out


def test_other_versions_and_files_changed_afterwards_are_named(copy, capsys):
    def edit(body):
        body["versions"]["numpy"] = "1.0"

    changed(copy / "out" / "result.json", edit)
    (copy / "out" / "report.html").write_text("<p>nothing to see")
    code, found = replayed(capsys, copy / "out")
    assert code == 1
    assert {"Version of numpy", "report.html beside the sealed file"} <= wrong(found)
    assert found["values"] == 0 and "other versions" in found["verdict"]["text"]["en"]


# ------------------------------------------------------------------------------ an untrusted file


@pytest.mark.parametrize(
    "text",
    [
        "/etc/passwd.csv",
        "../secret.csv",
        "a/../../secret.csv",
        "C:\\secret.csv",
        "..\\secret.csv",
        "\\\\host\\share\\a.csv",
        "a\0.csv",
        "a\n.csv",
        "",
        ".",
        "x" * 2000,
        7,
    ],
)
def test_paths_that_lead_elsewhere_are_refused(text, copy):
    assert not is_plain_path(text)
    path = copy / "out" / "result.json"
    changed(path, lambda body: body["run"].update(data=text))
    with pytest.raises(BadInput, match=r"run\.data"):
        read_sealed(path)


def test_a_link_out_of_the_folder_is_not_followed(copy, capsys):
    data = copy / "data" / "tiny.csv"
    outside = copy.parent.parent / f"{copy.parent.name}-outside.csv"
    data.rename(outside)
    data.symlink_to(outside)
    assert run(["replay", str(copy / "out")]) == 2
    assert "neither here nor beside" in capsys.readouterr().err
    outside.unlink()


@pytest.mark.parametrize(
    ("edit", "names"),
    [
        (lambda b: b["run"].update(seed="0; rm"), "run.seed"),
        (lambda b: b["run"].update(seed=-1), "run.seed"),
        (lambda b: b["run"].update(command="import os"), "run.command"),
        (lambda b: b["run"].update(segments="all"), "run.segments"),
        (lambda b: b["run"].update(scale=[1, 5, 7]), "run.scale"),
        (lambda b: b["run"].update(language="xx"), "run.language"),
        (lambda b: b["run"].update(encoding="../x"), "run.encoding"),
        (lambda b: b["run"].update(instrument="../../evil.toml"), "run.instrument"),
        (lambda b: b["run"].pop("drop"), "run.drop"),
        (lambda b: b["data"].update(sha256="abc"), "data.sha256"),
        (lambda b: b["files"].update({"../../x": "0"}), "files"),
        (lambda b: b.update(versions=[1]), "versions"),
        (lambda b: b.update(results=None), "results"),
    ],
)
def test_every_part_of_a_seal_is_checked(edit, names, copy, capsys):
    changed(copy / "out" / "result.json", edit)
    assert run(["replay", str(copy / "out")]) == 2
    said = capsys.readouterr().err
    assert names in said and "Traceback" not in said and said.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"a": NaN}', b"9" * 6000, b'{"run": 1}'],
)
def test_damaged_json_is_one_paragraph(content, tmp_path, capsys):
    (tmp_path / "result.json").write_bytes(content)
    for command in (["replay", str(tmp_path)], ["diff", str(tmp_path), str(tmp_path)]):
        assert run(command) == 2
        said = capsys.readouterr().err
        assert said.startswith("csat: ") and said.count("\n") == 1


def test_the_result_of_one_command_is_not_sealed_and_says_so(copy, capsys):
    assert run(["reliability", str(copy / "data" / "tiny.csv"), "-i", str(copy / "tiny.toml"), "--json"]) == 0
    (copy / "one.json").write_text(capsys.readouterr().out)
    assert run(["replay", str(copy / "one.json")]) == 2
    assert "'reliability'" in capsys.readouterr().err


def test_a_report_of_a_frame_says_that_it_needs_a_file(copy, capsys):
    import pandas as pd

    frame = pd.read_csv(copy / "data" / "tiny.csv")
    csat.read(frame, copy / "tiny.toml").report(copy / "frame")
    assert run(["replay", str(copy / "frame")]) == 2
    assert "data frame" in capsys.readouterr().err
    assert run(["replay", str(copy / "frame"), "--data", str(copy / "data" / "tiny.csv")]) == 1
    assert "SHA-256" in capsys.readouterr().out


def test_every_keyword_of_reading_is_sealed_and_read_back(copy):
    import inspect

    from csat.report.seal import run_facts
    from csat.responses.asked import Asked

    given = {
        "data": "a/b.csv",
        "instrument": "ecsi",
        "made": True,
        "items": ("q1", "q2"),
        "scale": (1, 5),
        "constructs": {"A": ("q1",)},
        "segments": ("g",),
        "delimiter": "\t",
        "keep_rows": ("preview",),
        "drop": ("speeders=60",),
        "margins": {"g": {"a": 0.5, "b": 0.5}},
        "replicate_scale": [0.5, 0.25],
    }
    keywords = set(inspect.signature(csat.read).parameters) - {"source", "instrument"}
    given |= {name: "x" for name in keywords if name not in given}
    asked = Asked(**given)
    assert set(asked.options()) == keywords
    facts = run_facts(asked, csat.load_instrument("ecsi"), language="zh", issued=5, returned=4, seed=3)
    changed(copy / "out" / "result.json", lambda body: body.update(run=facts))
    found = read_sealed(copy / "out")
    assert found.asked == asked
    assert (found.language, found.issued, found.returned, found.seed) == ("zh", 5, 4, 3)


def test_a_recorded_path_never_leads_upwards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert recorded(tmp_path / "a" / "b.csv") == "a/b.csv"
    assert recorded("../b.csv") == "b.csv" and recorded(tmp_path.parent / "c.csv") == "c.csv"
