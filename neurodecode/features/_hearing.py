"""What is heard of a film until each of its volumes begins, for features of sounds."""

import weakref
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.sound import Sound
from neurodecode.core.stimuli import Stimuli
from neurodecode.features._contract import check_sound

_COLUMNS = ("film", "onset")
_LONGER = 30.0  # seconds by which volumes may go on after the sound has ended
_films: "weakref.WeakKeyDictionary[Stimuli, dict[str, Sound]]" = weakref.WeakKeyDictionary()


def check_look_back(look_back: float | None, feature: str) -> None:
    """Hold seconds that are heard to being above zero, where they are asked.

    Raises
    ------
    ConfigError
        If they are not.
    """
    if look_back is not None and not 0 < look_back < float("inf"):
        raise ConfigError(f"{feature}: look_back: {look_back} s must be above zero.")


def heard(stimuli: Stimuli, stimulus: str, look_back: float | None, feature: str) -> Sound:
    """Give the sound of one stimulus: its own, or of a volume what its film was before it.

    Parameters
    ----------
    stimuli : Stimuli
    stimulus : str
    look_back : float or None
        Seconds before the volume begins, of which nothing later is heard; before the film begins
        and after its end there is silence. None: stimuli are sounds.
    feature : str
        Named in errors.

    Raises
    ------
    DataError
        If the stimulus is no sound, or no volume of a film; if volumes of the film begin long after
        its sound has ended.
    """
    where = f"stimulus {stimulus!r}"
    if look_back is None:
        return check_sound(stimuli[stimulus], where)
    _check_films(stimuli, feature)
    row: Any = stimuli.table.loc[stimulus]
    name, onset = (row[column] for column in _COLUMNS)
    known = _films.setdefault(stimuli, {})
    if name not in known:
        known.clear()  # volumes come film by film, and a film is large
        known[name] = _film(stimuli, str(name))
    sound = known[name]
    start, stop = float(onset) - look_back, float(onset)
    if stop <= sound.seconds:
        return sound.part(start, stop)
    left = sound.part(start, sound.seconds).samples if start < sound.seconds else sound.samples[:0]
    silence = np.zeros(round(look_back * sound.sfreq) - len(left), dtype=sound.samples.dtype)
    return Sound(np.concatenate([left, silence]), sound.sfreq)


def contents(stimuli: Stimuli, cache: Path, look_back: float | None, feature: str) -> str:
    """Digest of the sounds of all stimuli, or of films and of when their volumes begin.

    Raises
    ------
    DataError
        If stimuli are no volumes of films.
    DataMissing
        If the sound of a film is not on this machine.
    """
    if look_back is None:
        return stimuli.contents(cache)
    _check_films(stimuli, feature)
    assert stimuli.sounds_made_from is not None  # as the check asks
    held = [[str(one) for one in stimuli.table[name]] for name in _COLUMNS]
    return digest([[str(one) for one in stimuli.table.index], held,
                   stimuli.sounds_made_from(cache)])  # fmt: skip


def _check_films(stimuli: Stimuli, feature: str) -> None:
    absent = [name for name in _COLUMNS if name not in stimuli.table]
    if stimuli.sound_of is None or stimuli.sounds_made_from is None or absent:
        raise DataError(
            f"{feature}: look_back hears films until a volume begins, and the card has no sounds "
            "of films (sound, t_r and the column film under stimuli). Leave look_back out of "
            "stimuli that are sounds themselves."
        )


def _film(stimuli: Stimuli, name: str) -> Sound:
    assert stimuli.sound_of is not None  # `_check_films`
    sound = check_sound(stimuli.sound_of(name), f"film {name!r}")
    mine: Any = stimuli.table["onset"][stimuli.table["film"] == name]
    last = float(mine.max())
    if last > sound.seconds + _LONGER:
        raise DataError(
            f"film {name!r}: its sound lasts {sound.seconds:.0f} s, and its last volume begins at "
            f"{last:.0f} s. Look whether it is the sound of all of that film."
        )
    return sound
