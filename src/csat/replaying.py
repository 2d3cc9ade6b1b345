"""A sealed result made again: the same bytes, or what differs and why."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from csat.analyses.result import Base, Result, Verdict
from csat.display.table import Table
from csat.errors import BadInput
from csat.instrument.instrument import Instrument
from csat.language import Language, Text
from csat.report.seal import RESULT, Difference, Sealed, differences, parsed, read_sealed, sha256, shown
from csat.report.write import versions
from csat.responses.asked import fingerprint
from csat.survey import Survey, load_instrument, read

SHOWN = 20
"""Differing values that are listed; all are counted."""
ROUNDING = 1e-9
"""Relative difference up to which two numbers are the same but for rounding."""
HASH_SHOWN = 16


@dataclass(frozen=True)
class Check:
    """One thing a run rests on or gave: as recorded, as it is now, whether that is the same."""

    kind: str
    """`data`, `instrument`, `version`, `result`, `file` or `beside` (a file that lies beside the seal)."""
    what: Text
    recorded: str
    now: str
    same: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Replay(Result):
    """A run that was made again, made by `replay`."""

    title = Text("Replay of a sealed result", "重新运行密封结果")
    name = "replay"

    source: str
    """The sealed file."""
    data: str
    """The data it was made again from."""
    checks: tuple[Check, ...]
    different: tuple[Difference, ...]
    """The first values that differ."""
    values: int
    """Values that differ."""
    largest: float | None
    """Largest relative difference between two numbers."""
    only_rounding: bool
    """Whether every difference is one of rounding."""

    @property
    def identical(self) -> bool:
        """Whether the run gave the recorded bytes."""
        return all(c.same for c in self.checks if c.kind != "version")

    def tables(self) -> dict[str, Table]:
        """`checks`, and `values` where some differ."""
        tables = {
            "checks": Table(
                {
                    "what": [c.what for c in self.checks],
                    "recorded": [_brief(c) for c in self.checks],
                    "now": [_brief(replace(c, recorded=c.now)) for c in self.checks],
                    "same": [c.same for c in self.checks],
                },
                title=Text("Recorded and made again", "记录与重新运行"),
                labels={
                    "what": Text("What", "项目"),
                    "recorded": Text("Recorded", "记录"),
                    "now": Text("Now", "现在"),
                    "same": Text("Same", "是否相同"),
                },
                formats={"recorded": "text", "now": "text"},
            )
        }
        if self.different:
            more = self.values - len(self.different)
            tables["values"] = Table(
                {
                    "where": [d.at for d in self.different],
                    "recorded": [d.before for d in self.different],
                    "now": [d.after for d in self.different],
                },
                title=Text("Values that differ", "不同的数值"),
                labels={
                    "where": Text("Where", "位置"),
                    "recorded": Text("Recorded", "记录"),
                    "now": Text("Now", "现在"),
                },
                formats={"where": "text", "recorded": "text", "now": "text"},
                notes=[Text(f"and {more} more.", f"另有 {more} 处。")] if more > 0 else [],
            )
        return tables

    def headline(self) -> tuple[Text, ...]:
        """What was made again, and where it first parts from the record."""
        said = [Text("{source}, made again from {data}.", "{source}：由 {data} 重新运行。")]
        if self.different:
            first = self.different[0]
            said.append(
                Text(
                    "The first value that differs: {at} was {before} and is {after}.",
                    "首个不同的数值：{at}，记录为 {before}，现为 {after}。",
                ).fill(at=first.at, before=first.before, after=first.after)
            )
        return (said[0].fill(source=self.source, data=self.data), *said[1:])


def _brief(check: Check) -> str:
    is_hash = check.kind != "version" and len(check.recorded) == 64
    return check.recorded[:HASH_SHOWN] + "…" if is_hash else check.recorded


def replay(
    result: str | Path,
    *,
    data: str | Path | None = None,
    instrument: str | Path | Instrument | None = None,
    step: Callable[[int, int, str], None] | None = None,
) -> Replay:
    """Make the run of a sealed result.json again, in a folder of its own, and compare every byte.

    Parameters
    ----------
    result : result.json, or the folder that `csat report` wrote. It is never written to.
    data, instrument : where they are now; default: the recorded names, looked for in the working folder and
        beside the sealed file.

    Raises
    ------
    BadInput : the sealed file is damaged, or the data or the instrument cannot be found.
    """
    sealed = read_sealed(result)
    asked = sealed.asked
    if data is None and not asked.data:
        raise BadInput(
            "this run was made of a database, whose address is not kept"
            if asked.query
            else "this run was made of a data frame, not of a file",
            where=str(sealed.path),
            do="Give the address (--data sqlite:///survey.db)"
            if asked.query
            else "Save the same rows to a file and name it (--data FILE)",
        )
    file: str | Path = _found(asked.data, sealed, "data", sealed.data_sha256) if data is None else data
    questionnaire = _instrument(sealed, instrument)
    survey = read(file, questionnaire, **asked.options())
    report = survey.responses.report
    # a copy under another name is the same data
    own = replace(report, source=str(sealed.body["data"].get("source", report.source)))
    again = Survey(replace(survey.responses, report=own))
    again.asked = asked
    now = versions()
    checks = [
        _data_check(sealed, report.sha256),
        _instrument_check(sealed, again),
        *_version_checks(sealed, now),
    ]
    with tempfile.TemporaryDirectory(prefix="csat-replay-") as folder:
        language: Language = "zh" if sealed.language == "zh" else "en"
        again.report(
            folder,
            language=language,
            issued=sealed.issued,
            returned=sealed.returned,
            seed=sealed.seed,
            step=step,
        )
        made = {name: (Path(folder) / name).read_bytes() for name in (*sealed.files, RESULT)}
    checks.append(_byte_check("result", RESULT, sha256(sealed.raw), sha256(made[RESULT])))
    checks += [_byte_check("file", n, h, sha256(made[n])) for n, h in sealed.files.items()]
    checks += _beside(sealed)
    apart = list(differences(_numbers(sealed.body), _numbers(parsed(made[RESULT], RESULT))))
    sizes = [d.relative for d in apart if d.relative is not None]
    only_rounding = len(sizes) == len(apart) and max(sizes, default=0.0) <= ROUNDING
    return Replay(
        base=_base(sealed, survey),
        verdict=_verdict(checks, apart, only_rounding),
        source=str(sealed.path),
        data=str(file),
        checks=tuple(checks),
        different=tuple(islice(apart, SHOWN)),
        values=len(apart),
        largest=max(sizes, default=None),
        only_rounding=bool(apart) and only_rounding,
    )


def _numbers(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a run gave, without what it rests on, which has its own checks."""
    return {k: body.get(k) for k in ("verdict", "withheld", "results")}


def _base(sealed: Sealed, survey: Survey) -> Base:
    responses = survey.responses
    return Base(
        respondents=responses.rows,
        effective_n=responses.effective_n,
        missing="available",
        rows=responses.report.rows_read or responses.rows,
        weighted=responses.weights is not None,
        instrument=responses.instrument.label,
    )


# ------------------------------------------------------------------------------- finding the files


def _candidates(name: str, sealed: Sealed) -> Iterator[Path]:
    """Where a recorded file may be: under the working folder, and under the seal's folder and its parent."""
    folder = sealed.path.resolve().parent
    for base in dict.fromkeys((Path.cwd(), folder, folder.parent)):
        for path in dict.fromkeys((base / name, base / Path(name).name)):
            # a link may lead out of the folder: then it is not the file that was recorded here
            if path.is_file() and path.resolve().is_relative_to(base.resolve()):
                yield path


def _found(name: str, sealed: Sealed, kind: str, wanted: str | None = None) -> Path:
    """The recorded file: of several the one with the recorded hash, else the first."""
    found = list(_candidates(name, sealed))
    if not found:
        raise BadInput(
            f"the {kind} '{shown(name)}' is neither here nor beside the sealed file",
            where=str(sealed.path),
            do=f"Say where it is now (--{kind} FILE)",
        )
    if wanted and len(found) > 1:
        return next((path for path in found if _hash(path) == wanted), found[0])
    return found[0]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _instrument(sealed: Sealed, given: str | Path | Instrument | None) -> Instrument | None:
    asked = sealed.asked
    if given is not None:
        found = load_instrument(given)
    elif asked.instrument is None:
        if asked.made:
            raise BadInput(
                "the instrument of this run was made in Python, not read from a file",
                where=str(sealed.path),
                do="Name its file (--instrument FILE)",
            )
        return None
    elif asked.instrument.endswith(".toml") or "/" in asked.instrument:
        found = load_instrument(_found(asked.instrument, sealed, "instrument"))
    else:
        found = load_instrument(asked.instrument)
    return replace(found, path=asked.instrument or found.id) if found.path else found


# ------------------------------------------------------------------------------------- the checks


def _data_check(sealed: Sealed, now: str) -> Check:
    recorded = sealed.data_sha256
    return Check("data", Text("Data, SHA-256", "数据，SHA-256"), recorded, now, recorded == now)


def _instrument_check(sealed: Sealed, survey: Survey) -> Check:
    now = fingerprint(survey.responses.instrument)
    recorded = sealed.instrument_sha256
    return Check("instrument", Text("Instrument, SHA-256", "问卷，SHA-256"), recorded, now, recorded == now)


def _version_checks(sealed: Sealed, now: Mapping[str, str]) -> list[Check]:
    """csat, Python and numpy always; other packages where they differ."""
    names = list(dict.fromkeys((*sealed.versions, *now)))
    made = [
        Check(
            "version",
            Text("Version of {name}", "{name} 版本").fill(name=name),
            sealed.versions.get(name, "–"),
            now.get(name, "–"),
            sealed.versions.get(name) == now.get(name),
        )
        for name in names
    ]
    always = ("csat", "python", "numpy")
    return [c for c, name in zip(made, names, strict=True) if name in always or not c.same]


def _byte_check(kind: str, name: str, recorded: str, now: str) -> Check:
    words = Text("{name}, SHA-256", "{name}，SHA-256").fill(name=name)
    return Check(kind, words, recorded, now, recorded == now)


def _beside(sealed: Sealed) -> list[Check]:
    """The files beside the seal, where they are no longer those that were sealed."""
    checks = []
    for name, recorded in sealed.files.items():
        path = sealed.path.parent / name
        if path.is_file() and not path.is_symlink() and (now := _hash(path)) != recorded:
            words = Text("{name} beside the sealed file", "密封文件旁的 {name}").fill(name=name)
            checks.append(Check("beside", words, recorded, now, False))
    return checks


def _verdict(checks: Sequence[Check], apart: Sequence[Difference], only_rounding: bool) -> Verdict:
    wrong = {kind: [c for c in checks if c.kind == kind and not c.same] for kind in CAUSES}
    if not any(wrong[k] for k in ("data", "instrument", "result", "file", "beside")):
        if wrong["version"]:
            words = Text(
                "Identical: the run was made again with other versions and gave the same bytes.",
                "完全一致：用其他版本重新运行，得到逐字节相同的结果。",
            )
        else:
            words = Text(
                "Identical: the run was made again and gave the same bytes.",
                "完全一致：重新运行得到逐字节相同的结果。",
            )
        return Verdict("sound", words)
    causes = [CAUSES[k] for k in ("data", "instrument", "version") if wrong[k]]
    if only_rounding and apart:
        found = Text("the numbers differ by rounding only", "数值仅有舍入差异")
    elif apart:
        found = Text("{n} values differ", "{n} 个数值不同").fill(n=len(apart))
    elif wrong["result"] and not causes:
        found = Text("every value is the same, the file was written anew", "数值全部相同，但文件已被改写")
    elif wrong["file"] and not causes:
        found = Text("every value is the same, the pages are drawn otherwise", "数值全部相同，但版面不同")
    elif wrong["beside"]:
        found = Text(
            "the run is the same, but files beside the sealed one were changed afterwards",
            "运行结果相同，但密封文件旁的文件事后被改动",
        )
    else:
        found = Text("every value is the same", "数值全部相同")
    if causes:
        because = Text("; ".join(c.en for c in causes), "；".join(c.zh for c in causes))
    elif wrong["result"] and apart:
        because = (
            Text(
                "another processor or number of threads adds up in another order",
                "处理器或线程数不同，求和次序不同",
            )
            if only_rounding
            else Text(
                "data, instrument and versions are as recorded: the sealed file or csat was changed",
                "数据、问卷与版本均与记录一致：密封文件被改动过，或 csat 本身被改动过",
            )
        )
    else:
        because = Text("data, instrument and versions are as recorded", "数据、问卷与版本均与记录一致")
    return Verdict(
        "failed",
        Text("Not identical: {found} ({because}).", "不一致：{found}（{because}）。").fill(
            found=found, because=because
        ),
    )


CAUSES: Mapping[str, Text] = {
    "data": Text("the data have changed", "数据已改变"),
    "instrument": Text("the instrument has changed", "问卷已改变"),
    "version": Text("other versions of the programs", "程序版本不同"),
    "result": Text("the result", "结果"),
    "file": Text("a file", "文件"),
    "beside": Text("a file beside it", "旁边的文件"),
}
