"""What an iterative mean found, and the warning where it stopped short."""

import sys
import warnings
from dataclasses import dataclass
from types import FrameType

from neurodecode.linalg._namespace import Array

_INSIDE = __name__.rpartition(".")[0]


class NotConverged(UserWarning):
    """An iteration ended before it reached its tolerance."""


@dataclass(frozen=True, eq=False)
class Mean:
    """A mean of positive definite matrices, and how it was found.

    Parameters
    ----------
    value : array or tensor, shape (n, n)
    n_iter : int
        How often the set was gone through; 0 for a closed form.
    grad_norm : float
        What the iteration drives to zero, relative to the mean, so that units do not matter: under
        ``riemann`` the norm of the mean logarithm at the value, as predicted by the last step, or
        computed where that step was not taken. 0 for a closed form.
    converged : bool
        Whether it is at most `tol`; if not, a `NotConverged` was warned of.
    """

    value: Array
    n_iter: int
    grad_norm: float
    converged: bool


def found(value: Array, n_iter: int, grad_norm: float, tol: float, what: str) -> Mean:
    """Make a `Mean`, and warn where the tolerance was not reached."""
    converged = grad_norm <= tol
    if not converged:
        warnings.warn(
            f"The {what} stopped after {n_iter} iterations at a gradient of {grad_norm:.2g}, above "
            f"the tolerance of {tol:.2g}. Give it more iterations (max_iter); where they do not "
            "help, the matrices are too close to singular: shrink them, or raise tol.",
            NotConverged,
            stacklevel=_depth(),
        )
    return Mean(value, n_iter, float(grad_norm), converged)


def _depth() -> int:
    """How many calls up the line is that asked for a mean, outside this package."""
    frame, depth = sys._getframe(2), 2
    while frame.f_back is not None and _package(frame) == _INSIDE:
        frame, depth = frame.f_back, depth + 1
    return depth


def _package(frame: FrameType) -> str:
    return frame.f_globals["__name__"].rpartition(".")[0]
