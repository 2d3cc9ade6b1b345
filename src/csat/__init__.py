"""csat: satisfaction surveys from an export file to a trustworthy report.

    import csat
    survey = csat.read("export.csv", instrument="ecsi")
    survey.reliability()
    survey.report("out/")

Every analysis also works on a bare frame of items: `csat.efa(frame, factors=3)`,
`csat.sem("f =~ x1 + x2 + x3", frame)`. Names are loaded when first used, so `import csat` costs next to
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from csat.bare import (
        adequacy,
        cfa,
        compare,
        describe,
        drivers,
        efa,
        index,
        index_change,
        nps,
        pls,
        pls_groups,
        priorities,
        quality,
        reliability,
        sem,
        waves,
    )
    from csat.errors import CsatError
    from csat.replaying import replay
    from csat.report.comparing import diff
    from csat.survey import Survey, load_instrument, read
    from csat.tally.batches import count_batches
    from csat.tally.tally import Tally, count

__version__ = "0.1.0"

__all__ = [
    "CsatError",
    "Survey",
    "Tally",
    "__version__",
    "adequacy",
    "cfa",
    "compare",
    "count",
    "count_batches",
    "describe",
    "diff",
    "drivers",
    "efa",
    "index",
    "index_change",
    "load_instrument",
    "nps",
    "pls",
    "pls_groups",
    "priorities",
    "quality",
    "read",
    "reliability",
    "replay",
    "sem",
    "waves",
]

_HOMES = {
    "CsatError": "csat.errors",
    "Survey": "csat.survey",
    "diff": "csat.report.comparing",
    "load_instrument": "csat.survey",
    "replay": "csat.replaying",
    "read": "csat.survey",
    "Tally": "csat.tally.tally",
    "count": "csat.tally.tally",
    "count_batches": "csat.tally.batches",
}
"""Where a public name lives; those not listed are analyses of a bare frame."""


def __getattr__(name: str) -> Any:
    import importlib

    if name not in __all__:
        raise AttributeError(f"module 'csat' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES.get(name, "csat.bare")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
