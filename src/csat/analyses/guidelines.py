"""Cut-offs in one place, each with its source. They advise; none of them is a law."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "at least": operator.ge,
    "at most": operator.le,
    "below": operator.lt,
    "above": operator.gt,
}


@dataclass(frozen=True)
class Guideline:
    """A value a statistic is held against."""

    value: float
    direction: Literal["at least", "at most", "below", "above"]
    source: str

    def met(self, x: float) -> bool:
        """Whether x satisfies the guideline; NaN does not."""
        return bool(COMPARED[self.direction](x, self.value))

    def __str__(self) -> str:
        sign = {"at least": ">=", "at most": "<=", "below": "<", "above": ">"}[self.direction]
        return f"{sign} {self.value:g}"


ALPHA_ACCEPTABLE = Guideline(0.70, "at least", "Nunnally (1978)")
ALPHA_GROUPS = Guideline(0.80, "at least", "Nunnally (1978), comparing groups")
ALPHA_PERSONS = Guideline(0.90, "at least", "Nunnally (1978), decisions on single respondents")
ALPHA_TWO_ITEMS = Guideline(0.50, "at least", "csat: two items of loading .58, whose four would reach .67")
RELIABILITY_N = Guideline(50.0, "at least", "rule of thumb")
CR_ACCEPTABLE = Guideline(0.70, "at least", "Nunnally (1978)")
AVE_CONVERGENT = Guideline(0.50, "at least", "Fornell & Larcker (1981)")
HTMT_STRICT = Guideline(0.85, "below", "Henseler, Ringle & Sarstedt (2015)")
HTMT_LIBERAL = Guideline(0.90, "below", "Henseler, Ringle & Sarstedt (2015)")
KMO_WORKING = Guideline(0.60, "at least", "Kaiser (1974)")
MSA_FLOOR = Guideline(0.50, "at least", "Kaiser (1974)")
DETERMINANT_FLOOR = Guideline(1e-5, "at least", "common practice")
LOADING_EFA = Guideline(0.40, "at least", "common practice")
LOADING_PLS = Guideline(0.70, "at least", "common practice")
LOADING_SHOWN = Guideline(0.30, "at least", "common practice")
CROSS_LOADING = Guideline(0.30, "below", "common practice")
VIF_HIGH = Guideline(5.0, "at most", "common practice")
VIF_SEVERE = Guideline(10.0, "at most", "common practice")
FLOOR_CEILING = Guideline(0.15, "at most", "Terwee et al. (2007)")
EFFECTIVE_N_SMALL = Guideline(30.0, "at least", "rule of thumb")
MISSING_FIML = Guideline(0.05, "at most", "rule of thumb")
LONGSTRING_SHARE = Guideline(0.50, "below", "Curran (2016)")
MAHALANOBIS_P = Guideline(0.001, "at least", "Meade & Craig (2012)")
LONGSTRING_ITEMS = Guideline(8.0, "at least", "csat: shorter blocks are answered alike by the content, too")
VARIABILITY_MADS = Guideline(3.0, "at most", "Leys et al. (2013)")
DUPLICATE_ITEMS = Guideline(10.0, "at least", "csat: fewer answers coincide by chance")
EVEN_ODD_CONSISTENT = Guideline(0.30, "at least", "Jackson (1976), after Johnson (2005)")
SYNONYMS_ALIKE = Guideline(0.0, "at least", "Meade & Craig (2012)")
SECONDS_AN_ITEM = Guideline(2.0, "at least", "Huang et al. (2012)")
FLAGS_SUSPICIOUS = Guideline(2.0, "at least", "Meade & Craig (2012): several indices together")
MISSING_ROW = Guideline(0.50, "at most", "rule of thumb")
COOK_LARGE = Guideline(1.0, "at most", "Cook & Weisberg (1982)")
RESPONDENTS_PER_DRIVER = Guideline(10.0, "at least", "rule of thumb")
RESPONDENTS_PER_PARAMETER = Guideline(5.0, "at least", "Bentler & Chou (1987)")
CONSTRUCTS_SEPARATE = Guideline(0.85, "below", "Henseler, Ringle & Sarstedt (2015), for correlations")
STANDARD_ERROR_ODD = Guideline(100.0, "at most", "csat: times the median of the errors of its kind")
PLACEMENT_FIRM = Guideline(0.80, "at least", "csat: a placement is firm when four of five resamples agree")

FIT_HU_BENTLER: Mapping[str, Guideline] = {
    "cfi": Guideline(0.95, "at least", "Hu & Bentler (1999)"),
    "tli": Guideline(0.95, "at least", "Hu & Bentler (1999)"),
    "rmsea": Guideline(0.06, "at most", "Hu & Bentler (1999)"),
    "srmr": Guideline(0.08, "at most", "Hu & Bentler (1999)"),
}
FIT_BANK: Mapping[str, Guideline] = {
    "chisq_df": Guideline(3.0, "at most", "bank study, called Bentler's standard"),
    "cfi": Guideline(0.90, "at least", "bank study"),
    "gfi": Guideline(0.85, "at least", "bank study"),
    "rmsea": Guideline(0.05, "at most", "bank study"),
    "tli": Guideline(0.90, "at least", "bank study"),
}
FIT_POOR: Mapping[str, Guideline] = {
    "cfi": Guideline(0.90, "at least", "Bentler & Bonett (1980)"),
    "srmr": Guideline(0.10, "at most", "Kline (2016)"),
}
"""Beyond these a structural model is called a poor description, whichever set is printed."""
FIT_SETS: Mapping[str, Mapping[str, Guideline]] = {"Hu-Bentler": FIT_HU_BENTLER, "bank study": FIT_BANK}
HEYWOOD = Guideline(0.995, "at most", "bound of the uniqueness at .005, as psych")
CROSS_LOADING_GAP = Guideline(0.20, "at least", "common practice: first loading above the second by this")
ITEMS_PER_FACTOR = Guideline(3.0, "at least", "common practice")
RESPONDENTS_PER_ITEM = Guideline(5.0, "at least", "common practice")
FACTOR_RESPONDENTS = Guideline(100.0, "at least", "common practice")
RMSEA_POOR = Guideline(0.10, "at most", "Browne & Cudeck (1993)")
RMSR_CLOSE = Guideline(0.08, "at most", "common practice")
SPARSE_CELLS = Guideline(0.20, "at most", "csat: share of cells of two items expected below one respondent")
POLYCHORIC_EXTREME = Guideline(0.98, "at most", "csat: polychoric correlations above are hardly told from 1")
WEIGHT_TO_MEDIAN = Guideline(5.0, "at most", "csat: one respondent who speaks for more than five usual ones")
WEIGHT_DEFF = Guideline(2.0, "at most", "csat: weighting that costs half of the sample")
CFI_FALL = Guideline(0.010, "at most", "Cheung & Rensvold (2002), Chen (2007)")
RMSEA_RISE = Guideline(0.015, "at most", "Chen (2007)")
SRMR_RISE: Mapping[str, Guideline] = {
    "metric": Guideline(0.030, "at most", "Chen (2007)"),
    "scalar": Guideline(0.015, "at most", "Chen (2007)"),
    "strict": Guideline(0.015, "at most", "Chen (2007), as for intercepts"),
}
"""By the level of invariance that is tried."""
INVARIANCE_CHANCE = Guideline(0.01, "at least", "csat: simulated ladders that hold are kept in 98 of 100")
CATEGORIES_AS_NUMBERS = Guideline(5.0, "above", "Rhemtulla et al. (2012): treated as numbers")
CATEGORIES_SKEWED = Guideline(7.0, "above", "csat: skewed answers treated as numbers")
SKEWNESS_HIGH = Guideline(1.0, "at most", "rule of thumb")
EQUAL_ITEMS = Guideline(2.0, "at least", "Byrne, Shavelson & Muthen (1989): items of a construct kept equal")
SCORE_WORTH_FREEING = Guideline(0.05, "below", "p of a score test")
