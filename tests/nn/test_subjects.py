"""Subject layers: each trial gets its subject's matrix, an unknown one the mean or the token."""

import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn.subjects import SubjectLayers


@pytest.fixture
def x():
    return torch.randn(4, 5, 8, generator=torch.Generator().manual_seed(0))


def test_each_trial_is_mixed_by_its_subjects_matrix(x):
    torch.manual_seed(0)
    layers = SubjectLayers(5, 3)
    matrices = list(layers.matrices.subjects)
    out = layers(x, torch.tensor([2, 0, -1, 2]))
    expected = [matrices[2], matrices[0], sum(matrices) / 3, matrices[2]]
    for trial, matrix in enumerate(expected):
        torch.testing.assert_close(out[trial], matrix @ x[trial])


def test_matrices_start_so_that_channels_keep_their_scale():
    torch.manual_seed(0)
    matrix = SubjectLayers(200, 1).matrices.subjects[0]
    assert float(matrix.detach().std()) == pytest.approx(200**-0.5, rel=0.02)


def test_token_stands_in_for_the_unknown_and_learns_from_the_known(x):
    torch.manual_seed(0)
    layers = SubjectLayers(5, 2, unknown="token", token_prob=0.5)
    token = layers.matrices.token
    torch.testing.assert_close(layers.eval()(x, None), token @ x)
    subject = torch.zeros(400, dtype=torch.long)
    given = layers.train().matrices(subject, 400)
    replaced = (given == token).flatten(1).all(1)
    assert 140 < replaced.sum() < 260  # six standard deviations of 400 fair coins
    assert (given[~replaced] == layers.matrices.subjects[0]).all()
    assert (layers.eval().matrices(subject, 400) == layers.matrices.subjects[0]).all()


def test_the_mean_needs_no_dropping(x):
    layers = SubjectLayers(5, 2, token_prob=0.9).train()
    subject = torch.zeros(4, dtype=torch.long)
    assert torch.equal(layers(x, subject), layers.eval()(x, subject))


def test_only_the_subjects_of_the_batch_learn(x):
    layers = SubjectLayers(5, 3)
    layers(x, torch.tensor([0, 0, 2, 2])).sum().backward()
    learnt = [bool(p.grad.abs().sum() > 0) for p in layers.matrices.subjects]
    assert learnt == [True, False, True]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"n_subjects": 0}, "at least one subject"),
        ({"n_subjects": 2, "token_prob": 1.0}, "probability below 1"),
        ({"n_subjects": 2, "unknown": "first"}, "Give one of: mean, token"),
    ],
)
def test_layers_that_cannot_be_are_refused(arguments, match):
    with pytest.raises(ConfigError, match=match):
        SubjectLayers(5, **arguments)


def test_weights_of_a_subject_that_is_not_there_are_refused():
    with pytest.raises(ConfigError, match="subject 2 is none of its 2"):
        SubjectLayers(5, 2).matrices.of(2)
