"""Commands that fit a model of items and constructs: cfa, sem, compare, invariance, pls.

`csat.cli` registers `MODEL_COMMANDS`. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from csat.cli_options import DRAWN, PLS_HOW, SEED, Command, analysis_command, modes_of, names_of
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


def _estimator(context: click.Context, option: click.Parameter, said: str) -> str:
    """An estimator's name, however it is typed."""
    return said.lower() if said.lower() == "auto" else said.upper()


ESTIMATOR = click.option(
    "--estimator",
    default="ML",
    callback=_estimator,
    show_default=True,
    help="ML, MLM, MLMV, MLR, ULS, GLS, WLS, DWLS; WLSMV and ULSMV, which order all items but measured "
    "quantities; with --ordered also DWLS, ULS, WLS; auto: WLSMV where items have at most 5 categories (or "
    "at most 7, skewed beyond 1), else MLR, with full information where answers are missing.",
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
RESIDUALS = click.option(
    "--residuals", is_flag=True, help="Every pair of items: seen, implied, residual with its z."
)
ORDERED_ITEMS = click.option(
    "--ordered-items",
    metavar="A,B,..",
    help="Only these items are ordered; the others, and what only explains, are numbers. 'none' for none.",
)
STD_LV = click.option(
    "--std-lv",
    is_flag=True,
    help="Scale a construct by its variance (1) instead of by its first loading.",
)
MODIFICATIONS = click.option(
    "--modifications",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="List the N largest modification indices.",
)


GROUPS: tuple[Command, ...] = (
    click.option(
        "--group",
        metavar="COLUMN",
        help="Fit the groups of a column at once, each with its own parameters, in the order in which they "
        "first appear.",
    ),
    click.option(
        "--group-equal",
        metavar="A,B,..",
        help="What the groups have in common: loadings, intercepts, thresholds, residuals, "
        "residual.covariances, lv.variances, lv.covariances, means, regressions.",
    ),
    click.option(
        "--group-partial",
        multiple=True,
        metavar="PARAMETER",
        help="Let one of these equalities go, such as 'Image =~ image_2'; may be repeated.",
    ),
)


WALD = click.option(
    "--wald",
    metavar="RULE",
    multiple=True,
    help="Test a rule among labelled parameters, such as 'b1 == b2'; several in one, between semicolons, are "
    "tested together; may be repeated.",
)


BOOTSTRAP = (
    click.option(
        "--bootstrap",
        type=click.IntRange(0),
        default=0,
        metavar="N",
        help="Fit the model anew to N replicates of the respondents: errors and intervals. In groups, with "
        "gaps (fiml), ordered items and rules among parameters too.",
    ),
    click.option(
        "--interval",
        type=click.Choice(["percentile", "bca"]),
        default="percentile",
        show_default=True,
        help="Interval of the bootstrap.",
    ),
    click.option(
        "--bollen-stine",
        is_flag=True,
        help="Also the Bollen-Stine p of the chi-square (complete answers, no ordered items).",
    ),
    SEED,
    *DRAWN,
)


WITHOUT: dict[str, object] = {"fit": {}, "parameters": []}
"""What the JSON of a model holds when none can be fitted, beside the verdict that says why."""


@analysis_command(
    "cfa",
    MODEL,
    ESTIMATOR,
    MODEL_MISSING,
    ORDERED,
    ORDERED_ITEMS,
    STD_LV,
    MODIFICATIONS,
    RESIDUALS,
    WALD,
    *BOOTSTRAP,
    *GROUPS,
    without=WITHOUT,
)
def cfa_command(survey: Survey, *, model: Path | None, group_equal: str | None, **own: Any) -> Result:
    """Confirmatory factor analysis of the instrument's constructs, or of a model file."""
    _check_drawn(survey, own["bootstrap"])
    return survey.cfa(model=_model(model), group_equal=names_of(group_equal) or (), **_ordered(own))


@analysis_command(
    "sem",
    MODEL,
    ESTIMATOR,
    MODEL_MISSING,
    ORDERED,
    ORDERED_ITEMS,
    STD_LV,
    MODIFICATIONS,
    RESIDUALS,
    WALD,
    *BOOTSTRAP,
    *GROUPS,
    without=WITHOUT,
)
def sem_command(survey: Survey, *, model: Path | None, group_equal: str | None, **own: Any) -> Result:
    """Structural equation model: verdict, fit, paths, loadings, validity."""
    _check_drawn(survey, own["bootstrap"])
    return survey.sem(model=_model(model), group_equal=names_of(group_equal) or (), **_ordered(own))


@analysis_command(
    "compare",
    click.option(
        "--model",
        "models",
        type=click.Path(path_type=Path),
        metavar="FILE",
        multiple=True,
        help="A model in lavaan syntax; repeat it. None: the instrument's, with different --group-equal.",
    ),
    ESTIMATOR,
    MODEL_MISSING,
    ORDERED,
    ORDERED_ITEMS,
    STD_LV,
    click.option(
        "--scaling",
        type=click.Choice(["auto", "plain", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"]),
        default="auto",
        show_default=True,
        help="How the difference of scaled chi-squares is taken; auto as lavaan: plain, 2000 for scaled and "
        "shifted tests, else 2001.",
    ),
    GROUPS[0],
    click.option(
        "--group-equal",
        metavar="A,B,..",
        multiple=True,
        help="What the groups have in common, once for all models, or one for each ('none' for nothing).",
    ),
)
def compare_command(
    survey: Survey, *, models: tuple[Path, ...], group_equal: tuple[str, ...], **own: Any
) -> Result:
    """Which of several models do the answers prefer? Difference tests, CFI and RMSEA, AIC and BIC."""
    texts: list[str | None] = [_model(path) for path in models] or [None]
    equal = [() if e.strip() == "none" else tuple(names_of(e) or ()) for e in group_equal]
    if len(texts) == 1 and len(equal) > 1:
        names = [" + ".join(e) or "nothing equal" for e in equal]
        texts = texts * len(equal)
    else:
        names = [path.stem for path in models] or ["model"]
        equal = equal * len(texts) if len(equal) < 2 else equal
    if len(set(names)) < len(names):
        names = [f"{i + 1}: {n}" for i, n in enumerate(names)]
    if equal and len(equal) != len(texts):
        raise BadInput(
            f"--group-equal is given {len(equal)} times for {len(texts)} models",
            right="Once for all, or once for each, in their order",
        )
    by_name = dict(zip(names, equal, strict=True)) if equal else ()
    return survey.compare(dict(zip(names, texts, strict=True)), group_equal=by_name, **_ordered(own))


@analysis_command(
    "invariance",
    click.option("--by", required=True, metavar="COLUMN", help="The column that holds the groups or waves."),
    MODEL,
    click.option(
        "--estimator",
        default="MLR",
        callback=_estimator,
        show_default=True,
        help="ML, MLM, MLR, ...; WLSMV, ULSMV for ordered items.",
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


SCORES = ["mean", "sum", "0-100", "regression", "Bartlett", "EBM", "PLS"]


@analysis_command(
    "scores",
    click.option(
        "--method",
        type=click.Choice(SCORES, case_sensitive=False),
        default="mean",
        show_default=True,
        help="Of the answered items; factor scores (regression, Bartlett, EBM); PLS composites.",
    ),
    MODEL,
    click.option(
        "--estimator",
        default="auto",
        callback=_estimator,
        show_default=True,
        help="Of the model behind factor scores, as csat sem.",
    ),
    MODEL_MISSING,
    ORDERED,
    ORDERED_ITEMS,
    click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write the scores as CSV, a row for each respondent.",
    ),
)
def scores_command(survey: Survey, *, model: Path | None, out: Path | None, **own: Any) -> Result:
    """What every respondent scores on every construct: a CSV file in the order of the data."""
    from csat.files import write_file

    found = survey.scores(model=_model(model), **_ordered(own))
    if out is not None:
        write_file(out, found.to_csv())
        click.echo(f"Wrote {out}: {len(found.rows)} rows.", err=True)
    return found


def _ordered(own: dict[str, Any]) -> dict[str, Any]:
    """Options with the names of ordered items in the place of the flag."""
    items = names_of(own.pop("ordered_items"))
    if items == ["none"]:
        return {**own, "ordered": []}
    return {**own, "ordered": items} if items else own


def _check_drawn(survey: Survey, bootstrap: int) -> None:
    """Strata, clusters and replicate weights are honoured by the bootstrap alone."""
    drawn = survey.responses.replication is not None or survey.responses.design is not None
    if drawn and not bootstrap:
        raise BadInput(
            "strata, clusters and replicate weights change nothing in a model's own errors",
            do="Ask for a bootstrap, which honours them (--bootstrap 1000)",
        )


def _model(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        written = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"the model cannot be read: {error.strerror}",
            where=str(path),
            do="Name a text file with lavaan syntax",
        ) from error
    # as editors save it: UTF-8, with or without a mark, UTF-16 with one, or a Chinese system's own
    marked = written.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = written.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(ch < " " and not ch.isspace() for ch in text):
            return text
    raise BadInput(
        "the model cannot be read: it is not a text",
        where=str(path),
        do="Name a text file with lavaan syntax, saved as UTF-8",
    )


GROUPS_ONLY = ("against", "permutations")
"""Options of `csat pls` that say something with --group alone."""
ONE_ONLY = (
    "target", "correlation", "moderation", "higher_order", "replicates", "interval", "predict",
)  # fmt: skip
"""Options that say nothing with it."""


@analysis_command(
    "pls",
    MODEL,
    *PLS_HOW,
    click.option("--target", metavar="NAME", help="Construct of the index; default: the instrument's."),
    click.option(
        "--missing",
        type=click.Choice(["pairwise", "listwise", "mean", "em"]),
        help="Rows with silence. Default: pairwise; listwise where a path is moderated or with --group.",
    ),
    click.option(
        "--moderation",
        metavar="X*Z->Y",
        multiple=True,
        help="Z changes the path from X to Y; may be repeated. In a model file: Y ~ X + Z + X:Z.",
    ),
    click.option(
        "--higher-order",
        type=click.Choice(["two-stage", "repeated-indicators"]),
        default="two-stage",
        show_default=True,
        help="How a construct measured by constructs is estimated.",
    ),
    click.option("--replicates", type=click.IntRange(0), help="Bootstrap replicates; 0 for none."),
    click.option(
        "--interval",
        type=click.Choice(["percentile", "bca"]),
        default="percentile",
        show_default=True,
        help="Bootstrap interval.",
    ),
    click.option(
        "--predict/--no-predict",
        default=True,
        show_default=True,
        help="Prediction of unseen respondents (PLSpredict, CVPAT).",
    ),
    click.option(
        "--group", metavar="COLUMN", help="Compare the groups of a column: MICOM and permutation tests."
    ),
    click.option(
        "--against",
        type=click.Choice(["rest", "pairs"]),
        default="rest",
        show_default=True,
        help="With --group: each group against all others, or all pairs.",
    ),
    click.option(
        "--permutations", type=click.IntRange(100), default=1000, show_default=True, help="With --group."
    ),
    SEED,
    *DRAWN,
)
@click.pass_context
def pls_command(
    context: click.Context,
    /,
    survey: Survey,
    *,
    model: Path | None,
    modes: tuple[str, ...],
    group: str | None,
    missing: Any,
    **own: Any,
) -> Result:
    """PLS path model: weights, paths, index with unstandardised weights, importance map; groups compared."""
    given = {name for name in own if context.get_parameter_source(name) == ParameterSource.COMMANDLINE}
    out_of_place = sorted(given & set(ONE_ONLY if group else GROUPS_ONLY))
    if out_of_place:
        option = "--" + out_of_place[0].replace("_", "-")
        raise BadInput(
            f"{option} says nothing {'together with' if group else 'without'} --group",
            do="Leave one of them out" if group else "Name the column of the groups (--group COLUMN)",
        )
    asked: dict[str, Any] = {
        name: v for name, v in own.items() if name not in (ONE_ONLY if group else GROUPS_ONLY)
    }
    asked |= {"model": _model(model), "modes": modes_of(modes)}
    if missing is not None:
        asked["missing"] = missing
    return survey.pls_groups(group, **asked) if group else survey.pls(**asked)


MODEL_COMMANDS: tuple[click.Command, ...] = (
    cfa_command,
    sem_command,
    compare_command,
    invariance_command,
    pls_command,
    scores_command,
)
"""In the order of the work."""
