"""Encoders: what brains answer, told from features of what was shown."""
