"""Which candidates are kept: the model of the reads, and the rules on top of it."""
