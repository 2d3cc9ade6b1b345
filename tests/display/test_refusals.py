"""Refusals in Chinese: no sentence that nothing says, and whole paragraphs as the command line meets them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import csat
from csat.display.refusals import SENTENCES, in_chinese


def what_the_code_says() -> str:
    """All texts in the source but those of the translations."""
    texts = []
    for path in sorted(Path(csat.__file__).parent.rglob("*.py")):
        if path.name != "refusals.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            texts += [
                n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
            ]
    return "\n".join(texts)


def test_every_sentence_is_one_that_the_code_says() -> None:
    said = what_the_code_says()
    fixed = [(english, part) for english, _ in SENTENCES for part in re.split(r"\{\w+\}", english)]
    assert [english for english, part in fixed if part.strip(" .:'") not in said] == []


def test_chinese_takes_over_what_english_names() -> None:
    for english, chinese in SENTENCES:
        named = set(re.findall(r"\{\w+\}", chinese))
        assert named <= set(re.findall(r"\{\w+\}", english)), english


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "the model: no variance in sat1: all answers are the same, or there are none. "
            "Leave the item out, or check how its answers were read.",
            "模型：sat1 没有变异：所有回答都相同，或没有回答。请删去该题项，或检查其回答的读取方式。",
        ),
        (
            "the model: one column is an exact combination of others: a, b and 3 more depend on each other. "
            "Leave one of them out.",
            "模型：有一列可由其他列精确算出：a、b 等（另有 3 个） 彼此依赖。请删去其中之一。",
        ),
        ("the model: a sentence nobody translated.", "模型：a sentence nobody translated."),
    ],
)
def test_a_paragraph_is_said_sentence_by_sentence(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
