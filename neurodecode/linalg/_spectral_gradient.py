"""Derivatives of spectral functions for torch; imported where a tensor asks for one."""

import torch
from torch.autograd.function import once_differentiable

from neurodecode.linalg.spd import SpectralFunction, from_eigen


class Spectral(torch.autograd.Function):
    """A function of symmetric matrices whose derivative knows no gap between eigenvalues.

    torch differentiates eigenvectors, whose derivative has 1/(a - b) for two eigenvalues a and b;
    the function's own has its divided difference there.

    References
    ----------
    Higham 2008, Functions of Matrices, theorem 3.11; Ionescu et al. 2015,
    doi 10.1109/ICCV.2015.339.
    """

    @staticmethod
    def forward(ctx, X: torch.Tensor, function: SpectralFunction) -> torch.Tensor:
        """Apply the function, and keep the eigenvectors."""
        values, vectors = torch.linalg.eigh(X)
        values = function.domain(values)
        ctx.save_for_backward(values, vectors)
        ctx.function = function
        return from_eigen(function.value(torch, values), vectors)

    @staticmethod
    @once_differentiable
    # torch declares ctx as a keyword, and calls by position
    def backward(ctx, *grad_outputs: torch.Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Map the gradient back; it is symmetric, as what it is of."""
        (grad,) = grad_outputs
        values, vectors = ctx.saved_tensors
        slopes = ctx.function.slope(torch, values[..., :, None], values[..., None, :])
        inside = slopes * (vectors.mH @ ((grad + grad.mH) / 2) @ vectors)
        return vectors @ inside @ vectors.mH, None
