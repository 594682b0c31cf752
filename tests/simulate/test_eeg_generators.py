"""What the generators of EEG plant is there, in the size that is asked, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.eeg_meg.imagery import Imagery
from neurodecode.simulate.eeg_meg.n400 import N400
from neurodecode.simulate.eeg_meg.p300 import P300
from neurodecode.simulate.eeg_meg.ssvep import Ssvep

IMAGERY = Imagery(
    subjects=("1", "2"), runs=("1", "2"), cues={"left_right": ("1",), "hands_feet": ("2",)},
    channels=("C3", "C4", "Cz", "Fz", "Pz", "Oz", "Fp1"), line=50.0,
)  # fmt: skip
FLASHES = P300(
    subjects=("1", "2"), channels=("Pz", "CPz", "Fz", "O1", "O2", "Fp1"), n_events=90, line=50.0
)
LIGHTS = Ssvep(
    subjects=("1", "2"), freqs={"rest": 0.0, "13Hz": 13.0, "17Hz": 17.0}, n_events=12,
    channels=("Oz", "O1", "O2", "POz"), line=50.0,
)  # fmt: skip
WORDS = N400(
    subjects=("1", "2"), channels=("Pz", "Cz", "CP1", "CP2", "Fz", "Oz", "Fp1"), n_events=60
)
ALL = [IMAGERY, FLASHES, LIGHTS, WORDS]
every = pytest.mark.parametrize("generator", ALL, ids=lambda one: type(one).__name__)


def _signal(generator, subject="1", run="1"):
    return generator.signal(subject, "1", run)


def _answers(events, labels):
    return events[[f"oracle:label={label}" for label in labels]].to_numpy()


@every
def test_a_header_is_the_signal_but_for_data_and_answers(generator):
    header, signal = (getattr(generator, name)("2", "1", "1") for name in ("header", "signal"))
    assert header.data is None and header.n_times == signal.n_times
    for name in ("space", "axes", "sfreq", "tmin", "entries"):
        assert getattr(header, name) == getattr(signal, name)
    known = [name for name in header.events if not name.startswith("oracle:")]
    assert list(header.events) == list(signal.events)
    assert header.events[known].equals(signal.events[known])
    assert header.events.drop(columns=known).isna().all(axis=None)


@every
def test_a_seed_is_a_recording_to_the_last_bit(generator):
    data = _signal(generator).data
    np.testing.assert_array_equal(data, _signal(replace(generator)).data)
    assert not np.array_equal(data, _signal(replace(generator, seed=1)).data)


@every
def test_a_person_does_not_depend_on_the_others(generator):
    alone = replace(generator, subjects=("2",))
    np.testing.assert_array_equal(_signal(alone, "2").data, _signal(generator, "2").data)
    assert not np.array_equal(_signal(generator, "1").data, _signal(generator, "2").data)


@every
def test_amplitudes_are_those_of_scalp_eeg(generator):
    back = _signal(generator).data[..., [generator.channels.index("Oz" if "Oz" in
        generator.channels else "O1")], :]  # fmt: skip
    assert 3e-6 < back.std() < 4e-5
    assert _signal(generator).space.unit == "V"


@every
def test_without_an_effect_labels_change_nothing(generator):
    """The same noise under labels drawn otherwise: no sample differs."""
    nothing = replace(generator, effect=0.0)
    relabelled = replace(nothing, order="stretches")
    one, other = _signal(nothing), _signal(relabelled)
    assert not one.events["label"].equals(other.events["label"])
    np.testing.assert_array_equal(one.data, other.data)


@every
def test_without_an_effect_the_oracle_knows_nothing(generator):
    events = _signal(replace(generator, effect=0.0)).events
    answers = events.filter(like="oracle:").dropna().to_numpy()
    np.testing.assert_allclose(answers, answers[:, :1] + np.zeros(answers.shape), atol=1e-6)


@pytest.mark.parametrize(("run", "moved"), [("1", ("C3", "C4")), ("2", ("Cz", "C3"))])
def test_imagery_takes_the_power_away_that_it_says(run, moved):
    """T2 against T1: right hand against left (C3 falls), then feet against hands (Cz falls)."""
    generator = replace(IMAGERY, effect=1.5, n_trials=150)
    signal = _signal(generator, run=run)
    peak, width = generator._rhythms("1")[0].density, 1.0
    freqs = np.fft.rfftfreq(321, 1 / 160)
    band = np.abs(freqs - freqs[np.argmax(peak(freqs))]) <= width
    power = {}
    for cue in ("T1", "T2"):
        onsets = signal.events["onset"][signal.events["label"] == cue]
        starts = np.round((onsets + 0.5) * 160).astype(int)
        windows = np.stack([signal.data[:, at : at + 321] for at in starts])
        spectra = np.abs(np.fft.rfft(windows * np.hanning(321))) ** 2
        power[cue] = spectra[..., band].mean(axis=(0, 2))
    change = dict(zip(generator.channels, np.log(power["T2"] / power["T1"]), strict=True))
    # All of it would be 1.5; noise beneath the rhythm takes some away.
    assert -1.6 < change[moved[0]] < -0.7
    assert 0.7 < change[moved[1]] < 1.6
    assert abs(change["Oz"]) < 0.3


def test_the_rare_evoke_a_late_wave_of_the_size_asked():
    signal = _signal(replace(FLASHES, effect=2.0, n_events=900))
    twice = _mean_difference(signal, FLASHES)
    assert 0.3 <= np.argmax(twice) / 256 <= 0.46  # .38 s, and 5 % s.d. between people
    once = _mean_difference(_signal(replace(FLASHES, effect=1.0, n_events=900)), FLASHES)
    # Noise and sizes are the same, and only the mean of the wave is half: their difference is that
    # mean, and for an effect of 2 and 0 it is twice as much.
    none = _mean_difference(_signal(replace(FLASHES, effect=0.0, n_events=900)), FLASHES)
    np.testing.assert_allclose(twice - none, 2 * (once - none), atol=1e-12)
    assert 3e-6 < (twice - none).max() < 1e-4


def _mean_difference(signal, generator):
    starts = np.round(signal.events["onset"].to_numpy() * 256).astype(int)
    windows = np.stack([signal.data[0, at : at + 205] for at in starts])  # Pz
    rare = (signal.events["label"] == "target").to_numpy()
    return windows[rare].mean(axis=0) - windows[~rare].mean(axis=0)


def test_one_flash_in_six_is_rare():
    labels = _signal(replace(FLASHES, n_events=90)).events["label"]
    assert (labels == "target").sum() == 15


def test_a_light_is_at_its_frequency_and_twice_that():
    signal = _signal(replace(LIGHTS, effect=4.0, n_events=30))
    starts = np.round(signal.events["onset"].to_numpy() * 256).astype(int)
    windows = np.stack([signal.data[0, at : at + 1280] for at in starts])  # Oz, five seconds
    power = np.abs(np.fft.rfft(windows * np.hanning(1280))) ** 2
    freqs = np.fft.rfftfreq(1280, 1 / 256)
    labels = signal.events["label"].to_numpy()
    for freq in (13.0, 17.0, 26.0):
        at = np.searchsorted(freqs, freq)
        lit = np.isin(labels, [f"{freq:g}Hz", f"{freq / 2:g}Hz"])
        assert power[lit, at].mean() > 10 * power[~lit, at].mean()


def test_a_response_has_no_phase_of_its_own():
    """Its mean over trials of one light is near nothing: phases are drawn anew."""
    signal = _signal(replace(LIGHTS, effect=20.0, n_events=120))
    onsets = signal.events["onset"][signal.events["label"] == "13Hz"].to_numpy()
    windows = np.stack([signal.data[0, at : at + 256] for at in np.round(onsets * 256).astype(int)])
    # 40 random phases leave about 1/sqrt(40) of the amplitude.
    assert windows.mean(axis=0).std() < 0.4 * windows.std()


def test_unexpected_words_evoke_a_negative_wave():
    signal = _signal(replace(WORDS, effect=3.0, n_events=400))
    unexpected = (signal.events["label"] == "unrelated").to_numpy()
    at_pz = signal.data[:, 0]
    difference = at_pz[unexpected].mean(axis=0) - at_pz[~unexpected].mean(axis=0)
    assert 0.3 <= np.argmin(difference) / 50 - 0.2 <= 0.5
    assert difference.min() < -3e-6


def test_epochs_of_words_have_no_time_of_day_and_no_offset():
    signal = _signal(WORDS)
    assert signal.events["onset"].isna().all() and signal.entries
    assert signal.tmin == -0.2 and signal.n_times == 60
    np.testing.assert_allclose(signal.data[..., :10].mean(axis=2), 0, atol=1e-18)


@pytest.mark.parametrize(
    ("generator", "labels", "odds"),
    [
        (replace(FLASHES, effect=1.0, n_events=600), ("nontarget", "target"), 1 / 5),
        (replace(WORDS, effect=1.0, n_events=400), ("related", "unrelated"), 1),
        (replace(LIGHTS, effect=0.3, n_events=90), ("13Hz", "17Hz"), 1),
        (replace(IMAGERY, effect=0.7, n_trials=100), ("T1", "T2"), 1),
    ],
    ids=["P300", "N400", "Ssvep", "Imagery"],
)
def test_the_oracle_believes_as_much_as_it_should(generator, labels, odds):
    """Its posterior is calibrated: the truth minus its probability is not related to its belief.

    The score of a logistic regression whose slope is 1, over its standard error, is about normal
    if likelihoods are right; an oracle that is too sure, or not sure enough, fails.
    """
    scores = []
    for seed in range(4):
        events = _signal(replace(generator, seed=seed, order="independent")).events
        events = events[events["label"].isin(labels)]
        answers = _answers(events, labels)
        belief = answers[:, 1] - answers[:, 0] + np.log(odds)
        probability = 1 / (1 + np.exp(-belief))
        truth = (events["label"] == labels[1]).to_numpy()
        scores.append([np.sum(belief * (truth - probability)),
                       np.sum(belief**2 * probability * (1 - probability))])  # fmt: skip
    total, variance = np.sum(scores, axis=0)
    assert abs(total) < 3.5 * np.sqrt(variance)


@pytest.mark.parametrize(
    ("generator", "change", "said"),
    [
        (IMAGERY, {"cues": {"left_rihgt": ("1",)}}, "Did you mean 'left_right'"),
        (IMAGERY, {"cues": {"left_right": ("1",)}}, "run '2' is named 0 times"),
        (IMAGERY, {"window": (0.0, 2.0)}, "not within the 0.5 to 4.1 s"),
        (IMAGERY, {"sfreq": 50.0}, "does not hold rhythms up to 30 Hz"),
        (IMAGERY, {"n_trials": 0}, "n_trials: 0 is below one"),
        (IMAGERY, {"effect": -1.0}, "effect: -1.0 is below zero"),
        (IMAGERY, {"seed": -1}, "seed: -1 is below zero"),
        (IMAGERY, {"line": 80.0}, "80 Hz is not below half of the 160 Hz"),
        (LIGHTS, {"line": -50.0}, "line: -50 Hz is not below half"),
        (FLASHES, {"line": 200.0}, "line: 200 Hz is not below half"),
        (FLASHES, {"window": (0.5, 0.1)}, "a beginning and a later end"),
        (FLASHES, {"variability": -1.0}, "variability: -1.0 is below zero"),
        (FLASHES, {"n_events": 0}, "n_events: 0 is below one"),
        (LIGHTS, {"freqs": {"slow": 7.0, "fast": 70.0}}, "twice the highest is 140 Hz"),
        (LIGHTS, {"freqs": {"rest": 0.0}}, "expected two labels or more"),
        (LIGHTS, {"window": (2.0, 6.0)}, "not within the 5 s of an event"),
        (WORDS, {"tmin": 0.1}, "one before the word"),
        (WORDS, {"tmin": -0.005}, "-0.005 s is no sample before the word at 50 Hz"),
        (WORDS, {"sfreq": 20.0}, "too low for waves of 25 ms"),
    ],
)
def test_what_cannot_be_made_is_named(generator, change, said):
    with pytest.raises(ConfigError, match=said):
        replace(generator, **change)


@every
@pytest.mark.parametrize("channels", [(), ("Oz", "Cz", "Oz")])
def test_electrodes_that_are_none_or_not_different_are_named(generator, channels):
    with pytest.raises(ConfigError, match="channels: expected different electrodes"):
        replace(generator, channels=channels).header("1", "1", "1")


@every
def test_an_unknown_electrode_is_named(generator):
    with pytest.raises(ConfigError, match="'C33' is not in mne's montage"):
        replace(generator, channels=("C33",)).header("1", "1", "1")
