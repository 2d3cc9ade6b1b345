"""Headings of the columns csat's tables share, and the words charts and tables say.

A column name is the name in JSON and in frames; its heading is what a reader sees.
"""

from __future__ import annotations

from csat.language import Text

COLUMNS: dict[str, Text] = {
    # what a row is about
    "item": Text("Item", "题项"),
    "items": Text("Items", "题项"),
    "item_a": Text("Item A", "题项甲"),
    "item_b": Text("Item B", "题项乙"),
    "wording": Text("Wording", "题目"),
    "construct": Text("Construct", "构念"),
    "construct_a": Text("Construct A", "构念甲"),
    "construct_b": Text("Construct B", "构念乙"),
    "constructs": Text("Constructs", "构念"),
    "role": Text("Role", "角色"),
    "factor": Text("Factor", "因子"),
    "factor_a": Text("Factor A", "因子甲"),
    "factor_b": Text("Factor B", "因子乙"),
    "component": Text("Component", "成分"),
    "segment": Text("Segment", "群体"),
    "group": Text("Group", "组别"),
    "wave": Text("Wave", "调查期"),
    "level": Text("Level", "层次"),
    "category": Text("Answer", "选项"),
    "label": Text("Label", "标签"),
    "code": Text("Code", "编码"),
    "column": Text("Column", "列"),
    "row": Text("Row", "行"),
    "rows": Text("Rows", "行数"),
    "respondent": Text("Respondent", "受访者"),
    "driver": Text("Driver", "驱动因素"),
    "outcome": Text("Outcome", "结果变量"),
    "term": Text("Term", "项"),
    "parameter": Text("Parameter", "参数"),
    "source": Text("Source", "来源"),
    "cause": Text("From", "起点"),
    "effect": Text("To", "终点"),
    "path": Text("Path", "路径"),
    "hypothesis": Text("Hypothesis", "假设"),
    "left": Text("Left", "左"),
    "relation": Text("Relation", "关系"),
    "right": Text("Right", "右"),
    "name": Text("Name", "名称"),
    "what": Text("What", "内容"),
    "measure": Text("Measure", "指标"),
    "method": Text("Method", "方法"),
    "program": Text("Program", "程序"),
    "version": Text("Version", "版本"),
    "rule": Text("Rule", "规则"),
    "model": Text("Model", "模型"),
    # counts and bases
    "n": Text("n", "样本量"),
    "n_answered": Text("Answered", "有效回答"),
    "n_items": Text("Items", "题数"),
    "effective_n": Text("Effective n", "有效样本量"),
    "count": Text("Count", "频数"),
    "weighted_count": Text("Weighted count", "加权频数"),
    "share": Text("Share", "比例"),
    "cumulative": Text("Cumulative", "累计"),
    "cumulative_share": Text("Cumulative share", "累计比例"),
    "valid_share": Text("Valid share", "有效比例"),
    "no_answer": Text("No answer", "未作答"),
    "not_applicable": Text("Not applicable", "不适用"),
    "invalid": Text("Invalid", "无效"),
    "n_missing": Text("Missing", "缺失数"),
    "share_missing": Text("Share missing", "缺失比例"),
    "reason": Text("Reason", "原因"),
    "iterations": Text("Iterations", "迭代次数"),
    "converged": Text("Converged", "收敛"),
    # describing
    "mean": Text("Mean", "均值"),
    "median": Text("Median", "中位数"),
    "sd": Text("SD", "标准差"),
    "variance": Text("Variance", "方差"),
    "se": Text("SE", "标准误"),
    "ci_lower": Text("95% CI, lower", "95% 置信下限"),
    "ci_upper": Text("95% CI, upper", "95% 置信上限"),
    "skewness": Text("Skewness", "偏度"),
    "kurtosis": Text("Kurtosis", "峰度"),
    "minimum": Text("Minimum", "最小值"),
    "maximum": Text("Maximum", "最大值"),
    "q1": Text("Lower quartile", "下四分位数"),
    "q3": Text("Upper quartile", "上四分位数"),
    "whisker_low": Text("Lower whisker", "下须"),
    "whisker_high": Text("Upper whisker", "上须"),
    "outliers": Text("Outliers", "离群值数"),
    "floor": Text("Floor", "地板效应"),
    "ceiling": Text("Ceiling", "天花板效应"),
    "top2": Text("Top two boxes", "前两项占比"),
    "top2_lower": Text("Top two, lower", "前两项下限"),
    "top2_upper": Text("Top two, upper", "前两项上限"),
    "bottom2": Text("Bottom two boxes", "末两项占比"),
    "bottom2_lower": Text("Bottom two, lower", "末两项下限"),
    "bottom2_upper": Text("Bottom two, upper", "末两项上限"),
    # reliability
    "alpha": Text("Cronbach's alpha", "克朗巴赫 α"),
    "alpha_standardised": Text("Alpha, standardised", "标准化 α"),
    "alpha_ordinal": Text("Alpha, ordinal", "有序 α"),
    "alpha_if_dropped": Text("Alpha if item dropped", "删除该题后的 α"),
    "omega": Text("Omega total", "ω 总系数"),
    "lambda2": Text("Guttman's lambda 2", "Guttman λ2"),
    "lambda6": Text("Guttman's lambda 6", "Guttman λ6"),
    "item_rest": Text("Item-rest correlation", "题项与其余总分相关"),
    "spearman_brown": Text("Spearman-Brown", "斯皮尔曼-布朗系数"),
    # adequacy and factors
    "kmo": Text("KMO", "KMO"),
    "msa": Text("Sampling adequacy (MSA)", "取样适当性 (MSA)"),
    "smc": Text("Squared multiple correlation", "多重相关平方"),
    "determinant": Text("Determinant", "行列式"),
    "eigenvalue": Text("Eigenvalue", "特征值"),
    "eigenvalue_parallel": Text("Parallel analysis", "平行分析"),
    "retained": Text("Retained", "保留"),
    "loading": Text("Loading", "载荷"),
    "loading_standardised": Text("Standardised loading", "标准化载荷"),
    "cross_loading": Text("Largest cross-loading", "最大交叉载荷"),
    "communality": Text("Communality", "共同度"),
    "uniqueness": Text("Uniqueness", "特殊度"),
    "complexity": Text("Complexity", "复杂度"),
    "ss_loadings": Text("Sum of squared loadings", "载荷平方和"),
    "declared": Text("Declared construct", "设定构念"),
    "correlation": Text("Correlation", "相关系数"),
    "residual": Text("Residual", "残差"),
    "map": Text("Average partial (MAP)", "最小平均偏相关"),
    # estimates and tests
    "estimate": Text("Estimate", "估计值"),
    "standardised": Text("Standardised", "标准化估计"),
    "coefficient": Text("Coefficient", "系数"),
    "beta": Text("Beta", "标准化系数 β"),
    "z": Text("z", "z"),
    "t": Text("t", "t"),
    "f": Text("F", "F"),
    "p": Text("p", "p 值"),
    "df": Text("df", "自由度"),
    "df1": Text("df 1", "自由度 1"),
    "df2": Text("df 2", "自由度 2"),
    "chi_square": Text("Chi-square", "卡方"),
    "chi_square_df": Text("Chi-square / df", "卡方/自由度"),
    "sum_of_squares": Text("Sum of squares", "平方和"),
    "mean_square": Text("Mean square", "均方"),
    "statistic": Text("Statistic", "统计量"),
    "value": Text("Value", "数值"),
    "guideline": Text("Guideline", "参考标准"),
    "met": Text("Met", "达标"),
    "verdict": Text("Verdict", "结论"),
    "r": Text("r", "相关系数 r"),
    "r2": Text("R²", "R²"),
    "r2_adjusted": Text("Adjusted R²", "调整后 R²"),
    "vif": Text("VIF", "方差膨胀因子"),
    "tolerance": Text("Tolerance", "容差"),
    "cook": Text("Cook's distance", "库克距离"),
    "cfi": Text("CFI", "CFI"),
    "tli": Text("TLI", "TLI"),
    "rmsea": Text("RMSEA", "RMSEA"),
    "srmr": Text("SRMR", "SRMR"),
    "aic": Text("AIC", "AIC"),
    "bic": Text("BIC", "BIC"),
    "ave": Text("Average variance extracted", "平均方差萃取量 (AVE)"),
    "ave_root": Text("Square root of AVE", "AVE 平方根"),
    "composite_reliability": Text("Composite reliability", "组合信度 (CR)"),
    "htmt": Text("HTMT", "HTMT"),
    "direct": Text("Direct effect", "直接效应"),
    "indirect": Text("Indirect effect", "间接效应"),
    "total": Text("Total effect", "总效应"),
    # drivers, index, priorities
    "importance": Text("Importance", "重要性"),
    "performance": Text("Performance", "表现"),
    "lmg": Text("LMG (Shapley) share", "LMG（夏普利）贡献"),
    "relative_weight": Text("Relative weight", "相对权重"),
    "weight": Text("Weight", "权重"),
    "score": Text("Score", "得分"),
    "index": Text("Index", "指数"),
    "convention": Text("Convention", "计算口径"),
    "quadrant": Text("Quadrant", "象限"),
    "priority": Text("Priority", "优先级"),
    "rank": Text("Rank", "排名"),
    "gap": Text("Gap", "差距"),
    "change": Text("Change", "变化"),
    # quality and the second opinion
    "check": Text("Check", "检查项"),
    "flagged": Text("Flagged", "标记数"),
    "threshold": Text("Threshold", "阈值"),
    "longstring": Text("Longest run of equal answers", "最长相同作答串"),
    "variability": Text("Spread within the respondent", "个体内变异"),
    "mahalanobis": Text("Mahalanobis distance", "马氏距离"),
    "duplicate_of": Text("Same answers as row", "与该行重复"),
    "ours": Text("csat", "csat"),
    "theirs": Text("Second opinion", "第二意见"),
    "difference": Text("Difference", "差异"),
    "largest_difference": Text("Largest difference", "最大差异"),
    "agrees": Text("Agrees", "一致"),
}

NOTHING = Text("")
YES, NO = Text("yes", "是"), Text("no", "否")
NOTE = Text("Note", "注")
CAUTION = Text("Caution", "注意")
PARALLEL_LINE = Text("parallel analysis", "平行分析")
EIGENVALUES = Text("eigenvalues of the answers", "样本特征值")
FACTOR_NUMBER = Text("Factor number", "因子序号")
EIGENVALUE = Text("Eigenvalue", "特征值")
RETAINED = Text("{k} retained", "保留 {k} 个")
COUNT = Text("Count", "频数")
SHARE_OF_ANSWERS = Text("Share of answers", "回答占比")
SURER = Text("the fuller a point, the surer its quadrant", "点越实，所在象限越确定")
ISO_PRIORITY = Text("equal priority", "等优先级线")
KEY = Text("Key", "图例")
PATH_NOTE = Text(
    "Standardised estimates. * p < .05, ** p < .01, *** p < .001; dashed: p ≥ .05; orange: negative.",
    "标准化估计值。* p < .05，** p < .01，*** p < .001；虚线：p ≥ .05；橙色：负向。",
)
CORRELATIONS_NOTE = Text(
    "Correlations (of residuals where explained): {pairs}.", "相关（被解释者为残差相关）：{pairs}。"
)
UNUSABLE = Text(
    "The solution is not proper: these numbers must not be used.", "没有得到合理的解：这些数字不可使用。"
)
MORE = Text("and {n} more", "另有 {n} 项")

# the report
INTERVAL = Text("95% interval {low} to {high}", "95% 区间 {low} 至 {high}")
STOP = Text(". ", "。")
CONTENTS = Text("Contents", "目录")
SKIP = Text("Skip to the report", "跳到正文")
BEHIND = Text("The numbers behind this chart", "图中数据")
ROWS = Text("{n} rows", "{n} 行")
MORE_ROWS = Text("{n} more rows are in the workbook.", "其余 {n} 行见工作簿。")
REFERENCES = Text("References", "参考文献")
SHEETS = Text("Sheets", "工作表")
SHEET = Text("Sheet", "工作表")
CONTENT = Text("Content", "内容")
BACK = Text("Back to the contents", "返回目录")
PAGE_OF = Text("Page {page} of {pages}", "第 {page} 页，共 {pages} 页")
MISSING_GLYPHS = Text(
    "{n} characters cannot be drawn by the fonts at hand and are shown as \ufffd: {names}.",
    "现有字体无法显示 {n} 个字符，以 \ufffd 代替：{names}。",
)


def heading(column: str, labels: dict[str, Text] | None = None) -> Text:
    """The heading of a column: from `labels` first, then `COLUMNS`; KeyError when neither knows it."""
    return (labels or {}).get(column) or COLUMNS[column]
