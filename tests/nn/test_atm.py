"""ATM: which token the slice drops, whom subjects are read as, what compat brings back."""

import pytest
import torch

from neurodecode.core.errors import ConfigError
from neurodecode.nn.atm import Atm, ChannelEncoder
from neurodecode.nn.frozen import FrozenTrunk

N_CHANS, N_TIMES = 6, 40


def atm(n_subjects=4, **arguments):
    torch.manual_seed(0)
    module = Atm.tiny(
        N_CHANS, N_TIMES, {"clip": 5}, n_subjects=n_subjects, n_filters=4, kernel_length=5,
        pool_length=9, **arguments,
    )  # fmt: skip
    return module.double().eval()


@pytest.fixture
def x():
    return torch.randn(
        5, N_CHANS, N_TIMES, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )


def _reach(module, x, attends):
    """Sizes of the gradients with respect to each channel, and to the subject's token."""
    if not attends:
        with torch.no_grad():
            module.encoder.out.weight.zero_()
    x = x.clone().requires_grad_()
    module(x, torch.zeros(len(x), dtype=torch.long))["clip"].square().sum().backward()
    channels = x.grad.abs().sum((0, 2))
    return channels, module.tokens.subjects[0].grad.abs().sum()


def test_slice_channels_reads_the_subject_through_attention_only(x):
    channels, subject = _reach(atm(), x, attends=True)
    assert (channels > 0).all()
    assert subject > 0
    channels, subject = _reach(atm(), x, attends=False)
    assert (channels > 0).all()
    assert subject == 0


def test_released_slice_reads_the_last_channel_through_attention_only(x):
    channels, subject = _reach(atm(slice="released"), x, attends=True)
    assert (channels > 0).all()
    assert subject > 0
    channels, subject = _reach(atm(slice="released"), x, attends=False)
    assert (channels[:-1] > 0).all()
    assert channels[-1] == 0
    assert subject > 0  # it stands where the first channel should


def test_no_count_tells_the_slices_apart():
    ours, released = atm(), atm(slice="released")
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: v.shape for k, v in released.state_dict().items()
    }


def _read_as(module, x, subject):
    return module(x[:1], torch.tensor([subject]))["clip"]


def test_each_subject_is_read_by_a_token_of_its_own_and_an_unknown_one_by_the_shared(x):
    module = atm(n_subjects=3)
    read = [_read_as(module, x, subject) for subject in (0, 1, 2, -1)]
    for i in range(4):
        for j in range(i):
            assert (read[i] - read[j]).abs().max() > 1e-6
    assert torch.equal(module(x[:1])["clip"], read[3])
    with pytest.raises(ConfigError, match="subject 3 is none of its 3"):
        _read_as(module, x, 3)


def test_published_subjects_count_from_one_in_a_table_from_zero(x):
    """sub-01 reads row 1, the last one and whoever lies beyond it the shared token."""
    module = atm(n_subjects=3, compat="atm")
    plain = atm(n_subjects=3)
    missing, unexpected = plain.load_state_dict(module.state_dict(), strict=False)
    assert not missing
    assert all(key.startswith("unused.") for key in unexpected)
    assert torch.equal(_read_as(module, x, 0), _read_as(plain, x, 1))
    assert torch.equal(_read_as(module, x, 1), _read_as(plain, x, 2))
    for beyond in (2, 7, -1):  # an unknown one does not become row 0 by adding one
        assert torch.equal(_read_as(module, x, beyond), _read_as(plain, x, -1))
    assert [len(module.subject_parameters(i)) for i in (0, 1, 2)] == [1, 1, 0]


def test_the_shared_token_learns_in_training_but_not_as_published(x):
    subject = torch.zeros(5, dtype=torch.long)
    for compat, learns in ((None, True), ("atm", False)):
        module = atm(compat=compat, token_prob=0.9).train()
        module(x, subject)["clip"].square().sum().backward()
        assert bool(module.tokens.token.grad.abs().sum() > 0) is learns


def test_new_subject_learns_its_token_only(x):
    module = atm(n_subjects=2)
    assert module.add_subject() == 2
    frozen = FrozenTrunk(module, 2).train()
    frozen(x, torch.full((5,), 2))["clip"].square().sum().backward()
    learnt = [name for name, p in module.named_parameters() if p.grad is not None]
    assert learnt == ["tokens.subjects.2"]
    for without in (atm(n_subjects=0), atm(compat="atm")):
        with pytest.raises(ConfigError, match="no place for a new subject"):
            without.add_subject()


def test_encoder_is_torchs_own_layer():
    """The same weights in `torch.nn.TransformerEncoderLayer`, where heads divide the width."""
    torch.manual_seed(0)
    ours = ChannelEncoder(12, 3, 7, drop_prob=0.0).double()
    peer = torch.nn.TransformerEncoderLayer(
        12, 3, 7, dropout=0.0, activation="gelu", batch_first=True, dtype=torch.float64
    )
    projections = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        peer.self_attn.in_proj_weight.copy_(torch.cat([p.weight for p in projections]))
        peer.self_attn.in_proj_bias.copy_(torch.cat([p.bias for p in projections]))
    for theirs, own in (
        (peer.self_attn.out_proj, ours.out), (peer.norm1, ours.norm_attention),
        (peer.linear1, ours.hidden), (peer.linear2, ours.back), (peer.norm2, ours.norm_hidden),
    ):  # fmt: skip
        theirs.load_state_dict(own.state_dict())
    z = torch.randn(2, 5, 12, dtype=torch.float64)
    torch.testing.assert_close(ours(z), peer(z))


@pytest.mark.parametrize(
    ("shape", "match"), [((7, 40), "made for 6 channels"), ((6, 41), "40 samples and is handed 41")]
)
def test_another_layout_or_length_is_refused(shape, match):
    with pytest.raises(ConfigError, match=match):
        atm()(torch.zeros(2, *shape).double())


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"slice": "first"}, "Give one of: channels, released"),
        ({"compat": "nice"}, "compat is 'nice'"),
        ({"n_heads": 41}, "41 heads"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments, match):
    with pytest.raises(ConfigError, match=match):
        atm(**arguments)
