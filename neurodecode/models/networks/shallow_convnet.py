"""The shallow ConvNet."""

from typing import Any, ClassVar, Literal

from neurodecode.core.errors import DataError
from neurodecode.models.networks._classifier import NetworkClassifier


class ShallowConvnet(NetworkClassifier):
    """Shallow ConvNet: learnt filters over time and channels, and their log power.

    Parameters
    ----------
    n_filters : int
        Filters over time, and as many over channels and those.
    kernel_length, pool_length, pool_stride : int
        Samples of the filters, of the averages, and from one average to the next. The defaults are
        of 250 Hz: resample, or change them.
    drop_prob : float
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
    Schirrmeister et al. 2017, doi 10.1002/hbm.23730.
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        n_filters: int = 40,
        kernel_length: int = 25,
        pool_length: int = 75,
        pool_stride: int = 15,
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
        self.n_filters = n_filters
        self.kernel_length = kernel_length
        self.pool_length = pool_length
        self.pool_stride = pool_stride
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
        from neurodecode.nn.shallow_convnet import ShallowConvNet

        del sfreq
        shortest = self.kernel_length + self.pool_length - 1
        if len(shape) != 2 or shape[1] < shortest:
            raise DataError(
                f"networks.shallow_convnet: trials of shape {shape}; channels × time of {shortest} "
                "samples or more are needed. Use longer windows, or a smaller kernel_length and "
                "pool_length."
            )
        return ShallowConvNet(
            shape[0],
            n_outputs,
            shape[1],
            n_filters=self.n_filters,
            kernel_length=self.kernel_length,
            pool_length=self.pool_length,
            pool_stride=self.pool_stride,
            drop_prob=self.drop_prob,
        )
