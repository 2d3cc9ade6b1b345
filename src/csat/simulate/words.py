"""A population in words: what simulated answers were drawn from."""

from __future__ import annotations

from csat.language import Text, joined
from csat.simulate.cells import SEGMENT_CORRELATION
from csat.simulate.stated import Population
from csat.simulate.structure import BETWEEN_CAUSES, EXPLAINED, STRENGTHS

NO_ANSWER_SHARE, NOT_APPLICABLE_SHARE = 0.01, 0.02
"""Of the cells, unless told otherwise, where an item has codes for it."""


def text_of(stated: Population) -> Text:
    """The population in words."""
    titles = {c.id: c.title or Text(c.id) for c in stated.instrument.constructs}

    def called(name: str) -> Text:
        return titles.get(name, Text(name))

    paths = [
        Text("{cause} to {effect} {b}", "{cause}→{effect} {b}").fill(
            cause=called(c), effect=called(e), b=_figure(b)
        )
        for e, causes in stated.causes.items()
        for c, b in causes.items()
    ]
    loadings = [Text(f"{item} {_figure(b)}") for item, (node, b) in stated.loadings.items() if node != item]
    levels = [Text(f"{item} {_figure(v, sign=True)}") for item, v in stated.levels.items() if v]
    segment = next((s for s in stated.instrument.segments), None)
    parts = [
        Text("Simulated answers, no survey.", "模拟数据，并非真实调查。"),
        Text(
            "Constructs are standard normal; those nothing explains correlate {r}.",
            "各构念服从标准正态分布；外生构念之间的相关为 {r}。",
        ).fill(r=_figure(BETWEEN_CAUSES)),
    ]
    if paths:
        parts.append(
            Text(
                "Standardised paths: {paths}; the causes explain {share} of each effect.",
                "标准化路径：{paths}；各原因共解释每个结果 {share} 的方差。",
            ).fill(paths=joined(paths), share=f"{100 * EXPLAINED:.0f}%")
        )
    if loadings:
        parts.append(Text("Loadings: {loadings}.", "载荷：{loadings}。").fill(loadings=joined(loadings)))
    parts.append(
        Text(
            "Answers are cut to the scale with more high than low ones; planted differences, in standard "
            "deviations: {levels}.",
            "回答按量表划分等级，高分多于低分；设定的差异（以标准差计）：{levels}。",
        ).fill(levels=joined(levels) if levels else Text("none", "无"))
    )
    if segment is not None:
        parts.append(
            Text(
                "Later groups of '{segment}' are less satisfied (correlation {r}); other groups do not "
                "differ.",
                "“{segment}”中靠后的群体满意度较低（相关 {r}）；其他群体没有差异。",
            ).fill(segment=segment.title or Text(segment.column), r=_figure(-SEGMENT_CORRELATION))
        )
    if points := [called(c.id) for c in stated.instrument.constructs if c.importance]:
        parts.append(
            Text(
                "Importance points of {constructs} stand on average as {shares}.",
                "{constructs}的重要性分数之比平均为 {shares}。",
            ).fill(
                constructs=joined(points),
                shares=" : ".join(_figure(STRENGTHS[k % len(STRENGTHS)]) for k in range(len(points))),
            )
        )
    if any(i.no_answer or i.not_applicable for i in stated.instrument.items):
        parts.append(
            Text(
                "Where an item has such codes, {a} of its cells are not answered and {b} not applicable, "
                "unless told otherwise.",
                "凡题项设有相应编码的，默认有 {a} 未作答、{b} 不适用。",
            ).fill(a=f"{NO_ANSWER_SHARE:.0%}", b=f"{NOT_APPLICABLE_SHARE:.0%}")
        )
    if stated.left_out:
        loops = [Text(f"{c} to {e}", f"{c}→{e}") for c, e in stated.left_out]
        parts.append(
            Text("Left out, as they close a loop: {paths}.", "因构成回路而未采用：{paths}。").fill(
                paths=joined(loops)
            )
        )
    return Text(" ".join(p.en for p in parts), "".join(p.zh for p in parts))


def _figure(value: float, *, sign: bool = False) -> str:
    return f"{value:+.2f}" if sign else f"{value:.2f}"
