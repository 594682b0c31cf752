"""The one training loop, and what it writes: see `neurodecode.train.loop`."""
