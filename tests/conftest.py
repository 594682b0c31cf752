from hypothesis import settings

# The same examples everywhere, and no clock: a busy machine fails no test.
settings.register_profile("neurodecode", derandomize=True, deadline=None, database=None)
settings.load_profile("neurodecode")
