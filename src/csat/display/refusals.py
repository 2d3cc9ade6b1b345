"""What csat refuses to compute, in Chinese: by the English paragraph an error says.

Numerics and analyses say in English why no honest number exists; a reader of Chinese gets the same sentence
by sentence. A sentence that is not here stays English.
"""

from __future__ import annotations

import re
from functools import cache

SENTENCES: tuple[tuple[str, str], ...] = (
    # where
    ("the model: ", "模型："),
    ("the model '{name}': ", "模型“{name}”："),
    ("model {name}: ", "模型 {name}："),
    ("group '{name}': ", "组“{name}”："),
    ("invariance: ", "测量不变性："),
    ("the {level} level: ", "{level} 层级："),
    ("the bootstrap of the model: ", "模型的自助法："),
    # what
    (
        "no variance in {items}: all answers are the same, or there are none.",
        "{items} 没有变异：所有回答都相同，或没有回答。",
    ),
    (
        "one column is an exact combination of others: {items} depend on each other.",
        "有一列可由其他列精确算出：{items} 彼此依赖。",
    ),
    (
        "{n} respondents answered, and the model has {p} items.",
        "只有 {n} 名受访者作答，而模型有 {p} 个题项。",
    ),
    ("{n} complete answers are too few for a covariance.", "只有 {n} 份完整答卷，无法计算协方差。"),
    ("no respondent answered every item.", "没有受访者回答了全部题项。"),
    ("no respondent answered {items} together.", "没有受访者同时回答了 {items}。"),
    ("no respondent has all of {items}.", "没有受访者同时具有 {items}。"),
    ("nobody answered {items}.", "没有人回答 {items}。"),
    ("{items} has answers in fewer than 2 categories.", "{items} 的回答不足 2 个类别。"),
    (
        "{items} has answers in fewer than 2 categories among those who also answered another item, so it "
        "has no polychoric correlation.",
        "在同时回答了另一题项的人中，{items} 的回答不足 2 个类别，因此没有多分格相关。",
    ),
    (
        "{items} has answers in fewer than 2 categories among those who also answered another item.",
        "在同时回答了另一题项的人中，{items} 的回答不足 2 个类别。",
    ),
    (
        "the polychoric correlation of {items} is 1 or -1: nothing tells their answers apart.",
        "{items} 的多分格相关为 1 或 -1：两者的回答无法区分。",
    ),
    (
        "the polychoric correlation of {items} is at its limit of 1 or -1.",
        "{items} 的多分格相关已达极限 1 或 -1。",
    ),
    (
        "the correlation of {items} is 1 or -1: nothing tells their answers apart.",
        "{items} 的相关为 1 或 -1：两者的回答无法区分。",
    ),
    ("the thresholds of {items} have no spread.", "{items} 的阈值没有离散程度。"),
    ("a mean, slope or variance has no spread.", "某个均值、斜率或方差没有离散程度。"),
    ("a covariate does not vary, or follows from the others.", "某个协变量没有变异，或可由其他协变量得出。"),
    ("{items} does not vary.", "{items} 没有变异。"),
    ("{items} does not vary once covariates are known.", "已知协变量后，{items} 没有变异。"),
    (
        "covariates tell the answers to {items} exactly apart, so its probit has no optimum.",
        "协变量能完全区分 {items} 的回答，因此其 probit 模型没有最优解。",
    ),
    (
        "the items depend on each other so far that answers with gaps have no covariance to be found.",
        "题项之间依赖过强，无法从有缺失的回答中求得协方差。",
    ),
    (
        "the moments of the answers with gaps did not settle.",
        "有缺失的回答，其均值与协方差未能收敛。",
    ),
    (
        "{n} respondents are too few for WLS, whose weight matrix has {rows} rows.",
        "{n} 名受访者对 WLS 来说太少：其权重矩阵有 {rows} 行。",
    ),
    (
        "the weights of WLS cannot be computed: some moments depend on each other in these answers.",
        "无法计算 WLS 的权重：这些回答中有些矩彼此依赖。",
    ),
    (
        "no positive definite covariance can be found to start from.",
        "找不到可以开始估计的正定协方差矩阵。",
    ),
    (
        "no values of the parameters were found that obey all rules: {rules}.",
        "找不到同时满足全部规则的参数值：{rules}。",
    ),
    ("there is one group, {name}.", "只有一个组：{name}。"),
    ("there is no group.", "没有任何组。"),
    (
        "in '{a}' and '{b}' different answers to {item} were chosen, so its thresholds cannot be equal.",
        "“{a}”与“{b}”对 {item} 选择的答案类别不同，因此其阈值不能设为相等。",
    ),
    (
        "the answers cannot tell some parameters apart, so no replicate can either.",
        "数据无法区分部分参数，任何重抽样也不能。",
    ),
    (
        "the instrument declares no paths.",
        "问卷定义中没有声明路径。",
    ),
    ("no path is left to estimate.", "没有可以估计的路径。"),
    (
        "the numbers of {items} are too large or too small to be squared.",
        "{items} 的数值过大或过小，无法求平方。",
    ),
    # what to do
    ("Leave the item out, or check how its answers were read.", "请删去该题项，或检查其回答的读取方式。"),
    (
        "Leave it out of the model, or check how its column was read.",
        "请将其移出模型，或检查该列的读取方式。",
    ),
    ("Leave one of them out, or merge rare categories.", "请删去其中之一，或合并少见的类别。"),
    (
        "Leave one of them out: their covariance cannot be known.",
        "请删去其中之一：它们的协方差无从得知。",
    ),
    ("Leave one of them out.", "请删去其中之一。"),
    (
        "Leave it out; an item that everybody answers alike measures nothing.",
        "请删去它：所有人回答都相同的题项测不到任何东西。",
    ),
    ("Leave it out, or use Pearson correlations.", "请删去它，或使用 Pearson 相关。"),
    ("Leave it out.", "请删去它。"),
    (
        "Leave the item out, merge rare categories, or leave out a covariate.",
        "请删去该题项、合并少见的类别，或去掉一个协变量。",
    ),
    (
        "Leave out duplicates and sums of items, or items hardly anybody answered.",
        "请删去重复题项、题项之和，或几乎无人回答的题项。",
    ),
    ("Leave out rare items.", "请删去少有人回答的题项。"),
    (
        "At least {least} complete answers are needed, better {better}.",
        "至少需要 {least} 份完整答卷，最好有 {better} 份。",
    ),
    ("Use MLM, MLR or DWLS.", "请使用 MLM、MLR 或 DWLS。"),
    (
        "Use DWLS or WLSMV, which need only the diagonal, or MLR.",
        "请使用只需对角线的 DWLS 或 WLSMV，或使用 MLR。",
    ),
    ("Check the fixed values and bounds of the model.", "请检查模型中的固定值与界限。"),
    (
        "Check whether they can hold together, and near what the answers say.",
        "请检查它们能否同时成立，并接近数据所示。",
    ),
    (
        "Name a column with at least two groups, or leave the groups out.",
        "请指定至少含两个组的列，或不分组。",
    ),
    (
        "Merge rare answers, leave the item out, or do not hold thresholds equal.",
        "请合并少见的答案、删去该题项，或不令阈值相等。",
    ),
    ("Look at the verdict of the model first.", "请先查看模型的结论。"),
    ("Mend the model first.", "请先修正模型。"),
    (
        "Write a model in lavaan syntax into it, or give one (--model FILE).",
        "请用 lavaan 语法在其中写出模型，或另行给出（--model 文件）。",
    ),
    (
        "Say which number stands for no answer, or write the answers in another unit.",
        "请说明哪个数值代表未作答，或换一个单位书写回答。",
    ),
)
"""English sentence and Chinese; what stands in braces is taken over."""


def in_chinese(paragraph: str) -> str:
    """The paragraph of an error in Chinese, as far as its sentences are known."""
    said, rest = "", paragraph
    while rest:
        for pattern, chinese in _patterns():
            if match := pattern.match(rest):
                said += chinese.format(**{name: _names(value) for name, value in match.groupdict().items()})
                rest = rest[match.end() :].lstrip()
                break
        else:
            return said + rest
    return said


def _names(text: str) -> str:
    """`a, b and 3 more` as Chinese writes it."""
    return re.sub(r" and (\d+) more$", r" 等（另有 \1 个）", text).replace(", ", "、")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^:]+?)", re.escape(english))), chinese)
        for english, chinese in SENTENCES
    )
