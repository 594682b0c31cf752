"""What tests of the layouts of arrays share: files to read, and how headers are held to signals."""

import numpy as np

RNG = np.random.default_rng(0)


def save(tmp_path, name="a.npz", **arrays):
    np.savez(tmp_path / name, **arrays)


def same_header(recording):
    """Hold a header to the signal; gives the signal."""
    header, signal = recording.header(), recording.load()
    assert header.data is None
    assert header.space == signal.space and header.axes == signal.axes
    assert (header.sfreq, header.tmin, header.n_times) == (
        signal.sfreq,
        signal.tmin,
        signal.n_times,
    )
    assert header.events.equals(signal.events) and header.notes == signal.notes
    assert header.entries == signal.entries and set(header.tracks) == set(signal.tracks)
    for name, track in signal.tracks.items():
        assert header.tracks[name].shape[1:] == track.shape[1:]
        assert len(track) == (len(signal.events) if signal.entries else signal.n_times)
    assert signal.data.dtype == np.float64 and signal.data.flags.c_contiguous
    return signal
