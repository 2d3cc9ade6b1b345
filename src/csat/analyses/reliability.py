"""Do the items of a construct agree? Alpha, omega and their relatives, for each construct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from csat.analyses.reliability_doubts import Doubts, common_doubts, doubt_items, verdict_of
from csat.analyses.reliability_figures import ConstructFigures, figures_of
from csat.analyses.reliability_result import Reliability
from csat.analyses.result import Base, Caution
from csat.errors import BadInput
from csat.language import Text
from csat.tally.tally import Tally


def reliability(
    blocks: Mapping[str, Tally],
    *,
    titles: Mapping[str, Text] | None = None,
    ordinal: bool = True,
    confidence: float = 0.95,
) -> Reliability:
    """Alpha (raw, standardised, ordinal), omega total, Guttman's lambda 2 and 6, each item in its construct.

    A construct of one item, or with an item that does not vary, gets NaN and a caution; the others go on.

    Parameters
    ----------
    blocks : construct to the tally of its items, listwise by default of the caller. titles : of constructs
        and items. ordinal : also alpha on the polychoric matrix, for constructs of items with categories.
    confidence : of Feldt's interval, which uses the effective n when weighted.

    Raises
    ------
    BadInput : no construct.
    """
    if not blocks:
        raise BadInput(
            "there is no construct", right="Give at least one construct with two items", where="reliability"
        )
    words = dict(titles or {})
    cautions: list[Caution] = []
    figures: list[ConstructFigures] = []
    for name, tally in blocks.items():
        doubts = Doubts(name, words.get(name) or Text(name))
        figures.append(figures_of(tally, ordinal=ordinal, confidence=confidence, doubts=doubts))
        doubt_items(tally, figures[-1], doubts)
        cautions += doubts.found
    cautions += common_doubts(blocks, figures, words)
    tallies = list(blocks.values())
    alpha = np.array([f.alpha for f in figures])
    sizes = np.array([len(t.items) for t in tallies])
    known = {*blocks, *(i for t in tallies for i in t.items)}
    return Reliability(
        base=_base(tallies),
        cautions=tuple(cautions),
        verdict=verdict_of(blocks, alpha, words),
        constructs=tuple(blocks),
        n_items=sizes,
        n=np.array([f.n for f in figures]),
        effective_n=np.array([f.effective_n for f in figures]),
        alpha=alpha,
        alpha_lower=np.array([f.lower for f in figures]),
        alpha_upper=np.array([f.upper for f in figures]),
        alpha_standardised=np.array([f.standardised for f in figures]),
        alpha_ordinal=np.array([f.ordinal for f in figures]),
        omega=np.array([f.omega for f in figures]),
        omega_observed=np.array([f.omega_observed for f in figures]),
        lambda2=np.array([f.lambda2 for f in figures]),
        lambda6=np.array([f.lambda6 for f in figures]),
        mean_r=np.array([f.mean_r for f in figures]),
        items=tuple(i for t in tallies for i in t.items),
        item_construct=tuple(name for name, t in blocks.items() for _ in t.items),
        item_mean=np.concatenate([t.means() for t in tallies]),
        item_sd=np.concatenate([np.sqrt(np.diagonal(t.covariance())) for t in tallies]),
        item_rest=np.concatenate([f.item_rest for f in figures]),
        alpha_if_dropped=np.concatenate([f.dropped for f in figures]),
        loading=np.concatenate([f.loading for f in figures]),
        confidence=confidence,
        titles={k: v for k, v in words.items() if k in known},
    )


def _base(tallies: Sequence[Tally]) -> Base:
    """On whom the whole rests: the construct with the fewest respondents."""
    fewest = min(tallies, key=lambda t: t.rows)
    pairwise = any(np.ptp(t.pair_n()) > 0 for t in tallies)
    return Base.of(fewest, "pairwise" if pairwise else "listwise")
