"""The arrows of a path diagram in words, for those who cannot see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from csat.display.style import in_unit
from csat.language import Text, joined


def arrows_said(arrows: Mapping[tuple[str, str], float], called: Callable[[str], Text]) -> Text:
    """Each arrow as `cause to effect value`; nothing where there is none. called : words of a name."""
    return joined(
        [
            Text(
                f"{called(cause).say('en')} to {called(effect).say('en')} {in_unit(value)}",
                f"{called(cause).say('zh')}到{called(effect).say('zh')} {in_unit(value)}",
            )
            for (cause, effect), value in arrows.items()
        ]
    )
