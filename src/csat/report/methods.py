"""How the numbers were made, and the papers they come from: the last section of every report."""

from __future__ import annotations

from csat.language import Text

METHODS: dict[str, Text] = {
    "index": Text(
        "Index: with equal weights the mean of the respondents' construct scores, a construct score being the mean of "
        "the answered items (at least half of them). With PLS weights (ACSI, ECSI, CCSI) the sum of weight x item "
        "score, weights of the path model over the items' standard deviations: the ACSI formula with declared bounds. "
        "'0-100 rescale' maps the declared ends of the scale to 0 and 100, 'per cent of maximum' divides by the highest "
        "answer. Intervals: percentile bootstrap of respondents, weights found anew and signs aligned in each "
        "replicate (BCa on request); in large samples linearised; respondents drawn in strata or clusters are resampled so, "
        "and replicate weights of the file give the standard errors of R's survey. Replicates are keyed by respondent, the "
        "same in every analysis. "
        "Differences of segments: normal test, Holm's p within a segment column.",
        "指数：等权重时为受访者构念得分的平均，构念得分为已答题项的平均（至少答一半）；PLS 权重（ACSI、ECSI、CCSI）时为"
        "“权重 × 题项得分”之和，权重为路径模型权重除以题项标准差，即按声明两端计算的 ACSI 公式。“0-100 换算”将量表两端映射为 "
        "0 与 100，“占最高分百分比”为均值除以最高分。区间：对受访者做百分位自助法，每次重新估计权重并对齐符号（可选 BCa）；大样本用线性化；"
        "分层或整群抽样按设计重抽样，文件自带复制权重时标准误与 R 的 survey 一致。"
        "重抽样按受访者编号，各分析共用。群体差异：正态检验，同一分群内用 Holm p 值。",
    ),
    "priorities": Text(
        "Priorities: importance on the vertical, performance on the horizontal axis; a value on the line counts as "
        "high. Derived importance is statistical association with overall satisfaction, not proof of cause. Certainty: "
        "in each bootstrap replicate performance, importance and crosshair are computed anew and every item placed; a "
        "place is firm when at least 80 % of the replicates agree.",
        "优先级：纵轴为重要性，横轴为表现；落在线上视为高。推导重要性是与总体满意度的统计关联，并非因果证明。确定性：每次自助抽样"
        "重新计算表现、重要性与十字线并重新定位；至少 80% 的重抽样一致时视为稳固。",
    ),
    "what_if": Text(
        "What if: change of the index = sum of effect x rise of the item's mean in points of 100, no mean passing the top "
        "of its scale. Effects are total effects of the PLS path model (weight in the index times the construct's total "
        "effect), or a regression on the driver constructs; intervals from the keyed bootstrap of means and effects.",
        "假设分析：指数变化 = 各题项“效应 × 均值提升（百分制）”之和，均值不超过量表上限。效应取自 PLS 路径模型的总效应（指数权重乘以"
        "构念总效应），或对驱动构念的回归；区间由均值与效应的自助抽样得到。",
    ),
    "drivers": Text(
        "Drivers: least squares of the outcome score on the driver scores, HC3 standard errors; shares of R2 by LMG "
        "(Shapley) and Johnson's relative weights, both summing to R2.",
        "驱动因素：以驱动构念得分对结果得分做最小二乘回归，标准误为 HC3；R2 的分解采用 LMG（Shapley）与 Johnson 相对权重，两者之和均等于 R2。",
    ),
    "describe": Text(
        "Answers: means over answered cells with t intervals, shares with Wilson intervals; weighted figures use "
        "linearised errors and effective n. Skewness and kurtosis are type 2, as SPSS prints them.",
        "回答分布：均值基于有效回答，区间为 t 区间；比例用 Wilson 区间；加权时采用线性化标准误和有效样本量。偏度与峰度为类型 2（与 SPSS 相同）。",
    ),
    "quality": Text(
        "Quality: careless-response indices flag, they never delete; a respondent is named when at least two agree of long runs, own spread, Mahalanobis distance, equal rows and time. Even-odd and synonyms are shown, not counted.",
        "答卷质量：粗心作答指标只做标记、从不删除；长串相同、个体内变异、马氏距离、完全相同与用时五项中至少两项同时提示时才列出该受访者；奇偶一致性与相近题项仅作展示。",
    ),
    "sensitivity": Text(
        "Other treatments: the same chain without the respondents with two or more signs of careless answering; with "
        "missing answers filled by a draw from their normal distribution given the other answers (moments by EM, rounded "
        "to the scale; 'not applicable' stays empty) and the model fitted by full information; with items as ordered "
        "categories (polychoric correlations, WLSMV, scaled fit); without weights. A difference is named when it leaves "
        "the interval as analysed, crosses a guideline by a real step, or changes which items come first.",
        "其他处理：剔除至少有两种不认真作答迹象的受访者；缺失回答按其余回答给定的正态分布抽取填补（矩由 EM 估计，取整到量表；"
        "“不适用”不填补），模型用完全信息拟合；题项按有序类别处理（多项相关、WLSMV、校正拟合）；不加权。"
        "超出原分析区间、明显越过参考标准，或首要优先项改变时，才记为差异。",
    ),
    "reliability": Text(
        "Reliability: rows complete on the construct's items; alpha raw and standardised with Feldt's interval, Guttman's "
        "lambda 2 and 6, omega total of one factor, ordinal alpha from polychoric correlations.",
        "信度：使用该构念题项全部作答的答卷；报告原始与标准化 alpha（Feldt 区间）、Guttman lambda 2 与 6、单因子 omega total，以及基于多项相关的序数 alpha。",
    ),
    "adequacy": Text(
        "Factorability: Kaiser-Meyer-Olkin over the anti-image correlations; Bartlett's test of an identity matrix.",
        "因子分析适合度：基于反映像相关的 KMO；Bartlett 球形检验。",
    ),
    "efa": Text(
        "Factors: minimum residuals, oblimin rotation, number by parallel analysis (95th percentile of random data), with "
        "Kaiser's rule and MAP beside it.",
        "探索性因子：最小残差法提取，oblimin 斜交旋转，因子数由平行分析（随机数据的第 95 百分位）决定，并列出 Kaiser 准则与 MAP。",
    ),
    "sem": Text(
        "Models: maximum likelihood on the covariance matrix (divided by n), lavaan's defaults and definitions of fit; "
        "the solution is judged for identification, convergence and admissibility before any number is used.",
        "模型：对协方差矩阵（除以 n）做极大似然估计，默认设定与拟合指标定义同 lavaan；先判断可识别、收敛与解的可接受性，再使用数字。",
    ),
    "pls": Text(
        "PLS: mode A, path scheme, items standardised; signs so that the loadings of a construct sum to a positive number; index with unstandardised weights on the declared scale; intervals by bootstrap with weights estimated anew.",
        "PLS：模式 A，路径加权，题项标准化；符号取构念载荷之和为正；指数采用未标准化权重与量表声明的两端；区间为每次重估权重的自助法。",
    ),
    "waves": Text(
        "Changes: means, shares and their differences with design-based standard errors (Taylor linearisation: weights, "
        "strata and clusters where declared; ratio estimators). Two waves are compared by a t test of the design; two "
        "unweighted shares by the z test with the pooled share. The adjusted p holds the chance of any false change "
        "over all measures of a comparison (Holm) or their expected share (Benjamini-Hochberg). The smallest detectable "
        "change is the true change that the test would find with the power stated.",
        "变化：均值、占比及其差异的标准误按抽样设计计算（泰勒线性化：权重，以及声明的分层与整群）。两期以设计 t 检验比较；"
        "两个未加权占比用合并占比的 z 检验。校正后的 p 控制同一比较内全部指标出现任何误报的概率（Holm）或误报的期望比例"
        "（Benjamini-Hochberg）。最小可检测变化指在所述检验力下能够发现的真实变化。",
    ),
    "invariance": Text(
        "Measurement invariance: a ladder of models in which form, loadings, intercepts and residuals are held equal "
        "over the waves one after the other. Means of constructs are compared only where loadings and intercepts "
        "(all, or all but a few) may be equal; else only the items are.",
        "测量不变性：依次令形式、载荷、截距与残差在各期相等的一组阶梯模型。只有当载荷与截距（全部，或除少数外）可视为相等时，"
        "才比较构念均值；否则仅比较题项。",
    ),
    "index_change": Text(
        "Change of the index: each wave's index has its own weights, found anew in every bootstrap replicate; the "
        "difference is tested by the normal test with the standard errors of both, p adjusted over the comparisons.",
        "指数变化：各期指数使用各自的权重，并在每次自助抽样中重新估计；差异以两期标准误做正态检验，p 值按比较次数校正。",
    ),
    "crosscheck": Text(
        "Second opinion: the same quantities from factor_analyzer, statsmodels and semopy, run on the same data.",
        "交叉验证：在同一数据上由 factor_analyzer、statsmodels 与 semopy 计算同样的量。",
    ),
}

REFERENCES: dict[str, tuple[str, ...]] = {
    "index": (
        "Fornell, Johnson, Anderson, Cha & Bryant (1996), The American Customer Satisfaction Index, Journal of Marketing 60(4), 7-18.",
        "Efron & Tibshirani (1993), An Introduction to the Bootstrap, Chapman & Hall.",
        "Kish (1965), Survey Sampling, Wiley.",
    ),
    "priorities": (
        "Martilla & James (1977), Importance-performance analysis, Journal of Marketing 41(1), 77-79.",
    ),
    "drivers": (
        "Johnson (2000), A heuristic method for estimating the relative weight of predictor variables, Multivariate Behavioral Research 35(1), 1-19.",
        "Lindeman, Merenda & Gold (1980), Introduction to Bivariate and Multivariate Analysis, Scott Foresman.",
        "Groemping (2006), Relative importance for linear regression in R, Journal of Statistical Software 17(1).",
        "MacKinnon & White (1985), Some heteroskedasticity-consistent covariance matrix estimators, Journal of Econometrics 29, 305-325.",
    ),
    "waves": (
        "Binder (1983), On the variances of asymptotically normal estimators from complex surveys, International Statistical Review 51, 279-292.",
        "Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, Erlbaum.",
        "Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 65-70.",
        "Benjamini & Hochberg (1995), Controlling the false discovery rate, Journal of the Royal Statistical Society B 57, 289-300.",
    ),
    "invariance": (
        "Vandenberg & Lance (2000), A review and synthesis of the measurement invariance literature, Organizational Research Methods 3, 4-70.",
    ),
    "describe": (
        "Wilson (1927), Probable inference, Journal of the American Statistical Association 22, 209-212.",
    ),
    "quality": (
        "Meade & Craig (2012), Identifying careless responses in survey data, Psychological Methods 17, 437-455.",
    ),
    "sensitivity": (
        "Little & Rubin (2019), Statistical Analysis with Missing Data, 3rd ed., Wiley.",
        "Meade & Craig (2012), Identifying careless responses in survey data, Psychological Methods 17, 437-455.",
        "Cheung & Rensvold (2002), Evaluating goodness-of-fit indexes for testing measurement invariance, Structural Equation Modeling 9, 233-255.",
        "Olkin & Finn (1995), Correlations redux, Psychological Bulletin 118, 155-164.",
    ),
    "reliability": (
        "Cronbach (1951), Coefficient alpha and the internal structure of tests, Psychometrika 16, 297-334.",
        "Feldt, Woodruff & Salih (1987), Statistical inference for coefficient alpha, Applied Psychological Measurement 11, 93-103.",
        "McDonald (1999), Test Theory, Erlbaum.",
        "Nunnally (1978), Psychometric Theory, McGraw-Hill.",
    ),
    "adequacy": (
        "Kaiser (1974), An index of factorial simplicity, Psychometrika 39, 31-36.",
        "Bartlett (1951), The effect of standardization on a chi-square approximation in factor analysis, Biometrika 38, 337-344.",
    ),
    "efa": (
        "Horn (1965), A rationale and test for the number of factors in factor analysis, Psychometrika 30, 179-185.",
        "Velicer (1976), Determining the number of components from the matrix of partial correlations, Psychometrika 41, 321-327.",
        "Jennrich (2002), A simple general method for oblique rotation, Psychometrika 67, 7-19.",
    ),
    "pls": (
        "Wold (1982), Soft modeling: the basic design and some extensions, in Joereskog & Wold (eds), Systems under Indirect Observation, North-Holland.",
        "Tenenhaus, Esposito Vinzi, Chatelin & Lauro (2005), PLS path modeling, Computational Statistics & Data Analysis 48, 159-205.",
        "Ringle & Sarstedt (2016), Gain more insight from your PLS-SEM results: the importance-performance map analysis, Industrial Management & Data Systems 116(9), 1865-1886.",
    ),
    "sem": (
        "Fornell & Larcker (1981), Evaluating structural equation models, Journal of Marketing Research 18, 39-50.",
        "Henseler, Ringle & Sarstedt (2015), A new criterion for assessing discriminant validity, Journal of the Academy of Marketing Science 43, 115-135.",
        "Hu & Bentler (1999), Cutoff criteria for fit indexes, Structural Equation Modeling 6, 1-55.",
        "Rosseel (2012), lavaan: an R package for structural equation modeling, Journal of Statistical Software 48(2).",
    ),
}
