"""The result of reading a file: what was understood, what was left out, how many came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from csat.analyses.reading_accounting import Accounting, Step
from csat.analyses.reading_tables import tables_of
from csat.analyses.result import Result
from csat.display.plot import Plot
from csat.display.table import Table
from csat.language import Language, Text
from csat.responses.responses import ReadReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
        return tables_of(self)

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
