"""A decoder that is fed samples as they are recorded."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.updating import Updates
from neurodecode.online.answering import Answering
from neurodecode.online.counting import Counting
from neurodecode.online.decision import Decision, Gap, Latency, LatencyLog
from neurodecode.online.watching import Watching, judged_channels
from neurodecode.online.windows import CovarianceWindows, Windows, covariances_of
from neurodecode.signal._contract import need_continuous
from neurodecode.signal._streams import of_unknown_length, streams_of


class StreamingDecoder:
    """Prepare samples as they come, and decide at every hop.

    Decisions are those of the same preparations, windows and stages on the whole recording, and
    none depends on a later sample. Samples are worked on hop by hop, in blocks that end where a
    window ends, so that no decision depends on where chunks end, to the bit. What is remembered is
    a window of prepared samples, a hop of raw ones and the memory of the filters.

    Parameters
    ----------
    preparations : sequence of Preparation
        Each must be able to stream; see ``neurodecode.signal``.
    header : Signal
        What comes: channels, their order, the rate in Hz; a recording or its header.
    stages : fitted scikit-learn estimator, or sequence of fitted stages
        A pipeline, a model of ours, or its stages, the predictor last.
    classes : sequence of str or None
        Names of the classes that the predictor tells by number; None where it tells names.
    length, hop : float
        Seconds of a window, and from one to the next.
    updates : {"", "unlabelled", "delayed_labels"}
        From what the experiment lets stages that can (`update`) go on learning: nothing, or each
        window, before it is answered; labels do not come with a stream, and stages that wait for
        them stay as they were fitted. What is learnt is forgotten with `reset`, and the stages
        handed in stay as they were.
    jitter : float
        Seconds by which the step from one time stamp to the next may be off: a shorter gap is not
        seen. Half a sample at least.
    clock : callable
        Gives the seconds by which latency is measured.

    Raises
    ------
    ConfigError
        If a preparation or a stage looks ahead; it says which, and what to use instead.
    DataError
        If the header is none of continuous channels, or not what a preparation takes.

    Examples
    --------
    >>> decoder = StreamingDecoder(preparations, header, pipeline, None, 1.0, 0.1)  # doctest: +SKIP
    >>> for decision in decoder.push(chunk):                                        # doctest: +SKIP
    ...     print(decision.time, decision.label)
    """

    def __init__(
        self,
        preparations: Sequence[Any],
        header: Signal,
        stages: Any,
        classes: Sequence[str] | None,
        length: float,
        hop: float,
        *,
        updates: Updates = "",
        jitter: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
    ):
        instead = "A stream is of channels at a rate."
        self._sfreq = need_continuous(header, "stream", instead)
        self.header = of_unknown_length(header)
        self._streams, self.prepared = streams_of(preparations, self.header)
        self._ask(stages, classes, length, hop, updates)
        judged = judged_channels(preparations, self.header)
        n_still = round(length * self._sfreq)
        names = header.space.names
        self._watching = Watching(names, judged, n_still, self._sfreq)
        self._counting = Counting(self._sfreq, header.tmin, jitter)
        self._n_hop = max(round(hop * float(self.prepared.sfreq or 0)), 1)
        self._latency = LatencyLog(hop)
        self._clock = clock
        self._made_for = (names, self._sfreq, self._windows.n_window, hop, len(self._streams))
        self.reset()

    def reset(self) -> None:
        """Forget all samples: the next one is the first of a recording, with number 0."""
        self._counting.reset()
        self._answer.reset()
        self._begin(0)

    @property
    def n_window(self) -> int:
        """Prepared samples of a window."""
        return self._windows.n_window

    def latency(self) -> Latency:
        """Give how long decisions took since the decoder was made, and how long they may."""
        return self._latency.summary()

    def check_source(self, names: Sequence[str], sfreq: float) -> None:
        """Hold what a source says of itself to what the decoder is made for.

        Parameters
        ----------
        names : sequence of str
            Its channels, in order.
        sfreq : float
            Its rate in Hz.

        Raises
        ------
        DataError
            If channels or their order, or the rate, are others.
        """
        wanted = self.header.space.names
        if tuple(names) != wanted:
            lacking = [one for one in wanted if one not in names]
            raise DataError(
                f"stream: the source has {len(names)} channels, {_few(names)}, and the decoder is "
                f"made for {len(wanted)}, {_few(wanted)}: "
                f"{'it lacks ' + _few(lacking) if lacking else 'they are more, or in other order'}"
                ". Send these, in this order."
            )
        if not np.isclose(sfreq, self._sfreq, rtol=1e-6):
            raise DataError(
                f"stream: the source has {sfreq:g} Hz and the decoder is made for "
                f"{self._sfreq:g} Hz. Set the amplifier to that rate."
            )

    def push(
        self,
        chunk: np.ndarray,
        *,
        first: int | None = None,
        timestamps: np.ndarray | None = None,
    ) -> list[Decision | Gap]:
        """Take the next samples, and give the decisions that they complete.

        Parameters
        ----------
        chunk : ndarray, shape (n_channels, n_times)
            Any number of samples, none included; in the units of the training recordings.
        first : int, optional
            Number of the chunk's first sample, where the source counts its samples.
        timestamps : ndarray, shape (n_times,), optional
            Seconds of each sample, where the source has a clock.

        Returns
        -------
        decisions : list of Decision and Gap
            In order of time. A `Gap` says that samples were lost or repeated: filters and windows
            begin anew behind it, and the next decision comes with the next full window.

        Raises
        ------
        DataError
            If the chunk is of other channels, holds values that are not finite, or a channel has
            stood still for a whole window.
        """
        chunk = self._checked(chunk)
        self._watching.finite(chunk)
        given: list[Decision | Gap] = []
        if chunk.shape[1] == 0:
            return given
        pieces = self._counting.number(chunk.shape[1], first, timestamps)
        stops = [at for at, _, _ in pieces[1:]] + [chunk.shape[1]]
        for (at, number, gap), stop in zip(pieces, stops, strict=True):
            if gap is not None:
                given.append(gap)
                self._begin(number)
            elif self._n_raw == 0:
                self._origin = number
            given += self._take(chunk[:, at:stop])
        return given

    def state_dict(self) -> dict[str, Any]:
        """Give a copy of all that is remembered; of the fitted stages only where they go on."""
        pending = np.concatenate(self._pending, axis=1) if self._pending else None
        return {
            "made_for": self._made_for,
            "origin": self._origin,
            "n_raw": self._n_raw,
            "n_prepared": self._n_prepared,
            "block_stop": self._block_stop,
            "pending": pending,
            "streams": [one.state_dict() for one in self._streams],
            "windows": self._windows.state_dict(),
            "watching": self._watching.state_dict(),
            "counting": self._counting.state_dict(),
            "answer": self._answer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises
        ------
        ConfigError
            If it is of a decoder of other channels, rate, windows or preparations.
        """
        if tuple(state["made_for"]) != self._made_for:
            raise ConfigError(
                "load_state_dict: this state is of a decoder of other channels, rate, windows or "
                "preparations. Make the decoder as that one was made."
            )
        self._origin, self._n_raw = state["origin"], state["n_raw"]
        self._n_prepared, self._block_stop = state["n_prepared"], state["block_stop"]
        self._pending = [] if state["pending"] is None else [np.array(state["pending"])]
        for stream, one in zip(self._streams, state["streams"], strict=True):
            stream.load_state_dict(one)
        self._windows.load_state_dict(state["windows"])
        self._watching.load_state_dict(state["watching"])
        self._counting.load_state_dict(state["counting"])
        self._answer.load_state_dict(state["answer"])

    def _ask(
        self,
        stages: Any,
        classes: Sequence[str] | None,
        length: float,
        hop: float,
        updates: Updates,
    ) -> None:
        """Make what cuts windows, and what answers them."""
        windows = Windows(length, hop, float(self.prepared.sfreq or 0))
        shape = self._shape_prepared()
        self._answer: Any = Answering(stages, classes, (*shape, windows.n_window), updates=updates)
        covariances = covariances_of(self._answer.first, windows, shape)
        if covariances is not None:
            windows = CovarianceWindows(windows, covariances)
            self._answer.skip_first()
        self._windows: Any = windows
        self.classes = self._answer.classes

    def _decided(self, window: Any, index: int, sample: int) -> Decision:
        """Decide on a window, the one of this number, which `sample` completed."""
        ends = self._counting.time(self._origin) + self._windows.stop(index)
        scores, label = self._answer(window, ends)
        return Decision(sample, self._counting.time(sample), scores, label)

    def _shape_prepared(self) -> tuple[int, ...]:
        """Shape of one prepared sample: a header does not say how many bands there are."""
        sample = np.zeros((len(self.header.space), 1))
        for stream in self._streams:
            sample = stream.push(sample)
            stream.reset()
        return sample.shape[:-1]

    def _begin(self, origin: int) -> None:
        """Begin anew with the sample of this number."""
        self._origin = origin
        self._n_raw = self._n_prepared = 0  # samples since: raw ones, and those that were prepared
        self._pending: list[np.ndarray] = []  # raw ones of the block that is not complete
        for stream in self._streams:
            stream.reset()
        self._windows.reset()
        self._answer.begin()
        self._watching.reset()
        self._block_stop = self._next_block()

    def _next_block(self) -> int:
        """Raw samples since the beginning that the next block of work needs.

        A block ends where a window does, or a hop later where the next window is far: borders that
        no chunk moves.
        """
        self._border = self._n_raw, self._n_prepared
        stop = self._n_raw
        while stop <= self._n_raw:
            self._n_prepared = min(self._n_prepared + self._n_hop, self._windows.next_stop)
            stop = self._n_prepared
            for stream in reversed(self._streams):
                stop = stream.needs(stop)
        return stop

    def _take(self, samples: np.ndarray) -> list[Decision | Gap]:
        """Take samples that follow each other."""
        self._watching.moving(samples, self._origin + self._n_raw)
        given: list[Decision | Gap] = []
        at = 0
        while at < samples.shape[1]:
            piece = samples[:, at : at + self._block_stop - self._n_raw]
            at, self._n_raw = at + piece.shape[1], self._n_raw + piece.shape[1]
            if self._n_raw < self._block_stop:
                self._pending.append(piece.copy())  # the caller may fill its buffer anew
                break
            block = np.concatenate([*self._pending, piece], axis=1)
            self._pending = []
            given += self._work(block)
            self._block_stop = self._next_block()
        return given

    def _work(self, block: np.ndarray) -> list[Decision | Gap]:
        """Prepare a block, and decide on the windows that it completes."""
        started = self._clock()
        for stream in self._streams:
            block = stream.push(block)
        sample = self._origin + self._n_raw - 1
        given: list[Decision | Gap] = []
        first = self._windows.index
        for i, window in enumerate(self._windows.push(block), start=first):
            given.append(self._decided(window, i, sample))
            self._latency.add(self._clock() - started)
            started = self._clock()
        return given

    def _checked(self, chunk: np.ndarray) -> np.ndarray:
        """Hold a chunk to the channels of the decoder; in double precision."""
        chunk, n_channels = np.asarray(chunk), len(self.header.space)
        if chunk.ndim != 2 or chunk.shape[0] != n_channels or chunk.dtype.kind not in "fiu":
            hint = " It looks turned round." if chunk.shape[-1:] == (n_channels,) else ""
            raise DataError(
                f"push: a chunk of shape {chunk.shape} and type {chunk.dtype}; the decoder is made "
                f"for {n_channels} channels, so chunks are numbers of shape ({n_channels}, "
                f"n_times).{hint} Send its channels, in its order."
            )
        return chunk.astype(np.float64, copy=False)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
