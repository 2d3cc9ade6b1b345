"""Commands that fit a model of items and constructs: cfa, sem, invariance, pls.

`csat.cli` registers `MODEL_COMMANDS`. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csat.cli_options import CORRELATION, SEED, analysis_command
from csat.errors import BadInput

if TYPE_CHECKING:
    from csat.analyses.result import Result
    from csat.survey import Survey

MODEL = click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A model in lavaan syntax, instead of the instrument's.",
)
ESTIMATOR = click.option(
    "--estimator",
    default="ML",
    show_default=True,
    help="ML, MLM, MLMV, MLR, ULS, GLS, WLS, DWLS; with --ordered WLSMV, ULSMV, DWLS.",
)
MODEL_MISSING = click.option(
    "--missing",
    type=click.Choice(["listwise", "fiml", "pairwise"]),
    default="listwise",
    show_default=True,
    help="Rows with silence: fiml uses every answer (ML, MLR); pairwise is for ordered items.",
)
ORDERED = click.option(
    "--ordered", is_flag=True, help="Items are ordered categories: thresholds and polychoric correlations."
)
MODIFICATIONS = click.option(
    "--modifications", type=int, default=0, metavar="N", help="List the N largest modification indices."
)


@analysis_command("cfa", MODEL, ESTIMATOR, MODEL_MISSING, ORDERED, MODIFICATIONS)
def cfa_command(survey: Survey, *, model: Path | None, **own: Any) -> Result:
    """Confirmatory factor analysis of the instrument's constructs, or of a model file."""
    return survey.cfa(model=_model(model), **own)


@analysis_command("sem", MODEL, ESTIMATOR, MODEL_MISSING, ORDERED, MODIFICATIONS)
def sem_command(survey: Survey, *, model: Path | None, **own: Any) -> Result:
    """Structural equation model: verdict, fit, paths, loadings, validity."""
    return survey.sem(model=_model(model), **own)


@analysis_command(
    "invariance",
    click.option("--by", required=True, metavar="COLUMN", help="The column that holds the groups or waves."),
    MODEL,
    click.option(
        "--estimator",
        default="MLR",
        show_default=True,
        help="ML, MLM, MLR, ...; with --ordered WLSMV, ULSMV.",
    ),
    click.option(
        "--missing",
        type=click.Choice(["listwise", "fiml"]),
        default="listwise",
        show_default=True,
        help="Rows with silence: fiml uses every answer (ML, MLR).",
    ),
    ORDERED,
    click.option(
        "--partial/--full",
        default=True,
        show_default=True,
        help="Let single equalities go where a level does not hold, or judge it as it is.",
    ),
)
def invariance_command(survey: Survey, *, by: str, model: Path | None, **own: Any) -> Result:
    """Are constructs measured alike in the groups of a column? What may be compared between them."""
    return survey.invariance(by, model=_model(model), **own)


def _model(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadInput(
            f"the model cannot be read: {reason}", where=str(path), do="Name a text file with lavaan syntax"
        ) from error


@analysis_command(
    "pls",
    MODEL,
    click.option(
        "--scheme",
        type=click.Choice(["path", "factor", "centroid"]),
        default="path",
        show_default=True,
        help="Weighting scheme of the constructs.",
    ),
    click.option("--consistent", is_flag=True, help="Correct for unreliable scores (PLSc)."),
    click.option("--target", metavar="NAME", help="Construct of the index; default: the instrument's."),
    CORRELATION,
    click.option(
        "--missing",
        type=click.Choice(["pairwise", "listwise", "mean"]),
        default="pairwise",
        show_default=True,
        help="Rows with silence.",
    ),
    click.option("--replicates", type=click.IntRange(0), help="Bootstrap replicates; 0 for none."),
    SEED,
)
def pls_command(survey: Survey, *, model: Path | None, **own: Any) -> Result:
    """PLS path model: weights, paths, index with unstandardised weights, importance map."""
    return survey.pls(model=_model(model), **own)


MODEL_COMMANDS: tuple[click.Command, ...] = (cfa_command, sem_command, invariance_command, pls_command)
"""In the order of the work."""
