"""Claims about segments: that rules by ranges of a number hold everybody exactly once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from csat.analyses.audit_claims import Claim, Finding, is_number
from csat.errors import BadInput
from csat.language import Text

WIDEST_BANDS = 100_000
BAND_FAULTS = {"overlap": Text("overlap", "重叠"), "hole": Text("hole", "空缺")}


@dataclass(frozen=True, kw_only=True)
class Bands(Claim):
    """Segment rules by ranges of a whole number (age): everybody belongs to exactly one.

    bands : (name, lowest, highest) or (name, lowest, highest, who), bounds included; a highest of None is
    open. who : a group of people the rule is for (women); rules without one are for everybody.
    """

    kind = "bands"

    bands: Sequence[Sequence[Any]]

    def judge(self) -> Finding:
        rules = [self._rule(b) for b in self.bands]
        said = Text("{k} bands hold everybody once", "{k} 个区间恰好覆盖每个人一次").fill(k=len(rules))
        everybody = sorted({who for *_, who in rules if who}) or [""]
        everybody += ["others"] if everybody != [""] else []
        wrong = [
            Text("{what} {span}{who}", "{what} {span}{who}").fill(
                what=BAND_FAULTS[what],
                span=f"{first}" if first == last else f"{first}-{last}",
                who=Text("", "")
                if len(groups) == len(everybody)
                else Text(f" ({', '.join(groups)})", f"（{'、'.join(groups)}）"),
            )
            for (what, (first, last)), groups in self._faults(rules, everybody).items()
        ]
        if wrong:
            reason = Text("; ".join(w.en for w in wrong) + ".", "；".join(w.zh for w in wrong) + "。")
            return self.found(said, "false", reason)
        return self.found(said, "true", Text("No overlap and no hole.", "无重叠，无空缺。"))

    @staticmethod
    def _faults(
        rules: Sequence[tuple[str, float, float, str]], everybody: Sequence[str]
    ) -> dict[tuple[str, tuple[int, int]], list[str]]:
        """Overlaps and holes with the groups of people they touch."""
        ends = max([high for _, _, high, _ in rules if math.isfinite(high)] + [low for _, low, _, _ in rules])
        least = min(low for _, low, _, _ in rules)
        found: dict[tuple[str, tuple[int, int]], list[str]] = {}
        for who in everybody:
            own = [(low, high) for _, low, high, of in rules if of in ("", who)]
            for span in _spans(own, int(least), int(ends), lambda k: k > 1):
                found.setdefault(("overlap", span), []).append(who)
            for span in _spans(own, int(least), int(ends), lambda k: k == 0):
                found.setdefault(("hole", span), []).append(who)
        return found

    @staticmethod
    def _rule(band: Sequence[Any]) -> tuple[str, float, float, str]:
        if not isinstance(band, list | tuple) or len(band) not in (3, 4):
            raise BadInput(
                f"{band!r} is no band", where="claim 'bands'", right='It is ["young", 19, 25, "women"]'
            )
        name, low, high = band[:3]
        ends = [low] if high in (None, "") else [low, high]
        if not all(is_number(e) and e == int(e) and abs(e) <= WIDEST_BANDS for e in ends):
            raise BadInput(
                f"band '{name}' goes from {low!r} to {high!r}",
                where="claim 'bands'",
                right=f"Its ends are whole numbers up to {WIDEST_BANDS:,}; an open end is left empty",
            )
        if ends[-1] < low:
            raise BadInput(f"band '{name}' ends before it begins", where="claim 'bands'")
        who = str(band[3]) if len(band) == 4 else ""
        return str(name), float(low), float(ends[1]) if len(ends) == 2 else math.inf, who


def _spans(
    own: Sequence[tuple[float, float]], least: int, most: int, wanted: Callable[[int], bool]
) -> list[tuple[int, int]]:
    """Runs of values that as many bands hold as wanted."""
    spans: list[tuple[int, int]] = []
    for value in range(least, most + 1):
        if wanted(sum(low <= value <= high for low, high in own)):
            if spans and spans[-1][1] == value - 1:
                spans[-1] = (spans[-1][0], value)
            else:
                spans.append((value, value))
    return spans
