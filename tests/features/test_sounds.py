"""Sounds: what features of them are, in numbers that can be known."""

import numpy as np
import pandas as pd
import pytest
import tiny_weights
import torch
from scipy.io import wavfile

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.sound import Sound
from neurodecode.core.stimuli import Stimuli
from neurodecode.data._stimuli_layout import StimuliSpec
from neurodecode.data.specs import Card
from neurodecode.data.stimuli import open_stimuli
from neurodecode.features._computing import compute, look
from neurodecode.features.hf_audio import HfAudio, at_rate
from neurodecode.features.mel_spectrogram import MelSpectrogram, mel_filters


def tone(hz, seconds=0.5, sfreq=16000.0, size=1.0):
    samples = size * np.sin(2 * np.pi * hz * np.arange(round(seconds * sfreq)) / sfreq)
    return Sound(samples.astype(np.float32), sfreq)


@pytest.fixture(scope="module")
def wav2vec2(tmp_path_factory):
    torch.manual_seed(0)
    return tiny_weights.wav2vec2(tmp_path_factory.mktemp("weights") / "wav2vec2")


def test_a_tone_is_in_its_band_and_as_loud_as_it_is():
    edges = np.linspace(2595 * np.log10(1 + 50 / 700), 2595 * np.log10(1 + 8000 / 700), 42)
    middle = 700 * (10 ** (edges[1:-1] / 2595) - 1)
    feature = MelSpectrogram(window=0.1)
    loud, quiet = feature.open()([tone(middle[20]), tone(middle[20], size=0.1)])
    assert loud.argmax() == 20 and loud.shape == (40,)
    # A tenth of the amplitude is 20 dB less; sin² of a Hann window in three bins is 1.5 in all.
    assert loud[20] - quiet[20] == pytest.approx(20, abs=0.01)
    assert loud[20] == pytest.approx(10 * np.log10(1.5), abs=0.5)
    assert (loud[np.abs(np.arange(40) - 20) > 2] < loud[20] - 40).all()


def test_bands_overlap_by_half_and_silence_is_the_least():
    filters = mel_filters(4000, 16000.0, 30, 100.0, 7000.0)
    inside = filters.sum(axis=1)[(filters.argmax(axis=1) > 0) & (filters.argmax(axis=1) < 29)]
    np.testing.assert_allclose(inside[5:-5], 1.0, atol=1e-9)
    silence = Sound(np.zeros(8000, dtype=np.float32), 16000.0)
    assert (MelSpectrogram().open()([silence]) == -100).all()


def test_stretches_of_a_sound_in_their_order():
    both = Sound(np.r_[tone(500.0).samples, tone(3000.0).samples], 16000.0)
    made = MelSpectrogram(n_bins=2).open()([both])[0]
    first, last = MelSpectrogram().open()([tone(500.0), tone(3000.0)])
    assert made.shape == (2, 40)
    assert (made[0].argmax(), made[1].argmax()) == (first.argmax(), last.argmax())


def test_layers_of_an_audio_model_are_averaged_over_the_sound(wav2vec2):
    sounds = [tone(400.0, 0.05), tone(900.0, 0.08)]  # of two lengths: nothing is padded
    both = HfAudio(str(wav2vec2), layers=(0, 2)).open("cpu")(sounds)
    assert both.shape == (2, 2, 16)
    model = tiny_weights.transformers().Wav2Vec2Model.from_pretrained(wav2vec2).eval()
    for sound, made in zip(sounds, both, strict=True):
        z = sound.samples.astype(np.float64)
        z = (z - z.mean()) / np.sqrt(z.var() + 1e-7)
        with torch.inference_mode():
            asked = torch.tensor(z[None], dtype=torch.float32)
            states = model(asked, output_hidden_states=True).hidden_states
        np.testing.assert_allclose(made[0], states[0][0].mean(dim=0), atol=1e-4)
        np.testing.assert_allclose(made[1], states[2][0].mean(dim=0), atol=1e-4)
    alone = HfAudio(str(wav2vec2), layer=2).open("cpu")(sounds[1:])
    np.testing.assert_allclose(alone[0], both[1, 1], atol=1e-6)


def test_a_sound_of_another_rate_is_brought_to_the_models(wav2vec2):
    at_44k = at_rate(tone(400.0, 0.5, sfreq=44100.0), 16000.0)
    assert at_44k.seconds == pytest.approx(0.5, abs=1e-3)
    inside = slice(500, 7000)  # away from where the filter runs out of sound
    np.testing.assert_allclose(at_44k.samples[inside], tone(400.0, 0.5).samples[inside], atol=2e-3)


def test_sounds_are_read_from_files_and_part_of_the_key(tmp_path):
    samples = np.array([[0, 2], [16384, 16382], [-32768, -32768]] * 400, dtype=np.int16)
    (tmp_path / "data/sounds").mkdir(parents=True)
    wavfile.write(tmp_path / "data/sounds/beep.wav", 16000, samples)
    card = Card("own", "fmri", stimuli=StimuliSpec("sounds"), reader=None, simulate=object())  # type: ignore[arg-type]
    stimuli = open_stimuli(card, tmp_path / "data")
    sound = stimuli["beep"]
    assert isinstance(sound, Sound) and sound.sfreq == 16000
    np.testing.assert_allclose(sound.samples[:3], [1 / 32768, 16383 / 32768, -1.0])
    feature = MelSpectrogram(n_mels=8)
    assert compute(feature, stimuli, tmp_path).part.space.shape == (8,)
    louder = Stimuli(stimuli.table, lambda _: Sound(sound.samples / 2, 16000.0))
    assert look(feature, louder, tmp_path).n_missing == 1


def test_a_part_of_a_sound_begins_with_silence_where_there_was_none():
    sound = Sound(np.arange(1, 11, dtype=np.float32), 10.0)
    np.testing.assert_array_equal(sound.part(-0.2, 0.3).samples, [0, 0, 1, 2, 3])
    np.testing.assert_array_equal(sound.part(0.4, 0.6).samples, [5, 6])
    with pytest.raises(DataError, match=r"from 0\.9 to 2 s of a sound of 1 s"):
        sound.part(0.9, 2.0)


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (tone(400.0, sfreq=8000.0), "holds nothing up to fmax 8000"),
        (tone(400.0, seconds=0.01), "shorter than the window of 0.025 s"),
    ],
)
def test_sounds_that_cannot_be_told_are_named(sound, said):
    with pytest.raises(DataError, match=said):
        MelSpectrogram().open()([sound])


def test_what_hears_nothing_and_what_is_no_sound_is_refused(tmp_path):
    torch.manual_seed(0)
    folder = tiny_weights.bert(tmp_path / "bert")
    (folder / "preprocessor_config.json").write_text(
        '{"feature_extractor_type": "Wav2Vec2FeatureExtractor"}'
    )
    with pytest.raises(ConfigError, match="of BertModel, which hears nothing"):
        HfAudio(str(folder)).open("cpu")
    table = pd.DataFrame(index=["a"])
    with pytest.raises(DataError, match="stimulus 'a': expected a sound, got str"):
        MelSpectrogram().read(Stimuli(table, lambda _: "a text"), "a")


def film(loudness, t_r=1.0, sfreq=4000.0, n_more=0):
    """A film of a tone that changes its loudness with each volume, and its volumes."""
    parts = [tone(500.0, t_r, sfreq, size).samples for size in loudness]
    sound = Sound(np.concatenate(parts), sfreq)
    onset = t_r * np.arange(len(loudness) + n_more)
    table = pd.DataFrame(
        {"film": "f01", "onset": onset}, index=pd.Index([f"f01/{i}" for i in range(len(onset))])
    )
    return Stimuli(table, str, sound_of=lambda name: sound, sounds_made_from=lambda cache: "one")


MEL = MelSpectrogram(n_mels=1, fmax=1000.0, look_back=1.0)


def heard(feature, shown):
    return feature.open()([feature.read(shown, one) for one in shown.table.index])[:, 0]


def test_a_volume_hears_what_was_before_it_and_nothing_later():
    loudness = 10.0 ** -np.array([0, 1, 2, 0, 1])
    told = heard(MEL, film(loudness))
    assert told[0] == -100, "before the film there is silence"
    # Each volume tells the second before it: a tenth of the amplitude is 20 dB less.
    np.testing.assert_allclose(np.diff(told[1:]), [-20, -20, 40], atol=0.01)
    later = loudness.copy()
    later[3] = 0.5
    np.testing.assert_array_equal(heard(MEL, film(later))[:4], told[:4])
    longer = MelSpectrogram(n_mels=1, fmax=1000.0, look_back=2.0)
    assert heard(longer, film(loudness))[2] == pytest.approx(told[1:3].mean(), abs=0.3)


def test_after_the_end_of_a_film_there_is_silence():
    told = heard(MEL, film([1.0, 1.0], n_more=3))
    assert (told[1:3] > -10).all() and (told[3:] == -100).all()
    with pytest.raises(DataError, match="its sound lasts 2 s, and its last volume begins at 41 s"):
        heard(MEL, film([1.0, 1.0], n_more=40))


def test_looking_back_is_of_films(tmp_path):
    texts = Stimuli(pd.DataFrame({"film": ["f"], "onset": [0.0]}, index=pd.Index(["a"])), str)
    with pytest.raises(DataError, match="the card has no sounds of films"):
        MEL.contents(texts, tmp_path)
    with pytest.raises(ConfigError, match="look_back: 0 s must be above zero"):
        MelSpectrogram(look_back=0)
