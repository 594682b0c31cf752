"""Decoders at work on a recording that goes on: chunks in, decisions out."""
