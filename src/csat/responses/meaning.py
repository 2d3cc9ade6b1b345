"""What the texts of a column mean to an item: an answer on its scale, or a silence with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csat.instrument.instrument import Item, Scale
from csat.instrument.labels import answer_code, fold, label_codes, silence_words
from csat.language import Text
from csat.responses.raw import RawColumn, RawTable, number_of
from csat.responses.responses import INVALID, NO_ANSWER, SILENCES, has_categories


@dataclass(frozen=True)
class Meaning:
    """What the distinct texts of one item's column mean, in step with `RawColumn.distinct`."""

    codes: NDArray[np.int8]
    values: NDArray[np.float64]
    read_as: tuple[float | str, ...]
    """The answer as given, before turning, or the reason of silence."""
    is_measured: bool
    """Whether the item has no categories: a quantity, or a scale of very many answers."""
    notes: tuple[Text, ...] = ()

    def lookup(self) -> NDArray[np.int8]:
        """Position of a text, -1 for an empty cell, to the code."""
        return np.append(self.codes, np.int8(NO_ANSWER))


class TextReader:
    """Looks up what the texts of a table mean: each distinct text of a column once."""

    def __init__(self, table: RawTable) -> None:
        self._table = table
        self._words = silence_words()
        self._usual = {fold(code): reason for code, reason in table.usual_silences.items()}
        self._labels: dict[int, dict[str, int]] = {}

    def _label_codes(self, scale: Scale | None) -> dict[str, int]:
        if scale is None:
            return {}
        if id(scale) not in self._labels:
            self._labels[id(scale)] = label_codes(scale)
        return self._labels[id(scale)]

    def meaning(self, raw: RawColumn, item: Item, column: str) -> Meaning:
        """The codes of an item's texts.

        In this order: the instrument's own codes for silence, codes the file's dictionary declares
        missing, an answer on the scale (number, label), silence by the file's label, by words, by the
        platform's codes; else INVALID.
        """
        table, scale = self._table, item.scale
        no_answer = {plain_text(c) for c in item.no_answer}
        not_applicable = {plain_text(c) for c in item.not_applicable}
        declared, file_labels = table.silent_codes.get(column, {}), table.value_labels.get(column, {})
        labels = self._label_codes(scale)
        by_label, notes = self._by_file_label(item, column, file_labels, declared, labels)
        prefix, note = self._prefix(raw, item, column)
        notes += note
        codes = np.full(len(raw.distinct), INVALID, dtype=np.int8)
        values = np.full(len(raw.distinct), np.nan)
        read_as: list[float | str] = []
        for at, text in enumerate(raw.distinct):
            plain = plain_text(text, table.decimal)
            answer: float | None = None
            reason = "INVALID"
            if plain in no_answer:
                reason = "NO_ANSWER"
            elif plain in not_applicable:
                reason = "NOT_APPLICABLE"
            elif text in declared:
                reason = declared[text] or "NO_ANSWER"
            else:
                answer = self._answer(text, plain, scale, labels, by_label, prefix)
                if answer is None:
                    reason = (
                        self._words.get(fold(file_labels.get(text, "\0")))
                        or self._words.get(plain)
                        or self._words.get(fold(text))
                        or self._usual.get(plain)
                        or "INVALID"
                    )
            if answer is None:
                codes[at] = SILENCES[reason]
                read_as.append(reason)
                continue
            turned = answer if scale is None or not item.turned else scale.minimum + scale.maximum - answer
            codes[at] = int(turned) - scale.minimum if scale is not None and has_categories(scale) else 0
            values[at] = turned
            read_as.append(answer)
        return Meaning(codes, values, tuple(read_as), not has_categories(scale), tuple(notes))

    def _answer(
        self,
        text: str,
        plain: str,
        scale: Scale | None,
        labels: Mapping[str, int],
        by_label: Mapping[str, int],
        prefix: str,
    ) -> float | None:
        """The answer a text gives, as the respondent gave it; None when it gives none on the scale."""
        number = number_of(plain)
        if scale is None:  # a quantity has no ends that -2 could lie outside of: the platform is believed
            return None if plain in self._usual else number
        if text in by_label:
            return float(by_label[text])
        if number is None and prefix and plain.startswith(prefix.casefold()):
            number = number_of(plain[len(prefix) :])
        if number is None:
            code = labels.get(plain)
            code = answer_code(text, scale, codes=labels) if code is None else code
            number = None if code is None else float(code)
        if number is None or not scale.minimum <= number <= scale.maximum:
            return None
        return number if number.is_integer() or not has_categories(scale) else None

    def _by_file_label(
        self,
        item: Item,
        column: str,
        file_labels: Mapping[str, str],
        declared: Mapping[str, str],
        labels: Mapping[str, int],
    ) -> tuple[dict[str, int], list[Text]]:
        """Codes by the labels of the file's dictionary, where these are the instrument's but not its codes.

        A file may count from 0, or from the best answer down: then the words say what was answered.
        """
        if item.scale is None or not item.scale.labels:
            return {}, []
        worded = {
            code: label
            for code, label in file_labels.items()
            if code not in declared and fold(label) not in self._words and number_of(fold(label)) is None
        }
        found = {code: labels[fold(label)] for code, label in worded.items() if fold(label) in labels}
        differing = {code: label for code, label in found.items() if number_of(code) != label}
        if not differing:
            return {}, []
        shown = {code: worded[code] for code in list(differing)[:3]}
        en = ", ".join(f"{code} ('{label}') as {found[code]}" for code, label in shown.items())
        zh = "、".join(f"{code}（“{label}”）读作 {found[code]}" for code, label in shown.items())
        if len(found) < len(worded) or len(set(found.values())) < len(found):
            return {}, [
                Text(
                    f"{column}: the file labels its codes otherwise than the instrument (by its labels: "
                    f"{en}); the numbers were believed: check the direction of the scale",
                    f"{column}：文件中的标签与问卷不一致（按标签应：{zh}）；此处按数字读取，请核对量表方向",
                )
            ]
        return found, [
            Text(
                f"{column}: the file's codes are not the instrument's, its labels are: read by label, {en}",
                f"{column}：文件的编码与问卷不同而标签相同，按标签读取：{zh}",
            )
        ]

    def _prefix(self, raw: RawColumn, item: Item, column: str) -> tuple[str, list[Text]]:
        """The letters before numbers such as A1..A5, when every number behind them is on the scale."""
        prefix, scale = self._table.lettered.get(column, ""), item.scale
        if not prefix or scale is None:
            return "", []
        numbers = [
            n for t in raw.few() if t.startswith(prefix) and (n := number_of(t[len(prefix) :])) is not None
        ]
        if not numbers or not all(scale.minimum <= n <= scale.maximum for n in numbers):
            return "", []
        return prefix, [
            Text(
                f"codes such as {prefix}{scale.minimum} are read as {scale.minimum}, as the scale of the "
                f"instrument runs from {scale.minimum} to {scale.maximum}: check that "
                f"{prefix}{scale.minimum} is its lowest answer",
                f"形如 {prefix}{scale.minimum} 的编码读作 {scale.minimum}，因为问卷量表为 {scale.minimum} 至 "
                f"{scale.maximum}：请核对 {prefix}{scale.minimum} 是否为最低的答案",
            )
        ]


def plain_text(text: str, decimal: str = ".") -> str:
    """Folded, and a whole number without its decimals, so that `6`, `6.0` and full-width 6 agree."""
    folded = fold(text)
    number = number_of(folded, decimal)
    if number is None:
        return folded
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return folded.replace(",", ".", 1) if decimal == "," else folded
