"""Principal components of pictures."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator

from neurodecode.core.errors import DataError
from neurodecode.core.pictures import flattened, shaped
from neurodecode.steps._components import principal_components


class Pca(BaseEstimator):
    """Tell pictures by their first principal components, all channels together.

    Components are exact, by a full singular value decomposition: they do not hang on a seed. What
    they stand for may overstep black and white, and is cut to 0 to 1 there.

    Parameters
    ----------
    n_components : int or float
        How many, or the share of variance (between 0 and 1) that they keep at least.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA
    shape_ : tuple of int
        Height, width and channels of a picture.
    """

    def __init__(self, n_components: int | float = 20):
        self.n_components = n_components

    def fit(self, pictures: np.ndarray) -> Self:
        """Learn the components.

        Parameters
        ----------
        pictures : ndarray, shape (n, height, width, channels)
            From 0 to 1, each once.

        Raises
        ------
        ConfigError
            If a share of variance is asked for that is not between 0 and 1.
        DataError
            If more components are asked for than there are pictures or pixels.
        """
        rows = flattened(pictures)
        self.pca_ = principal_components(rows, self.n_components, whiten=False, name="pca")
        self.shape_ = pictures.shape[1:]
        return self

    def encode(self, pictures: np.ndarray) -> np.ndarray:
        """Give components, float32, shape (n, n_components).

        Raises
        ------
        DataError
            If pictures are of another size than those that it was fitted on.
        """
        if pictures.shape[1:] != self.shape_:
            raise DataError(
                f"pca: pictures of {_size(pictures.shape[1:])}, and it was fitted on pictures of "
                f"{_size(self.shape_)} (height, width, channels). Bring them to one size."
            )
        return self.pca_.transform(flattened(pictures)).astype(np.float32, copy=False)

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Give pictures of the size that it was fitted on, cut to 0 to 1."""
        return shaped(self.pca_.inverse_transform(latents), self.shape_)


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
