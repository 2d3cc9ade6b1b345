"""Doubts about a comparison of waves: means that may not be compared, items not common, few answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat.analyses.guidelines import EFFECTIVE_N_SMALL
from csat.analyses.result import Caution, Verdict
from csat.language import Text, bare, joined
from csat.responses.measures import Measure
from csat.responses.responses import Responses


def doubts_of(
    groups: Mapping[str, Responses],
    followed: Sequence[Measure],
    n: NDArray[np.int64],
    invariance: Verdict | None,
    shared: bool,
) -> tuple[Caution, ...]:
    """n : (m, w) answers. shared : whether constructs with several items may be compared."""
    found: list[Caution] = []

    def doubt(code: str, en: str, zh: str, where: Sequence[str] = (), **values: Any) -> None:
        found.append(Caution(code, Text(en, zh).fill(**values), tuple(where)))

    several = [m for m in followed if m.kind == "construct" and len(m.items) > 1]
    if several and not shared:
        doubt(
            "invariance_failed" if invariance is not None else "invariance_untested",
            "{why}, so means of constructs with several items are shown but not compared ({names}): a change "
            "could be one of how the questions are understood. What can be compared: each item as the answer "
            "to one question, shares of its answers, and constructs of one item.",
            "{why}，因此多题构念的均值只列出、不比较（{names}）：差异可能来自对题目理解的改变。"
            "可以比较的有：单个题项的回答、其选项占比，以及单题构念。",
            [m.name for m in several],
            why=Text("Measurement invariance failed ({reason})", "测量等值检验未通过（{reason}）").fill(
                reason=bare(invariance.text)
            )
            if invariance is not None
            else Text("Measurement invariance was not tested", "未检验测量等值"),
            names=joined([m.title for m in several]),
        )
    elif several and invariance is not None and invariance.level == "doubtful":
        found.append(Caution("invariance_partial", invariance.text, tuple(m.name for m in several)))
    shortened = [m for m in followed if m.absent]
    if shortened:
        doubt(
            "items_not_common",
            "Constructs rest on the items that every wave asked; left out: {names}.",
            "构念得分仅使用各期共有的题项；未用：{names}。",
            [i for m in shortened for i in m.absent],
            names=joined(
                [
                    Text("{c} without {i}", "{c}缺{i}").fill(c=m.title, i=", ".join(m.absent))
                    for m in shortened
                ]
            ),
        )
    weighted = [name for name, r in groups.items() if r.weights is not None]
    plain = [name for name, r in groups.items() if r.weights is None]
    if weighted and plain:
        doubt(
            "weights_differ",
            "{plain} have no weights and {weighted} have: a change between the two may be the weighting.",
            "{plain} 没有权重而 {weighted} 有权重：两者之间的变化可能来自加权。",
            plain,
            plain=joined([Text(v) for v in plain]),
            weighted=joined([Text(v) for v in weighted]),
        )
    few = [
        name
        for j, name in enumerate(groups)
        if (n[:, j] > 0).any() and n[n[:, j] > 0, j].max() < EFFECTIVE_N_SMALL.value
    ]
    if few:
        doubt(
            "small_wave",
            "Fewer than {k} answers in {names}: shown without a test.",
            "{names} 的回答不足 {k} 份：只列出，不作检验。",
            few,
            k=f"{EFFECTIVE_N_SMALL.value:g}",
            names=joined([Text(v) for v in few]),
        )
    return tuple(found)
