"""What was read: how a file became answers, row by row and code by code, and how many came back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from csat.analyses.result import Base, Caution, Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.errors import BadInput, listed
from csat.language import Language, Text
from csat.responses.responses import Met, ReadReport, Responses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY_INVALID = 0.05
"""Invalid cells a valid answer above which the instrument is probably not that of the file (ours)."""
DROPPED = {
    "no answer to any item": Text("no answer to any item", "所有题项均未作答"),
    "no weight": Text("no weight", "没有权重"),
    "preview": Text("preview", "预览"),
    "test": Text("test", "测试"),
    "spam": Text("spam", "垃圾答卷"),
    "unfinished": Text("unfinished", "未完成"),
    "empty": Text("empty", "空白答卷"),
    "blank row": Text("blank row", "空行"),
    "total row": Text("total row", "合计行"),
    "too fast": Text("too fast", "答题过快"),
    "straight line": Text("straight line", "全部选同一答案"),
    "repeated respondent": Text("repeated respondent", "重复的受访者"),
    "same answers as an earlier row": Text("same answers as an earlier row", "与之前答卷完全相同"),
    "signs of careless answering": Text("signs of careless answering", "有不认真作答的迹象"),
}
ROLES = {
    "weight": Text("weight", "权重"),
    "segment": Text("segment", "分群"),
    "wave": Text("wave", "调查期"),
    "stratum": Text("stratum", "抽样层"),
    "cluster": Text("cluster", "整群"),
    "replicate weights": Text("replicate weights", "复制权重"),
    "respondent": Text("respondent", "受访者编号"),
    "time": Text("time", "时间"),
    "submitted": Text("time of submission", "提交时间"),
    "started": Text("time of start", "开始时间"),
    "duration": Text("time taken", "答题用时"),
    "status": Text("status", "状态"),
    "progress": Text("progress", "进度"),
    "finished": Text("finished", "是否完成"),
    "private": Text("says who answered: left out", "涉及个人身份，已剔除"),
    "timer": Text("page timer", "页面计时"),
    "order": Text("order of display", "显示顺序"),
    "group": Text("group", "分组"),
    "score": Text("score of the platform", "平台评分"),
    "write-in": Text("written answer", "填写内容"),
    "language": Text("language", "语言"),
    "meta": Text("of the platform", "平台信息"),
    "embedded": Text("given data", "嵌入数据"),
}
REASONS = {
    "NO_ANSWER": Text("no answer", "未作答"),
    "NOT_APPLICABLE": Text("not applicable", "不适用"),
    "INVALID": Text("invalid", "无效"),
}
EMPTY_CELL = Text("(empty cell)", "（空白）")


@dataclass(frozen=True)
class Accounting:
    """How many questionnaires went out, came back and count; rates are NaN where a count is not known."""

    issued: int | None
    returned: int | None
    valid: int
    return_rate: float
    """returned / issued."""
    valid_rate: float
    """valid / returned ("of returned")."""
    valid_of_issued: float
    """valid / issued ("of issued")."""


def accounting(*, issued: int | None, returned: int | None, valid: int) -> Accounting:
    """Return rate and both valid rates.

    Raises
    ------
    BadInput : counts that are not issued >= returned >= valid >= 0, or nothing issued or returned.
    """
    chain = [
        (n, c) for n, c in (("issued", issued), ("returned", returned), ("valid", valid)) if c is not None
    ]
    for (more, a), (fewer, b) in itertools.pairwise(chain):
        if b > a:
            raise BadInput(
                f"{b} {fewer} questionnaires are more than the {a} {more}",
                where="response accounting",
                right="The counts fall: issued, returned, valid (the rows of answers in the file)",
                do="Correct the counts, or leave out the one that is not known",
            )
    for name, n in chain:
        if n < 0 or (n == 0 and name != "valid"):
            raise BadInput(f"{n} questionnaires {name} allow no rate", where="response accounting")
    return Accounting(
        issued,
        returned,
        valid,
        _rate(returned, issued),
        _rate(valid, returned),
        _rate(valid, issued),
    )


def _rate(part: int | None, whole: int | None) -> float:
    return part / whole if part is not None and whole else math.nan


@dataclass(frozen=True)
class Step:
    """A step from the questionnaires sent out to the rows analysed.

    rows : those who go on, or, where `left_out`, those who leave here. remaining : who go on after it.
    """

    what: Text
    rows: int
    left_out: bool
    remaining: int


def flow_of(report: ReadReport, kept: int, issued: int | None, returned: int | None) -> tuple[Step, ...]:
    """From issued to analysed: counts as given, then the rows of the file and each reason they left for."""
    steps = [
        Step(what, n, False, n)
        for what, n in ((Text("Issued", "发放"), issued), (Text("Returned", "回收"), returned))
        if n is not None
    ]
    gone = sum(report.dropped.values())
    left = max(report.rows_read, kept + gone)
    steps.append(Step(Text("Rows in the data", "数据中的行"), left, False, left))
    for why, n in report.dropped.items():
        left -= n
        steps.append(Step(DROPPED.get(why, Text(why)), n, True, left))
    return (*steps, Step(Text("Analysed", "进入分析"), kept, False, kept))


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading(Result):
    """How a file became responses, made by `reading`."""

    title = Text("The data as they were read", "数据读取情况")
    name = "reading"

    report: ReadReport
    items: int
    """Items that were found."""
    items_declared: int
    answers: int
    """Valid answers, all items together."""
    weight_column: str
    accounting: Accounting | None
    submitted: tuple[str, str] | None
    """Days of the first and the last answers, where the platform tells."""
    flow: tuple[Step, ...]
    """From the questionnaires sent out, where that is known, to the rows analysed."""
    wording: tuple[Text, ...]
    """Of each matched item, in the order of `report.matched`."""

    def tables(self) -> dict[str, Table]:
        """`source`, `accounting`, `flow`, `missing`, `invalid`, `left_out`, `read_as`, `silence`, `flat`,
        `matched`, `roles`, `unmatched`; those without rows are left out.
        """
        r = self.report
        tables = {"source": self._source_table()}
        if self.accounting is not None:
            tables["accounting"] = _accounting_table(self.accounting)
        if self.shows_flow:
            tables["flow"] = self._flow_table()
        if r.missing_items:
            tables["missing"] = Table(
                {"item": list(r.missing_items), "column": list(r.missing_items.values())},
                title=Text("Items without a column", "没有对应列的题项"),
                labels={"column": Text("Closest column", "最接近的列")},
                notes=[
                    Text(
                        "If the closest column is the item, add its name to the item's aliases in the "
                        "instrument.",
                        "如果最接近的列就是该题项，请在问卷文件中把列名加入该题项的 aliases。",
                    )
                ],
            )
        if r.invalid:
            tables["invalid"] = self._invalid_table()
        if r.dropped:
            tables["left_out"] = Table(
                {
                    "reason": [DROPPED.get(why, Text(why)) for why in r.dropped],
                    "count": list(r.dropped.values()),
                    "respondent": [_named(r.dropped_keys.get(why, ()), n) for why, n in r.dropped.items()],
                },
                title=Text("Rows left out", "剔除的行"),
                formats={"respondent": "text"},
            )
        if read_as := [m for m in r.met if not _says_itself(m)]:
            tables["read_as"] = Table(
                {
                    "item": [m.item for m in read_as],
                    "value": [m.text for m in read_as],
                    "code": [_code(m.read_as) for m in read_as],
                    "count": [m.count for m in read_as],
                },
                title=Text("Answers in words and what they were read as", "文字回答及其读取结果"),
                formats={"value": "text", "code": "text"},
                labels={"code": Text("Read as", "读为")},
            )
        if r.silent_codes:
            tables["silence"] = Table(
                {
                    "item": [s.item for s in r.silent_codes],
                    "column": [s.column for s in r.silent_codes],
                    "value": [s.value or EMPTY_CELL for s in r.silent_codes],
                    "reason": [REASONS.get(s.reason, Text(s.reason)) for s in r.silent_codes],
                    "count": [s.count for s in r.silent_codes],
                },
                title=Text("Cells read as silence", "视为未作答的单元格"),
                formats={"value": "text"},
            )
        flat = [(i, Text("the same answer from everybody", "所有人回答相同")) for i in r.constant]
        flat += [(i, Text("no valid answer", "没有有效回答")) for i in r.empty]
        if flat:
            tables["flat"] = Table(
                {"item": [i for i, _ in flat], "reason": [t for _, t in flat]},
                title=Text("Items that say nothing", "没有信息的题项"),
            )
        tables["matched"] = Table(
            {
                "item": list(r.matched),
                "column": list(r.matched.values()),
                "wording": list(self.wording),
                "turned": [i in r.turned for i in r.matched],
            },
            title=Text("Items and their columns", "题项与数据列"),
            labels={"turned": Text("Turned", "反向计分")},
        )
        roles = {**r.roles, **dict.fromkeys(r.private, "private")}
        if roles:
            tables["roles"] = Table(
                {"column": list(roles), "role": [ROLES.get(v, Text(v)) for v in roles.values()]},
                title=Text("Columns with another role", "其他用途的列"),
            )
        unused = [(c, Text("")) for c in r.unmatched_columns if c not in r.empty_columns]
        unused += [(c, Text("empty", "空列")) for c in r.empty_columns]
        if unused:
            tables["unmatched"] = Table(
                {"column": [c for c, _ in unused], "reason": [t for _, t in unused]},
                title=Text("Columns not used", "未使用的列"),
            )
        return tables

    @property
    def shows_flow(self) -> bool:
        """Whether anybody left on the way: two equal numbers are no flow."""
        return len({step.remaining for step in self.flow}) > 1

    def plots(self) -> dict[str, Plot]:
        """`flow`, where anybody left on the way."""
        if not self.shows_flow:
            return {}

        def draw(ax: Axes, language: Language) -> None:
            from csat.display.flow import flow

            flow(ax, [(s.what.say(language), f"{s.rows:,}", not s.left_out) for s in self.flow])

        return {
            "flow": Plot(
                draw=draw,
                title=Text("From the questionnaires to the rows analysed", "从问卷到进入分析的答卷"),
                description=Text(
                    "Boxes from top to bottom: who went on, with those left out and the reason to the right.",
                    "自上而下：进入下一步的数量；右侧为剔除的数量及原因。",
                ),
                size=(5.2, 3.2),
            )
        }

    def _flow_table(self) -> Table:
        return Table(
            {
                "step": [s.what for s in self.flow],
                "left_out": [s.rows if s.left_out else None for s in self.flow],
                "remaining": [s.remaining for s in self.flow],
            },
            title=Text("From the questionnaires to the rows analysed", "从问卷到进入分析的答卷"),
            labels={
                "step": Text("Step", "步骤"),
                "left_out": Text("Left out", "剔除"),
                "remaining": Text("Remaining", "剩余"),
            },
            formats={"left_out": "integer"},
        )

    def headline(self) -> tuple[Text, ...]:
        """What was understood, in words."""
        r = self.report
        said = [
            Text(
                "{kept} of {read} rows and {items} of {declared} items were understood: {answers} answers.",
                "读入 {read} 行，采用 {kept} 行；识别 {declared} 个题项中的 {items} 个，共 {answers} "
                "个有效回答。",
            ).fill(
                kept=r.rows_kept,
                read=r.rows_read,
                items=self.items,
                declared=self.items_declared,
                answers=self.answers,
            )
        ]
        if self.base.weighted:
            said.append(
                Text(
                    "Answers are weighted by '{column}': effective n {n}.",
                    "按“{column}”加权，有效样本量为 {n}。",
                ).fill(column=self.weight_column, n=f"{self.base.effective_n:.1f}")
            )
        if self.accounting is not None:
            said.append(_accounting_words(self.accounting))
        return tuple(said)

    def _source_table(self) -> Table:
        r = self.report
        rows: list[tuple[Text, str | int | float]] = [
            (Text("File or frame", "文件或数据框"), r.source),
            (Text("SHA-256", "SHA-256"), r.sha256),
            (Text("Encoding", "字符编码"), r.encoding),
            (Text("Delimiter", "分隔符"), DELIMITERS.get(r.delimiter, r.delimiter)),
            (Text("Decimal sign", "小数点"), "" if r.decimal == "." else r.decimal),
            (Text("Sheet", "工作表"), r.sheet),
            (Text("Layout", "版式"), f"{r.layout}: {r.evidence}" if r.evidence else r.layout),
            (Text("Header rows", "表头行数"), str(r.header_rows) if r.header_rows != 1 else ""),
            (Text("Headers met twice", "重复的列名"), ", ".join(r.repeated_headers)),
            (Text("Rows read", "读入行数"), str(r.rows_read)),
            *(
                (
                    Text("Rows left out: {why}", "剔除行数：{why}").fill(why=DROPPED.get(why, Text(why))),
                    str(n),
                )
                for why, n in r.dropped.items()
            ),
            (Text("Rows kept", "采用行数"), str(r.rows_kept)),
            (Text("Answers sent", "提交日期"), " – ".join(dict.fromkeys(self.submitted or ()))),
            (Text("Weight column", "权重列"), self.weight_column),
            (
                Text("Effective n", "有效样本量"),
                f"{self.base.effective_n:.1f}" if self.base.weighted else "",
            ),
        ]
        shown = [(what, value) for what, value in rows if value != ""]
        return Table(
            {"what": [w for w, _ in shown], "value": [v for _, v in shown]},
            title=Text("Source", "数据来源"),
            notes=list(r.notes),
            formats={"value": "text"},
        )

    def _invalid_table(self) -> Table:
        r = self.report
        cells = r.invalid
        more = r.invalid_count - len(cells)
        return Table(
            {
                "row": [c.row for c in cells],
                "column": [c.column for c in cells],
                "item": [c.item for c in cells],
                "value": [c.value for c in cells],
            },
            title=Text("Cells outside the scale", "超出量表的单元格"),
            notes=[Text(f"and {more} more.", f"另有 {more} 个。")] if more > 0 else [],
            formats={"value": "text"},
        )


DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}


def _named(keys: Sequence[str], n: int) -> Text:
    """Respondents or rows left out; the first of many."""
    shown = ", ".join(keys)
    if not keys or n <= len(keys):
        return Text(shown)
    return Text(f"{shown} and {n - len(keys)} more", f"{shown} 等 {n} 个")


def _says_itself(met: Met) -> bool:
    """Whether the text is the number it was read as, or is listed as a silence."""
    return isinstance(met.read_as, str) or met.text == _code(met.read_as)


def _code(read_as: float | str) -> str:
    return read_as if isinstance(read_as, str) else f"{read_as:g}"


def _accounting_table(a: Accounting) -> Table:
    rows: list[tuple[Text, int | None, float]] = [
        (Text("Issued", "发放"), a.issued, math.nan),
        (Text("Returned, of issued", "回收（占发放）"), a.returned, a.return_rate),
        (Text("Valid, of returned", "有效（占回收）"), a.valid, a.valid_rate),
        (Text("Valid, of issued", "有效（占发放）"), a.valid, a.valid_of_issued),
    ]
    shown = [r for r in rows if r[1] is not None and (r[0].en == "Issued" or math.isfinite(r[2]))]
    return Table(
        {
            "what": [r[0] for r in shown],
            "count": [r[1] for r in shown],
            "per_cent": [100 * r[2] for r in shown],
        },
        title=Text("Response accounting", "回收情况"),
        labels={"per_cent": Text("Per cent", "百分比")},
    )


def _accounting_words(a: Accounting) -> Text:
    parts: list[Text] = []
    if a.issued is not None and a.returned is not None:
        parts.append(
            Text("{n} of {of} came back ({rate} %)", "发放 {of} 份，回收 {n} 份（{rate}%）").fill(
                n=a.returned, of=a.issued, rate=f"{100 * a.return_rate:.2f}"
            )
        )
    if a.returned is not None:
        parts.append(
            Text("{n} are valid ({rate} % of those returned)", "有效 {n} 份（占回收 {rate}%）").fill(
                n=a.valid, rate=f"{100 * a.valid_rate:.2f}"
            )
        )
    if a.issued is not None:
        parts.append(
            Text("valid of issued: {rate} %", "有效占发放 {rate}%").fill(
                rate=f"{100 * a.valid_of_issued:.2f}"
            )
        )
    return Text("; ".join(p.en for p in parts) + ".", "；".join(p.zh for p in parts) + "。")


def reading(responses: Responses, *, issued: int | None = None, returned: int | None = None) -> Reading:
    """What was read: the report of `Responses` as tables, and the response accounting.

    Parameters
    ----------
    issued, returned : questionnaires sent out and come back; the rows kept are the valid ones.

    Raises
    ------
    BadInput : issued >= returned >= rows kept does not hold.
    """
    report = responses.report
    instrument = responses.instrument
    known = {i.id: i.text for i in instrument.items}
    counted = (
        accounting(issued=issued, returned=returned, valid=responses.rows)
        if issued is not None or returned is not None
        else None
    )
    answers = sum(int(responses.is_answered(i).sum()) for i in responses.items)
    base = Base(
        respondents=responses.rows,
        effective_n=responses.effective_n,
        missing="available",
        rows=report.rows_read or responses.rows,
        weighted=responses.weights is not None,
        instrument=instrument.label,
    )
    return Reading(
        report=report,
        items=len(responses.items),
        items_declared=len(instrument.items),
        answers=answers,
        weight_column=responses.weight_column,
        accounting=counted,
        submitted=_days(responses),
        flow=flow_of(report, responses.rows, issued, returned),
        wording=tuple(known.get(i) or Text(i) for i in report.matched),
        base=base,
        cautions=_cautions(report, answers),
    )


def _days(responses: Responses) -> tuple[str, str] | None:
    """First and last day of submission, as 2026-01-31."""
    sent = responses.submitted
    known = sent[~np.isnat(sent)] if sent is not None else np.empty(0)
    if not len(known):
        return None
    first, last = (np.datetime_as_string(day, unit="D") for day in (known.min(), known.max()))
    return str(first), str(last)


def _cautions(report: ReadReport, answers: int) -> tuple[Caution, ...]:
    found: list[Caution] = []

    def doubt(code: str, en: str, zh: str, where: Sequence[str], **values: Any) -> None:
        found.append(Caution(code, Text(en, zh).fill(**values), tuple(where)))

    def said(names: Sequence[str]) -> Text:
        return Text(
            listed(names), "、".join(names[:12]) + (f" 等 {len(names)} 个" if len(names) > 12 else "")
        )

    if report.missing_items:
        names = list(report.missing_items)
        doubt(
            "items missing",
            "No column was found for {items}: what rests on them is left out.",
            "以下题项没有对应的列：{items}。相关分析将不包含它们。",
            names,
            items=said(names),
        )
    if report.invalid_count:
        columns = sorted({c.column for c in report.invalid})
        doubt(
            "invalid cells",
            "Cells with an answer outside the scale, counted as silence: {n}, in {columns}.",
            "超出量表范围、按未作答处理的单元格：{n} 个，所在列：{columns}。",
            columns,
            n=report.invalid_count,
            columns=said(columns),
        )
    if report.invalid_count > MANY_INVALID * max(answers, 1):
        doubt(
            "many invalid cells",
            "So many invalid cells suggest another instrument, scale or missing code than the file's own.",
            "无效单元格过多，所用问卷、量表或缺失编码可能与文件不符。",
            [],
        )
    if report.empty:
        doubt(
            "empty items",
            "Nobody answered {items}.",
            "没有人回答 {items}。",
            report.empty,
            items=said(report.empty),
        )
    if report.constant:
        doubt(
            "constant items",
            "Everybody gave the same answer to {items}: no correlation with them exists.",
            "所有人对 {items} 的回答相同，无法计算相关。",
            report.constant,
            items=said(report.constant),
        )
    return tuple(found)
