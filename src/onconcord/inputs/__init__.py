"""Stage 0: the sheet, the configuration and the working folder, read and checked before a run."""
