"""Cards, readers, the prepared cache, and trials cut from it."""
