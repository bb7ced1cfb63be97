"""Made-up data for the benchmarks: seeded, plausible, and of any size."""
