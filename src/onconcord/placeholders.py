"""Words that other formats write for a missing value."""

PLACEHOLDERS = (".", "NA", "N/A", "nan", "NaN", "None", "null")
"""The contract has null. The first one is never a value; the others may be one (a code, a name)
in a column that cannot be null."""
