"""Recordings of blood flow with a planted effect."""
