"""Do the items measure the same in every group? `invariance` and its result."""

from csat.analyses.invariance.asking import invariance
from csat.analyses.invariance.result import Invariance, LatentMean, LevelFit, Release

__all__ = ["Invariance", "LatentMean", "LevelFit", "Release", "invariance"]
