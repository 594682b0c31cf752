"""Codecs: pictures to low-level latents and back."""
