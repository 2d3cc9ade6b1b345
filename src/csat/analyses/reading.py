"""What was read: how a file became answers, row by row and code by code, and how many came back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from csat.analyses.reading_accounting import accounting, flow_of
from csat.analyses.reading_result import Reading
from csat.analyses.result import Base, Caution
from csat.errors import listed
from csat.language import Text
from csat.responses.responses import ReadReport, Responses

MANY_INVALID = 0.05
"""Invalid cells a valid answer above which the instrument is probably not that of the file (ours)."""


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
