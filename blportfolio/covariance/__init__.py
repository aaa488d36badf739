"""Covariance models of returns."""

from blportfolio.covariance.ewma import EWMACovariance
from blportfolio.covariance.ledoit_wolf import LedoitWolfCovariance
from blportfolio.covariance.sample import SampleCovariance
from blportfolio.types import CovarianceModel

COVARIANCES: dict[str, type[CovarianceModel]] = {
    "ewma": EWMACovariance,
    "ledoit_wolf": LedoitWolfCovariance,
    "sample": SampleCovariance,
}

__all__ = ["COVARIANCES", "EWMACovariance", "LedoitWolfCovariance", "SampleCovariance"]
