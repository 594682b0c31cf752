"""Aligners: from brains into the space of what was seen."""
