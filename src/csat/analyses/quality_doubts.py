"""Doubts about the quality of answers, and about what was computed on it."""

from __future__ import annotations

from collections.abc import Mapping

from csat.analyses.quality_indices import ALWAYS, INDEX_WORDS
from csat.analyses.quality_rows import RowFigures
from csat.analyses.result import SOUND, Caution, Verdict
from csat.language import Text, joined
from csat.responses.responses import Responses

DOUBTFUL_SHARE = 0.10
"""Share of suspicious respondents from which the verdict says so (ours)."""
CHANCE_DUPLICATES = 0.05
"""Share of duplicated rows from which chance is the likelier reason (ours)."""


def doubts_of(
    responses: Responses, seen: RowFigures, computed: Mapping[str, bool], flagged: Mapping[str, int]
) -> tuple[Caution, ...]:
    """Indices that were not computed, items left out, duplicates that may be chance."""
    cautions: list[Caution] = []
    absent = [name for name in ALWAYS if not computed[name]]
    if absent:
        cautions.append(
            Caution(
                "too_few_items",
                Text("Not computed, for want of items: {names}.", "题项太少，未计算：{names}。").fill(
                    names=joined([INDEX_WORDS[i] for i in absent])
                ),
                tuple(absent),
            )
        )
    left_out = tuple(item for j, item in enumerate(responses.items) if j not in seen.columns)
    if left_out and computed["mahalanobis"]:
        cautions.append(
            Caution(
                "singular",
                Text(
                    "The Mahalanobis distance leaves out items that never vary or repeat others: {items}.",
                    "马氏距离未包括无变异或与其他题项重复的题项：{items}。",
                ).fill(items=joined([Text(i) for i in left_out])),
                left_out,
            )
        )
    share = flagged["duplicate"] / responses.rows
    if share > CHANCE_DUPLICATES:
        cautions.append(
            Caution(
                "duplicates_by_chance",
                Text(
                    f"{100 * share:.0f}% give the same answers as another row; with "
                    f"{len(responses.items)} items and "
                    f"{responses.rows} rows that can happen by chance.",
                    f"{100 * share:.0f}% 的答卷与其他答卷完全相同；在 {len(responses.items)} 个题项、"
                    f"{responses.rows} 份答卷的情况下可能纯属巧合。",
                ),
            )
        )
    return tuple(cautions)


def verdict_of(share: float) -> Verdict:
    """Doubtful where many respondents look careless."""
    if share <= DOUBTFUL_SHARE:
        return SOUND
    return Verdict(
        "doubtful",
        Text(
            f"{100 * share:.0f}% of the respondents look careless: look at their answers, and compare "
            "the results "
            "with and without them.",
            f"{100 * share:.0f}% 的受访者疑似不认真作答：请查看其答卷，并比较剔除前后的结果。",
        ),
    )
