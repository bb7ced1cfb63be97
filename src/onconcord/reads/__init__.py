"""Stages 2 and 3: the reads a centre gave, counted, and accounted for in the alignments."""
