"""csat: satisfaction surveys from an export file to a trustworthy report.

    import csat
    survey = csat.read("export.csv", instrument="ecsi")
    survey.reliability()
    survey.report("out/")

Every analysis also works on a bare frame of items: `csat.efa(frame, factors=3)`,
`csat.sem("f =~ x1 + x2 + x3", frame)`. Names are loaded when first used, so `import csat` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from csat.bare import (
        adequacy as adequacy,
        cfa as cfa,
        describe as describe,
        drivers as drivers,
        efa as efa,
        index as index,
        priorities as priorities,
        quality as quality,
        reliability as reliability,
        sem as sem,
    )
    from csat.errors import CsatError as CsatError
    from csat.survey import Survey as Survey, load_instrument as load_instrument, read as read
    from csat.tally.batches import count_batches as count_batches
    from csat.tally.tally import Tally as Tally, count as count

_HOMES = {
    "read": "csat.survey",
    "Survey": "csat.survey",
    "CsatError": "csat.errors",
    "load_instrument": "csat.survey",
    "count": "csat.tally.tally",
    "Tally": "csat.tally.tally",
    "count_batches": "csat.tally.batches",
} | dict.fromkeys(
    (
        "describe", "quality", "reliability", "adequacy", "efa", "cfa", "sem", "drivers", "index", "priorities",
    ),
    "csat.bare",
)  # fmt: skip

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'csat' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
