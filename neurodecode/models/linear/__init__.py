"""Linear decoders: their weights can be turned into patterns."""
