"""A live stream: an outlet and an inlet of the Lab Streaming Layer in one process."""

import uuid

import numpy as np
import pytest
from streamed import CHAIN, NAMES, SFREQ, decoder_of, fitted, make_recording, told

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.online.decision import Decision, Gap
from neurodecode.online.lsl import Inlet
from neurodecode.online.sources import Stopped

lsl = pytest.importorskip("mne_lsl.lsl", reason="mne-lsl is not installed")

TYPES = ["eeg"] * 5 + ["eog"]


class Sender:
    """An outlet that sends a recording, with the time stamps of its samples."""

    def __init__(self, unit="microvolts", names=NAMES, sfreq=SFREQ):
        self.name = f"test-{uuid.uuid4().hex}"
        n_channels = len(names) if names else 6
        info = lsl.StreamInfo(self.name, "eeg", n_channels, sfreq, "float64", uuid.uuid4().hex)
        if names:
            info.set_channel_names(list(names))
            info.set_channel_types(TYPES[: len(names)])
            if unit:
                info.set_channel_units(unit)
        self.outlet = lsl.StreamOutlet(info)
        self.began = lsl.local_clock()

    def send(self, data, numbers):
        """Send samples, each stamped by its number."""
        for i, number in enumerate(numbers.tolist()):
            self.outlet.push_sample(
                np.ascontiguousarray(data[:, i]), timestamp=self.began + number / SFREQ
            )


def received(inlet, n_times, decoder):
    """Push what comes to a decoder, until so many samples have come."""
    given, n = [], 0
    for chunk in inlet.chunks(0.2):
        given += decoder.push(chunk.data, timestamps=chunk.timestamps)
        n += chunk.data.shape[1]
        if n >= n_times:
            return given
    raise AssertionError("the stream ended")


@pytest.fixture(scope="module")
def model():
    return fitted(CHAIN)


def test_a_live_stream_is_decided_as_the_recording_is(model):
    data = make_recording(350).data
    sender = Sender()
    with Inlet(sender.name) as inlet:
        assert inlet.header.space.names == NAMES and inlet.header.sfreq == SFREQ
        assert inlet.header.space.types == tuple(TYPES)
        decoder = decoder_of(CHAIN, inlet.header, model=model)
        sender.send(1e6 * data, np.arange(350))
        given = received(inlet, 350, decoder)
    whole = decoder_of(CHAIN, model=model).push(data)
    assert len(given) == len(whole) > 8
    np.testing.assert_allclose(told(given), told(whole), rtol=1e-10)


def test_samples_that_a_live_stream_has_lost_or_repeated_are_named(model):
    numbers = np.concatenate([np.arange(150), np.arange(200, 350), np.arange(330, 480)])
    data = make_recording(480).data
    sender = Sender()
    with Inlet(sender.name) as inlet:
        decoder = decoder_of(CHAIN, inlet.header, model=model, jitter=0.05)
        sender.send(1e6 * data[:, numbers], numbers)
        given = received(inlet, len(numbers), decoder)
    gaps = [(one.kind, one.n_times) for one in given if isinstance(one, Gap)]
    assert gaps == [("lost", 50), ("repeated", 20)]
    assert sum(isinstance(one, Decision) for one in given) == 3 + 3 + 3


def test_a_stream_that_stops_is_named(model):
    sender = Sender()
    now = iter(np.arange(0.0, 1000.0, 0.5))
    with Inlet(sender.name, timeout=2.0, clock=lambda: next(now)) as inlet:
        sender.send(make_recording(20).data * 1e6, np.arange(20))
        with pytest.raises(Stopped, match=r"has stopped: no sample came for 2\.\d s"):
            list(inlet.chunks(0.02))


def test_a_wrong_unit_is_found_after_a_second(model):
    sender = Sender(unit="")  # and sends microvolts
    with Inlet(sender.name) as inlet:
        sender.send(make_recording(120).data * 1e6, np.arange(120))
        with pytest.raises(DataError, match=r"the stream .* median s\.d\. of .* uV stored as V"):
            list(inlet.chunks(0.2))


def test_streams_that_cannot_be_used():
    with pytest.raises(DataMissing, match=r"no stream 'nobody' within 0\.2 s"):
        Inlet("nobody", timeout=0.2)
    for sender, message in (
        (Sender(unit="furlongs"), "channel Fz .* has the unit 'furlongs'"),
        (Sender(names=()), "does not name its 6 channels"),
    ):
        with pytest.raises(DataError, match=message):
            Inlet(sender.name)
