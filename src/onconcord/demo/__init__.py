"""The demo's reads and cohort, simulated from a known truth."""
