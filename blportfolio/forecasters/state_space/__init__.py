"""Diagonal state-space models: three realisations of one linear map, and the forecaster on them."""

from blportfolio.forecasters.state_space.forecaster import StateSpaceForecaster, final_states
from blportfolio.forecasters.state_space.ssd import (
    new_columns,
    segment_products,
    semiseparable_order,
    ssd_chunked,
    ssd_kernel,
    ssd_recurrent,
)

__all__ = [
    "StateSpaceForecaster",
    "final_states",
    "new_columns",
    "segment_products",
    "semiseparable_order",
    "ssd_chunked",
    "ssd_kernel",
    "ssd_recurrent",
]
