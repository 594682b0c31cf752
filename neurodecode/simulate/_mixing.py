"""Voxels that answer features of a stimulus linearly, and an oracle that knows how they do.

The world is ``answers = features @ weights.T + noise``. The noise of a voxel is its own, with s.d.
1, and what it shares with the others. The oracle knows weights and noise, and of the features what
they are like: a mixture of Gaussians, one a kind of stimulus. A kind of one stimulus has no spread.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

_N_SHARED = 4
_SHARED = 0.3  # s.d. of what the noise of voxels has in common, each of its patterns
_SHAPE = 2.0  # of the gamma distribution of the voxels' gains
_SEEN = 0.3  # of the features, by each voxel


@dataclass(frozen=True, eq=False)
class Mixing:
    """How voxels answer features.

    Parameters
    ----------
    weights : ndarray, shape (n_voxels, n_features)
        In s.d. of a voxel's own noise.
    shared : ndarray, shape (n_voxels, n_shared)
        Patterns of the noise that voxels share.
    """

    weights: np.ndarray
    shared: np.ndarray

    def answers(self, features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Give one noisy answer a row of features.

        Parameters
        ----------
        features : ndarray, shape (n_trials, n_features)
        rng : Generator

        Returns
        -------
        answers : ndarray of float32, shape (n_trials, n_voxels)
        """
        n_trials, (n_voxels, n_shared) = len(features), self.shared.shape
        noise = rng.standard_normal((n_trials, n_voxels), dtype=np.float32)
        common = rng.standard_normal((n_trials, n_shared))
        both = np.hstack([features, common]) @ np.hstack([self.weights, self.shared]).T
        noise += both.astype(np.float32)
        return noise

    def evidence(self, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give all that answers say of the features.

        Parameters
        ----------
        answers : ndarray, shape (n_trials, n_voxels)

        Returns
        -------
        h : ndarray, shape (n_trials, n_features)
            ``W' S^-1 answers``, for weights W and covariance of the noise S.
        precision : ndarray, shape (n_features, n_features)
            ``W' S^-1 W``.
        """
        # S = I + U U', so S^-1 W = W - U (I + U'U)^-1 U' W: nothing as large as S is inverted.
        inner = np.eye(self.shared.shape[1]) + self.shared.T @ self.shared
        whitened = self.weights - self.shared @ np.linalg.solve(inner, self.shared.T @ self.weights)
        return answers @ whitened, self.weights.T @ whitened


@dataclass(frozen=True, eq=False)
class Kinds:
    """What features are like, kind by kind; all kinds are as likely.

    Parameters
    ----------
    names : tuple of str
    means : ndarray, shape (n_kinds, n_features)
    covariances : ndarray, shape (n_kinds, n_features, n_features)
    """

    names: tuple[str, ...]
    means: np.ndarray
    covariances: np.ndarray

    @staticmethod
    def measured(features: np.ndarray, kinds: Sequence[str]) -> "Kinds":
        """Take mean and covariance of each kind from a sample, in order of first appearance."""
        names = tuple(dict.fromkeys(kinds))
        of = np.asarray(kinds, dtype=object)
        mine = [features[of == name] for name in names]
        means = np.stack([one.mean(axis=0) for one in mine])
        deviations = [one - mean for one, mean in zip(mine, means, strict=True)]
        return Kinds(names, means, np.stack([d.T @ d / len(d) for d in deviations]))


def mixing(rng: np.random.Generator, directions: np.ndarray, effect: float) -> Mixing:
    """Scale what each voxel answers, and draw the noise that voxels share.

    Parameters
    ----------
    rng : Generator
        Of one subject's voxels.
    directions : ndarray, shape (n_voxels, n_features)
        What each voxel sees of features that have s.d. 1.
    effect : float
        S.d. of the answers of a voxel of gain 1, in s.d. of its own noise. Gains are drawn from a
        gamma distribution of mean 1.
    """
    length = np.linalg.norm(directions, axis=1, keepdims=True)
    gains = rng.gamma(_SHAPE, 1 / _SHAPE, (len(directions), 1))
    shared = _SHARED * rng.standard_normal((len(directions), _N_SHARED))
    return Mixing(effect * gains * directions / np.maximum(length, 1e-12), shared)


def sparse(rng: np.random.Generator, n_voxels: int, n_features: int) -> np.ndarray:
    """Draw which features each voxel sees, three in ten of them; bool, (n_voxels, n_features)."""
    seen = rng.random((n_voxels, n_features)) < _SEEN
    # A voxel that sees nothing sees one: its answers have a scale to be brought to.
    seen[np.arange(n_voxels), rng.integers(n_features, size=n_voxels)] = True
    return seen


def posterior(mixing: Mixing, kinds: Kinds, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give what an oracle makes of each trial's answers, as `posterior_given` does.

    Parameters
    ----------
    mixing : Mixing
    kinds : Kinds
    answers : ndarray, shape (n_trials, n_voxels)
    """
    return posterior_given(*mixing.evidence(np.asarray(answers, dtype=np.float64)), kinds)


def posterior_given(
    h: np.ndarray, precision: np.ndarray, kinds: Kinds
) -> tuple[np.ndarray, np.ndarray]:
    """Give what an oracle makes of evidence: of which kind the stimulus was, and its features.

    Parameters
    ----------
    h : ndarray, shape (n_stimuli, n_features)
    precision : ndarray, shape (n_features, n_features)
        As `Mixing.evidence` gives them of one trial; of several that show one stimulus, their sums.
    kinds : Kinds

    Returns
    -------
    log_likelihood : ndarray, shape (n_stimuli, n_kinds)
        Of the evidence under each kind, up to a constant of the stimulus.
    features : ndarray, shape (n_stimuli, n_features)
        Mean of the posterior over all kinds.

    Notes
    -----
    With evidence h, its precision M, and features of kind k ~ N(m, C), C = R R':
    ``log p = m'h - m'Mm / 2 + q'R (I + R'MR)^-1 R'q / 2 - log det(I + R'MR) / 2``, q = h - Mm, and
    the mean is ``m + R (I + R'MR)^-1 R'q`` (Bishop 2006, Pattern Recognition and Machine Learning,
    eq. 2.113 to 2.117). No covariance is inverted, so one of rank 0 will do, and no effect too.
    """
    log_likelihood = np.empty((len(h), len(kinds.names)))
    gains = np.empty_like(kinds.covariances)
    each = [*zip(kinds.means, kinds.covariances, strict=True)]
    for k, (mean, covariance) in enumerate(each):
        root = _root(covariance)
        q = h - precision @ mean
        inner = np.eye(root.shape[1]) + root.T @ precision @ root
        gains[k] = root @ np.linalg.solve(inner, root.T)
        log_likelihood[:, k] = (
            h @ mean
            - mean @ precision @ mean / 2
            + np.sum(q * (q @ gains[k]), axis=1) / 2
            - np.linalg.slogdet(inner)[1] / 2
        )
    share = np.exp(log_likelihood - logsumexp(log_likelihood, axis=1, keepdims=True))
    features = np.zeros_like(h)
    for k, (mean, _) in enumerate(each):  # one by one: all kinds of all stimuli may be too many
        features += share[:, k, None] * (mean + (h - precision @ mean) @ gains[k])
    return log_likelihood, features


def of_groups(log_likelihood: np.ndarray, groups: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Sum the likelihood of kinds that have one label.

    Parameters
    ----------
    log_likelihood : ndarray, shape (n_trials, n_kinds)
    groups : sequence of str
        Label of each kind.

    Returns
    -------
    labels : list of str
        In order of first appearance.
    log_likelihood : ndarray, shape (n_trials, n_labels)
    """
    labels = list(dict.fromkeys(groups))
    of = np.asarray(groups, dtype=object)
    mean = [logsumexp(log_likelihood[:, of == one], axis=1) - np.log((of == one).sum())
            for one in labels]  # fmt: skip
    return labels, np.stack(mean, axis=1)


def _root(covariance: np.ndarray) -> np.ndarray:
    """Give R with R R' = C, and only the columns that are not zero."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-12 * max(float(values[-1]), 1e-300)
    return vectors[:, kept] * np.sqrt(values[kept])
