"""Stage 7: what the annotator says of each candidate."""
