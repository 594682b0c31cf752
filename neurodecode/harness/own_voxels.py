"""Folds whose people have voxels of their own: what may be tested there, and by which models."""

from collections.abc import Sequence

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.truth import BrainTruth
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Question


def check_own_voxels(fold: Fold, rows: Rows, brains: BrainTruth, question: Question) -> None:
    """Hold a fold to one space, or to people of one space each where a model learns from such.

    Raises
    ------
    DataError
        If a fold is of several spaces and no model takes them, several are tested at once, a person
        has several, or nothing of the tested is known, not even how many voxels they have.
    """
    if not any(one.ragged_targets for one in question.models if one.role == "model"):
        brains.check_alike(fold.index("train", "val", "test", "adapt"), fold.name)
        return
    used = fold.index("train", "val", "test", "adapt")
    spaces, subject = brains.spaces, rows["subject"]
    if len(np.unique(spaces[used])) < 2:
        return
    where, tested = f"fold {fold.name}: people have voxels of their own", fold.index("test")
    n_tested = len(np.unique(spaces[tested]))
    if n_tested > 1:
        raise DataError(
            f"{where}, and {n_tested} spaces of the brain are tested at once. Test one person a "
            "fold: cross_subject without n_splits, or shared_stimuli within others."
        )
    for name in dict.fromkeys(subject[used]):
        n_own = len(np.unique(spaces[used[subject[used] == name]]))
        if n_own > 1:
            raise DataError(
                f"{where}, and subject {name} is of {n_own} spaces. Bring each person's recordings "
                "to one (prepare: pick)."
            )
    if not len(_of_tested(fold, brains)):
        raise DataError(
            f"{where}, and no response of the tested is told. Say target_access: {{calibration: "
            "16}."
        )


def centre_rows(fold: Fold, brains: BrainTruth) -> np.ndarray:
    """Give the rows whose mean is what is known of the tested brain: those that are trained on.

    Of people with voxels of their own: of these, the ones of the tested space, which are the
    labelled rows of the tested where nobody else is in it.
    """
    train = fold.index("train", "val")
    if len(np.unique(brains.spaces[fold.index("train", "val", "test")])) < 2:
        return train
    mine = _of_tested(fold, brains)
    trained = np.intersect1d(mine, train)
    return trained if len(trained) else mine


def why_one_space(
    model: NamedModel, folds: Sequence[Fold], brains: BrainTruth, question: Question
) -> str | None:
    """Say in which fold a model would be told brains of several spaces, and cannot; or None."""
    tuned = question.tune is not None and model.name in question.tune.grids
    if model.ragged_targets and not tuned and question.reduce is None:
        return None
    for fold in folds:
        try:
            brains.check_alike(fold.index("train", "val", "test", "adapt"), fold.name)
        except DataError as error:
            if not model.ragged_targets:
                return f"it learns brains of one space. {error}"
            what = "tune" if tuned else "target.reduce"
            return f"{what} takes brains of one space. {error}"
    return None


def _of_tested(fold: Fold, brains: BrainTruth) -> np.ndarray:
    """Rows that are told and are of the space of the tested."""
    return fold.labelled[brains.spaces[fold.labelled] == brains.spaces[fold.index("test")[0]]]
