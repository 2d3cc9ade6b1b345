"""Audit of published figures: each claim is true, false (with the reason) or undecidable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from csat.analyses.audit_bands import Bands
from csat.analyses.audit_claims import Claim, Finding, Judgement
from csat.analyses.audit_counts import Parts, Rate, Reachable
from csat.analyses.audit_statistics import BartlettDf, BartlettSize, Change, RegressionF
from csat.analyses.figures import FIGURES_GIVEN
from csat.analyses.result import SOUND, Result, Verdict
from csat.display.table import Table
from csat.errors import BadInput, UnknownName
from csat.language import Text

JUDGEMENTS: dict[Judgement, Text] = {
    "true": Text("true", "成立"),
    "false": Text("false", "不成立"),
    "undecidable": Text("undecidable", "无法判断"),
}
KINDS: dict[str, type[Claim]] = {
    claim.kind: claim
    for claim in (BartlettDf, BartlettSize, RegressionF, Parts, Rate, Reachable, Change, Bands)
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Audit(Result):
    """The findings of an audit, made by `audit`."""

    title = Text("Audit of published figures", "已发布数字的核查")
    name = "audit"

    findings: tuple[Finding, ...]

    def tables(self) -> dict[str, Table]:
        """`claims`: one row a claim."""
        columns: dict[str, Any] = {
            "claim": [f.said for f in self.findings],
            "verdict": [JUDGEMENTS[f.judgement] for f in self.findings],
            "reason": [f.reason for f in self.findings],
        }
        if any(f.where for f in self.findings):
            columns = {"where": [f.where for f in self.findings], **columns}
        return {
            "claims": Table(
                columns,
                title=Text("Claims", "核查结果"),
                labels={"claim": Text("Claim", "说法"), "where": Text("Where", "出处")},
            )
        }

    def headline(self) -> tuple[Text, ...]:
        """How many claims hold."""
        count = {j: sum(f.judgement == j for f in self.findings) for j in JUDGEMENTS}
        return (
            Text(
                "Of {n} claims {true} hold, {false} are false, {open} cannot be decided.",
                "{n} 项说法中，{true} 项成立，{false} 项不成立，{open} 项无法判断。",
            ).fill(n=len(self.findings), true=count["true"], false=count["false"], open=count["undecidable"]),
        )


def audit(claims: Sequence[Claim | Mapping[str, Any]]) -> Audit:
    """Judge claims about published figures.

    Parameters
    ----------
    claims : `Claim` objects, or mappings with a `kind` (see `KINDS`) and its fields, as a TOML or JSON file
        holds them: {"kind": "rate", "part": 98, "whole": 145, "per_cent": "67.58"}.

    Raises
    ------
    BadInput, UnknownName : an unknown kind or field, a field that is missing.
    """
    if not claims:
        raise BadInput(
            "there is no claim to audit",
            right='Such as {"kind": "rate", "part": 98, "whole": 145, "per_cent": "67.58"}',
        )
    made = [c if isinstance(c, Claim) else claim_of(c, at=i) for i, c in enumerate(claims)]
    findings = tuple(c.judge() for c in made)
    wrong = any(f.judgement == "false" for f in findings)
    return Audit(
        base=FIGURES_GIVEN,
        verdict=Verdict(
            "failed", Text("Some figures cannot be right as published.", "部分已发布数字不可能正确。")
        )
        if wrong
        else SOUND,
        findings=findings,
    )


def claim_of(claim: Mapping[str, Any], *, at: int = 0) -> Claim:
    """A claim from a mapping with a `kind` and its fields."""
    where = f"claim {at + 1}"
    kind = str(claim.get("kind", ""))
    if kind not in KINDS:
        raise UnknownName("kind of claim", kind, KINDS, where=where)
    made = KINDS[kind]
    known = [f.name for f in fields(made)]
    given = {k: v for k, v in claim.items() if k != "kind"}
    for name in given:
        if name not in known:
            raise UnknownName("field", name, known, where=f"{where}, {kind}")
    missing = [
        f.name
        for f in fields(made)
        if f.default is MISSING and f.default_factory is MISSING and f.name not in given
    ]
    if missing:
        raise BadInput(
            f"{', '.join(missing)} is missing",
            where=f"{where}, {kind}",
            right=f"It holds: {', '.join(known)}",
        )
    return made(**given)
