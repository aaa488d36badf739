"""Which constraints contradict each other, and by how much each must give."""
