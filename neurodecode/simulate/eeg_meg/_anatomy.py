"""Where intracranial contacts sit, what places near them answer, and what is shared by all."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

_CONDUCTIVITY = 0.33  # S/m, grey matter
_SEEG, _ECOG = 3.5e-3, 10e-3  # m between contacts of common depth electrodes, of clinical grids
_RADIUS = 0.07  # m from the head's centre to cortex
_NEAR = (2e-3, 5e-3)  # m from a source to the contact that it is nearest to
_MOMENT = 0.4e-9  # A m, s.d. of a source at rest, in its band
_CORRELATED = 8e-3  # m over which the background's correlation falls to 1/e
_BACKGROUND = 20e-6  # V, s.d. of each contact
_REFERENCE = 15e-6  # V, s.d. of what the reference adds to every contact


@dataclass(frozen=True, eq=False)
class Anatomy:
    """One person's contacts and sources.

    Parameters
    ----------
    names : tuple of str
        ``A1``, ``A2`` … along a shaft, or a grid's row.
    positions : ndarray, shape (n_contacts, 3)
        Metres, head coordinates.
    gain : ndarray, shape (n_contacts, n_sources)
        Volts that each source gives at rest, one s.d.
    covariance : ndarray, shape (n_contacts, n_contacts)
        Of the background and the reference together, in V².

    Notes
    -----
    A dipole p at distance r gives p · r / (4 π σ r³) in a homogeneous conductor (Nunez &
    Srinivasan 2006, doi 10.1093/acprof:oso/9780195050387.001.0001).
    """

    names: tuple[str, ...]
    positions: np.ndarray
    gain: np.ndarray
    covariance: np.ndarray


def draw_anatomy(
    kind: Literal["seeg", "ecog"],
    n_shafts: int,
    n_contacts: int,
    n_sources: int,
    rng: np.random.Generator,
) -> Anatomy:
    """Place contacts, and sources near some of them.

    Parameters
    ----------
    kind : {"seeg", "ecog"}
        Shafts that run inward, or rows of one grid on the surface.
    n_shafts, n_contacts, n_sources : int
        Sources are near contacts that differ.
    rng : numpy.random.Generator
    """
    positions = (_shafts if kind == "seeg" else _grid)(n_shafts, n_contacts, rng)
    chosen = rng.choice(len(positions), n_sources, replace=False)
    away = _unit(rng.standard_normal((n_sources, 3)))
    sources = positions[chosen] + away * rng.uniform(*_NEAR, (n_sources, 1))
    # The moment leans to the contact, which else might lie on the dipole's silent plane.
    moments = _MOMENT * _unit(-away + 0.5 * rng.standard_normal((n_sources, 3)))
    to_contact = positions[:, None] - sources  # (n_contacts, n_sources, 3)
    distance = np.linalg.norm(to_contact, axis=-1)
    gain = np.sum(to_contact * moments, axis=-1) / (4 * np.pi * _CONDUCTIVITY * distance**3)
    apart = np.linalg.norm(positions[:, None] - positions, axis=-1)
    covariance = _BACKGROUND**2 * np.exp(-apart / _CORRELATED) + _REFERENCE**2
    names = tuple(
        f"{_letters(shaft)}{contact + 1}"
        for shaft in range(n_shafts)
        for contact in range(n_contacts)
    )
    return Anatomy(names, positions, gain, covariance)


def _shafts(n_shafts: int, n_contacts: int, rng: np.random.Generator) -> np.ndarray:
    entry = _unit(rng.standard_normal((n_shafts, 3)))
    entry[:, 2] = np.abs(entry[:, 2])  # nobody is entered from below
    inward = _unit(-entry + 0.3 * rng.standard_normal((n_shafts, 3)))
    depth = _SEEG * np.arange(n_contacts)[:, None]
    return (_RADIUS * entry[:, None] + depth * inward[:, None]).reshape(-1, 3)


def _grid(n_rows: int, n_columns: int, rng: np.random.Generator) -> np.ndarray:
    side = rng.choice([-1.0, 1.0])
    along = (np.arange(n_columns) - (n_columns - 1) / 2) * _ECOG + rng.normal(0, 5e-3)
    up = (np.arange(n_rows) - (n_rows - 1) / 2) * _ECOG + rng.normal(0.02, 5e-3)
    up, along = (one.ravel() for one in np.meshgrid(up, along, indexing="ij"))
    return _RADIUS * _unit(np.stack([np.full(up.size, side * _RADIUS), along, up], axis=-1))


def _letters(number: int) -> str:
    return (
        chr(ord("A") + number)
        if number < 26
        else _letters(number // 26 - 1) + _letters(number % 26)
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
