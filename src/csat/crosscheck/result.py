"""The result of asking other programs: which comparisons ran, and how far the numbers are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from csat.analyses.result import Result
from csat.display.table import Table
from csat.language import Text, joined

PEERS = ("factor_analyzer", "statsmodels", "semopy")
KNOWN: Mapping[str, Text] = {
    "factor_analyzer": Text(
        "factor_analyzer 0.5.1 cannot fit a factor model with scikit-learn 1.8 or later; its KMO, "
        "Bartlett and rotation functions work and are used here.",
        "factor_analyzer 0.5.1 在 scikit-learn 1.8 及以上版本下无法拟合因子模型；其 KMO、Bartlett 与旋转"
        "函数可用，此处即采用这些函数。",
    ),
    "statsmodels": Text(
        "statsmodels has no minres; its principal axes, iterated to the end, give the same solution.",
        "statsmodels 没有 minres 方法；其主轴法迭代至收敛时给出相同的解。",
    ),
    "semopy": Text(
        "semopy 2.3.11 stops a little short of the optimum, prints the NFI under the name GFI, gives a "
        "log-likelihood (hence AIC and BIC) that is none, a wrong chi-square with missing answers, and "
        "calls models without identification a success: only its estimates and the discrepancy they "
        "imply are compared.",
        "semopy 2.3.11 在最优点之前就停止，把 NFI 当作 GFI 输出，给出的对数似然（以及 AIC、BIC）并非真正"
        "的对数似然，有缺失回答时卡方值错误，并把不可识别的模型报告为成功：因此这里只比较其估计值及由此得"
        "到的拟合函数值。",
    ),
}
"""What the peers are known to do wrong, measured (DESIGN 5)."""


@dataclass(frozen=True)
class Agreement:
    """One comparison.

    ours, theirs : the pair that differs most. difference : in the unit of `tolerance`. explained : they
    differ for a reason that does not speak against csat's number; `note` says which.
    """

    check: str
    what: Text
    program: str
    compared: int
    where: str
    ours: float
    theirs: float
    difference: float
    tolerance: float
    agrees: bool
    note: Text
    explained: bool = False

    @property
    def ran(self) -> bool:
        """Whether the peer gave an answer at all."""
        return self.compared > 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Crosscheck(Result):
    """csat's numbers beside those of other programs, made by `crosscheck`."""

    title = Text("Second opinion", "交叉验证")
    name = "crosscheck"

    agreements: tuple[Agreement, ...]

    @property
    def disagreements(self) -> tuple[Agreement, ...]:
        """Comparisons that ran and did not agree."""
        return tuple(a for a in self.agreements if a.ran and not a.agrees)

    def tables(self) -> dict[str, Table]:
        """`agreement`, `peers`."""
        rows = self.agreements
        return {
            "agreement": Table(
                {
                    "check": [a.what for a in rows],
                    "program": [a.program for a in rows],
                    "compared": [a.compared for a in rows],
                    "ours": [a.ours for a in rows],
                    "theirs": [a.theirs for a in rows],
                    "largest_difference": [a.difference for a in rows],
                    "tolerance": [a.tolerance for a in rows],
                    "agrees": [a.agrees if a.ran else Text("not run", "未运行") for a in rows],
                    "note": [a.note for a in rows],
                },
                title=Text("Do independent programs give the same numbers?", "独立程序的结果是否一致"),
                notes=[
                    Text(
                        "csat and second opinion: the pair that differs most. Differences are relative "
                        "for numbers above 1, and in standard errors for estimates of path models.",
                        "“csat”与“第二意见”列为差异最大的一对数值。大于 1 的数值取相对差异；路径模型的估"
                        "计值以标准误为单位。",
                    )
                ],
                labels={
                    "compared": Text("Numbers compared", "比较的数值个数"),
                    "tolerance": Text("Tolerance", "容许差异"),
                    "note": Text("Note", "说明"),
                },
                formats=dict.fromkeys(("ours", "theirs", "largest_difference", "tolerance"), "precise"),
            ),
            "peers": Table(
                {"program": [named(p) for p in PEERS], "note": [KNOWN[p] for p in PEERS]},
                title=Text("What is known about these programs", "这些程序的已知问题"),
                labels={"note": Text("Known", "已知情况")},
            ),
        }

    def headline(self) -> tuple[Text, ...]:
        """How many comparisons agree, and which do not."""
        ran = [a for a in self.agreements if a.ran]
        agree = sum(a.agrees for a in ran)
        said = [
            Text(
                f"{agree} of {len(ran)} comparisons with independent programs agree.",
                f"与独立程序的 {len(ran)} 项比较中有 {agree} 项一致。",
            )
        ]
        silent = [a.what for a in self.agreements if not a.ran]
        if silent:
            said.append(Text("Not compared: {what}.", "未比较：{what}。").fill(what=joined(silent)))
        return tuple(said)


def named(program: str) -> str:
    """The program with its version."""
    try:
        return f"{program} {version(program)}"
    except PackageNotFoundError:
        return program
