"""What the table must say of a fold: ways in which what is tested may have been known before."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd

from neurodecode.core.fold import Fold
from neurodecode.core.trials import Trials
from neurodecode.harness.study import Study
from neurodecode.protocols import overlapping, shared, shares_within
from neurodecode.protocols._in_use import demands_of

_MIN_NUMBERS = 8  # a trial of fewer may equal another by chance


class Doubts:
    """Flags of the folds of one study; what all folds ask is looked up once.

    Parameters
    ----------
    study : Study
    """

    def __init__(self, study: Study):
        self._study = study
        self._alike = equal_trials(study.inputs)

    def of(self, fold: Fold) -> tuple[str, ...]:
        """Give the flags of a fold, those of its protocol among them."""
        return tuple(dict.fromkeys((*fold.flags, *self._found(fold))))

    def _found(self, fold: Fold) -> Iterator[str]:
        study, rows = self._study, self._study.trials.rows
        if study.simulated:
            yield "simulated"
        if len(overlapping(fold, rows)):  # those that are left after purging, where any may be
            yield "overlap"
        if study.reach > 0 and shares_within(fold, rows, study.reach):
            yield "shared_preparation"
        if study.ahead > 0 and demands_of(study.question.protocol) is not None:
            yield "looks_ahead"
        if fold.access != "none":
            yield fold.access
        if shared(fold, rows, "recording", "block"):
            yield "split_blocks"
        # Who calibrated on a picture was told it, as who trained on it was.
        if shared(fold, rows, "stimulus", side=fold.labelled) and not self._stimuli_are_classes():
            yield "shared_stimulus"
        if self._holds_copies(fold):
            yield "copied_recording"
        trained, tested = fold.index("train", "val"), fold.index("test")
        if len(np.intersect1d(self._alike[trained], self._alike[tested])):
            yield "copied_trials"

    def _stimuli_are_classes(self) -> bool:
        """Whether each class is one stimulus, so that it cannot be tested on another."""
        target, rows = self._study.question.target, self._study.trials.rows
        if target.kind != "label":
            return False
        stimuli = rows["stimulus"][target.known(self._study.y)]
        return len({*stimuli} - {None}) <= len(target.classes)

    def _holds_copies(self, fold: Fold) -> bool:
        """Whether a recording is trained on and its copy under another id tested."""
        copies = self._study.copies
        recording = self._study.trials.rows["recording"] if copies else np.zeros(0)
        for ids in copies:
            trained = set(recording[fold.index("train", "val")]) & set(ids)
            tested = set(recording[fold.index("test")]) & set(ids)
            if trained and tested and len(trained | tested) > 1:
                return True
        return False


def equal_trials(trials: Trials) -> np.ndarray:
    """Give numbers that are equal where trials are, sample for sample.

    Of recordings in files nothing is read here: each of their trials has a number of its own, as
    has one of fewer than eight values, which may equal another by chance.

    Parameters
    ----------
    trials : Trials

    Returns
    -------
    codes : ndarray of int, shape (n_trials,)
    """
    names = [str(i) for i in range(len(trials))]
    if len(trials.signals) == 1:
        signal = trials.signal()
        for i, part in enumerate(signal.part):
            if part < 0 or not isinstance(signal.parts[part].source, np.ndarray):
                continue
            piece = np.ascontiguousarray(signal.piece(i))
            if piece.size >= _MIN_NUMBERS:
                names[i] = hashlib.blake2b(piece.tobytes()).hexdigest()
    return pd.factorize(np.array(names, dtype=object))[0]
