"""The populations of published studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csat import recipes
from csat.instrument.instrument import Instrument
from csat.language import Text
from csat.simulate.cells import Columns, segments


@dataclass(frozen=True)
class Recipe:
    """A published study's population. seed, respondents : what gives its figures."""

    instrument: str
    seed: int
    respondents: int
    fixed: bool
    """Whether the number of respondents is part of the figures."""
    text: Text


RECIPES: dict[str, Recipe] = {
    "bank_efa": Recipe(
        "bank_corporate",
        recipes.BANK_SEED,
        recipes.BANK_RESPONDENTS,
        True,
        Text(
            "Simulated: 93 answers to the 12 items of the bank study, searched so that KMO is .765 and five "
            "components hold 63.1 % as published; satisfaction items drawn to go with them (paths in the "
            "published "
            "proportion, 70 % explained).",
            "模拟数据：银行研究 12 个题项的 93 份回答，经搜索使 KMO 为 0.765、五个成分累计解释 63.1%，"
            "与发表值一致；"
            "满意度题项据此抽取（路径与发表值成比例，解释 70%）。",
        ),
    ),
    "bank_sem": Recipe(
        "bank_corporate",
        0,
        10_000,
        False,
        Text(
            "Simulated: five uncorrelated factors with paths .329, .41, .57, .42 and .30 to satisfaction, as "
            "published; loadings .8 and .85; normal answers, not cut into points.",
            "模拟数据：五个互不相关的因子，对满意度的路径为 0.329、0.41、0.57、0.42、0.30（发表值）；载荷 "
            "0.8 与 0.85；"
            "回答为正态分布，未划分等级。",
        ),
    ),
    "bank_sem_likert": Recipe(
        "bank_corporate",
        0,
        10_000,
        False,
        Text(
            "Simulated: as bank_sem, the answers cut into five points.",
            "模拟数据：同 bank_sem，回答划分为五个等级。",
        ),
    ),
    "directory_114": Recipe(
        "directory_114",
        0,
        recipes.DIRECTORY_RESPONDENTS,
        True,
        Text(
            "Simulated: sums of 3 attitude and 6 quality items and the overall rating, with exactly the "
            "published "
            "equation; mean overall rating 2.8625, an index of 57.25 as per cent of maximum.",
            "模拟数据：3 个态度题项之和、6 个质量题项之和与整体评分，精确符合发表的回归方程；整体评分均值 "
            "2.8625，"
            "按占满分百分比计算的指数为 57.25。",
        ),
    ),
    "directory_114_rescale": Recipe(
        "directory_114",
        0,
        recipes.DIRECTORY_RESPONDENTS,
        True,
        Text(
            "Simulated: as directory_114 with a mean overall rating of 3.29, an index of 57.25 by the "
            "0-100 rescale.",
            "模拟数据：同 directory_114，但整体评分均值为 3.29，按 0–100 换算的指数为 57.25。",
        ),
    ),
}


def _bank_efa(instrument: Instrument, n: int, seed: int) -> Columns:
    answers = recipes.bank_efa(np.random.default_rng(seed))
    # the recipe's own draws end here; what goes with them comes from another generator
    rng = np.random.default_rng([seed, 1])
    outcomes = recipes.bank_satisfaction(answers, rng)
    return _bank_columns(np.hstack([answers, outcomes])) | segments(instrument, n, rng, np.zeros(n))


def _bank_sem(instrument: Instrument, n: int, seed: int) -> Columns:
    return _bank_columns(recipes.bank_sem(n, np.random.default_rng(seed))[0])


def _bank_sem_likert(instrument: Instrument, n: int, seed: int) -> Columns:
    rng = np.random.default_rng(seed)
    answers = _bank_columns(recipes.likert(recipes.bank_sem(n, rng)[0]))
    return answers | segments(instrument, n, rng, np.zeros(n))


def _bank_columns(answers: NDArray[Any]) -> Columns:
    names = [*(f"x{k}" for k in range(1, 13)), *(f"sat{k}" for k in range(1, 4))]
    return {name: column.tolist() for name, column in zip(names, answers.T, strict=True)}


def _directory(rescaled: bool) -> Callable[[Instrument, int, int], Columns]:
    def draw(instrument: Instrument, n: int, seed: int) -> Columns:
        m = recipes.directory_item_mean(recipes.DIRECTORY_INDEX, rescaled=rescaled)
        drawn = recipes.directory_114(np.random.default_rng(seed), item_mean=m)
        names = ("attitude_sum", "quality_sum", "overall")
        return {name: column.tolist() for name, column in zip(names, drawn.T, strict=True)}

    return draw


DRAWS: dict[str, Callable[[Instrument, int, int], Columns]] = {
    "bank_efa": _bank_efa,
    "bank_sem": _bank_sem,
    "bank_sem_likert": _bank_sem_likert,
    "directory_114": _directory(rescaled=False),
    "directory_114_rescale": _directory(rescaled=True),
}
