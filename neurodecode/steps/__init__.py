"""Transformers: stateless ones see one trial at a time, fitted ones learn from training rows."""
