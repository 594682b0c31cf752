"""`Study`: trials, a question, and all that `plan` needs to know before anything is fitted."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.timeline import Schedule
from neurodecode.core.trials import Trials
from neurodecode.core.truth import Truth
from neurodecode.data._oracle import in_order_of
from neurodecode.data.prepared import Failed
from neurodecode.features._computing import FeatureTable
from neurodecode.harness.pretrained import Pretrained
from neurodecode.harness.question import Question
from neurodecode.harness.task import Origin
from neurodecode.simulate import ORACLE_SIGNAL


@dataclass(frozen=True, eq=False)
class Study:
    """Trials and what is asked of them.

    Parameters
    ----------
    trials : Trials
        All rows, in the order of recording, then onset.
    question : Question
    previous : ndarray of object, shape (n_rows,)
        Label of the last earlier event of the run, for controls alone; None for a first one.
    ignored : mapping of str to int
        Events and rows left out, counted by reason.
    sources : mapping
        What the study was made from, for provenance: plain data.
    failed : tuple of Failed
        Recordings that could not be prepared.
    to_prepare : tuple of str
        Recordings whose preparation is not in the cache yet.
    tmin : float or None
        Seconds from an event's onset to the first sample of its window, where trials have time.
    copies : tuple of tuple of str
        Groups of recordings that are the same sample for sample under several ids.
    notes : tuple of str
        What a reader of the table should know of the recordings.
    pretrained : Pretrained or None
        Fitted models of other results that models which ask for one start from.
    contents : mapping of str to str
        Recording to a digest of its files; of arrays in memory it is found from their keys.
    looking_ahead : tuple of str
        Preparations that look into the future.
    paired_by : tuple of str
        Columns by which rows were given signals of other recordings: rows that share their values
        share those signals.
    schedule : Schedule or None
        The tasks of the recordings, where windows slide over them.
    features : mapping of str to FeatureTable
        Declared features by the signal that holds them: of all stimuli, also of those not shown.
    stimuli : Stimuli or None
        What was shown, where vectors are told of it and it can be had.
    """

    trials: Trials
    question: Question
    previous: np.ndarray
    ignored: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, Any] = field(default_factory=dict)
    failed: tuple[Failed, ...] = ()
    to_prepare: tuple[str, ...] = ()
    tmin: float | None = None
    copies: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    pretrained: Pretrained | None = None
    contents: Mapping[str, str] = field(default_factory=dict)
    paired_by: tuple[str, ...] = ()
    looking_ahead: tuple[str, ...] = ()
    schedule: Schedule | None = None
    features: Mapping[str, FeatureTable] = field(default_factory=dict)
    stimuli: Stimuli | None = None

    @property
    def origin(self) -> Origin:
        """Where the rows come from."""
        return Origin(str(self.sources.get("card", "")), self.contents or _contents(self.inputs))

    @property
    def simulated(self) -> bool:
        """Whether the recordings were made, with a planted effect."""
        return bool(self.sources.get("simulated"))

    @property
    def show_stimuli(self) -> bool:
        """Whether pages may draw pictures that were shown, and those that models tell of them."""
        signals = self.trials.signals.values()
        return all(part.show for signal in signals for part in signal.used())

    @property
    def inputs(self) -> Trials:
        """What models are handed; see `inputs_of`."""
        return inputs_of(self.trials, self.question)

    @property
    def oracle(self) -> TrialSignal | None:
        """What an oracle answers, of simulated recordings: for the control that says it."""
        signal, target = self.trials.signals.get(ORACLE_SIGNAL), self.question.target
        if signal is None or target.kind not in ("label", "value"):
            return signal
        return in_order_of(signal, target.classes or (target.column,))

    @property
    def reach(self) -> float:
        """Seconds over which preparation mixed samples; infinite for whole-recording statistics."""
        return max((part.reach for part in self._parts), default=0.0)

    @property
    def ahead(self) -> float:
        """Seconds that preparation looked into the future of a sample."""
        return max((part.ahead for part in self._parts), default=0.0)

    @property
    def _parts(self) -> Iterator[Part]:
        """Parts that models are handed pieces of."""
        return (part for signal in self.inputs.signals.values() for part in signal.used())

    @property
    def y(self) -> Truth:
        """Truth of every row: codes (-1 unknown), or numbers (NaN unknown); see `Target.y`.

        Where recordings are not prepared yet, a vector, series or brain is there as one zero alone.
        """
        if self.lacks_truth:
            target = self.question.target
            return np.zeros((len(self.trials), *(1,) * (target.n_axes - 1)))
        return self._vectors if self.question.target.kind == "vector" else self._read_truth()

    @cached_property
    def _vectors(self) -> Truth:
        """True vectors: what is found out of them by reading all is found out once."""
        return self._read_truth()

    def _read_truth(self) -> Truth:
        return self.question.target.y(self.trials)

    @cached_property
    def shown(self) -> Mapping[str, Entries]:
        """What rows show in signals that models are told beside the target, where they can be."""
        found, names = {}, (name for one in self.question.models for name in one.training_signals)
        for name in dict.fromkeys(names):
            # Who is refused for it says why; files of features may be yet to be written.
            with contextlib.suppress(DataError, KeyError, FileNotFoundError):
                found[name] = Entries.of_signal(self.trials.signals[name])
        return found

    @property
    def lacks_truth(self) -> bool:
        """Whether true vectors lie in files that preparing has yet to write."""
        name = self.question.target.signal
        if not name:
            return False
        sources = [part.source for part in self.trials.signals[name].used()]
        return any(isinstance(one, Path) and not one.is_file() for one in sources)


def describe_input(inputs: Trials) -> dict[str, Any]:
    """Say what models are handed: by this, recordings for a kept one are judged."""
    for name, signal in inputs.signals.items():
        used, lengths = signal.used(), sorted({int(n) for n in signal.length})
        part = used[0]
        return {
            "signal": name,
            "kind": part.space.kind,
            "space": part.space.key,
            "names": list(part.space.names),
            "unit": part.space.unit,
            "axes": list(part.axes),
            "sfreq": part.sfreq,
            "n_times": lengths[0] if len(lengths) == 1 else None,
        }
    return {}


def inputs_of(trials: Trials, question: Question) -> Trials:
    """Trials with the signals that models read: not the target's, the oracle's, what was shown."""
    hidden = (*question.hidden, ORACLE_SIGNAL)
    if not any(name in trials.signals for name in hidden):
        return trials
    shown = {name: one for name, one in trials.signals.items() if name not in hidden}
    return Trials(trials.rows, shown)


def _contents(inputs: Trials) -> dict[str, str]:
    """Digest of the samples of each recording, of arrays in memory; of several in one, its name."""
    found: dict[str, str] = {}
    recordings = inputs.rows["recording"]
    for signal in list(inputs.signals.values())[:1]:
        for i, part in enumerate(signal.parts):
            mine = sorted({str(one) for one in recordings[signal.part == i]})
            found |= {one: part.key if len(mine) == 1 else digest([part.key, one]) for one in mine}
    return found
