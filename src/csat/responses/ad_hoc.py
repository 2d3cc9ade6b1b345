"""An instrument for a bare table: the items named, and one scale for all or one for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from csat.errors import BadInput, UnknownName
from csat.instrument.instrument import Construct, Instrument, Item, Scale
from csat.instrument.labels import fold, label_set, set_labels, silence_words
from csat.language import Text
from csat.responses.matching import ColumnFinder
from csat.responses.raw import RawTable, number_of

ScaleLike = tuple[int, int] | str | Sequence[str] | Scale
"""(lowest, highest), the id of a shipped label list, labels from the lowest to the highest, or a scale."""


AD_HOC = "ad hoc"
"""Id of the instrument of a table read without one."""
EVERY_ITEM = "all"
"""Its construct, where none are named: all items, which is no construct of a model."""


def ad_hoc_instrument(
    table: RawTable,
    *,
    items: Sequence[str] | None = None,
    scale: ScaleLike | Mapping[str, ScaleLike] | None = None,
    constructs: Mapping[str, Sequence[str]] | None = None,
) -> Instrument:
    """An instrument for a bare table: the items named (default: every column of numbers), one scale for all.

    Parameters
    ----------
    items : columns, by name or by another name they are known by. Default: the columns of numbers; with a
        scale, those whose answers mostly lie on it.
    scale : (lowest, highest), the id of a shipped label list, labels from the lowest to the highest, or
        these by item. Without a scale the items are measured quantities: bounds never come from the
        largest answer seen.
    constructs : name to items; default: one of all items.

    Raises
    ------
    BadInput : the scale is none, or no column holds numbers. UnknownName : a column that is not there.
    """
    by_item = {k: _scale(v, k) for k, v in scale.items()} if isinstance(scale, Mapping) else {}
    common = _scale(scale, "scale") if scale is not None and not isinstance(scale, Mapping) else None
    if items is None:
        members = [i for named in constructs.values() for i in named] if constructs else []
        wanted = members or list(by_item) or _answer_columns(table, common)
    else:
        wanted = list(items)
    wanted = list(dict.fromkeys(wanted))
    finder = ColumnFinder(table)
    for name in (*wanted, *(constructs or {}).values()):
        for column in [name] if isinstance(name, str) else name:
            if finder.find((column,)) is None:
                raise UnknownName("column", column, table.columns, where=table.source)
    if not wanted:
        raise BadInput(
            "no column holds numbers" + (f" from {common.minimum} to {common.maximum}" if common else ""),
            where=table.source,
            do="Name the items (items=[...]) and their scale, or give an instrument with the labels",
        )
    blocks = constructs or {EVERY_ITEM: wanted}
    scales = {s.id: s for s in (common, *by_item.values()) if s is not None}
    return Instrument(
        id=AD_HOC,
        version="",
        title=Text("Items of a table", "数据表中的题项"),
        items=tuple(
            Item(name, Text(table.questions.get(name, name)), by_item.get(name, common)) for name in wanted
        ),
        constructs=tuple(Construct(c, Text(c), tuple(own)) for c, own in blocks.items()),
        scales=tuple(scales.values()),
    )


def _scale(given: ScaleLike, id: str) -> Scale:
    if isinstance(given, Scale):
        return given
    if isinstance(given, str):
        size = len(label_set(given, where="scale").labels)
        return Scale(id, 1, size, set_labels(given, minimum=1, maximum=size, higher_is="better"))
    ends = tuple(given)
    if len(ends) > 1 and all(isinstance(e, str) for e in ends):
        return Scale(id, 1, len(ends), {at: Text(str(e)) for at, e in enumerate(ends, start=1)})
    try:
        low, high = (int(str(e)) for e in ends)
    except (TypeError, ValueError):
        low, high = 0, 0
    if low >= high:
        raise BadInput(
            f"scale {', '.join(map(str, ends))} is not a scale",
            right="It is the lowest and the highest answer, such as 1, 5, or the labels from the lowest to "
            "the highest",
        )
    return Scale(id, low, high)


def _answer_columns(table: RawTable, scale: Scale | None) -> list[str]:
    """Columns of numbers; with a scale, those of which at least half of the numbers are answers on it.

    The options of a question with several answers are no items.
    """
    words = silence_words()
    options = {column for asked in table.choices.values() for column in asked.columns}
    found = []
    for name, raw in table.columns.items():
        if table.roles.get(name) or name in options:
            continue
        texts = raw.distinct
        numbers = [number_of(fold(t), table.decimal) for t in texts]
        if not any(n is not None for n in numbers):
            continue
        if any(
            n is None and fold(t) not in words and t not in table.usual_silences
            for t, n in zip(texts, numbers, strict=True)
        ):
            continue
        if scale is not None:
            counts = raw.counts()
            fits = [n is not None and scale.minimum <= n <= scale.maximum and n.is_integer() for n in numbers]
            if 2 * _sum(counts, fits) < _sum(counts, [n is not None for n in numbers]):
                continue
        found.append(name)
    return found


def _sum(counts: Iterable[Any], which: Iterable[bool]) -> int:
    return sum(int(n) for n, w in zip(counts, which, strict=True) if w)
