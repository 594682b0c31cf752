"""Generators: conditions to pictures."""
