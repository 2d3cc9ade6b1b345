"""An instrument as TOML text, the way one would write it by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from csat.errors import BadInput
from csat.instrument.instrument import Instrument, Item, Scale
from csat.language import Text

_CONTINUOUS = "continuous"


def write_instrument(instrument: Instrument) -> str:
    """TOML text that reads back as an equal instrument (its `path` aside).

    Raises
    ------
    BadInput : when two different scales share an id.
    """
    scales = _scales(instrument)
    blocks = [_head(instrument), _columns(instrument)]
    blocks += [_scale(s, _shared(instrument, s)) for s in scales]
    blocks += [_item(i, _shared(instrument, i.scale), only=len(scales) == 1) for i in instrument.items]
    blocks += [
        _table(
            "[[constructs]]",
            id=c.id,
            **_words(c.title),
            role=c.role,
            items=c.items,
            importance=c.importance,
        )
        for c in instrument.constructs
    ]
    if instrument.index:
        blocks.append(_table("[index]", construct=instrument.index, method=instrument.index_method))
    blocks += [
        _table("[[hypotheses]]", id=h.id, cause=h.cause, effect=h.effect, sign=h.sign, **_words(h.text))
        for h in instrument.hypotheses
    ]
    for s in instrument.segments:
        table = _table(
            "[[segments]]",
            column=s.column,
            **_words(s.title),
            aliases=s.aliases,
            no_answer=[_code(c) for c in s.no_answer],
        )
        blocks.append(table + _labels("[segments.labels]", s.labels))
    return "\n".join(b for b in blocks if b)


def toml_text(value: str) -> str:
    """A text as a TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + "".join(f"\\u{ord(c):04X}" if c < " " or c == "\x7f" else c for c in escaped) + '"'


def toml_key(key: str) -> str:
    """A key, bare where TOML allows it."""
    return (
        key if key and key.isascii() and key.replace("-", "").replace("_", "").isalnum() else toml_text(key)
    )


def _scales(instrument: Instrument) -> list[Scale]:
    found: dict[str, Scale] = {}
    for scale in (*instrument.scales, *(i.scale for i in instrument.items)):
        if scale is not None and found.setdefault(scale.id, scale) != scale:
            raise BadInput(f"two different scales are called '{scale.id}'", where=instrument.id)
    return list(found.values())


def _shared(instrument: Instrument, scale: Scale | None) -> Mapping[str, tuple[str, ...]]:
    """The codes of silence every item of a scale has: they are written once, with the scale."""
    items = [i for i in instrument.items if scale is not None and i.scale == scale]
    codes: dict[str, tuple[str, ...]] = {}
    for key in ("no_answer", "not_applicable"):
        said = {getattr(i, key) for i in items}
        codes[key] = said.pop() if len(said) == 1 else ()
    return codes


def _head(instrument: Instrument) -> str:
    lines = [
        f"id = {toml_text(instrument.id)}",
        f"version = {toml_text(instrument.version)}",
        f"title = {_inline(instrument.title)}",
    ]
    if instrument.source:
        lines.append(f"source = {_inline(instrument.source)}")
    if instrument.model:
        lines.append(f"model = {_long(instrument.model)}")
    return "\n".join(lines) + "\n"


def _columns(instrument: Instrument) -> str:
    if not (instrument.weight or instrument.wave or instrument.respondent):
        return ""
    return _table(
        "[columns]", weight=instrument.weight, wave=instrument.wave, respondent=instrument.respondent
    )


def _scale(scale: Scale, silent: Mapping[str, tuple[str, ...]]) -> str:
    name = toml_key(scale.id)
    table = _table(
        f"[scales.{name}]",
        minimum=scale.minimum,
        maximum=scale.maximum,
        higher_is=scale.higher_is if scale.higher_is != "better" else "",
        **{key: [_code(c) for c in codes] for key, codes in silent.items()},
    )
    return table + _labels(f"[scales.{name}.labels]", {str(k): v for k, v in scale.labels.items()})


def _item(item: Item, shared: Mapping[str, tuple[str, ...]], *, only: bool) -> str:
    scale = _CONTINUOUS if item.scale is None else "" if only else item.scale.id
    codes = {
        key: [_code(c) for c in getattr(item, key) if c not in shared[key]]
        for key in ("no_answer", "not_applicable")
    }
    return _table(
        "[[items]]",
        id=item.id,
        scale=scale,
        **_words(item.text),
        reverse=True if item.reverse else "",
        aliases=item.aliases,
        **codes,
        importance=item.importance,
        expectation=item.expectation,
    )


Value = str | int | bool | Iterable[str] | Iterable[int | str]


def _table(header: str, **values: Value) -> str:
    """A table of the values that say something: empty texts and lists are left out."""
    lines = [header]
    for key, value in values.items():
        if isinstance(value, str):
            lines += [f"{key} = {toml_text(value)}"] if value else []
        elif isinstance(value, bool):
            lines.append(f"{key} = {str(value).lower()}")
        elif isinstance(value, int):
            lines.append(f"{key} = {value}")
        else:
            parts = [toml_text(v) if isinstance(v, str) else str(v) for v in value]
            lines += [f"{key} = [{', '.join(parts)}]"] if parts else []
    return "\n".join(lines) + "\n"


def _words(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _inline(text: Text) -> str:
    parts = [f"{k} = {toml_text(v)}" for k, v in _words(text).items() if v]
    return f"{{ {', '.join(parts)} }}" if parts else "{}"


def _labels(header: str, labels: Mapping[str, Text]) -> str:
    if not labels:
        return ""
    return "\n".join([header, *(f"{toml_key(k)} = {_inline(v)}" for k, v in labels.items())]) + "\n"


def _code(code: str) -> int | str:
    return int(code) if re.fullmatch(r"0|-?[1-9][0-9]{0,8}", code) else code


def _long(text: str) -> str:
    """A text of several lines, as it is where TOML allows it."""
    plain = all(c >= " " or c in "\n\t" for c in text) and "\x7f" not in text
    if plain and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    return toml_text(text)
