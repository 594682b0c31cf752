"""Pictures that are blends of smooth fields of colour, so that numbers can be seen, and told."""

import numpy as np

from neurodecode.core.errors import ConfigError

_FINEST = 3.0  # cycles a picture
_CONTRAST = 1.2  # s.d. of a blend before it is bent into the range of colours


def colour_fields(n_fields: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw fields that vary slowly over the picture, each in colours of its own.

    Parameters
    ----------
    n_fields : int
    size : int
        Pixels of a side.
    rng : Generator

    Returns
    -------
    fields : ndarray, shape (n_fields, size, size, 3)
        Orthogonal to each other; blends of independent standard normal numbers have a mean square
        of 1.44 over all pixels.

    Raises
    ------
    ConfigError
        If there are not as many slow fields, or the picture is too small for them.
    """
    cycles = np.arange(-int(_FINEST), int(_FINEST) + 1)
    fy, fx = (one.ravel() for one in np.meshgrid(cycles, cycles, indexing="ij"))
    slow = (np.hypot(fx, fy) <= _FINEST) & ((fy > 0) | ((fy == 0) & (fx > 0)))
    n_waves = 2 * int(slow.sum())  # a sine and a cosine each
    if not 1 <= n_fields <= 3 * n_waves:
        raise ConfigError(
            f"n_latents: pictures show 1 to {3 * n_waves} latent features, not {n_fields}."
        )
    if size < 2 * _FINEST + 1:
        raise ConfigError(f"pictures: {size} pixels hold no {_FINEST:g} cycles. Give 7 or more.")
    place = (np.arange(size) + 0.5) / size
    angle = (
        2 * np.pi * (fy[slow, None, None] * place[:, None] + fx[slow, None, None] * place)
    )  # (n_waves / 2, size, size)
    waves = np.concatenate([np.sin(angle), np.cos(angle)]).reshape(n_waves, -1)
    decay = np.tile(1 / np.hypot(fx, fy)[slow], 2)[:, None]  # coarse before fine
    drawn = rng.standard_normal((n_fields, n_waves, 3)) * decay
    # In the waves' own orthogonal coordinates, where this is small, and then in pixels.
    mixture = np.linalg.qr(drawn.reshape(n_fields, -1).T)[0].T.reshape(n_fields, n_waves, 3)
    waves /= np.linalg.norm(waves, axis=1, keepdims=True)
    fields = np.einsum("kwc,wp->kpc", mixture, waves).reshape(n_fields, size, size, 3)
    return _CONTRAST * np.sqrt(fields[0].size / n_fields) * fields


def blend(numbers: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """Give the picture that shows these numbers.

    Parameters
    ----------
    numbers : ndarray, shape (n_fields,)
    fields : ndarray, shape (n_fields, size, size, 3)
        As `colour_fields` gives them.

    Returns
    -------
    picture : ndarray of uint8, shape (size, size, 3)
        A logistic function of the weighted sum: colours never leave their range, and equal
        numbers give equal bytes.
    """
    total = np.tensordot(numbers, fields, axes=1)
    return np.round(255 / (1 + np.exp(-total))).astype(np.uint8)
