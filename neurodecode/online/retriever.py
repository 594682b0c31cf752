"""A decoder of vectors that is fed samples, and looks up what was seen in a gallery."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.updating import Updates
from neurodecode.online.decision import Decision, Gap, Latency, LatencyLog
from neurodecode.online.retrieving import Retrieved, Retrieving, StimulusGallery
from neurodecode.online.streaming import StreamingDecoder
from neurodecode.online.windows import EventWindows, Windows

_WORK = 0.05  # s: samples between two windows are prepared in pieces of this length


class StreamingRetriever(StreamingDecoder):
    """Tell the vector of each event's window, or of one at every hop, and its nearest stimuli.

    Answers are those of the same preparations, windows and stages on the whole recording. Samples
    are worked on in blocks that end where a window does, whatever the chunks are; an event may come
    with any chunk up to the one that holds its onset.

    Parameters
    ----------
    preparations : sequence of Preparation
        Each must be able to stream.
    header : Signal
    stages : fitted scikit-learn estimator, or sequence of fitted stages
        The last one tells vectors.
    gallery : StimulusGallery
    tmin, tmax : float
        Seconds of the window from the event, both samples included, as models are trained on it.
    hop : float or None
        Seconds between windows of that length where there are no events; None: one an event.
    reducer : scikit-learn transformer or None
        What vectors are brought back through.
    columns : mapping of str to str
        What is known of all windows, such as ``subject``, for stages that ask.
    jitter : float
        As `StreamingDecoder` has it.
    clock : callable
        Gives the seconds by which latency is measured.

    Examples
    --------
    >>> asked = StreamingRetriever([], header, ridge, gallery, tmin=0, tmax=0.6)  # doctest: +SKIP
    >>> for one in asked.push(chunk, onsets=[12.1]):                              # doctest: +SKIP
    ...     print(one.label, one.retrieved.likeness[0])
    """

    def __init__(
        self,
        preparations: Sequence[Any],
        header: Signal,
        stages: Any,
        gallery: StimulusGallery,
        *,
        tmin: float,
        tmax: float,
        hop: float | None = None,
        reducer: Any = None,
        columns: Mapping[str, str] | None = None,
        jitter: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
    ):
        if hop is None and tmax < 0:
            raise ConfigError(
                f"stream: windows end at {tmax:g} s, before their event is known. Use windows that "
                "end with it or later, or a hop."
            )
        self._around, self._hop = (tmin, tmax), hop
        self._gallery, self._reducer, self._columns = gallery, reducer, columns
        self._told: list[float] = []  # onsets whose samples have not come
        self._arrived = self._pushed = 0.0
        self.n_missed = 0
        self._delays = LatencyLog(_WORK)
        sfreq = float(header.sfreq or 1)
        super().__init__(
            preparations,
            header,
            stages,
            None,
            tmax - tmin + 1 / sfreq,
            _WORK if hop is None else hop,
            jitter=jitter,
            clock=clock,
        )

    def reset(self) -> None:
        """Forget all samples and events: the next one is the first of a recording."""
        self._told = []
        super().reset()

    def push(
        self,
        chunk: np.ndarray,
        *,
        first: int | None = None,
        timestamps: np.ndarray | None = None,
        onsets: Sequence[float] = (),
    ) -> list[Decision | Gap]:
        """Take the next samples and events, and give the answers that they complete.

        Parameters
        ----------
        chunk, first, timestamps
            As `StreamingDecoder.push` has them.
        onsets : sequence of float
            Seconds of events, on the clock of `Decision.time`, at the latest with the chunk that
            holds them. One whose samples are gone is left out and counted in `n_missed`.
        """
        self._pushed = self._clock()
        self.expect(onsets)
        return super().push(chunk, first=first, timestamps=timestamps)

    def expect(self, onsets: Sequence[float]) -> None:
        """Be told events before the chunks that hold them."""
        self._told = sorted([*self._told, *map(float, onsets)])

    def delays(self) -> Latency:
        """Give the seconds from events to answers."""
        return self._delays.summary()

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of all that is remembered."""
        return super().state_dict() | {"told": list(self._told), "border": self._border}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        super().load_state_dict(state)
        self._told, self._border = list(state["told"]), state["border"]

    def _ask(
        self,
        stages: Any,
        classes: Sequence[str] | None,
        length: float,
        hop: float,
        updates: Updates,
    ) -> None:
        del classes, updates
        sfreq = float(self.prepared.sfreq or 0)
        around = EventWindows(*self._around, sfreq)
        # Of the length that a model is trained on, to the sample.
        windows = around if self._hop is None else Windows(around.n_window / sfreq, hop, sfreq)
        self._windows: Any = windows
        shape = (*self._shape_prepared(), around.n_window)
        self._answer: Any = Retrieving(
            stages,
            self._gallery,
            self.prepared,
            shape,
            reducer=self._reducer,
            columns=self._columns,
        )
        self.classes = self._answer.classes

    def _take(self, samples: np.ndarray) -> list[Decision | Gap]:
        """Take samples that follow each other, with the events among them."""
        last = self._origin + self._n_raw + samples.shape[1] - 1
        self._arrived = self._counting.time(last)
        if self._hop is None:
            self._note(self._counting.time(last + 1))
        return super()._take(samples)

    def _note(self, before: float) -> None:
        """Note the events up to a time, and end the block that is open where a window does."""
        now = [one for one in self._told if one < before]
        self._told = self._told[len(now) :]
        ahead = self.prepared.tmin - self.header.tmin
        first_time = self._counting.time(self._origin) + ahead
        for onset in now:
            self.n_missed += not self._windows.add(onset, first_time)
        if now:  # as if they had been known when the block began
            n_raw = self._n_raw
            self._n_raw, self._n_prepared = self._border
            self._block_stop = max(self._next_block(), n_raw)
            self._n_raw = n_raw

    def _decided(self, window: Any, index: int, sample: int) -> Decision:
        del index
        onset = np.nan
        if self._hop is None:
            window, onset = window
        told = self._answer(window)
        delay = self._arrived - onset + self._clock() - self._pushed
        if np.isfinite(delay):
            self._delays.add(delay)
        told = Retrieved(told.vector, told.ids, told.likeness, onset, delay)
        when = self._counting.time(sample)
        return Decision(sample, when, told.likeness, told.ids[0], retrieved=told)
