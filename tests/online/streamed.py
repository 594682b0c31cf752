"""Eight channels of noise whose variance tells the class, and decoders that were fitted to them."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.online.streaming import StreamingDecoder
from neurodecode.signal.channels import Drop
from neurodecode.signal.filters import Filter
from neurodecode.signal.notch import Notch
from neurodecode.signal.resample import Resample
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.tangent_space import TangentSpace

NAMES = ("Fz", "C3", "Cz", "C4", "Pz", "HEOG")
SFREQ = 100.0
LENGTH, HOP = 1.0, 0.25
CHAIN = (
    Drop(("HEOG",)),
    Notch((40.0,), method="iir", phase="causal"),
    Filter(8, 30, method="iir", phase="causal"),
    Resample(64.0, "causal"),
)


def make_recording(n_times=1000, seed=0, **changes):
    """Noise of 20 µV, with an offset; C3 is stronger in every other second."""
    rng = np.random.default_rng(seed)
    data = rng.normal(scale=2e-5, size=(len(NAMES), n_times)) + 1e-4
    data[1] += np.where(np.arange(n_times) // 100 % 2, rng.normal(scale=6e-5, size=n_times), 0)
    space = Space("sensors", names=NAMES, types=("eeg",) * 5 + ("eog",), unit="V")
    events = pd.DataFrame({"onset": [], "duration": [], "label": []})
    fields = {"data": data, "space": space, "axes": ("channel", "time"), "sfreq": SFREQ}
    return Signal(**({**fields, "events": events} | changes))


def prepared(preparations, signal):
    for preparation in preparations:
        signal = preparation(signal)
    return signal


def windows_of(signal, length=LENGTH, hop=HOP):
    """Windows as a batch has them: (n_windows, …, n_times), and the first sample of each."""
    n_window = round(length * signal.sfreq)
    starts = np.round(np.arange(10_000) * hop * signal.sfreq).astype(int)
    starts = starts[starts + n_window <= signal.n_times]
    return np.stack([signal.data[..., s : s + n_window] for s in starts]), starts


def fitted(preparations, length=LENGTH, hop=HOP, model=None, signal=None):
    """A pipeline that was fitted to the windows of a recording of its own."""
    signal = prepared(preparations, make_recording(seed=9) if signal is None else signal)
    X, starts = windows_of(signal, length, hop)
    middle = (starts + X.shape[-1] / 2) / signal.sfreq
    y = (middle // 1 % 2).astype(int)
    model = model or make_pipeline(Covariance(), TangentSpace(), LogisticRegression())
    return model.fit(X, y)


def decoder_of(preparations=CHAIN, header=None, length=LENGTH, hop=HOP, model=None, **more):
    """A decoder at work on such recordings."""
    header = make_recording() if header is None else header
    model = fitted(preparations, length, hop) if model is None else model
    return StreamingDecoder(preparations, header, model, ("rest", "move"), length, hop, **more)


def pushed(decoder, data, borders=()):
    return [one for piece in np.split(data, borders, axis=1) for one in decoder.push(piece)]


def told(decisions):
    """All that decisions say, as one array."""
    return np.array([[one.sample, one.time, *one.scores] for one in decisions])
