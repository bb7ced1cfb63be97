"""Which candidates are kept, by which rules."""
