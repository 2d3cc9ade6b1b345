"""How the findings of two results differ: the index, priorities, items, the evidence behind them.

An index or a mean of two samples changed when the difference is more than chance; of the same answers no
difference is chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from csat.analyses.guidelines import ALPHA_ACCEPTABLE, FIT_HU_BENTLER, KMO_WORKING, Guideline
from csat.analyses.priorities import QUADRANTS
from csat.display.style import formatted
from csat.language import Text, joined, quoted
from csat.numerics.intervals import adjust_p, normal_quantile, t_two_sided_p
from csat.report.diff_result import NOTHING, Change, replaced
from csat.report.diff_sides import Side, same_file, same_number, text_of
from csat.report.seal import shown

FIRST = 3
"""How many of the first priorities are compared."""
MOST_ITEMS = 8
LISTED = 20
IMPROVE = "improve first"
PLACES: Mapping[str, Text] = {str(name): words for name, words in QUADRANTS.items()}
FITS = (("cfi", "CFI", "cfi"), ("rmsea", "RMSEA", "rmsea"), ("srmr", "SRMR", "srmr"))
"""Name in the result, as a reader sees it, name of its guideline."""


# ---- the index --------------------------------------------------------------


def changes_of_index(a: Side, b: Side, *, same_data: bool, tolerance: float) -> Iterator[Change]:
    """Another kind of index, and how far the number moved."""
    one, other = a.number("index", "score", 0), b.number("index", "score", 0)
    if one is None or other is None:
        return
    how = [(side.at("index", "construct"), side.at("index", "method")) for side in (a, b)]
    if how[0] != how[1]:
        said = [Text(shown(f"{construct}, {method}")) for construct, method in how]
        words = Text(
            "The index is no longer of the same kind ({before}; {after}): the two numbers do not compare.",
            "指数口径不同（{before}；{after}）：两个数值不可直接比较。",
        ).fill(before=said[0], after=said[1])
        yield Change("index", Text("Kind of index", "指数口径"), said[0], said[1], True, words)
    if same_number(one, other, tolerance):
        return
    name = text_of(b.at("index", "construct_title")) or Text(shown(b.at("index", "construct")))
    label = Text("Index: {name}", "指数：{name}").fill(name=name)
    change = other - one
    points = formatted(abs(change), "score") if abs(change) >= 0.05 else f"{abs(change):.2g}"
    moved = Text(
        "The index {rise} by {points} points, from {a} to {b}", "指数{rise} {points} 分（{a} → {b}）"
    ).fill(
        rise=Text("rose", "上升") if change > 0 else Text("fell", "下降"),
        points=points,
        a=formatted(one, "score"),
        b=formatted(other, "score"),
    )
    how_sure, matters = _how_sure(a, b, change, same_data=same_data)
    words = Text(moved.en + how_sure.en, moved.zh + how_sure.zh)
    yield Change("index", label, _with_interval(a), _with_interval(b), matters, words)


def _how_sure(a: Side, b: Side, change: float, *, same_data: bool) -> tuple[Text, bool]:
    """Whether a change of the index is more than chance, in words that end the sentence, and matters."""
    se = a.number("index", "se", 0), b.number("index", "se", 0)
    if same_data:
        words = Text(
            ": the answers are the same, so this comes from how they were analysed, not from chance.",
            "：答卷相同，差异来自分析方式而非抽样。",
        )
        return words, not abs(change) < 1.96 * (se[0] or math.nan)
    if se[0] is None or se[1] is None:
        words = Text(
            "; without standard errors nothing says whether that is chance.",
            "；缺少标准误，无法判断是否偶然。",
        )
        return words, True
    half = normal_quantile() * math.hypot(se[0], se[1])
    low, high = formatted(change - half, "score"), formatted(change + half, "score")
    matters = abs(change) > half
    words = (
        Text(
            f": more than chance (95% interval of the change {low} to {high}).",
            f"：超出抽样误差（变化的 95% 区间 {low} 至 {high}）。",
        )
        if matters
        else Text(
            f": within chance (95% interval of the change {low} to {high}).",
            f"：在抽样误差之内（变化的 95% 区间 {low} 至 {high}）。",
        )
    )
    if same_file(a, b):
        words = Text(
            words.en + " Most rows are the same, so the true interval is narrower.",
            words.zh + "多数答卷相同，实际区间更窄。",
        )
    return words, matters


def _with_interval(side: Side) -> Text:
    score, low, high = (side.number("index", key, 0) for key in ("score", "ci_lower", "ci_upper"))
    text = formatted(score, "score")
    if low is None or high is None:
        return Text(text)
    low_, high_ = formatted(low, "score"), formatted(high, "score")
    return Text(f"{text} ({low_} to {high_})", f"{text}（{low_} 至 {high_}）")


# ---- priorities -------------------------------------------------------------


def changes_of_priorities(a: Side, b: Side) -> Iterator[Change]:
    """Other items among the first, and items in another quadrant."""
    one, other = _ranked(a), _ranked(b)
    if one and other:
        yield from _first_ones(a, b, one[:FIRST], other[:FIRST])
        yield from _quadrants(a, b)


def _ranked(side: Side) -> list[str]:
    names, ranks = side.names("priorities", "items"), side.numbers("priorities", "rank")
    found = {n: r for n, r in zip(names, ranks, strict=False) if not math.isnan(r)}
    return sorted(found, key=lambda name: found[name])


def _first_ones(a: Side, b: Side, first: list[str], now: list[str]) -> Iterator[Change]:
    if first == now:
        return
    label = Text(f"First {FIRST} priorities", f"前 {FIRST} 个优先项")
    before, after = (joined([side.title(n) for n in names]) for side, names in ((a, first), (b, now)))
    came, went = [n for n in now if n not in first], [n for n in first if n not in now]
    if came or went:
        words = Text(
            "Among the first {k} priorities: {came} instead of {went}.",
            "前 {k} 个优先项中：{came}取代{went}。",
        ).fill(k=FIRST, came=quoted([b.title(n) for n in came]), went=quoted([a.title(n) for n in went]))
    else:
        words = Text(
            "The first {k} priorities are the same items in another order.",
            "前 {k} 个优先项相同，但次序改变。",
        ).fill(k=FIRST)
    yield Change("priorities", label, before, after, bool(came or went), words)


def _quadrants(a: Side, b: Side) -> Iterator[Change]:
    """Items that joined or left `improve first` in one sentence, then the others that moved."""
    places = [
        dict(zip(s.names("priorities", "items"), s.names("priorities", "quadrants"), strict=False))
        for s in (a, b)
    ]
    moved = [n for n in places[0] if n in places[1] and places[0][n] != places[1][n]]
    came, went = ([n for n in moved if place[n] == IMPROVE] for place in reversed(places))
    if came or went:
        words = Text(
            "To improve first: added {came}; no longer {went}.", "优先改进：新增{came}；不再包括{went}。"
        )
        none = Text("none", "无")
        before = quoted([a.title(n) for n in went[:MOST_ITEMS]]) or none
        after = quoted([b.title(n) for n in came[:MOST_ITEMS]]) or none
        label = Text("Left or joined 'improve first'", "移出或进入“优先改进”")
        yield Change("priorities", label, before, after, True, words.fill(came=after, went=before))
    for name in [n for n in moved if n not in (*came, *went)][:LISTED]:
        before, after = (PLACES.get(place[name], Text(shown(place[name]))) for place in places)
        label = Text("Quadrant: {item}", "象限：{item}").fill(item=b.title(name))
        yield replaced("priorities", label, before, after, matters=False)


# ---- items ------------------------------------------------------------------


def changes_of_items(a: Side, b: Side, *, same_data: bool, tolerance: float) -> Iterator[Change]:
    """Items that came or went; of other answers also the means that moved by more than chance."""
    one, other = _means(a), _means(b)
    if one and other:
        yield from _other_items(a, b, list(one), list(other))
    if not same_data:
        yield from _means_moved(b, one, other, tolerance)


def _means(side: Side) -> dict[str, tuple[float, float]]:
    """Mean and standard error of each item."""
    values = zip(side.numbers("describe", "mean"), side.numbers("describe", "se"), strict=False)
    return dict(zip(side.names("describe", "items"), values, strict=False))


def _other_items(a: Side, b: Side, one: list[str], other: list[str]) -> Iterator[Change]:
    label = Text("Items", "题项")
    gone, new = ([n for n in x if n not in y] for x, y in ((one, other), (other, one)))
    if gone:
        said = joined([a.title(n) for n in gone[:MOST_ITEMS]])
        words = Text("Items no longer there: {items}.", "不再包含的题项：{items}。").fill(items=said)
        yield Change("items", label, said, NOTHING, True, words)
    if new:
        said = joined([b.title(n) for n in new[:MOST_ITEMS]])
        words = Text("New items: {items}.", "新增题项：{items}。").fill(items=said)
        yield Change("items", label, NOTHING, said, True, words)


def _means_moved(
    b: Side,
    one: Mapping[str, tuple[float, float]],
    other: Mapping[str, tuple[float, float]],
    tolerance: float,
) -> Iterator[Change]:
    """The means that moved most, of those that did so by more than chance."""
    common = [n for n in one if n in other and not same_number(one[n][0], other[n][0], tolerance)]
    if not common:
        return
    change = np.array([other[n][0] - one[n][0] for n in common])
    se = np.hypot([one[n][1] for n in common], [other[n][1] for n in common])
    with np.errstate(invalid="ignore", divide="ignore"):
        z = change / se
    known = np.isfinite(z)
    p = np.full(len(common), np.nan)
    if known.any():
        p[known] = adjust_p(t_two_sided_p(z[known], np.inf))
    for k in sorted(np.flatnonzero(known), key=lambda k: -abs(z[k]))[:MOST_ITEMS]:
        if not p[k] < 0.05:
            continue
        name = common[k]
        before, after = Text(formatted(one[name][0])), Text(formatted(other[name][0]))
        words = Text(
            "{item}: mean {before}, then {after}, more than chance (Holm-adjusted p {p}).",
            "{item}：均值由 {before} 变为 {after}，超出抽样误差（Holm 校正 p {p}）。",
        ).fill(item=b.title(name), before=before, after=after, p=_p(float(p[k])))
        yield Change("items", b.title(name), before, after, True, words)


def _p(p: float) -> str:
    text = formatted(p, "p")
    return text if text.startswith("<") else f"= {text}"


# ---- the evidence -----------------------------------------------------------


def changes_of_evidence(a: Side, b: Side, *, tolerance: float) -> Iterator[Change]:
    """Factors, reliability, adequacy, fit, explained variance; they matter where they cross a guideline."""
    counts = [s.names("efa", "factors") for s in (a, b)]
    if counts[0] and counts[1] and len(counts[0]) != len(counts[1]):
        label = Text("Number of factors", "因子数")
        before, after = (Text(str(len(c))) for c in counts)
        yield replaced("evidence", label, before, after, matters=True)
    for label, one, other, guideline in _measures(a, b):
        if one is None or other is None or math.isnan(one + other) or same_number(one, other, tolerance):
            continue
        before, after = Text(formatted(one)), Text(formatted(other))
        if guideline is not None and guideline.met(one) != guideline.met(other):
            words = Text(
                "{label} went from {before} to {after}, which crosses the guideline of {value}.",
                "{label} 由 {before} 变为 {after}，越过参考标准 {value}。",
            ).fill(label=label, before=before, after=after, value=f"{guideline.value:g}")
            yield Change("evidence", label, before, after, True, words)
        else:
            yield replaced("evidence", label, before, after, matters=False)


def _measures(a: Side, b: Side) -> list[tuple[Text, float | None, float | None, Guideline | None]]:
    """What it is, before, after, and its guideline."""
    alphas = [
        dict(zip(s.names("reliability", "constructs"), s.numbers("reliability", "alpha"), strict=False))
        for s in (a, b)
    ]
    found: list[tuple[Text, float | None, float | None, Guideline | None]] = [
        (
            Text("Alpha: {name}", "α：{name}").fill(name=b.title(n)),
            alphas[0][n],
            alphas[1][n],
            ALPHA_ACCEPTABLE,
        )
        for n in alphas[0]
        if n in alphas[1]
    ]
    found.append((Text("KMO"), a.number("adequacy", "kmo"), b.number("adequacy", "kmo"), KMO_WORKING))
    for stage, name in (
        ("cfa", Text("measurement model", "测量模型")),
        ("sem", Text("path model", "路径模型")),
    ):
        found += [
            (
                Text("{measure}: {model}", "{measure}：{model}").fill(measure=measure, model=name),
                a.number(stage, "fit", key),
                b.number(stage, "fit", key),
                FIT_HU_BENTLER.get(guide),
            )
            for key, measure, guide in FITS
        ]
    found.append(
        (Text("R² of the drivers", "驱动因素 R²"), a.number("drivers", "r2"), b.number("drivers", "r2"), None)
    )
    return found
