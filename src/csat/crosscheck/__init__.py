"""The second opinion: independent programs are asked for csat's numbers, and the differences are shown.

factor_analyzer gives KMO, Bartlett's test and rotations; statsmodels factors, components and regressions;
semopy structural models. They are no part of the answer: one that is absent, fails or stops short is
reported.
"""

from csat.crosscheck.asking import crosscheck
from csat.crosscheck.peer_statsmodels import RegressionRows
from csat.crosscheck.result import Agreement, Crosscheck

__all__ = ["Agreement", "Crosscheck", "RegressionRows", "crosscheck"]
