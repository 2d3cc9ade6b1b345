"""Words in the two languages csat speaks.

Whatever a reader sees (a caution, a verdict, the wording of an item, a table heading) is a `Text`; the
language is chosen once, where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Text:
    """The same words in English and Chinese; where one is missing the other is said."""

    en: str
    zh: str = ""

    def say(self, language: Language) -> str:
        """The words in one language."""
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)

    def fill(self, **values: object) -> Text:
        """The same words with `{name}` places filled; a `Text` value is said in each language."""

        def said(template: str, language: Language) -> str:
            return template.format(
                **{name: v.say(language) if isinstance(v, Text) else v for name, v in values.items()}
            )

        return Text(said(self.en, "en"), said(self.zh, "zh") if self.zh else "")

    def __bool__(self) -> bool:
        return bool(self.en or self.zh)


def bare(text: Text) -> Text:
    """The words without their full stop, to stand inside a sentence."""
    return Text(text.en.rstrip(". "), text.zh.rstrip("。. "))


def quoted(texts: list[Text] | tuple[Text, ...]) -> Text:
    """Several names as one list, each in quotation marks, to stand inside a sentence."""
    return joined([Text(f"'{bare(t).say('en')}'", f"“{bare(t).say('zh')}”") for t in texts])


def joined(texts: list[Text] | tuple[Text, ...]) -> Text:
    """Several names as one list: `a, b` in English, `a、b` in Chinese."""
    return Text(", ".join(t.say("en") for t in texts), "、".join(t.say("zh") for t in texts))
