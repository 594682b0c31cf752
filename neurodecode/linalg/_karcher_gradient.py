"""Derivative of the Karcher mean for torch, by the implicit function theorem; imported where asked.

At the mean M of X the mean logarithm J(M, X) is zero. One Newton step from M, taken by torch, has
the value of M and its derivative, dM = -(∂J/∂M)⁻¹ ∂J/∂X dX: the iteration that found M is not gone
through again.
"""

import torch
from torch.autograd.function import once_differentiable

from neurodecode.linalg._factors import cholesky, inverse_factor, whiten
from neurodecode.linalg._namespace import adjoint, symmetrised
from neurodecode.linalg._newton import Curvature, Spectrum
from neurodecode.linalg.spd import EXP, LOG, apply

_EXACT = 1e-13
_MOST_PRODUCTS = 200


def with_gradient(X: torch.Tensor, weights: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Give a mean that knows how it depends on the matrices and their weights.

    Parameters
    ----------
    X : tensor, shape (n_matrices, n, n)
    weights : tensor, shape (n_matrices,)
    value : tensor, shape (n, n)
        Their mean.

    Returns
    -------
    mean : tensor, shape (n, n)
    """
    n = X.shape[-1]
    L = cholesky(value.detach())
    seen = whiten(inverse_factor(L), X)
    values, vectors = torch.linalg.eigh(seen.detach())
    spectrum = Spectrum(adjoint(vectors).reshape(-1, n), values.log(), weights.detach())
    J = (weights[:, None, None] * apply(LOG, seen)).sum(0)
    return whiten(L, apply(EXP, _Solve.apply(J, Curvature([spectrum], single=False))))


class _Solve(torch.autograd.Function):
    """D with H[D] = J, for a symmetric H that is held fast."""

    @staticmethod
    def forward(ctx, J: torch.Tensor, curvature: Curvature) -> torch.Tensor:
        ctx.curvature = curvature
        return curvature.solve(J, _EXACT, _MOST_PRODUCTS)[0]

    @staticmethod
    @once_differentiable
    # torch declares ctx as a keyword, and calls by position
    def backward(ctx, *grad_outputs: torch.Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        return ctx.curvature.solve(symmetrised(grad_outputs[0]), _EXACT, _MOST_PRODUCTS)[0], None
