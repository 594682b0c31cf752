"""From an experiment to its study: recordings are found and prepared, trials cut and paired."""

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from neurodecode.core.config import Call
from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.names import build
from neurodecode.core.recording import Recording
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.trials import Trials
from neurodecode.data.cut import Cut, cut
from neurodecode.data.prepared import Failed, Prepared, look, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.roots import find_root
from neurodecode.data.simulated import is_simulated
from neurodecode.data.specs import Variant
from neurodecode.harness.featuring import open_features, open_shown, with_features
from neurodecode.harness.galleries import TOLD_APART
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.pairing import pair_trials
from neurodecode.harness.pretrained import open_pretrained
from neurodecode.harness.resolve import Resolved
from neurodecode.harness.spec import Channels
from neurodecode.harness.study import Study, describe_input, inputs_of
from neurodecode.signal.montage import channel_preparations
from neurodecode.simulate import ORACLE_SIGNAL

CEILING = "baseline.oracle"


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
    experiment = resolved.experiment
    done = cut(
        prepared,
        resolved.asked,
        experiment.windows,
        direction=experiment.direction,
        features="" if resolved.features else str(experiment.features),
        beside=[name for name in resolved.question.told if name not in resolved.features],
    )
    tables = open_features(resolved, root, compute_missing=compute, progress=progress)
    done = with_features(done, tables)
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
        pretrained.check_input(describe_input(inputs_of(done.trials, question)), prepare)
    return Study(
        trials=done.trials if _may_be_shown(resolved) else _never_shown(done.trials),
        question=question,
        previous=done.previous,
        ignored=done.ignored,
        sources={
            "card": resolved.card.name,
            "licence": dict(resolved.card.licence),
            "citation": resolved.card.citation,
            "root": str(root),
            "simulated": _described(layout) if is_simulated(layout) else "",
            **({"features": {k: v.made_from for k, v in tables.items()}} if tables else {}),
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
        looking_ahead=_looking_ahead(resolved, prepared),
        schedule=done.schedule,
        features=tables,
        stimuli=_shown(resolved, root, done.trials),
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


def _may_be_shown(resolved: Resolved) -> bool:
    """Whether pages may draw what was shown: what is simulated may be seen by anyone."""
    cards = [resolved, *([] if resolved.pair is None else [resolved.pair])]
    return all(
        one.card.show_stimuli == "always"
        or is_simulated(one.card.variant(one.experiment.data.variant))
        for one in cards
    )


def _never_shown(trials: Trials) -> Trials:
    """Mark what trials point into, so that they are not drawn when they are taken elsewhere."""
    signals = {
        name: replace(one, parts=tuple(replace(part, show=False) for part in one.parts))
        for name, one in trials.signals.items()
    }
    return Trials(trials.rows, signals)


def _shown(resolved: Resolved, root: Path, trials: Trials) -> Stimuli | None:
    """Give what was shown, where that is told; no run fails for want of its pictures."""
    if resolved.question.target.kind not in TOLD_APART or "stimulus" not in trials.rows:
        return None
    try:
        return open_shown(resolved, root)
    except (ConfigError, DataError):
        return None


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


def _looking_ahead(resolved: Resolved, prepared: Sequence[Prepared]) -> tuple[str, ...]:
    """Names of the preparations that look into the future, where the prepared signal does."""
    first = next((one for one in prepared if one.signal.ahead > 0), None)
    if first is None:
        return ()
    header, found = first.recording.header(), []
    for asked, one in zip(resolved.experiment.prepare or (), resolved.preparations, strict=True):
        if _looks_ahead(one, header.sfreq or 1.0):
            found.append(asked.name)
        # Of channels that the recording lacks, since others are made of them: the rate is known.
        with contextlib.suppress(DataError):
            header = one.preview(header)
    return tuple(found)


def _looks_ahead(preparation: Any, sfreq: float) -> bool:
    try:
        return preparation.ahead(sfreq) > 0
    except ConfigError:  # a corner above half of the rate that comes out
        return getattr(preparation, "phase", "zero") != "causal"


def with_oracle(models: tuple[NamedModel, ...]) -> tuple[NamedModel, ...]:
    """Give models and, last, the ceiling: what answers as the oracle does."""
    others = tuple(model for model in models if model.name != CEILING)
    return (*others, NamedModel(CEILING, build(Call(CEILING), "models"), "ceiling"))


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
