"""EEGNet."""

from typing import Any, ClassVar, Literal

from neurodecode.core.errors import DataError
from neurodecode.models.networks._classifier import NetworkClassifier


class Eegnet(NetworkClassifier):
    """EEGNet-8,2: a small network of convolutions over time, channels, and both.

    Parameters
    ----------
    F1, D, F2 : int
        Filters over time, over channels for each of those, and of the separable convolution.
    kernel_length, separable_length : int
        Samples of the filters over time, before and after pooling by four: half a second each. The
        defaults are of 128 Hz: resample, or change them.
    drop_prob : float
        Published: .5 within a subject, .25 across subjects.
    max_epochs, batch_size, lr, weight_decay, patience, schedule, warmup_epochs, max_grad_norm
        See `neurodecode.train.training.Training`.
    class_weight : "balanced" or None
        Whether classes count alike, however many trials each has.
    random_state : int or None
        Of first weights, the order of trials and dropout.

    Attributes
    ----------
    classes_, weights_, history_, best_epoch_, n_epochs_, converged_
        See `NetworkClassifier`.

    References
    ----------
    Lawhern et al. 2018, doi 10.1088/1741-2552/aace8c.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        F1: int = 8,
        D: int = 2,
        F2: int = 16,
        kernel_length: int = 64,
        separable_length: int = 16,
        drop_prob: float = 0.5,
        max_epochs: int = 500,
        batch_size: int = 32,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        patience: int = 50,
        schedule: Literal["constant", "cosine"] = "constant",
        warmup_epochs: int = 0,
        max_grad_norm: float | None = None,
        class_weight: Literal["balanced"] | None = None,
        random_state: int | None = None,
    ):
        self.F1 = F1
        self.D = D
        self.F2 = F2
        self.kernel_length = kernel_length
        self.separable_length = separable_length
        self.drop_prob = drop_prob
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.patience = patience
        self.schedule = schedule
        self.warmup_epochs = warmup_epochs
        self.max_grad_norm = max_grad_norm
        self.class_weight = class_weight
        self.random_state = random_state

    def _build(self, shape: tuple[int, ...], n_outputs: int, sfreq: float | None) -> Any:
        from neurodecode.nn.eegnet import SHORTEST, EEGNet

        del sfreq
        if len(shape) != 2 or shape[1] < SHORTEST:
            raise DataError(
                f"networks.eegnet: trials of shape {shape}; channels × time of {SHORTEST} samples "
                "or more are needed. Use longer windows."
            )
        return EEGNet(
            shape[0],
            n_outputs,
            shape[1],
            F1=self.F1,
            D=self.D,
            F2=self.F2,
            kernel_length=self.kernel_length,
            separable_length=self.separable_length,
            drop_prob=self.drop_prob,
        )
