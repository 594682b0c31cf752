"""Representational similarity analysis: data and models become RDMs, which are compared."""
