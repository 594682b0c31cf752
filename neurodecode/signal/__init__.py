"""Preparations: maps from the signal of one recording to a signal.

A preparation is a frozen dataclass whose fields are its arguments. Called with a `Signal` it gives
a `Signal`; `preview` does the same to a header (a `Signal` without data); `reach(sfreq)` says how
far, in seconds, an output looks along its recording (infinite for statistics of all of it), and
`ahead(sfreq)` how far into the future of it (0 of what could run while the recording goes on);
`version` is raised when the numbers that come out change. What is causal has `stream(header)` too:
the same, chunk by chunk, as samples come. None sees labels, folds or other recordings.
"""
