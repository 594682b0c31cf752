"""One training step of the networks of alignment, at published and at tiny size, to be read.

One process, one thread, both sides in turn; medians of CPU time. Steps are reported, with what they
keep for the backward pass, which decides the batch that fits a device. Two choices are held to a
ratio: filters over time are applied where their output is averaged, beside the published pair of
layers; and sensors that all trials share are read once, beside once a trial.
"""

from statistics import median

import pytest
import torch
from side_by_side import seconds

from neurodecode.nn.atm import Atm
from neurodecode.nn.benchetrit import Benchetrit
from neurodecode.nn.mlp import Mlp
from neurodecode.nn.nice import Nice

# The published size, and that of the simulated world; batches that take seconds at most.
STEPS = {
    "benchetrit": (lambda: Benchetrit(272, 181, {"clip": 768}, 4), (8, 272, 181)),
    "benchetrit tiny": (lambda: Benchetrit.tiny(24, 100, {"clip": 48}), (128, 24, 100)),
    "nice": (lambda: Nice(63, 250, {"clip": 768}), (32, 63, 250)),
    "nice tiny": (lambda: Nice.tiny(24, 100, {"clip": 48}), (128, 24, 100)),
    "atm": (lambda: Atm(63, 250, {"clip": 1024}, 10), (32, 63, 250)),
    "atm tiny": (lambda: Atm.tiny(24, 100, {"clip": 48}), (128, 24, 100)),
    "mlp tiny": (lambda: Mlp.tiny(800, {"clip": 48}), (128, 800)),
}


@pytest.fixture(autouse=True)
def one_thread_of_torch():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def train_step(module, given, target):
    module.zero_grad(set_to_none=True)
    estimate = torch.nn.functional.normalize(module(**given)["clip"])
    loss = torch.nn.functional.cross_entropy(estimate @ target.T * 14, torch.arange(len(target)))
    loss.backward()
    return loss.detach()


def kept_for_backward(function, module):
    """Bytes of the tensors that a step saves, each storage once, weights apart."""
    weights = {p.untyped_storage().data_ptr() for p in module.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr(), storage.nbytes()] = storage  # alive, so no address comes twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        function()
    return sum(n_bytes for _, n_bytes in kept)


def given_to(shape, *positions):
    torch.manual_seed(0)
    given = {"x": torch.randn(*shape)}
    if len(shape) == 3:
        given |= {"subject": torch.zeros(shape[0], dtype=torch.long)}
        given |= {"positions": torch.rand(shape[1], 2).expand(*positions, shape[1], 2)}
    return given


@pytest.mark.parametrize("name", STEPS)
def test_time_and_memory_of_a_training_step(name, capsys):
    make, shape = STEPS[name]
    given = given_to(shape)
    module = make().train()
    n_out = module(**given)["clip"].shape[1]
    target = torch.nn.functional.normalize(torch.randn(shape[0], n_out))
    took, losses = zip(
        *(seconds(lambda: train_step(module, given, target)) for _ in range(4)), strict=True
    )
    n_bytes = kept_for_backward(lambda: train_step(module, given, target), module)
    assert all(torch.isfinite(loss) for loss in losses)
    step = median(took[1:])
    with capsys.disabled():
        print(
            f"\n{name}, {shape[0]} trials of {shape[1:]}: {step:.3f} s a step, "
            f"{shape[0] / step:.0f} trials a second, {n_bytes / 2**20:.0f} MiB kept "
            f"(torch {torch.__version__}, one thread)"
        )


def test_filters_are_applied_where_they_are_averaged(capsys):
    """The published layers, a convolution and then an average of its output: equal results."""
    module = Nice(63, 250, {"clip": 768}).convolution
    x = torch.randn(32, 63, 250)

    def published():
        return torch.nn.functional.avg_pool2d(module.temporal(x.unsqueeze(1)), (1, 51), (1, 5))

    def forward_and_back(function):
        out = function()
        out.square().sum().backward()
        return out.detach()

    took = {"ours": [], "published": []}
    for _ in range(6):
        spent, ours = seconds(lambda: forward_and_back(lambda: module.pooled(x)))
        took["ours"].append(spent)
        spent, theirs = seconds(lambda: forward_and_back(published))
        took["published"].append(spent)
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)  # single precision
    ratio = median(took["published"][1:]) / median(took["ours"][1:])
    with capsys.disabled():
        print(f"\nfilters where they are averaged: {ratio:.1f} × (torch {torch.__version__})")
    assert ratio > 2


def test_one_layout_is_read_once(capsys):
    """Positions of one layout against the same ones repeated for every trial: equal outputs."""
    shape = (8, 272, 181)
    module = Benchetrit(272, 181, {"clip": 768}).eval()
    once, each = given_to(shape), given_to(shape, 8)
    took = {"once": [], "each": []}
    with torch.no_grad():
        for _ in range(4):
            for name, given in (("once", once), ("each", each)):
                spent, out = seconds(lambda given=given: module(**given)["clip"])
                took[name].append(spent)
                if name == "once":
                    expected = out
            torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)  # single precision
    ratio = median(took["each"][1:]) / median(took["once"][1:])
    with capsys.disabled():
        print(f"\none layout read once: {ratio:.2f} × faster than trial by trial")
    assert ratio > 1
