"""Decoders of streams of windows: what they say of one leans on those before it."""

from neurodecode.models.online._decoder import accumulated

__all__ = ["accumulated"]
