"""The signs of careless answering: what they are called, where their limits come from, which count."""

from __future__ import annotations

from collections.abc import Mapping

from csat.analyses.guidelines import (
    DUPLICATE_ITEMS,
    EVEN_ODD_CONSISTENT,
    LONGSTRING_SHARE,
    MAHALANOBIS_P,
    SECONDS_AN_ITEM,
    SYNONYMS_ALIKE,
    VARIABILITY_MADS,
    Guideline,
)
from csat.language import Text

INDICES = ("longstring", "variability", "mahalanobis", "duplicate", "even_odd", "synonyms", "time")
ALWAYS = INDICES[:4]
"""Indices that are told of also where they cannot be computed; the others need scales, pairs or times."""
COUNTED = tuple(name not in ("even_odd", "synonyms") for name in INDICES)
"""Which make a row suspicious. The answers of careful people to constructs that hang together lie so close
that correlations within a person are mostly noise: even-odd passes its limit for 20 to 55 per cent of the
respondents of four real satisfaction surveys, synonyms for 13 to 28."""
INDEX_WORDS: Mapping[str, Text] = {
    "longstring": Text("Long run of equal answers", "长串相同作答"),
    "variability": Text("Too little or too much variety", "作答变异过小或过大"),
    "mahalanobis": Text("Unlikely combination of answers", "答案组合罕见（马氏距离）"),
    "duplicate": Text("Same answers as another row", "与其他答卷完全相同"),
    "even_odd": Text("Halves of the scales disagree", "各量表奇偶题回答不一致"),
    "synonyms": Text("Like items answered unlike", "相近题项回答相反"),
    "time": Text("Answered too fast", "作答过快"),
}
SOURCES: Mapping[str, Guideline] = {
    "longstring": LONGSTRING_SHARE,
    "variability": VARIABILITY_MADS,
    "mahalanobis": MAHALANOBIS_P,
    "duplicate": DUPLICATE_ITEMS,
    "even_odd": EVEN_ODD_CONSISTENT,
    "synonyms": SYNONYMS_ALIKE,
    "time": SECONDS_AN_ITEM,
}
