"""Commands about satisfaction itself and what to do: index, priorities, whatif, asymmetry, nps, top2, effort.

`csat.cli` registers `SCORE_COMMANDS`. Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from csat.cli_options import DRAWN, PLS_HOW, SEED, analysis_command, modes_of, names_of
from csat.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from csat.analyses.result import Result
    from csat.survey import Survey


CONFIDENCE = click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Coverage of the intervals.",
)


@analysis_command(
    "index",
    click.option(
        "--construct", metavar="NAME", help="The construct that is the index; default: the instrument's."
    ),
    click.option(
        "--method",
        type=click.Choice(["equal", "stated", "derived", "pls"]),
        help="Weights: equal, stated importance, derived importance, the PLS path model.",
    ),
    click.option(
        "--weights-in-interval",
        type=click.Choice(["re-estimated", "fixed"]),
        default="re-estimated",
        show_default=True,
        help="Whether the interval finds the weights anew in each replicate.",
    ),
    click.option(
        "--convention",
        type=click.Choice(["0-100 rescale", "per cent of maximum"]),
        default="0-100 rescale",
        show_default=True,
        help="How answers become points.",
    ),
    click.option("--replicates", type=int, default=2000, show_default=True, help="Bootstrap replicates."),
    click.option(
        "--interval",
        type=click.Choice(["percentile", "bca"]),
        default="percentile",
        show_default=True,
        help="Kind of the bootstrap intervals.",
    ),
    CONFIDENCE,
    SEED,
    *DRAWN,
)
def index_command(survey: Survey, **own: Any) -> Result:
    """Customer satisfaction index 0-100 with its interval, by construct and segment."""
    return survey.index(**own)


@analysis_command(
    "priorities",
    click.option(
        "--outcome", metavar="NAME", help="What they are important for; default: the construct of the index."
    ),
    click.option(
        "--importance",
        type=click.Choice(["derived", "stated", "pls", "sem"]),
        help="Where importance comes from; pls and sem: total effects of the path model.",
    ),
    click.option(
        "--measure",
        type=click.Choice(["LMG", "relative weight", "|r|", "beta", "partial r"]),
        default="LMG",
        show_default=True,
        help="How importance is derived.",
    ),
    click.option(
        "--measures",
        metavar="A,B,..",
        help="Further measures to show certainty under; also pls, sem and stated. Default: those at hand.",
    ),
    click.option(
        "--centre",
        type=click.Choice(["mean", "median", "midpoint", "value", "overall"]),
        default="mean",
        show_default=True,
        help="Where the crosshair stands.",
    ),
    click.option(
        "--iso-priority", is_flag=True, help="Draw the line of equal gap, where both axes have one unit."
    ),
    click.option("--centres", metavar="A,B,..", help="Further crosshairs to show certainty under."),
    click.option(
        "--centre-at",
        metavar="X[,Y]",
        help="Where the crosshair 'value' stands, such as a target or benchmark: performance, and importance "
        "unless that is the mean.",
    ),
    click.option(
        "--level",
        type=click.Choice(["item", "construct"]),
        default="item",
        show_default=True,
        help="What is placed.",
    ),
    click.option(
        "--first", type=int, default=3, show_default=True, help="Certainty of being among the first."
    ),
    *PLS_HOW,
    click.option(
        "--replicates",
        type=click.IntRange(0),
        default=1000,
        show_default=True,
        help="Bootstrap replicates; 0 for none.",
    ),
    SEED,
    *DRAWN,
)
def priorities_command(
    survey: Survey,
    *,
    centre_at: str | None,
    centres: str | None,
    measures: str | None,
    modes: tuple[str, ...],
    **own: Any,
) -> Result:
    """Importance-performance quadrants: what to improve first, and how sure that is."""
    further = names_of(centres)
    known = ("mean", "median", "midpoint", "value", "overall")
    for name in further or ():
        if name not in known:
            raise UnknownName("crosshair", name, known, where="--centres")
    return survey.priorities(
        centre_at=_point(centre_at),
        centres=cast(Any, further or ()),
        measures=names_of(measures),
        modes=cast(Any, modes_of(modes)),
        **own,
    )


@analysis_command(
    "whatif",
    click.option(
        "--raise", "raises", metavar="NAME=POINTS", multiple=True,
        help="Raise an item or construct by answer points; may be repeated. Default: the first priorities.",
    ),
    click.option(
        "--method", type=click.Choice(["pls", "sem", "regression"]),
        help="Where effects come from; default: PLS where the index has PLS weights.",
    ),
    click.option(
        "--construct", metavar="NAME", help="The construct that is the index; default: the instrument's."
    ),
    click.option("--nps", metavar="ITEM", help="The item on 0-10 that asks whether they would recommend."),
    *PLS_HOW,
    click.option("--replicates", type=click.IntRange(100), default=1000, show_default=True),
    CONFIDENCE,
    SEED,
    *DRAWN,
)  # fmt: skip
def whatif_command(survey: Survey, *, raises: tuple[str, ...], modes: tuple[str, ...], **own: Any) -> Result:
    """What the index and the NPS would be if an item did better."""
    return survey.what_if(_raises(raises), modes=cast(Any, modes_of(modes)), **own)


@analysis_command(
    "asymmetry",
    click.option(
        "--outcome", metavar="NAME", help="Construct or item to explain; default: the index construct."
    ),
    click.option(
        "--boxes",
        type=click.IntRange(1),
        metavar="N",
        help="Answers in the low and the high band; default 1 or 2.",
    ),
    click.option(
        "--cut", type=float, default=0.1, show_default=True, help="Asymmetry beyond which an item is placed."
    ),
    click.option(
        "--replicates", type=click.IntRange(50), default=1000, show_default=True, help="Bootstrap replicates."
    ),
    SEED,
    *DRAWN,
)
def asymmetry_command(survey: Survey, **own: Any) -> Result:
    """Which items lose satisfaction when poor, and which win it when good (penalty-reward contrast)."""
    return survey.asymmetry(**own)


ITEM = click.option("--item", metavar="NAME", required=True, help="The item.")


@analysis_command(
    "nps",
    click.option("--item", metavar="NAME", help="The item on 0-10; default: the one that asks to recommend."),
    click.option("--replicates", type=click.IntRange(100), default=2000, show_default=True),
    CONFIDENCE,
    SEED,
    *DRAWN,
)
def nps_command(survey: Survey, **own: Any) -> Result:
    """Net promoter score of an item on 0-10, with interval, by segment with tests."""
    return survey.nps(**own)


@analysis_command("top2", ITEM)
def top2_command(survey: Survey, *, item: str) -> Result:
    """CSAT: the share of the two highest answers to an item."""
    return survey.top2(item=item)


@analysis_command("effort", ITEM)
def effort_command(survey: Survey, *, item: str) -> Result:
    """CES: mean of an 'it was easy' item, and the share of its upper answers."""
    return survey.effort(item=item)


SCORE_COMMANDS: tuple[click.Command, ...] = (
    index_command,
    priorities_command,
    whatif_command,
    asymmetry_command,
    nps_command,
    top2_command,
    effort_command,
)
"""In the order of the work."""


def _raises(texts: tuple[str, ...]) -> dict[str, float] | None:
    found = {}
    for text in texts:
        name, _, points = text.rpartition("=")
        try:
            found[name.strip()] = float(points)
        except ValueError:
            name = ""
        if not name:
            raise BadInput(f"--raise {text} is no raise", right="It is NAME=POINTS, such as im1=0.3")
    return found or None


def _point(text: str | None) -> tuple[float, float | None] | None:
    if text is None:
        return None
    try:
        x, *rest = (float(part) for part in text.split(","))
        if len(rest) > 1:
            raise ValueError
    except ValueError as error:
        raise BadInput(
            f"--centre-at {text} is not a point", right="It is X or X,Y, such as 70 or 70,0.1"
        ) from error
    return x, rest[0] if rest else None
