"""One loop that draws what a diffusion model of `diffusers` has learnt, with any of its schedulers.

What is drawn for a picture depends on its seed and its conditions. The pictures that share its
batch change it by rounding alone: products of matrices of other sizes are summed in another order.
"""

import copy
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from neurodecode.core.errors import ConfigError
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.core.progress import progress
from neurodecode.core.training import resolve_device, training_place
from neurodecode.train.loop import precision

Tensors = Mapping[str, torch.Tensor]
# (noisy, time, conditions) to what the model says hides them: its scheduler knows which that is.
Say = Callable[[torch.Tensor, torch.Tensor, Tensors], torch.Tensor]

SCHEDULERS = {
    "ddim": "DDIMScheduler",
    "ddpm": "DDPMScheduler",
    "dpm_solver": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler",
}


def scheduler_of(name: str, where: str, **config: Any) -> Any:
    """Make a scheduler of `diffusers`.

    Parameters
    ----------
    name : {"ddim", "ddpm", "dpm_solver", "unipc"}
    where : str
        Who asks, for messages.
    **config
        Of the noise that the model was trained with, such as ``prediction_type``; a scheduler
        takes what it knows.

    Raises
    ------
    ConfigError
        If there is none of that name.

    References
    ----------
    Song et al. 2021, arXiv 2010.02502; Ho et al. 2020, arXiv 2006.11239; Lu et al. 2022, arXiv
    2211.01095; Zhao et al. 2023, arXiv 2302.04867.
    """
    check_scheduler(name, where)
    made = getattr(import_hugging_face("diffusers", purpose=where), SCHEDULERS[name])
    known = inspect.signature(made.__init__).parameters
    return made(**{key: value for key, value in config.items() if key in known})


def check_scheduler(name: str, where: str) -> None:
    """Refuse a scheduler that there is none of; see `scheduler_of`."""
    if name not in SCHEDULERS:
        raise ConfigError(
            f"{where}: scheduler is {name!r}. Give one of {', '.join(sorted(SCHEDULERS))}."
        )


def check_steps(steps: int, strength: float | None, where: str) -> int:
    """Say how many of the steps are run, and refuse to run none.

    Parameters
    ----------
    steps : int
    strength : float or None
        From above 0 to 1: how far a picture that one starts from is forgotten. None: there is none,
        and all steps are run.
    where : str
        Who asks, for messages.

    Returns
    -------
    n_run : int
        The whole part of steps x strength, the last of the steps.

    Raises
    ------
    ConfigError
        If nothing would be run.
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ConfigError(f"{where}: steps is {steps!r}; give a whole number, 1 or more.")
    if strength is None:
        return steps
    if not 0 < strength <= 1:
        raise ConfigError(f"{where}: strength is {strength!r}; give a number above 0, at most 1.")
    # 0.29 x 100 is 28.999…: what was meant is 29.
    n_run = math.floor(round(steps * strength, 9))
    if n_run == 0:
        raise ConfigError(
            f"{where}: {steps} steps of strength {strength:g} are {steps * strength:g}, so none "
            f"would be run. Give a strength of {math.ceil(1e4 / steps) / 1e4:g} or more, or more "
            "steps."
        )
    return n_run


def draw(
    say: Say,
    scheduler: Any,
    shape: Sequence[int],
    seeds: Sequence[int],
    *,
    conditions: Tensors | None = None,
    null: Tensors | None = None,
    guidance: float = 1.0,
    steps: int = 50,
    init: torch.Tensor | None = None,
    strength: float = 1.0,
    batch_size: int = 64,
    where: str = "generate",
) -> torch.Tensor:
    """Draw one latent or picture for each seed.

    Parameters
    ----------
    say : callable
        ``say(noisy, time, conditions)`` with tensors on the device of the training place; gives
        what the scheduler's ``prediction_type`` names.
    scheduler : scheduler of diffusers
        Left as it is.
    shape : sequence of int
        Of one latent: (channels, height, width).
    seeds : sequence of int
        One a picture; more than one of a picture are several candidates.
    conditions, null : mapping of str to Tensor, shape (n, …)
        What is told, and what is told of nothing; a null of one row serves all.
    guidance : float
        How far what is told is followed: null + guidance (told - null). With 1, null is not asked.
    steps : int
        Of the whole way from noise.
    init : Tensor, shape (n, *shape), optional
        What to start from, noised as far as the last ``int(steps * strength)`` steps take away.
    strength : float
    batch_size : int
        Pictures at a time.
    where : str
        Who asks, for messages and progress.

    Returns
    -------
    drawn : Tensor of float32, shape (n, *shape)
        On the CPU.

    Raises
    ------
    ConfigError
        If no step would be run, or there is a guidance and no null.

    References
    ----------
    Ho & Salimans 2022, arXiv 2207.12598, eq. 6 (guidance); Meng et al. 2022, arXiv 2108.01073
    (starting from a picture).
    """
    n_run = check_steps(steps, None if init is None else strength, where)
    told = dict(conditions or {})
    if guidance != 1 and (null is None or set(null) != set(told)):
        raise ConfigError(
            f"{where}: a guidance of {guidance:g} needs a null for each condition "
            f"({', '.join(told)}). Hand them over, or say guidance: 1."
        )
    nothing = dict(null or {}) if guidance != 1 else None
    device = resolve_device(training_place().device)
    ends = list(range(0, len(seeds), batch_size))
    drawn = torch.empty((len(seeds), *shape))
    label = f"{where}: drawing" if training_place().label else ""
    batches = progress(ends, label, len(ends), "batch") if label else ends
    with torch.inference_mode(), precision(device):
        for first in batches:
            at = slice(first, first + batch_size)
            drawn[at] = _batch(
                say, copy.deepcopy(scheduler), tuple(shape), seeds[at],
                {k: v[at].to(device) for k, v in told.items()},
                None if nothing is None else
                {k: (v if len(v) == 1 else v[at]).to(device) for k, v in nothing.items()},
                guidance, steps, n_run, None if init is None else init[at], device,
            )  # fmt: skip
    return drawn


def _batch(
    say: Say,
    scheduler: Any,
    shape: tuple[int, ...],
    seeds: Sequence[int],
    told: dict[str, torch.Tensor],
    null: dict[str, torch.Tensor] | None,
    guidance: float,
    steps: int,
    n_run: int,
    init: torch.Tensor | None,
    device: str,
) -> torch.Tensor:
    # On the CPU, so that a picture is the same on any device but for rounding.
    chances = [torch.Generator("cpu").manual_seed(int(seed)) for seed in seeds]
    noise = torch.stack([torch.randn(shape, generator=one) for one in chances]).to(device)
    scheduler.set_timesteps(steps, device=device)
    # A scheduler of the second order calls the model twice a step.
    times = scheduler.timesteps[-n_run * getattr(scheduler, "order", 1) :]
    if init is None:
        x = noise * scheduler.init_noise_sigma
    else:
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(len(scheduler.timesteps) - len(times))
        x = scheduler.add_noise(init.to(device, torch.float32), noise, times[:1].expand(len(noise)))
    both = None
    if null is not None:
        both = {k: torch.cat([null[k].expand_as(v), v]) for k, v in told.items()}
    stepping = inspect.signature(scheduler.step).parameters
    more = {"generator": chances} if "generator" in stepping else {}
    for time in times:
        seen = scheduler.scale_model_input(x, time)
        if both is None:
            said = say(seen, time.expand(len(seen)), told).float()
        else:
            twice = torch.cat([seen, seen])
            unled, led = say(twice, time.expand(len(twice)), both).float().chunk(2)
            said = unled + guidance * (led - unled)
        x = scheduler.step(said, time, x, **more).prev_sample
    return x.float().cpu()
