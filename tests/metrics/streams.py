"""Streams of decisions by hand: a letter a decision, one each second."""

import numpy as np
import pandas as pd

from neurodecode.core.timeline import Schedule, Timeline

CLASSES = ("idle", "left", "right")
_CODES = {".": 0, "l": 1, "r": 2}


def codes(said):
    """Codes of letters; blanks are for the eye."""
    return np.array([_CODES[one] for one in said.replace(" ", "")])


def timeline(n, tasks, *, hop=1.0, length=1.0, recordings=("a",), classes=CLASSES, idle="idle"):
    """Decisions at hop, 2 hop, … of each recording; a task is (recording, onset, end, class)."""
    stop = np.tile(hop * np.arange(1, n + 1), len(recordings))
    rows = pd.DataFrame({"recording": np.repeat(recordings, n), "start": stop - length,
                         "stop": stop, "onset": stop - length})  # fmt: skip
    table = pd.DataFrame(
        [(r, onset, end - onset, label) for r, onset, end, label in tasks],
        columns=["recording", "onset", "duration", "label"],
    )
    return Timeline.of(rows, classes, Schedule(table, idle))
