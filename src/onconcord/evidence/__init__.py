"""Stage 6: the callers' records in one normal form, and every candidate counted from the reads."""
