"""Planted parameters are found, and 95 % intervals cover them: the benchmark sem_recovery.py in the small."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "sem_recovery.py"
REPLICATES, RESPONDENTS = 50, 600


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sem_recovery", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["ML", "MLR", "WLSMV", "FIML", "weighted"])
def test_estimates_are_unbiased_and_intervals_cover(name: str, benchmark: ModuleType) -> None:
    condition = next(c for c in benchmark.CONDITIONS if c.name == name)
    found = benchmark.recovery(condition, n=RESPONDENTS, replicates=REPLICATES, seed=2)
    assert found.replicates == REPLICATES
    assert found.within, (found.bias.round(1), found.coverage)
    # the mean over parameters, which share the answers: as if half of them were independent
    error = found.coverage_error / math.sqrt(len(found.names) / 2)
    assert abs(found.coverage.mean() - 0.95) < benchmark.BEYOND * error
    assert found.rejected <= 0.05 + benchmark.BEYOND * found.coverage_error


def test_ordinary_errors_on_skewed_answers_do_not_cover(benchmark: ModuleType) -> None:
    condition = next(c for c in benchmark.CONDITIONS if c.name == "ML on skewed")
    found = benchmark.recovery(condition, n=RESPONDENTS, replicates=REPLICATES, seed=2)
    assert np.abs(found.bias).max() < benchmark.BEYOND
    assert not found.within
