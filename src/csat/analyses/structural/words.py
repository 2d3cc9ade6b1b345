"""What csat says about a structural solution that is not proper or deserves doubt; `{names}` are filled in.

Each says what is wrong, why that usually happens, and what to do next.
"""

from __future__ import annotations

from csat.language import Text

IMPROPER = Text("The solution is not proper. {why}", "该模型没有得到合理的解。{why}")
MORE_BELOW = Text(" And {n} more, listed below.", "另有 {n} 项问题，见下文。")

TOO_FEW_MOMENTS = Text(
    "The model asks for {n} more numbers than the data can answer (degrees of freedom {df}): it is not "
    "identified. Drop or fix parameters; a construct needs three items, or two and a link to another "
    "construct.",
    "模型要求的参数比数据所能提供的信息多 {n} 个（自由度 {df}），因此无法识别。请删去或固定部分参数；一个"
    "构念需要三个题项，或两个题项加上与其他构念的联系。",
)
TOO_FEW_RESPONDENTS = Text(
    "{n} respondents cannot settle {q} parameters: more numbers are asked for than people answered, so "
    "errors and tests mean nothing. Ask at least {wanted}, or make the model smaller: fewer constructs, "
    "fewer items, equal loadings (the same label before them).",
    "{n} 名受访者无法确定 {q} 个参数：要估计的数比作答的人还多，标准误和检验没有意义。请至少调查 {wanted} "
    "人，或缩小模型：减少构念、减少题项，或令载荷相等（给予同一标签）。",
)
UNDETERMINED = Text(
    "The data cannot tell these parameters apart, so the model is not identified: {names}. {next}",
    "数据无法区分下列参数，模型不可识别：{names}。{next}",
)
WITHOUT_SCALE = Text(
    "{names} has no scale: fix one loading (1*item) or the variance.",
    "{names}没有量尺：请固定一个载荷（1*题项）或方差。",
)
OF_TWO_ITEMS = Text(
    "{names} has only two items and no link to another construct: add an item, or make the two loadings "
    "equal (the same label before both).",
    "{names}只有两个题项，且与其他构念没有联系：请增加题项，或令两个载荷相等（给两者同一标签）。",
)
FIX_ONE = Text("Fix or drop one of them.", "请固定或删去其中之一。")

NO_OPTIMUM = Text(
    "There is no finite best solution: the fit keeps improving while some numbers grow without end "
    "(stopped after {steps} steps). {next}",
    "不存在有限的最优解：拟合不断改善，而某些数值无限增大（{steps} 步后停止）。{next}",
)
OVERLAP = Text(
    "Constructs overlap so much that these paths cannot be told apart: {paths}. In these answers {names} "
    "are practically one construct. Merge them, drop one, or leave out paths; more respondents may help.",
    "构念重叠过多，下列路径无法区分：{paths}。在这份数据中，{names}实际上是同一个构念。请合并、删去其一或"
    "减少路径；增加受访者也可能有帮助。",
)
RUNS_AWAY = Text(
    "It slips away along {names}. Usual causes: few respondents, a construct of two items that hardly "
    "correlates with the others, a weak item, or a variance fixed where it wants to be negative. Add "
    "items, make the two loadings equal (the same label before both), or drop the construct.",
    "失控的参数：{names}。常见原因：受访者太少、只有两个题项且与其他构念几乎不相关的构念、过弱的题项，或"
    "某个方差被固定而数据要求它为负。请增加题项、令两个载荷相等（给两者同一标签），或删去该构念。",
)

NEGATIVE_ERROR = Text(
    "The error variance of item {item} is negative ({value}): {causes} would explain more than all of it "
    "(a Heywood case). Usually another item asks nearly the same, the construct has only two items, or "
    "there are too few respondents. Look at {item} beside its neighbours; drop it, or fix the variance "
    "({item} ~~ 0*{item}).",
    "题项 {item} 的误差方差为负（{value}）：{causes}对它的解释超过了全部变异（Heywood 现象）。通常是另有"
    "几乎相同的题项、构念只有两个题项或受访者太少。请对照相近题项检查 {item}；删去它，或固定该方差"
    "（{item} ~~ 0*{item}）。",
)
NEGATIVE_DISTURBANCE = Text(
    "The part of {construct} that is left unexplained by {causes} has a negative variance ({value}). "
    "Usually they measure the same thing. Merge constructs or drop a path.",
    "{construct}中未被{causes}解释的部分方差为负（{value}）。通常是它们测的是同一件事。请合并构念或去掉一"
    "条路径。",
)
NEGATIVE_VARIANCE = Text(
    "The variance of {construct} is negative ({value}): its items do not agree. Look for an item that "
    "was not turned, or drop the weakest.",
    "{construct}的方差为负（{value}）：其题项彼此不一致。请检查是否有未反转的题项，或删去最弱的题项。",
)
LOADING_ABOVE_ONE = Text(
    "The standardised loading of {item} on {construct} is {value}, beyond 1. Usually two items ask "
    "nearly the same. Drop one of them.",
    "{item} 在{construct}上的标准化载荷为 {value}，超过 1。通常是两个题项几乎相同，请删去其一。",
)
INDEFINITE = Text(
    "The correlations of the constructs contradict each other (smallest eigenvalue {value}), most of all "
    "among {names}: {pairs}. The answers do not tell them apart. Merge the two closest, drop one, or "
    "drop items that fit both.",
    "构念间的相关相互矛盾（最小特征值 {value}），主要涉及{names}：{pairs}。这些回答未能区分它们。请合并最"
    "接近的两个、删去其一，或删去两边都适用的题项。",
)
RESIDUALS_INDEFINITE = Text(
    "What the model leaves unexplained contradicts itself (smallest eigenvalue {value}), most of all the "
    "residual correlations {pairs}: beyond 1, or impossible together. Take one of these covariances out of "
    "the model.",
    "模型未解释的部分自相矛盾（最小特征值 {value}），主要涉及残差相关{pairs}：超过 1，或不可能同时成立。请从"
    "模型中去掉其中一个协方差。",
)
COVARIES_WITHOUT_VARIANCE = Text(
    "{names} does not vary in this model (its variance is 0), and yet covaries with other constructs, which "
    "no answers can do. Free the variance, or fix the covariances at 0 (A ~~ 0*B).",
    "{names}在该模型中没有变异（方差为 0），却与其他构念有协方差，这在任何数据中都不可能。请放开该方差，或将"
    "协方差固定为 0（A ~~ 0*B）。",
)
IMPLIED_INDEFINITE = Text(
    "The covariances the model implies cannot be those of any answers (smallest eigenvalue {value}), most of "
    "all among {names}. Look at fixed values and residual covariances of these items, or use ML or MLR.",
    "模型隐含的协方差不可能来自任何数据（最小特征值 {value}），主要涉及 {names}。请检查这些题项的固定值与残差"
    "协方差，或改用 ML、MLR。",
)
ODD_ERRORS = Text(
    "These parameters have no usable standard error: {names}. The data say almost nothing about them. "
    "Drop a path, or merge constructs that overlap.",
    "下列参数没有可用的标准误：{names}。数据几乎不包含关于它们的信息。请去掉一条路径，或合并重叠的构念。",
)

POOR_FIT = Text(
    "The model describes the answers poorly: {measures}. Look at the largest residual correlations.",
    "模型对数据的描述较差：{measures}。请查看最大的残差相关。",
)
HARDLY_SEPARATE = Text(
    "Respondents hardly tell these constructs apart (correlation above .85): {pairs}. Their single paths "
    "are unsteady; look at HTMT, and consider merging them.",
    "受访者几乎没有区分这些构念（相关大于 .85）：{pairs}。它们各自的路径不稳定；请参看 HTMT，并考虑合并。",
)
COLLINEAR = Text(
    "These paths can hardly be told apart, because their causes overlap (VIF up to {worst}): {paths}. "
    "Read the total effect, merge the constructs, or drop a path.",
    "下列路径几乎无法区分，因为原因构念高度重叠（VIF 最高 {worst}）：{paths}。请看总效应、合并构念或去掉"
    "一条路径。",
)
SIGN_REVERSED = Text(
    "Correlated positively, yet the path is negative (or the reverse): {paths}. Usually overlapping "
    "causes do this; do not read the sign as an effect.",
    "相关与路径方向相反：{paths}。通常是原因构念重叠所致，不要把路径的符号当作真实影响。",
)

IMPOSSIBLE_SHARE = Text(
    "R2 is not between 0 and 1 for {names}: what is left unexplained covaries with a cause, or paths run in "
    "a loop, so the two parts do not add to the whole. Do not read it as a share.",
    "{names}的 R2 不在 0 与 1 之间：未解释的部分与某个原因相关，或路径构成回路，两部分之和不等于整体。请勿将"
    "其理解为比例。",
)
UNDEFINED = Text(
    "Arithmetic has no answer for {names} at these estimates (a division by zero, or the root or logarithm "
    "of a negative number): no number is given. Look at the expression.",
    "按现有估计值无法计算 {names}（除以零，或对负数开方、取对数），因此不给出数值。请检查表达式。",
)
UNDEFINED_ERROR = Text(
    "{names} has no standard error: its expression has no slope at these estimates.",
    "{names} 没有标准误：其表达式在现有估计值处不可导。",
)
WEIGHTED = Text(
    "Means and covariances are weighted; errors, tests and criteria rest on the effective n ({n}), which "
    "approximates design-based errors.",
    "均值与协方差已加权；标准误、检验与信息准则以有效样本量（{n}）计算，近似于抽样设计标准误。",
)
WEIGHTED_SANDWICH = Text(
    "Answers are weighted, and errors and scaled tests know of it (sandwich; effective n {n}). Criteria and "
    "measures without correction count every respondent once.",
    "回答已加权，标准误与校正检验已考虑权重（三明治估计；有效样本量 {n}）。信息准则和未校正的指标按实际受访"
    "者数计算。",
)
WEIGHTED_UNKNOWN = Text(
    "Answers are weighted, but the errors and tests of {estimator} do not know of it: they are those of "
    "{used} respondents, where the effective n is {n}. Use {instead}.",
    "回答已加权，但 {estimator} 的标准误与检验未考虑权重：它们按 {used} 名受访者计算，而有效样本量为 {n}。"
    "请改用 {instead}。",
)
PAIRWISE = Text(
    "Covariances rest on different respondents; n is that of the rarest pair of items ({n}).",
    "各协方差的受访者不同；样本量取作答最少的一对题项（{n}）。",
)
SMALL_SAMPLE = Text(
    "{n} respondents are few for {q} parameters (at least {wanted} are advised): errors and tests are rough.",
    "{q} 个参数只有 {n} 名受访者，偏少（建议至少 {wanted} 名），标准误和检验较粗略。",
)
ON_BOUND = Text(
    "Held by their bound, and without standard error: {names}.", "被界限固定、没有标准误的参数：{names}。"
)
ON_RULE = Text(
    "The answers would go beyond these rules, which therefore hold as equalities; errors and tests take them "
    "as known: {rules}.",
    "数据本会越过下列规则，因此它们以等式成立；标准误与检验将其视为已知：{rules}。",
)
LOW_AVE = Text(
    "The items of these constructs share less than half of their variance (AVE below .50): {names}.",
    "下列构念的题项共享的变异不足一半（AVE 低于 .50）：{names}。",
)
STILL_USABLE = Text(
    " Where composite reliability is above .60 ({names}) that is still usable.",
    "其中组合信度高于 .60 者（{names}）尚可使用。",
)
LOW_RELIABILITY = Text(
    "Composite reliability is below .70 for: {names}.", "下列构念的组合信度低于 .70：{names}。"
)
HTMT_HIGH = Text(
    "HTMT is not below .85: the answers hardly distinguish {pairs}.",
    "HTMT 未低于 .85，回答几乎没有区分：{pairs}。",
)
NEGATIVE_INSIDE = Text(
    "Items of one construct correlate negatively, so HTMT2 is not given: {names}. Was an item not turned?",
    "同一构念的题项出现负相关，因此不给出 HTMT2：{names}。是否有题项未反转？",
)
PAIR = Text("{a} and {b} ({value})", "{a}与{b}（{value}）")
COUNTED = Text("{name} ({n})", "{name}（{n}）")


def followed_by(first: Text, second: Text) -> Text:
    """One text after the other."""
    return Text(first.en + second.en, first.zh + second.zh)
