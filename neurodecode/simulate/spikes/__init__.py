"""Counts of spikes with a planted effect."""
