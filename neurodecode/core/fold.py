"""`Fold`: who is trained on and who is tested, one byte a row."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import ConfigError

ROLES = ("unused", "train", "val", "test", "adapt", "unlabelled")
Role = Literal["unused", "train", "val", "test", "adapt", "unlabelled"]


@dataclass(frozen=True, eq=False)
class Fold:
    """One split of the rows.

    Parameters
    ----------
    name : str
        Such as ``001/1/fold-0`` or ``subject-003``; unique among the folds of a seed.
    role : ndarray of uint8, shape (n_rows,)
        Position in `ROLES`. ``unlabelled`` are rows to train on whose target is unknown, for
        models that ask.
    apart : tuple of str
        Columns of which train and test share no value; the runner verifies the claim.
    access : str
        What of the tested person may be seen before testing (``none``, ``transductive`` …).
    adapt_labelled : bool
        Whether the adapt rows come with labels (calibration).
    purged : int
        Training rows dropped because their windows overlap a test window.
    left_out : int
        Rows that would be trained on, and are not because of what they share with the tested: those
        of other people that show a tested stimulus, or of a tested concept.
    flags : tuple of str
        What the table must say of the fold, such as ``split_blocks``.
    """

    name: str
    role: np.ndarray
    apart: tuple[str, ...] = ()
    access: str = "none"
    adapt_labelled: bool = False
    purged: int = 0
    left_out: int = 0
    flags: tuple[str, ...] = ()

    def index(self, *roles: Role) -> np.ndarray:
        """Positions of the rows that have one of the roles, ascending."""
        unknown = set(roles) - set(ROLES)
        if unknown:
            raise ConfigError(f"fold {self.name}: no role {sorted(unknown)}; known: {ROLES}")
        codes = [ROLES.index(role) for role in roles]
        return np.flatnonzero(np.isin(self.role, codes))

    @property
    def labelled(self) -> np.ndarray:
        """Positions of the rows whose truth a model is told: training, and calibration."""
        return self.index("train", "val", *(("adapt",) if self.adapt_labelled else ()))

    @property
    def seen(self) -> np.ndarray:
        """Positions of the rows of the tested that a model sees before it is tested."""
        return self.index("test") if self.access == "transductive" else self.index("adapt")

    @staticmethod
    def of(name: str, n_rows: int, *, apart: tuple[str, ...] = (), **index: np.ndarray) -> "Fold":
        """Fold from positions a role: ``Fold.of("run-04", len(rows), train=..., test=...)``."""
        role = np.zeros(n_rows, dtype=np.uint8)
        for role_name, positions in index.items():
            role[positions] = ROLES.index(role_name)
        return Fold(name, role, apart)

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{int(np.sum(self.role == code))} {name}"
            for code, name in enumerate(ROLES)
            if code and np.any(self.role == code)
        )
        return f"Fold({self.name}: {counts})"
