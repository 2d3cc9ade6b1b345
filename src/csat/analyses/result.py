"""What every analysis returns: numbers at full precision, what they rest on, the doubts met on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import UnknownName
from csat.language import Language, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from csat.responses.responses import Responses
    from csat.tally.tally import Tally

Level = Literal["sound", "doubtful", "failed"]


@dataclass(frozen=True)
class Base:
    """On whom a result rests.

    respondents : rows used. rows : rows there were. effective_n : (sum w)^2 / sum w^2, equal to `respondents`
    without weights. missing : the policy by name (`listwise`, `pairwise`, `em`, `fiml`, `available`).
    instrument : id and version, or empty.
    """

    respondents: int
    effective_n: float
    missing: str
    rows: int
    weighted: bool = False
    instrument: str = ""

    @classmethod
    def of(cls, tally: Tally, missing: str = "") -> Base:
        """The base of a result that rests on one tally; the policy is read off it unless named."""
        return cls(
            respondents=tally.rows,
            effective_n=tally.effective_n,
            missing=missing or ("listwise" if tally.complete else "pairwise"),
            rows=tally.rows_offered,
            weighted=tally.weighted,
            instrument=tally.instrument,
        )

    @classmethod
    def among(cls, responses: Responses, rows: NDArray[np.intp]) -> Base:
        """The base of a result that rests on some of the respondents, all of whose answers are used."""
        from csat.responses.groups import kish

        return cls(
            respondents=len(rows),
            effective_n=kish(responses.weights, rows),
            missing="available",
            rows=responses.rows,
            weighted=responses.weights is not None,
            instrument=responses.instrument.label,
        )

    def text(self) -> Text:
        """The base as one sentence."""
        if not self.rows:
            return Text("How many respondents stand behind it is not given.", "未给出受访者人数。")
        policy = Text(self.missing, MISSING_WORDS.get(self.missing, self.missing))
        weighted = (
            Text(
                f", weighted, effective n {self.effective_n:.1f}",
                f"，已加权，有效样本量 {self.effective_n:.1f}",
            )
            if self.weighted
            else Text("", "")
        )
        return Text(
            f"n = {self.respondents} of {self.rows} respondents{weighted.en} ({policy.en})",
            f"n = {self.respondents}，共 {self.rows} 份答卷{weighted.zh}（{policy.zh}）",
        )


MISSING_WORDS = {
    "listwise": "整行剔除",
    "pairwise": "成对剔除",
    "em": "EM 估计",
    "fiml": "完全信息极大似然",
    "available": "使用全部有效回答",
    "mean replacement": "均值替代",
}


@dataclass(frozen=True)
class Caution:
    """A doubt printed beside the number: `code` is stable, `where` names items or constructs."""

    code: str
    text: Text
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether the number may be used. A `failed` verdict exits 1 and blocks what builds on it."""

    level: Level
    text: Text

    @property
    def failed(self) -> bool:
        return self.level == "failed"


SOUND = Verdict(
    "sound", Text("Nothing stands against using these numbers.", "没有发现妨碍使用这些数字的问题。")
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """Base class of all results: subclasses add arrays, `tables`, `plots`, `headline` and `title`."""

    base: Base
    cautions: tuple[Caution, ...] = ()
    verdict: Verdict = SOUND

    title = Text("Result", "结果")
    name = "result"

    def tables(self) -> dict[str, Table]:
        """All tables by name, the main one first."""
        raise NotImplementedError

    def plots(self) -> dict[str, Plot]:
        """All charts by name, the main one first."""
        return {}

    def headline(self) -> tuple[Text, ...]:
        """The finding in a few sentences a manager can read."""
        return ()

    def table(self, name: str | None = None) -> Table:
        """One table; no name means the first."""
        tables = self.tables()
        return tables[_chosen(name, tables, "table")]

    def plot(self, name: str | None = None, *, ax: Axes | None = None, language: Language = "en") -> Axes:
        """Draw one chart on `ax`, or on a new figure; no name means the first."""
        plots = self.plots()
        return plots[_chosen(name, plots, "plot")].on(ax, language)

    def summary(self, language: Language = "en") -> str:
        """Title, verdict, headline, main table and cautions as plain text."""
        parts = [self.title.say(language), "=" * len(self.title.say("en"))]
        if self.verdict is not SOUND:
            parts.append(
                f"{VERDICT_WORDS[self.verdict.level].say(language)}: {self.verdict.text.say(language)}"
            )
        parts += [t.say(language) for t in self.headline()]
        parts += ["", self.table().to_text(language), "", self.base.text().say(language)]
        parts += [f"! {c.text.say(language)}" for c in self.cautions]
        return "\n".join(parts)

    def text(self, language: Language = "en") -> str:
        """The summary with all tables: what the command line prints."""
        parts = [self.title.say(language), "=" * len(self.title.say("en"))]
        parts.append(f"{VERDICT_WORDS[self.verdict.level].say(language)}: {self.verdict.text.say(language)}")
        parts += [t.say(language) for t in self.headline()]
        for table in self.tables().values():
            parts += ["", table.to_text(language)]
        parts += ["", self.base.text().say(language)]
        parts += [f"! {c.text.say(language)}" for c in self.cautions]
        return "\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The whole result in plain JSON types; undefined numbers are null."""
        body = {f.name: plain(getattr(self, f.name)) for f in fields(self)}
        return {"analysis": self.name, **body}

    def _repr_html_(self) -> str:
        from csat.display.notebook import notebook_html

        return notebook_html(
            self.title,
            [v.text for v in (self.verdict,) if v is not SOUND] + list(self.headline()),
            list(self.tables().values())[:1],
            [c.text for c in self.cautions],
            self.base.text(),
        )

    def __str__(self) -> str:
        return self.summary()


VERDICT_WORDS: dict[Level, Text] = {
    "sound": Text("Sound", "可用"),
    "doubtful": Text("Doubtful", "存疑"),
    "failed": Text("Failed", "不可用"),
}


def _chosen(name: str | None, known: Mapping[str, object], kind: str) -> str:
    if name is None and known:
        return next(iter(known))
    if name not in known:
        raise UnknownName(kind, str(name), known)
    return str(name)


def plain(value: Any) -> Any:
    """Any result value in JSON types: arrays are lists, dataclasses and named tuples objects, NaN is null."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()] if value.ndim else plain(value.item())
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Table):
        return value.to_records()
    if isinstance(value, Text):
        return {"en": value.en, "zh": value.zh}
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if hasattr(value, "_asdict"):
        return {name: plain(v) for name, v in value._asdict().items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(v) for v in value]
    raise TypeError(f"{type(value).__name__} has no plain form")
