"""What generators with weights of their own share: their border, and batches of pictures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
from sklearn.base import BaseEstimator

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder, read_json
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.core.pictures import check_pictures
from neurodecode.data.pretrained import load_part, quiet
from neurodecode.data.weights import Weights
from neurodecode.models.generate._contract import Conditions
from neurodecode.models.generate._pretrained import (
    Precision,
    as_pictures,
    as_tensor,
    config_of,
    held,
    latent_factor,
    open_weights,
    place_of,
    side_of,
)

Scheduler = Literal["own", "ddim", "ddpm", "dpm_solver", "unipc"]
Unconditional = Literal["empty", "zeros"]
ANY = 0  # number of tokens: as many as there are
_WORDS = {"unconditional": get_args(Unconditional), "precision": get_args(Precision)}


@dataclass(frozen=True)
class Slot:
    """A place of a generator for one condition.

    Parameters
    ----------
    argument : str
        Of the generator, which says the name of the condition.
    name : str
        Of the condition.
    shape : tuple of int
        Of one picture's; `ANY` tokens.
    """

    argument: str
    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Opened:
    """Networks in memory.

    Parameters
    ----------
    from_noise, from_picture : pipeline of diffusers
        Of the same networks.
    null : mapping of str to Tensor, shape (1, …)
        What stands for no condition, by the argument of its slot, and what else is told.
    """

    from_noise: Any
    from_picture: Any
    null: Mapping[str, Any] = field(default_factory=dict)


class PipelineGenerator(BaseEstimator, ABC):
    """A pipeline of diffusers from a local folder; nothing is learnt, and nothing downloaded.

    Attributes
    ----------
    shape_ : tuple of int
        Height, width and channels of the pictures; the pipeline makes square ones of its own size,
        which are resized (and of grey ones the luma is taken).
    told_ : dict of str to tuple of int
        Shape of each condition of one picture.
    hashes_ : dict of str to str
        SHA-256 of every file of the weights.
    """

    pipelines: ClassVar[tuple[str, ...]]
    parts: ClassVar[Mapping[str, str]]  # class of diffusers by subfolder
    unet: ClassVar[str] = "unet"
    autoencoder: ClassVar[str] = "vae"
    schedulers: ClassVar[tuple[str, ...]] = get_args(Scheduler)

    weights: str
    steps: int
    strength: float
    guidance: float
    size: int | None
    scheduler: Scheduler
    unconditional: Unconditional
    precision: Precision
    batch_size: int

    @property
    def where(self) -> str:
        """How messages name it."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def told_strength(self) -> float:
        """The strength under which a pipeline runs as many steps as are meant, not one fewer.

        Raises
        ------
        ConfigError
            If strength × steps rounds to no step.
        """
        # torch: only where it is used
        from neurodecode.models.generate._sampling import check_steps

        n_run = check_steps(self.steps, self.strength, self.where)
        # Pipelines cut steps x strength off, and 100 x 0.29 is 28.999….
        return min(1.0, (n_run + 0.5) / self.steps)

    def check(self) -> None:
        """Refuse arguments that cannot be meant, before weights are looked for."""
        for name, words in (*_WORDS.items(), ("scheduler", self.schedulers)):
            value = getattr(self, name)
            if value not in words:
                raise ConfigError(f"{self.where}: {name} is {value!r}.{nearest(str(value), words)}")
        if self.batch_size < 1:
            raise ConfigError(f"{self.where}: batch_size is {self.batch_size}. Give 1 or more.")
        _ = self.told_strength

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 of every file that it is made from, by part and file.

        Parameters
        ----------
        cache : Path
            The cache folder, which remembers digests of files that did not change.

        Raises
        ------
        DataMissing
            If weights are not on this machine; what is looked for is named.
        DataError
            If they are of another model, or not what their manifest says.
        """
        weights = self._found()
        made = {}
        for part in (*self.parts, *self._encoders(weights)):
            mine = weights.part(part)
            mine.need()
            made |= {f"{part}/{file}": sha for file, sha in mine.hashes(cache).items()}
        scheduler = weights.part("scheduler")
        scheduler.kind("scheduler_config.json")
        return made | {f"scheduler/{k}": sha for k, sha in scheduler.hashes(cache).items()}

    def fit(self, pictures: np.ndarray, conditions: Conditions) -> Self:
        """Hold pictures and conditions to the weights.

        Raises
        ------
        ConfigError
            If an argument cannot be meant, or conditions are of other names or sizes than the
            weights take.
        DataMissing, DataError
            As `hashes`.
        """
        self.check()
        pictures = check_pictures(pictures, self.where)
        self.hashes_ = self.hashes(cache_folder())
        weights = self._found()
        self._side(weights)
        slots = self._slots(weights)
        self._check_names(conditions, [slot.name for slot in slots])
        for slot in slots:
            shape = np.shape(conditions[slot.name])[1:]
            if len(shape) != len(slot.shape) or any(
                want not in (ANY, got) for want, got in zip(slot.shape, shape, strict=True)
            ):
                raise ConfigError(
                    f"{self.where}: condition {slot.name!r} is {_size(shape)} a picture, and "
                    f"weights {self.weights!r} take {_size(slot.shape)} as {slot.argument}. Use "
                    "features of that size, or the weights that fit yours."
                )
        self.told_ = {slot.name: np.shape(conditions[slot.name])[1:] for slot in slots}
        self.shape_ = pictures.shape[1:]
        return self

    def generate(
        self, conditions: Conditions, seeds: Sequence[int], init: np.ndarray | None = None
    ) -> np.ndarray:
        """Give a picture for each row of the conditions; see `Generator.generate`.

        Raises
        ------
        ConfigError
            If conditions are not those that it was fitted on.
        DataError
            If numbers are not finite, counts differ, or pictures to start from are none.
        """
        weights = self._found()
        slots = self._slots(weights)
        told = self._checked(conditions, seeds, slots)
        if init is not None:
            init = check_pictures(init, f"{self.where}: pictures to start from")
            if init.shape != (len(seeds), *self.shape_):
                raise DataError(
                    f"{self.where}: pictures to start from are {_size(init.shape)}, and "
                    f"{_size((len(seeds), *self.shape_))} are needed."
                )
        device, dtype = place_of(self.precision, self.where)
        opened, side = self._opened(device, dtype), self._side(weights)
        torch = import_hugging_face("torch", purpose=self.where)
        diffusers = import_hugging_face("diffusers", purpose=self.where)
        made = np.empty((len(seeds), *self.shape_), dtype=np.float32)
        for start in range(0, len(seeds), self.batch_size):
            at = slice(start, start + self.batch_size)
            batch = {k: torch.from_numpy(v[at]).to(device, dtype) for k, v in told.items()}
            # On the CPU and one a picture: the same numbers on every device, in every batch.
            drawn = [torch.Generator("cpu").manual_seed(int(seed)) for seed in seeds[at]]
            begin = None if init is None else as_tensor(init[at], side, device, dtype)
            with torch.inference_mode(), quiet(diffusers):
                done = self._sampled(opened, batch, drawn, begin, side)
            made[at] = as_pictures(done, self.shape_, self.where)
        return made

    @abstractmethod
    def _slots(self, weights: Weights) -> list[Slot]:
        """Say which conditions it takes, by the configuration of the weights."""

    @abstractmethod
    def _open(self, weights: Weights, networks: dict[str, Any], scheduler: Any) -> Opened:
        """Make pipelines of networks that are on the CPU; `_opened` moves them."""

    @abstractmethod
    def _sampled(
        self, opened: Opened, batch: dict[str, Any], drawn: list[Any], begin: Any, side: int
    ) -> Any:
        """Give pictures as a tensor (n, 3, side, side) from 0 to 1."""

    def _encoders(self, weights: Weights) -> tuple[str, ...]:
        """Name the parts that say what stands for no condition, where they are asked."""
        del weights
        return ()

    def _found(self) -> Weights:
        return open_weights(self.weights, self.pipelines, self.parts, self.where)

    def _multiple(self, weights: Weights) -> int:
        return latent_factor(config_of(weights, self.autoencoder))

    def _side(self, weights: Weights) -> int:
        native = config_of(weights, self.unet).get("sample_size")
        factor = latent_factor(config_of(weights, self.autoencoder))
        native = native * factor if isinstance(native, int) else None
        return side_of(self.size, native, self._multiple(weights), self.where)

    def _opened(self, device: str, dtype: Any) -> Opened:
        if self.hashes(cache_folder()) != self.hashes_:
            raise DataError(
                f"{self.where}: weights {self.weights!r} are not those that it was fitted with. "
                "Put these back, or fit anew."
            )
        told = sorted(self.told_.items()) if self.unconditional == "zeros" else ()
        key = [self.where, self.weights, self.hashes_, self.scheduler, self.unconditional, told]
        return held(
            [*key, device, str(dtype)],
            lambda: self._moved(device, dtype),
        )

    def _moved(self, device: str, dtype: Any) -> Opened:
        weights = self._found()
        networks = {
            part: load_part(weights.part(part), cls, dtype, purpose=self.where)
            for part, cls in self._loaded_parts(weights).items()
        }
        with quiet(import_hugging_face("diffusers", purpose=self.where)):
            opened = self._open(weights, networks, self._scheduler(weights))
            for pipe in (opened.from_noise, opened.from_picture):
                pipe.to(device)
                pipe.set_progress_bar_config(disable=True)
        null = {k: v.to(device, dtype) for k, v in opened.null.items()}
        return Opened(opened.from_noise, opened.from_picture, null)

    def _loaded_parts(self, weights: Weights) -> Mapping[str, str]:
        del weights
        return self.parts

    def _scheduler(self, weights: Weights) -> Any:
        diffusers = import_hugging_face("diffusers", purpose=self.where)
        from neurodecode.models.generate._sampling import SCHEDULERS  # torch, as above

        part = weights.part("scheduler")
        cls = SCHEDULERS.get(self.scheduler) or part.kind("scheduler_config.json")
        config = read_json(part.folder / "scheduler_config.json")
        if self.scheduler != "own":
            # A network that tells variances too is not asked for them by these; and latents are
            # not bounded by 1, as DDIM has it of a configuration that does not say.
            config = {"clip_sample": False, **config}
            config.pop("variance_type", None)
        return getattr(diffusers, cls).from_config(config)

    def _check_names(self, conditions: Conditions, names: Sequence[str]) -> None:
        if set(conditions) != set(names):
            slot = self._slots(self._found())[0].argument
            raise ConfigError(
                f"{self.where}: conditions are {', '.join(sorted(conditions)) or 'none'}, and it "
                f"takes {', '.join(names)}. Name the condition that goes into each place of it, as "
                f"{slot}: NAME."
            )

    def _checked(
        self, conditions: Conditions, seeds: Sequence[int], slots: Sequence[Slot]
    ) -> dict[str, np.ndarray]:
        """Hold conditions to those it was fitted on; give them by the arguments of their slots."""
        self._check_names(conditions, list(self.told_))
        told = {}
        for slot in slots:
            rows = np.ascontiguousarray(conditions[slot.name], dtype=np.float32)
            expected = (len(seeds), *self.told_[slot.name])
            if rows.shape != expected:
                raise DataError(
                    f"{self.where}: condition {slot.name!r} is {_size(rows.shape)}, and with "
                    f"{len(seeds)} seeds it must be {_size(expected)}."
                )
            if not np.isfinite(rows).all():
                raise DataError(
                    f"{self.where}: condition {slot.name!r} holds numbers that are not finite."
                )
            told[slot.argument] = rows
        return told


def guided(null: Any, rows: Any) -> Any:
    """Give what stands for no condition once a row."""
    return null.expand(len(rows), *null.shape[1:])


def _size(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"{shape[0]} numbers"
    return " × ".join("any" if one == ANY else str(one) for one in shape)
