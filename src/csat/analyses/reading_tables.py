"""Tables of what was read: the source, response accounting, rows and cells left out, columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from csat.analyses.reading_accounting import Accounting
from csat.analyses.reading_words import DELIMITERS, DROPPED, EMPTY_CELL, REASONS, ROLES
from csat.display.table import Table
from csat.language import Text
from csat.responses.responses import Met, ReadReport

if TYPE_CHECKING:
    from csat.analyses.reading_result import Reading


def tables_of(result: Reading) -> dict[str, Table]:
    """`source`, `accounting`, `flow`, `missing`, `invalid`, `left_out`, `read_as`, `silence`, `flat`,
    `matched`, `roles`, `unmatched`; those without rows are left out.
    """
    r = result.report
    tables = {
        "source": _source(result),
        "accounting": None if result.accounting is None else _accounting(result.accounting),
        "flow": _flow(result) if result.shows_flow else None,
        "missing": _missing(r) if r.missing_items else None,
        "invalid": _invalid(r) if r.invalid else None,
        "left_out": _left_out(r) if r.dropped else None,
        "read_as": _read_as(r),
        "silence": _silence(r) if r.silent_codes else None,
        "flat": _flat(r) if r.constant or r.empty else None,
        "matched": _matched(result),
        "roles": _roles(r) if r.roles or r.private else None,
        "unmatched": _unmatched(r) if r.unmatched_columns or r.empty_columns else None,
    }
    return {name: table for name, table in tables.items() if table is not None}


def _source(result: Reading) -> Table:
    r = result.report
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
        (Text("Answers sent", "提交日期"), " – ".join(dict.fromkeys(result.submitted or ()))),
        (Text("Weight column", "权重列"), result.weight_column),
        (
            Text("Effective n", "有效样本量"),
            f"{result.base.effective_n:.1f}" if result.base.weighted else "",
        ),
    ]
    shown = [(what, value) for what, value in rows if value != ""]
    return Table(
        {"what": [w for w, _ in shown], "value": [v for _, v in shown]},
        title=Text("Source", "数据来源"),
        notes=list(r.notes),
        formats={"value": "text"},
    )


def _accounting(a: Accounting) -> Table:
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


def _flow(result: Reading) -> Table:
    return Table(
        {
            "step": [s.what for s in result.flow],
            "left_out": [s.rows if s.left_out else None for s in result.flow],
            "remaining": [s.remaining for s in result.flow],
        },
        title=Text("From the questionnaires to the rows analysed", "从问卷到进入分析的答卷"),
        labels={
            "step": Text("Step", "步骤"),
            "left_out": Text("Left out", "剔除"),
            "remaining": Text("Remaining", "剩余"),
        },
        formats={"left_out": "integer"},
    )


def _missing(r: ReadReport) -> Table:
    return Table(
        {"item": list(r.missing_items), "column": list(r.missing_items.values())},
        title=Text("Items without a column", "没有对应列的题项"),
        labels={"column": Text("Closest column", "最接近的列")},
        notes=[
            Text(
                "If the closest column is the item, add its name to the item's aliases in the instrument.",
                "如果最接近的列就是该题项，请在问卷文件中把列名加入该题项的 aliases。",
            )
        ],
    )


def _invalid(r: ReadReport) -> Table:
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


def _left_out(r: ReadReport) -> Table:
    return Table(
        {
            "reason": [DROPPED.get(why, Text(why)) for why in r.dropped],
            "count": list(r.dropped.values()),
            "respondent": [_named(r.dropped_keys.get(why, ()), n) for why, n in r.dropped.items()],
        },
        title=Text("Rows left out", "剔除的行"),
        formats={"respondent": "text"},
    )


def _named(keys: Sequence[str], n: int) -> Text:
    """Respondents or rows left out; the first of many."""
    shown = ", ".join(keys)
    if not keys or n <= len(keys):
        return Text(shown)
    return Text(f"{shown} and {n - len(keys)} more", f"{shown} 等 {n} 个")


def _read_as(r: ReadReport) -> Table | None:
    read_as = [m for m in r.met if not _says_itself(m)]
    if not read_as:
        return None
    return Table(
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


def _says_itself(met: Met) -> bool:
    """Whether the text is the number it was read as, or is listed as a silence."""
    return isinstance(met.read_as, str) or met.text == _code(met.read_as)


def _code(read_as: float | str) -> str:
    return read_as if isinstance(read_as, str) else f"{read_as:g}"


def _silence(r: ReadReport) -> Table:
    return Table(
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


def _flat(r: ReadReport) -> Table:
    flat = [(i, Text("the same answer from everybody", "所有人回答相同")) for i in r.constant]
    flat += [(i, Text("no valid answer", "没有有效回答")) for i in r.empty]
    return Table(
        {"item": [i for i, _ in flat], "reason": [t for _, t in flat]},
        title=Text("Items that say nothing", "没有信息的题项"),
    )


def _matched(result: Reading) -> Table:
    r = result.report
    return Table(
        {
            "item": list(r.matched),
            "column": list(r.matched.values()),
            "wording": list(result.wording),
            "turned": [i in r.turned for i in r.matched],
        },
        title=Text("Items and their columns", "题项与数据列"),
        labels={"turned": Text("Turned", "反向计分")},
    )


def _roles(r: ReadReport) -> Table:
    roles = {**r.roles, **dict.fromkeys(r.private, "private")}
    return Table(
        {"column": list(roles), "role": [ROLES.get(v, Text(v)) for v in roles.values()]},
        title=Text("Columns with another role", "其他用途的列"),
    )


def _unmatched(r: ReadReport) -> Table:
    unused = [(c, Text("")) for c in r.unmatched_columns if c not in r.empty_columns]
    unused += [(c, Text("empty", "空列")) for c in r.empty_columns]
    return Table(
        {"column": [c for c, _ in unused], "reason": [t for _, t in unused]},
        title=Text("Columns not used", "未使用的列"),
    )
