"""How reliable the brain signals are that decoders read: what repeats of tested stimuli share."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.files import read_json, write_json
from neurodecode.core.parts import TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.harness.galleries import STIMULUS, TOLD_APART
from neurodecode.harness.plan import Plan
from neurodecode.harness.store import Store

FILE = "read.json"
FORMAT = 1  # of the file; raised where its numbers are computed otherwise


@dataclass(frozen=True)
class Reliability:
    """Noise ceilings of what is read of one person, over all its features.

    A feature is a voxel, or a channel at a sample. What sessions differ by is taken off before.

    Parameters
    ----------
    subject, signal : str
    n_features : int
    n_stimuli : int
        Tested ones that were shown twice or more.
    fewest, most : int
        Of their repeats.
    n_repeats : float
        Harmonic mean of these.
    reliability : float
        Share of the variance of a single trial that is signal, by an analysis of variance, mean
        over features: unit ``reliability``, not clipped.
    reliability_of_mean : float
        That of the mean over repeats, as `neurodecode.metrics.ceilings.anova_nc` gives it; of some
        ten stimuli too low, since it is a mean of ratios.
    ncsnr : float
        Standard deviation of the signal over that of the noise of a single trial, of that mean, a
        negative one counting zero: unit ``snr``.
    """

    subject: str
    signal: str
    n_features: int
    n_stimuli: int
    fewest: int
    most: int
    n_repeats: float
    reliability: float
    reliability_of_mean: float
    ncsnr: float


def keep_reliability(plan: Plan, store: Store) -> None:
    """Write how reliable tested trials are, where vectors or pictures are told of repeated stimuli.

    Trials are read one after the other, each once or twice, and nothing but sums is held. What is
    there of the same trials is not computed again.

    Parameters
    ----------
    plan : Plan
    store : Store
    """
    study, path = plan.study, store.folder / FILE
    rows, inputs = study.trials.rows, study.inputs
    if study.question.target.kind not in TOLD_APART or STIMULUS not in rows:
        path.unlink(missing_ok=True)  # of what was asked before
        return
    tested = np.zeros(len(rows), dtype=bool)
    for planned in plan.folds:
        tested[planned.fold.index("test")] = True
    at = np.flatnonzero(tested & np.array([one is not None and one == one for one in
                                           rows[STIMULUS]], dtype=bool))  # fmt: skip
    keys = [[part.key for part in one.parts] for one in inputs.signals.values()]
    places = [digest_array(getattr(one, name)[at]) for one in inputs.signals.values()
              for name in ("part", "at", "length")]  # fmt: skip
    made_from = digest([FORMAT, keys, places, rows.take(at).key()])
    if path.is_file() and _read(path).get("made_from") == made_from:
        return
    found = []
    for name, signal in inputs.signals.items():
        for subject in dict.fromkeys(rows["subject"][at]):
            mine = at[(rows["subject"][at] == subject) & (signal.part[at] >= 0)]
            one = _reliability(str(subject), name, signal, mine, rows)
            found += [] if one is None else [asdict(one)]
    write_json(path, {"made_from": made_from, "found": found})


def read_reliability(folder: Path) -> list[Reliability]:
    """Read what `keep_reliability` wrote; nothing where nothing was repeated or told apart."""
    path = folder / FILE
    return [Reliability(**one) for one in _read(path).get("found", ())] if path.is_file() else []


def _read(path: Path) -> dict:
    try:
        return read_json(path)
    except DataError:
        return {}  # it can be made again


def _reliability(
    subject: str, name: str, signal: TrialSignal, at: np.ndarray, rows: Rows
) -> Reliability | None:
    """Sum over stimuli; None where none is repeated or differs, or trials have several shapes."""
    mine = rows.take(at)
    code = mine.codes(STIMULUS)
    counts = np.bincount(code) if len(code) else np.zeros(0, dtype=int)
    if not np.any(counts > 1) or len(counts) < 2:
        return None
    shapes = {np.shape(signal.piece(int(i))) for i in at}
    if len(shapes) > 1:
        return None
    session = mine.codes("session")
    means = _session_means(signal, at, session)
    size = int(np.prod(next(iter(shapes))))
    centre, spread, within = np.zeros(size), np.zeros(size), np.zeros(size)
    for n, members in enumerate(_members(code), 1):
        several = np.stack([_trial(signal, int(at[i])) - means[session[i]] for i in members])
        mean = several.mean(axis=0)
        within += ((several - mean) ** 2).sum(axis=0)
        away = mean - centre
        centre += away / n
        spread += away * (mean - centre)
    noise = within / (len(at) - len(counts))
    share = float(np.mean(1 / counts))
    total = spread / (len(counts) - 1)
    of_signal = total - noise * share
    # Where repeats are the same but for rounding, features are read and no recording.
    known = noise > np.finfo(float).eps * total
    known &= total > 0
    if not known.any():
        return None
    of_signal, noise, total = of_signal[known], noise[known], total[known]
    single = float(np.mean(of_signal / (of_signal + noise)))
    repeated = counts[counts > 1]
    return Reliability(
        subject,
        name,
        int(known.sum()),
        len(repeated),
        int(repeated.min()),
        int(repeated.max()),
        round(1 / share, 6),
        single,
        float(np.mean(of_signal / total)),
        float(np.sqrt(max(single, 0.0) / (1 - single))),
    )


def _session_means(signal: TrialSignal, at: np.ndarray, session: np.ndarray) -> np.ndarray:
    """Mean trial of each session, (n_sessions, n_features); one of zeros where there is one."""
    size = int(np.size(signal.piece(int(at[0]))))
    means = np.zeros((session.max() + 1, size))
    if len(means) == 1:
        return means
    for i, one in zip(at, session, strict=True):
        means[one] += _trial(signal, int(i))
    return means / np.bincount(session)[:, None]


def _members(code: np.ndarray) -> Iterator[np.ndarray]:
    """Positions of each stimulus, one after the other."""
    order = np.argsort(code, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(code[order])) + 1)


def _trial(signal: TrialSignal, row: int) -> np.ndarray:
    return np.asarray(signal.piece(row), dtype=np.float64).reshape(-1)
