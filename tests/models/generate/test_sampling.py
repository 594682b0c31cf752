"""The sampling loop, against a world whose model is known in closed form, and its refusals."""

import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.models.generate._sampling import SCHEDULERS, check_steps, draw, scheduler_of

pytest.importorskip("diffusers")
NOISE = {"num_train_timesteps": 1000, "beta_schedule": "linear", "clip_sample": False,
         "prediction_type": "epsilon", "timestep_spacing": "trailing"}  # fmt: skip
MEAN, SD = torch.tensor([1.0, -2.0]).reshape(2, 1, 1), 0.5


def made(name):
    return scheduler_of(name, "test", **NOISE)


def say(noisy, time, told):
    """ε of pictures from N(mean, SD²), where the mean is what is told."""
    a2 = made("ddpm").alphas_cumprod[time.long()].reshape(-1, 1, 1, 1)
    left = noisy - a2.sqrt() * told["mean"]
    return (1 - a2).sqrt() * left / (a2 * SD**2 + 1 - a2)


def drawn(name="ddim", n=4, **more):
    told = {"mean": MEAN.expand(n, 2, 3, 3)}
    options = {"steps": 30, "seeds": range(n)} | more
    return draw(say, made(name), (2, 3, 3), options.pop("seeds"), conditions=told, **options)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_draws_from_the_distribution_that_the_model_knows(name):
    found = drawn(name, n=150, steps=100 if name == "ddpm" else 30, batch_size=150)
    # 150 pictures of 9 entries: s.e. of the mean .5/√1350 = .014, of the s.d. .01; steps add some.
    assert found.mean(dim=(0, 2, 3)).tolist() == pytest.approx([1, -2], abs=0.06)
    assert found.std(dim=0).mean().item() == pytest.approx(SD, abs=0.06)


@pytest.mark.parametrize("name", ["ddpm", "unipc"])  # one that draws on the way, one that does not
def test_a_picture_depends_on_its_seed_and_on_no_other_picture(name):
    together = drawn(name, seeds=[5, 6, 7, 5])
    alone = torch.cat([drawn(name, n=1, seeds=[seed]) for seed in (5, 6, 7, 5)])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)  # rounding of float32
    parted = drawn(name, seeds=[5, 6, 7, 5], batch_size=3)
    torch.testing.assert_close(parted, together, atol=1e-5, rtol=0)
    torch.testing.assert_close(together[0], together[3], atol=1e-5, rtol=0)
    assert not torch.allclose(together[0], together[1], atol=0.1)
    assert torch.equal(drawn(name, seeds=[5, 6, 7, 5]), together)


def test_guidance_leads_from_what_is_said_of_nothing_to_what_is_told_and_beyond():
    null = {"mean": torch.zeros(1, 2, 3, 3)}
    seen = {g: drawn(null=null, guidance=g).mean(dim=(0, 2, 3)) for g in (1.0, 2.0)}
    assert torch.equal(drawn(), drawn(null=null, guidance=1.0))
    # ε is linear in the mean that is told, so a guidance of 2 draws around twice the mean.
    torch.testing.assert_close(seen[2.0] - seen[1.0], MEAN.reshape(2), atol=0.05, rtol=0)
    with pytest.raises(ConfigError, match="guidance of 2 needs a null for each condition"):
        drawn(guidance=2.0)


@pytest.mark.parametrize("name", ["ddim", "dpm_solver", "unipc"])
def test_drawing_from_a_picture_keeps_the_more_of_it_the_less_it_is_forgotten(name):
    start = (MEAN + 1.0).expand(4, 2, 3, 3)
    kept = [(drawn(name, init=start, strength=s) - MEAN).mean().item() for s in (0.1, 0.4, 1.0)]
    assert kept[0] > 0.7 > kept[1] > kept[2]
    assert abs(kept[2]) < 0.18  # 72 entries of s.d. .5: three s.e. of .06


def test_steps_that_are_run_are_the_whole_part_of_steps_times_strength():
    calls = []

    def counted(noisy, time, told):
        calls.append(int(time[0]))
        return torch.zeros_like(noisy)

    init = torch.zeros(1, 2, 3, 3)
    draw(counted, made("ddim"), (2, 3, 3), [0], steps=50, init=init, strength=0.75)
    # Published: int(0.75 x 50) = 37 steps are noised and taken away again.
    assert len(calls) == 37 == check_steps(50, 0.75, "test")
    assert calls == sorted(calls, reverse=True)
    assert check_steps(100, 0.29, "test") == 29  # 28.999999999999996 in floating point
    assert check_steps(20, None, "test") == check_steps(20, 1.0, "test") == 20


@pytest.mark.parametrize(
    ("steps", "strength", "what"),
    [
        (20, 0.02, r"20 steps of strength 0.02 are 0.4, so none would be run.* strength of 0.05"),
        (20, 0.0, "strength is 0.0; give a number above 0, at most 1"),
        (20, 1.1, "strength is 1.1"),
        (20, float("nan"), "strength is nan"),
        (0, 0.5, "steps is 0; give a whole number"),
        (2.5, 0.5, "steps is 2.5; give a whole number"),
    ],
)
def test_nothing_to_run_is_refused_before_anything_is_asked(steps, strength, what):
    def never(noisy, time, told):
        raise AssertionError("the model was asked")

    with pytest.raises(ConfigError, match=what):
        draw(never, made("ddim"), (2, 3, 3), [0], steps=steps, strength=strength,
             init=torch.zeros(1, 2, 3, 3))  # fmt: skip


def test_unknown_schedulers_are_refused():
    with pytest.raises(ConfigError, match=r"scheduler is 'ddimm'\. Give one of ddim, ddpm"):
        scheduler_of("ddimm", "test")


def test_nothing_is_drawn_of_nobody():
    assert drawn(n=0, seeds=[]).shape == (0, 2, 3, 3)
