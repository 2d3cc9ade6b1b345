"""The layout of an instrument file as pydantic models: the one source of its checks and of its JSON Schema.

Imports pydantic, so it is imported only where a file is read.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from csat.instrument.labels import LABEL_SETS

CONTINUOUS = "continuous"
"""The scale id of an item that is a measurement without categories."""

MOST_CATEGORIES = 120
"""Answers are kept as one-byte positions on the scale."""


def plain_id(value: str) -> str:
    """An id that can stand in a model and in a file name."""
    if not value.replace(".", "_").isidentifier() or value[0] == "." or value == "NA":
        raise ValueError(
            f"'{value}' cannot be an id: a letter comes first, then letters (of any script), digits and _"
        )
    return value


def _file_id(value: str) -> str:
    if not value.replace("-", "_").isidentifier() or not value.isascii():
        raise ValueError(f"'{value}' cannot be an id: it is made of English letters, digits, _ and -")
    return value


def _words(value: object) -> object:
    return {"en": value} if isinstance(value, str) else value


def _code(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _codes(value: object) -> object:
    return [_code(v) for v in value] if isinstance(value, list) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Id = Annotated[str, AfterValidator(plain_id)]
_WORDS_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"en": {"type": "string"}, "zh": {"type": "string"}},
            "additionalProperties": False,
        },
    ],
    "description": 'Words in English and Chinese: { en = "...", zh = "..." }, or English alone',
}
_CODES_SCHEMA = {"type": "array", "items": {"type": ["integer", "string"]}, "default": []}
_NAMES_SCHEMA = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "default": [],
}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Words(_Table):
    en: str = ""
    zh: str = ""


Said = Annotated[Words, BeforeValidator(_words), WithJsonSchema(_WORDS_SCHEMA)]
Codes = Annotated[list[str], BeforeValidator(_codes), WithJsonSchema(_CODES_SCHEMA)]
Names = Annotated[list[str], BeforeValidator(_listed), WithJsonSchema(_NAMES_SCHEMA)]


class ColumnsTable(_Table):
    """Columns that are no item; of several names the first one found in the data is used."""

    weight: Names = Field(default=[], description="Columns that may hold the weight of a respondent")
    wave: Names = Field(default=[], description="Columns that may hold the wave of the survey")
    respondent: Names = Field(default=[], description="Columns that may hold the respondent's key")


class ScaleTable(_Table):
    """Answer categories: whole numbers from minimum to maximum."""

    minimum: int = Field(description="The lowest code a respondent can choose, chosen or not")
    maximum: int = Field(description="The highest code a respondent can choose, chosen or not")
    higher_is: Literal["better", "worse"] = Field(
        default="better", description="Whether the highest code is the best answer or the worst"
    )
    labels: Annotated[
        dict[str, Said],
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": sorted(LABEL_SETS)},
                    {
                        "type": "object",
                        "patternProperties": {"^-?[0-9]+$": _WORDS_SCHEMA},
                        "additionalProperties": False,
                    },
                ],
                "description": "Code to wording, or the id of a shipped label list",
                "default": {},
            }
        ),
    ] = {}
    no_answer: Codes = Field(
        default=[], description="Codes that mean: no answer, on every item of this scale"
    )
    not_applicable: Codes = Field(
        default=[], description="Codes that mean: does not apply, on every item of this scale"
    )


class ItemTable(_Table):
    """A question."""

    id: Id = Field(description="The name of the item in models and results")
    scale: str = Field(
        default="",
        description=f"The id of a scale; may be left out when there is one; '{CONTINUOUS}' for a measurement",
    )
    en: str = Field(default="", description="The wording in English")
    zh: str = Field(default="", description="The wording in Chinese")
    reverse: bool = Field(default=False, description="Whether agreeing is bad: answers are turned once")
    aliases: Names = Field(default=[], description="Names of the item's column in data files, besides its id")
    no_answer: Codes = Field(default=[], description="Codes that mean: no answer")
    not_applicable: Codes = Field(default=[], description="Codes that mean: does not apply, never used")
    importance: str = Field(default="", description="The item that asks how important this one is")
    expectation: str = Field(default="", description="The item that asks what was expected of this one")


class ConstructTable(_Table):
    """What several items measure together."""

    id: Id
    en: str = ""
    zh: str = ""
    role: Literal["driver", "outcome", "loyalty", "descriptive"] = Field(
        default="driver",
        description="Its part: moves satisfaction, is satisfaction, follows from it, or neither",
    )
    items: list[str] = Field(description="Ids of the items that measure it")
    importance: str = Field(default="", description="The item that holds its importance points")


class IndexTable(_Table):
    """The satisfaction index."""

    construct_: str = Field(alias="construct", description="The construct whose score is the index")
    method: Literal["equal", "stated", "derived", "pls"] = Field(
        default="equal",
        description="Its weights: equal, stated or derived importance, or those of the PLS path model",
    )


class HypothesisTable(_Table):
    """A declared expectation: cause moves effect."""

    id: str
    cause: str
    effect: str
    sign: Literal["+", "-"] = "+"
    en: str = ""
    zh: str = ""


class SegmentTable(_Table):
    """A column that groups respondents."""

    column: str
    en: str = ""
    zh: str = ""
    labels: dict[str, Said] = Field(
        default={}, description="Raw code to wording; codes with the same wording are one group"
    )
    aliases: Names = []
    no_answer: Codes = Field(default=[], description="Codes that mean: belongs to no group")


class InstrumentFile(_Table):
    """A questionnaire and its measurement model for csat."""

    model_config = ConfigDict(title="csat instrument")

    id: Annotated[str, AfterValidator(_file_id)] = Field(description="The name of the instrument")
    version: str = Field(description="Printed with every result: raise it when a question changes")
    title: Said
    source: Said = Field(default=Words(), description="Where the questions come from")
    columns: ColumnsTable = ColumnsTable()
    scales: dict[str, ScaleTable] = {}
    items: list[ItemTable] = Field(min_length=1)
    constructs: list[ConstructTable] = []
    model: str = Field(
        default="",
        description="Paths in lavaan syntax; constructs are measured by their items unless it says otherwise",
    )
    index: IndexTable | None = None
    hypotheses: list[HypothesisTable] = []
    segments: list[SegmentTable] = []


def json_schema() -> dict[str, Any]:
    """The JSON Schema of an instrument file, for editors."""
    schema = InstrumentFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
