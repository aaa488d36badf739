"""Multi-head attention: the network in plain arrays, and its training by the extra `torch`."""

from blportfolio.forecasters.multi_head.network import MultiHeadNetwork, Shape
from blportfolio.forecasters.multi_head.training import import_torch, train_multi_head

__all__ = ["MultiHeadNetwork", "Shape", "import_torch", "train_multi_head"]
