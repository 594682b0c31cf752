"""A model that tells brains may be handed their space, and is told nothing of tested rows by it."""

import pytest

pytest.importorskip("torch", reason="torch is an extra")

from neurodecode.cli import main
from neurodecode.models.encode.gaussian import Gaussian
from neurodecode.models.encode.transformer_encoder import TransformerEncoder

ASKED = """
data: {card: simulated_retinotopic, task: pictures}
direction: encode
features: tokens
models:
  - encode.transformer_encoder: {preset: tiny, training: {max_epochs: 1}}
  - encode.gaussian: {training: {max_epochs: 1}}
controls: [baseline.mean_target]
metrics: [r]
shuffled: {n_draws: 0}
"""


def test_the_space_of_the_told_brain_is_handed_to_who_asks(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    seen = []
    fits = TransformerEncoder.fit, Gaussian.fit

    def attends(self, X, y, val=None, space=None):
        seen.append((space.types, y.shape, len(val[0])))
        return fits[0](self, X, y, val, space)

    def looks(self, X, y, val=None):  # would fail, were it handed more
        seen.append((None, y.shape, len(val[0])))
        return fits[1](self, X, y, val)

    monkeypatch.setattr(TransformerEncoder, "fit", attends)
    monkeypatch.setattr(Gaussian, "fit", looks)
    file = tmp_path / "asked.yaml"
    file.write_text(ASKED)
    run = ["run", str(file), "--simulate", "small", "--engine", "inline"]
    assert main([*run, "--out", str(tmp_path / "results")]) == 0
    (types, shape, n_val), (none, _, _) = seen
    regions = ("early", "faces", "bodies", "places", "words")
    assert types == tuple(one for one in regions for _ in range(6))
    # Of 200 pictures 60 are tested, and a fifth of the others is validated on.
    assert (shape, n_val, none) == ((112, 30), 28, None)
