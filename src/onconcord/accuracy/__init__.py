"""How right the calls are, on simulated pairs whose truth is known."""
