"""Generators: from brains to conditions, and from these to pictures."""
