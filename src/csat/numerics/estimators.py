"""What the name of an estimator stands for: its discrepancy, standard errors and test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from csat.numerics.estimation import Information
from csat.numerics.robust import Test

ROWWISE_TESTS: tuple[Test, ...] = ("standard", "satorra_bentler", "yuan_bentler_mplus")
"""Tests of maximum likelihood that need no more than sums over the respondents."""

Discrepancy = Literal["ML", "ULS", "GLS", "WLS", "DWLS"]
Errors = Literal["standard", "robust", "huber_white"]


@dataclass(frozen=True)
class Method:
    """What an estimator's name stands for."""

    discrepancy: Discrepancy
    errors: Errors
    test: Test
    information: Information = "expected"


METHODS: Mapping[str, Method] = {
    "ML": Method("ML", "standard", "standard"),
    "MLM": Method("ML", "robust", "satorra_bentler"),
    "MLMV": Method("ML", "robust", "scaled_shifted"),
    "MLMVS": Method("ML", "robust", "mean_variance"),
    "MLR": Method("ML", "huber_white", "yuan_bentler_mplus", "observed"),
    "ULS": Method("ULS", "standard", "standard"),
    "GLS": Method("GLS", "standard", "standard"),
    "GLSM": Method("GLS", "robust", "satorra_bentler"),
    "WLS": Method("WLS", "standard", "standard"),
    "DWLS": Method("DWLS", "standard", "standard"),
    "ULSM": Method("ULS", "robust", "satorra_bentler"),
    "ULSMV": Method("ULS", "robust", "scaled_shifted"),
    "ULSMVS": Method("ULS", "robust", "mean_variance"),
    "WLSM": Method("DWLS", "robust", "satorra_bentler"),
    "WLSMV": Method("DWLS", "robust", "scaled_shifted"),
    "WLSMVS": Method("DWLS", "robust", "mean_variance"),
}
"""By the name lavaan and Mplus give them; GLSM is to GLS what ULSM is to ULS."""

WEIGHTED_AS: Mapping[str, str] = {"ML": "MLR", "GLS": "GLSM", "ULS": "ULSM", "DWLS": "WLSM"}
"""Estimators of continuous items whose errors take every answer for one of as many respondents, and what
takes their place with weights: the same estimates with sandwich errors and a scaled test. lavaan does so
with ML."""
