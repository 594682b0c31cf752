"""`Study`: trials, a question, and all that `plan` needs to know before anything is fitted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.config import Call
from neurodecode.core.digest import digest
from neurodecode.core.files import cache_folder
from neurodecode.core.names import build
from neurodecode.core.recording import Recording
from neurodecode.core.trials import Trials, TrialSignal
from neurodecode.core.truth import Truth
from neurodecode.data._oracle import in_order_of
from neurodecode.data.cards import find_root
from neurodecode.data.cut import Cut, cut
from neurodecode.data.prepared import Failed, Prepared, look, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.simulated import is_simulated
from neurodecode.data.specs import Variant
from neurodecode.harness.pairing import pair_trials
from neurodecode.harness.pretrained import Pretrained, open_pretrained
from neurodecode.harness.question import NamedModel, Question
from neurodecode.harness.resolve import Resolved
from neurodecode.harness.spec import Channels
from neurodecode.harness.task import Origin
from neurodecode.signal.montage import channel_preparations
from neurodecode.simulate import ORACLE_SIGNAL

CEILING = "baseline.oracle"


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
    paired_by : tuple of str
        Columns by which rows were given signals of other recordings: rows that share their values
        share those signals.
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

    @property
    def origin(self) -> Origin:
        """Where the rows come from."""
        return Origin(str(self.sources.get("card", "")), self.contents or _contents(self.inputs))

    @property
    def simulated(self) -> bool:
        """Whether the recordings were made, with a planted effect."""
        return bool(self.sources.get("simulated"))

    @property
    def inputs(self) -> Trials:
        """Trials with the signals that models are handed: all but the target's and the oracle's."""
        return _inputs(self.trials, self.question)

    @property
    def oracle(self) -> TrialSignal | None:
        """What an oracle answers, of simulated recordings: for the control that says it."""
        signal, target = self.trials.signals.get(ORACLE_SIGNAL), self.question.target
        if signal is None or target.kind != "label":
            return signal
        return in_order_of(signal, target.classes)

    @property
    def reach(self) -> float:
        """Seconds over which preparation mixed samples; infinite for whole-recording statistics."""
        parts = (part for signal in self.inputs.signals.values() for part in signal.used())
        return max((part.reach for part in parts), default=0.0)

    @property
    def y(self) -> Truth:
        """Truth of every row: codes (-1 unknown), or numbers (NaN unknown); see `Target.y`.

        Where recordings are not prepared yet, a vector, series or brain is there as one zero alone.
        """
        if self.lacks_truth:
            target = self.question.target
            return np.zeros((len(self.trials), *(1,) * (target.n_axes - 1)))
        return self.question.target.y(self.trials)

    @property
    def lacks_truth(self) -> bool:
        """Whether true vectors lie in files that preparing has yet to write."""
        name = self.question.target.signal
        if not name:
            return False
        sources = [part.source for part in self.trials.signals[name].used()]
        return any(isinstance(one, Path) and not one.is_file() for one in sources)


def open_study(
    resolved: Resolved,
    data: Path | None,
    *,
    compute: bool,
    progress: Callable[..., Any] | None = None,
    rehash: bool = False,
    out: Path = Path("results"),
) -> Study:
    """Find the recordings of an experiment and cut its trials.

    Parameters
    ----------
    resolved : Resolved
    data : Path or None
        A data root, searched first.
    compute : bool
        False opens headers and caches alone; rows that only the signal can reject are kept then.
    progress : callable or None
        As `neurodecode.core.progress.progress`.
    rehash : bool
        Whether source files are hashed again.
    out : Path
        Folder of results, where those that `init` names are looked for.

    Raises
    ------
    DataMissing
        If the data are not on this machine.
    DataError
        If no trial is left, or no recording could be prepared.
    """
    root, outcomes = open_recordings(
        resolved, data, compute=compute, progress=progress, rehash=rehash
    )
    failed = tuple(one for one in outcomes if isinstance(one, Failed))
    prepared = [one for one in outcomes if isinstance(one, Prepared)]
    if not prepared:
        raise failed[0].error
    # The experiment's own target stands in for the task's: it says which column or track is asked.
    # An encoder has none, and the task's says which rows there are.
    experiment = resolved.experiment
    task = replace(resolved.task, target=experiment.target or resolved.task.target)
    done = cut(prepared, task, experiment.windows, experiment.features)
    notes: tuple[str, ...] = ()
    partners: list[Prepared] = []
    by: tuple[str, ...] = ()
    if resolved.pair is not None and experiment.data.pair is not None:
        by = experiment.data.pair.by
        _, found = open_recordings(
            resolved.pair, data, compute=compute, progress=progress, rehash=rehash
        )
        done, note = _with_pair(done, resolved.pair, found, by, compute=compute)
        failed += tuple(one for one in found if isinstance(one, Failed))
        partners = [one for one in found if isinstance(one, Prepared)]
        outcomes, notes = [*outcomes, *found], (note,)
    opened = (*prepared, *partners)
    copies = _copies(prepared)
    layout = resolved.card.variant(resolved.experiment.data.variant)
    question = resolved.question
    if ORACLE_SIGNAL in done.trials.signals:
        question = replace(question, models=with_oracle(question.models))
    init = resolved.experiment.init
    pretrained = None
    if init is not None:
        pretrained = open_pretrained(init, out, allow_code=resolved.allow_code)
        prepare = resolved.plain()["prepare"]
        pretrained.check_input(describe_input(_inputs(done.trials, question)), prepare)
    return Study(
        trials=done.trials,
        question=question,
        previous=done.previous,
        ignored=done.ignored,
        sources={
            "card": resolved.card.name,
            "licence": dict(resolved.card.licence),
            "citation": resolved.card.citation,
            "root": str(root),
            "simulated": _described(layout) if is_simulated(layout) else "",
            "files": {
                _within(root, file.path): file.sha256
                for one in outcomes
                for file in one.recording.files
            },
        },
        failed=failed,
        to_prepare=tuple(p.recording.id for p in opened if not p.cached),
        tmin=done.tmin,
        copies=copies,
        pretrained=pretrained,
        contents=_files_of([one.recording for one in prepared]),
        paired_by=by,
        notes=(
            *notes,
            *(
                f"{p.recording.id}: {note}"
                for p in (*prepared, *partners)
                for note in p.signal.notes
            ),
            *(f"{' and '.join(ids)} are the same sample for sample." for ids in copies),
        ),
    )


def open_recordings(
    resolved: Resolved,
    data: Path | None,
    *,
    compute: bool,
    progress: Callable[..., Any] | None = None,
    rehash: bool = False,
) -> tuple[Path, list[Prepared | Failed]]:
    """Find the recordings of an experiment and prepare them, or look at what that would give.

    Parameters as in `open_study`.

    Returns
    -------
    root : Path
        Folder of the data set; of simulated recordings, which have none, an empty path.
    outcomes : list of Prepared or Failed
        One a recording.
    """
    spec = resolved.experiment.data
    made = is_simulated(resolved.card.variant(spec.variant))
    root = Path() if made else find_root(resolved.card, data, spec.variant)
    recordings = find_recordings(
        resolved.card,
        spec.variant,
        root,
        subjects=spec.subjects,
        sessions=spec.sessions,
        runs=spec.runs,
        task_runs=resolved.task.runs,
        rehash=rehash,
    )
    cache = cache_folder()
    before = _one_list_of_channels(recordings, resolved.experiment.channels, cache)
    if compute:
        outcomes = prepare(
            recordings, resolved.preparations, cache, progress=progress, before=before
        )
    else:
        outcomes = look(recordings, resolved.preparations, cache, before=before)
    return root, outcomes


def _with_pair(
    done: Cut,
    pair: Resolved,
    found: Sequence[Prepared | Failed],
    by: tuple[str, ...],
    *,
    compute: bool,
) -> tuple[Cut, str]:
    """Give trials the signal of the recordings that they are paired with, and say how."""
    partners = [one for one in found if isinstance(one, Prepared)]
    if not partners:
        raise next(one.error for one in found if isinstance(one, Failed))
    theirs = cut(partners, pair.task, pair.experiment.windows).trials
    name = partners[0].recording.modality
    other = Trials(theirs.rows, {name: theirs.signals[name]})
    # An oracle knows one of the two brains alone, and would be no ceiling of both.
    shown = {name: one for name, one in done.trials.signals.items() if name != ORACLE_SIGNAL}
    ours = Trials(done.trials.rows, shown)
    paired = pair_trials(ours, other, by, cache_folder(), compute=compute)
    n_without = int((~paired.kept).sum())
    lost = {f"no {name} of the same {' and '.join(by)}": n_without} if n_without else {}
    previous = done.previous[paired.kept]
    ignored = {**done.ignored, **lost}
    return replace(done, trials=paired.trials, previous=previous, ignored=ignored), paired.note


def with_oracle(models: tuple[NamedModel, ...]) -> tuple[NamedModel, ...]:
    """Give models and, last, the ceiling: what answers as the oracle does."""
    others = tuple(model for model in models if model.name != CEILING)
    return (*others, NamedModel(CEILING, build(Call(CEILING), "models"), "ceiling"))


def _one_list_of_channels(
    recordings: Sequence[Recording], channels: Channels, cache: Path
) -> Mapping[str, Sequence[Any]]:
    """Say what brings each recording to the channels that all have, or can have.

    Where that is not asked for, `plan` says which trials of a fold do not fit together.
    """
    if channels == "error":
        return {}
    opened = [one for one in look(recordings, (), cache) if isinstance(one, Prepared)]
    return channel_preparations({one.recording.id: one.signal for one in opened}, channels)


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


def _inputs(trials: Trials, question: Question) -> Trials:
    hidden = (question.target.signal, ORACLE_SIGNAL)
    if not any(name in trials.signals for name in hidden):
        return trials
    shown = {name: one for name, one in trials.signals.items() if name not in hidden}
    return Trials(trials.rows, shown)


def _files_of(recordings: Sequence[Recording]) -> dict[str, str]:
    """Digest of what each recording is read from; of several in one file, with its entities."""
    files = {one.id: [file.sha256 for file in one.files] for one in recordings}
    shared = Counter(sha for several in files.values() for sha in several)
    contents = {}
    for one in recordings:
        mine = files[one.id]
        alone = bool(mine) and all(shared[sha] == 1 for sha in mine)
        contents[one.id] = digest(mine if alone else [one.key, one.id])
    return contents


def _contents(inputs: Trials) -> dict[str, str]:
    """Digest of the samples of each recording, of arrays in memory; of several in one, its name."""
    found: dict[str, str] = {}
    recordings = inputs.rows["recording"]
    for signal in list(inputs.signals.values())[:1]:
        for i, part in enumerate(signal.parts):
            mine = sorted({str(one) for one in recordings[signal.part == i]})
            found |= {one: part.key if len(mine) == 1 else digest([part.key, one]) for one in mine}
    return found


def _described(layout: Variant) -> str:
    """Say what made the recordings, with the planted effect and the seed."""
    return repr(layout.options)


def _copies(prepared: Sequence[Prepared]) -> tuple[tuple[str, ...], ...]:
    """Find recordings whose samples are equal; files of one recording may differ in their bytes."""
    found: dict[str, list[str]] = {}
    for one in prepared:
        if one.content:
            found.setdefault(one.content, []).append(one.recording.id)
    return tuple(tuple(ids) for ids in found.values() if len(ids) > 1)


def _within(root: Path, path: Path) -> str:
    """Path as the card knows it; two subjects may have files of one name."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
