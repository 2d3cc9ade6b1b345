"""Other programs are asked; whatever they do, csat's own answer stands."""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import numpy as np

from csat.analyses.adequacy import Adequacy
from csat.analyses.factorial.factors import Factors
from csat.analyses.result import SOUND, Base, Caution, Verdict
from csat.analyses.structural.model import StructuralModel
from csat.crosscheck.comparing import NotCompared
from csat.crosscheck.peer_factor_analyzer import ROTATORS, adequacy_beside, rotation_beside
from csat.crosscheck.peer_semopy import structural_beside
from csat.crosscheck.peer_statsmodels import RegressionRows, extraction_beside, regression_beside
from csat.crosscheck.result import Agreement, Crosscheck, named
from csat.language import Text


def crosscheck(
    *,
    base: Base,
    adequacy: Adequacy | None = None,
    factors: Factors | None = None,
    regression: RegressionRows | None = None,
    model: StructuralModel | None = None,
) -> Crosscheck:
    """Ask other programs for the numbers of results that were already made.

    Parameters
    ----------
    base : of the survey. adequacy, factors, model : csat's results; None leaves a comparison out. regression
    : the rows of the drivers' regression.

    Never raises for a peer: what is missing or fails is a row that says so.
    """
    found = tuple(
        agreement
        for question in _questions(adequacy, factors, regression, model)
        for agreement in _answered(question)
    )
    apart = [a for a in found if a.ran and not a.agrees]
    cautions = tuple(_caution(a) for a in apart)
    unexplained = [c for c, a in zip(cautions, apart, strict=True) if not a.explained]
    return Crosscheck(
        base=base,
        agreements=found,
        cautions=cautions,
        verdict=Verdict("doubtful", unexplained[0].text) if unexplained else SOUND,
    )


@dataclass(frozen=True)
class _Question:
    """What is asked of a program."""

    check: str
    what: Text
    program: str
    ask: Callable[[], list[Agreement]]


def _questions(
    adequacy: Adequacy | None,
    factors: Factors | None,
    regression: RegressionRows | None,
    model: StructuralModel | None,
) -> Iterator[_Question]:
    if adequacy is not None:
        what = Text("KMO and Bartlett", "KMO 与 Bartlett")
        yield _Question("adequacy", what, "factor_analyzer", lambda: adequacy_beside(adequacy))
    if factors is not None:
        what = Text("Extraction", "因子提取")
        yield _Question("extraction", what, "statsmodels", lambda: extraction_beside(factors))
        if len(factors.factors) > 1 and factors.rotation in ROTATORS:
            what = Text("Rotation", "因子旋转")
            yield _Question("rotation", what, "factor_analyzer", lambda: rotation_beside(factors))
    if regression is not None:
        what = Text("Regression", "回归")
        yield _Question("regression", what, "statsmodels", lambda: regression_beside(regression))
    if model is not None:
        what = Text("Path model", "路径模型") if model.paths else Text("Measurement model", "测量模型")
        yield _Question("sem", what, "semopy", lambda: structural_beside(model, what))


def _caution(a: Agreement) -> Caution:
    text = Text(
        "{program} gives another answer for {what}: {theirs} where csat has {ours} ({where}). {note}",
        "{program} 对{what}给出不同的结果：{theirs}，csat 为 {ours}（{where}）。{note}",
    )
    numbers = {"theirs": f"{a.theirs:.6g}", "ours": f"{a.ours:.6g}"}
    filled = text.fill(program=a.program, what=a.what, where=a.where, note=a.note, **numbers)
    return Caution(f"differs_{a.check}", Text(filled.en.strip(), filled.zh.strip()), (a.where,))


def _answered(q: _Question) -> Iterator[Agreement]:
    """The comparisons, or one row that says why there are none."""
    try:
        with _quiet():
            yield from q.ask()
    except ImportError:
        yield _silent(q, Text(f"{q.program} is not installed", f"未安装 {q.program}"))
    except NotCompared as err:
        yield _silent(q, err.why)
    except Exception as err:
        # whatever a peer does, csat's own answer stands
        reason = f"{type(err).__name__}: {err}"[:200]
        yield _silent(q, Text(f"{q.program} failed ({reason})", f"{q.program} 运行失败（{reason}）"))


@contextmanager
def _quiet() -> Iterator[None]:
    """Peers warn and print; none of it is about the survey."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                yield
    finally:
        logging.disable(before)


def _silent(q: _Question, note: Text) -> Agreement:
    nan = math.nan
    return Agreement(q.check, q.what, named(q.program), 0, "", nan, nan, nan, nan, False, note)
