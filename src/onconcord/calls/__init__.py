"""Stage 5: the callers, each described by its folder in workflow/callers."""
