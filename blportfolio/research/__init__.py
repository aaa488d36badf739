"""Studies of the engine: the paper's experiments again, and evidence over many universes."""
