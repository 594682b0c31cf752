"""Encoders: from what was shown to the brain."""
