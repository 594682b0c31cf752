"""Models that see no brain: what the design of a recording gives away."""
