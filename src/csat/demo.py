"""The demonstration: a simulated bank survey in full, and published studies beside what csat finds.

Everything here is computed when it runs; the published figures are the studies' own, the data are simulated
from the stated populations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from csat.display.table import Table
from csat.instrument.toml import load
from csat.language import Text
from csat.simulate import simulate
from csat.survey import Survey, read

ISSUED, RETURNED = 145, 98
"""Questionnaires of the bank study; 93 were valid, as many as the recipe draws."""

BANK_STUDY, BANK_PATHS, DIRECTORY = (
    Text("Bank study, factors", "银行研究，因子分析"),
    Text("Bank study, paths (n = 10,000)", "银行研究，路径（n = 10,000）"),
    Text("Directory enquiry 114, regression", "114 查号台，回归"),
)

PUBLISHED_PATHS = {"Image": 0.329, "Product": 0.41, "Relation": 0.57, "Service": 0.42, "Environment": 0.30}


@dataclass(frozen=True)
class Line:
    """One published figure beside the one found."""

    study: Text
    figure: Text
    published: str
    found: str


def bank_columns() -> Mapping[str, Sequence[Any]]:
    """The simulated answers to the bank's questionnaire, 93 respondents."""
    return simulate(load("bank_corporate"), recipe="bank_efa")


def as_csv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Columns as a CSV file, UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue().encode("utf-8")


def survey_of(columns: Mapping[str, Sequence[Any]], **options: Any) -> Survey:
    """Columns in memory, read as a file would be."""
    import pyarrow as pa

    return read(pa.table(dict(columns)), **options)


def bank_lines(survey: Survey) -> list[Line]:
    """KMO, eigenvalues, cumulative share, alpha and the sorting of the items, as the bank study has them."""
    items = [f"x{i}" for i in range(1, 13)]
    found = survey.efa(items=items, factors="kaiser", extraction="pca", rotation="varimax")
    alpha = survey.reliability(ordinal=False)
    sizes = np.bincount(np.abs(found.pattern).argmax(axis=1), minlength=found.pattern.shape[1])
    first = [int(np.abs(found.pattern[at]).argmax()) for at in (0, 2, 5, 7, 10)]
    rows = (
        (Text("KMO"), ".765", _short(survey.adequacy(items=items).kmo)),
        (
            Text("eigenvalues above 1", "大于 1 的特征值个数"),
            "5",
            str(found.retention.counts["kaiser"]),
        ),
        (
            Text("cumulative share", "累计方差解释率"),
            "63.1 %",
            f"{100 * found.variance.cumulative[-1]:.1f} %",
        ),
        (
            Text("alpha of all 12 items", "12 个题项的 alpha"),
            "> .7",
            _short(float(alpha.alpha[alpha.constructs.index("overall")]), 2),
        ),
        (Text("items on each factor", "各因子的题项数"), "2/3/2/3/2", "/".join(str(sizes[f]) for f in first)),
    )
    return [Line(BANK_STUDY, *row) for row in rows]


def path_lines() -> list[Line]:
    """The five paths to satisfaction, estimated from 10,000 simulated respondents."""
    instrument = load("bank_corporate")
    survey = survey_of(simulate(instrument, recipe="bank_sem"))
    # continuous answers have no scale, so the frame is read bare and the instrument gives its model alone
    from csat.instrument.model import model_of

    found = survey.sem(model=model_of(instrument).to_text())
    paths = {p.rhs: p.std_all for p in found.parameters if p.op == "~" and p.lhs == "Satisfaction"}
    return [
        Line(
            BANK_PATHS,
            Text(f"{c.title.en} → satisfaction", f"{c.title.zh} → 满意"),
            _short(PUBLISHED_PATHS[c.id]),
            _short(paths[c.id]),
        )
        for c in instrument.constructs
        if c.id in PUBLISHED_PATHS
    ]


def directory_lines() -> list[Line]:
    """The regression of the directory line, and both readings of its index."""
    instrument = load("directory_114")
    survey = survey_of(simulate(instrument, recipe="directory_114"))
    found = survey.drivers(outcome="overall", drivers=["attitude_sum", "quality_sum"], errors="classical")
    rescaled = survey_of(simulate(instrument, recipe="directory_114_rescale"))
    constant, b1, b2 = (float(b) for b in found.coefficients)
    means = (float(survey.tally(["overall"]).means()[0]), float(rescaled.tally(["overall"]).means()[0]))
    from csat.numerics.scores import per_cent_of_maximum, rescale_0_100

    rows = (
        (
            Text("equation", "回归方程"),
            "Y = .656 + .038 X1 + .123 X2",
            f"Y = {_short(constant)} + {_short(b1)} X1 + {_short(b2)} X2",
        ),
        (Text("R"), ".596", _short(found.multiple_r)),
        (Text("F(2, 427)"), "117.62", f"{float(found.f):.2f}"),
        (Text("VIF"), "2.63", f"{float(found.vif[0]):.2f}"),
        (Text("p of attitude", "服务态度的 p 值"), "", _short(float(found.p[1]))),
        (
            Text("index, per cent of maximum", "指数，占满分百分比"),
            "57.25",
            f"{float(per_cent_of_maximum(means[0], maximum=5)):.2f}",
        ),
        (
            Text("index, 0-100 rescale", "指数，0–100 换算"),
            "57.25",
            f"{float(rescale_0_100(means[1], minimum=1, maximum=5)):.2f}",
        ),
    )
    return [Line(DIRECTORY, *row) for row in rows]


def table(lines: Sequence[Line]) -> Table:
    """Published beside found."""
    return Table(
        {
            "study": [line.study for line in lines],
            "figure": [line.figure for line in lines],
            "published": [line.published for line in lines],
            "found": [line.found for line in lines],
        },
        title=Text("Published studies, simulated and computed anew", "已发表研究：模拟数据，重新计算"),
        labels={
            "study": Text("Study", "研究"),
            "figure": Text("Figure", "指标"),
            "published": Text("Published", "发表值"),
            "found": Text("csat"),
        },
        notes=[
            Text(
                "The data are simulated from the published figures; the originals were never published.",
                "数据按发表的数字模拟；原始数据从未公开。",
            )
        ],
    )


def _short(value: float, digits: int = 3) -> str:
    """A figure as journals print it: no zero before the point."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
