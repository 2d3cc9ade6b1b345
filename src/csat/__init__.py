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

__version__ = "0.1.0"

if TYPE_CHECKING:
    from csat.bare import (
        adequacy as adequacy,
    )
    from csat.bare import (
        cfa as cfa,
    )
    from csat.bare import (
        describe as describe,
    )
    from csat.bare import (
        drivers as drivers,
    )
    from csat.bare import (
        efa as efa,
    )
    from csat.bare import (
        index as index,
    )
    from csat.bare import (
        priorities as priorities,
    )
    from csat.bare import (
        quality as quality,
    )
    from csat.bare import (
        reliability as reliability,
    )
    from csat.bare import (
        sem as sem,
    )
    from csat.errors import CsatError as CsatError
    from csat.survey import Survey as Survey
    from csat.survey import load_instrument as load_instrument
    from csat.survey import read as read
    from csat.tally.batches import count_batches as count_batches
    from csat.tally.tally import Tally as Tally
    from csat.tally.tally import count as count

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
        "describe",
        "quality",
        "reliability",
        "adequacy",
        "efa",
        "cfa",
        "sem",
        "drivers",
        "index",
        "priorities",
    ),
    "csat.bare",
)

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'csat' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
