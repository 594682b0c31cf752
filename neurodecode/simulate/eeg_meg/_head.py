"""What dipoles in a spherical head give at electrodes, magnetometers and gradiometers.

The forward solution is mne's: EEG of four concentric shells (Berg & Scherg 1994), MEG of a
conducting sphere (Sarvas 1987), in which a radial dipole has no field.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError
from neurodecode.core.space import Space

if TYPE_CHECKING:
    import mne

CENTER = np.array([0.0, 0.015, 0.04])  # m, head coordinates: least squares to mne's colin27_1005
HEAD_RADIUS = 0.095  # m
INNER_RADIUS = 0.9 * HEAD_RADIUS  # m, where the brain ends: mne's first shell
HELMET_RADIUS = 0.12  # m, of the coils around CENTER
MONTAGE = "colin27_1005"
_OLD_NAME = "standard_1005"  # of that montage, before mne 1.13
_COILS = {"mag": 3024, "grad": 3012}  # Vectorview's
_FIELD_UNITS = {"eeg": "V", "mag": "T", "grad": "T/m"}
_kept: dict[str, np.ndarray] = {}  # forward solutions of this process
_MOST_KEPT = 256


@dataclass(frozen=True, eq=False)
class Sensors:
    """Sensors around the head.

    Parameters
    ----------
    space : Space
        Names, types, positions in metres in head coordinates, coil normals.
    loc : ndarray, shape (n_channels, 12)
        As in mne: position, and for coils the axes in and across their plane.
    reference : ndarray, shape (n_reference, 3)
        Electrodes whose mean potential is taken from each; none for the potential against infinity.
    """

    space: Space
    loc: np.ndarray
    reference: np.ndarray

    def moved(self, rotation: np.ndarray) -> "Sensors":
        """Sensors rotated about the centre of the head, which still are called what they were.

        Parameters
        ----------
        rotation : ndarray, shape (3,)
            Axis times angle, radians: the cap slipped, or the head moved in the helmet.
        """
        from scipy.spatial.transform import Rotation

        turn = Rotation.from_rotvec(rotation)
        loc = self.loc.copy()
        loc[:, :3] = turn.apply(loc[:, :3] - CENTER) + CENTER
        for at in (3, 6, 9):
            loc[:, at : at + 3] = turn.apply(loc[:, at : at + 3])
        reference = self.reference
        if len(reference):
            reference = turn.apply(reference - CENTER) + CENTER
        return replace(self, loc=loc, reference=reference)


@dataclass(frozen=True, eq=False)
class Sources:
    """Current dipoles.

    Parameters
    ----------
    positions : ndarray, shape (n_sources, 3)
        Metres, head coordinates.
    moments : ndarray, shape (n_sources, 3)
        Directions; of unit length, so that a source's time course is in ampere metres.
    """

    positions: np.ndarray
    moments: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def tangential(self) -> "Sources":
        """Turn each along the sphere, by the shortest way: what MEG can see of it."""
        outward = _unit(self.positions - CENTER)
        along = self.moments - np.sum(self.moments * outward, axis=1, keepdims=True) * outward
        return replace(self, moments=_unit(along))

    def jittered(self, rng: np.random.Generator, distance: float) -> "Sources":
        """Shift each about its place along the sphere, by `distance` metres in the mean square."""
        outward = self.positions - CENTER
        radius = np.linalg.norm(outward, axis=1, keepdims=True)
        shift = rng.standard_normal(outward.shape) * distance / np.sqrt(2)
        placed = _unit(outward + shift) * radius + CENTER
        return replace(self, positions=placed)


def electrodes(names: Sequence[str], reference: Sequence[str] = ()) -> Sensors:
    """Give electrodes of the 10-05 system by name.

    Parameters
    ----------
    names : sequence of str
    reference : sequence of str
        Electrodes that the amplifier subtracts the mean of; all of `names` for the average.

    Raises
    ------
    ConfigError
        If the montage has no electrode of a name, or names are none or not different.
    """
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"channels: expected different electrodes, got {tuple(names)}.")
    places = np.array([place_of(name) for name in names])
    loc = np.zeros((len(names), 12))
    loc[:, :3] = places
    space = Space(
        kind="sensors",
        names=tuple(names),
        types=("eeg",) * len(names),
        positions=places,
        unit="V",
    )
    against = np.array([place_of(name) for name in reference]).reshape(-1, 3)
    return Sensors(space, loc, against)


def helmet(types: Sequence[str] = ("mag", "grad")) -> Sensors:
    """Give a helmet of 102 magnetometers and pairs of planar gradiometers around the head.

    Names and directions are those of mne's layout of the Vectorview, whose coils are put on a
    sphere: the angle from the top grows with the distance in the layout.

    Parameters
    ----------
    types : sequence of str
        ``mag``, ``grad`` or both.

    Raises
    ------
    ConfigError
        If a type is neither.
    """
    for one in types:
        if one not in _COILS:
            raise ConfigError(f"types: {one!r} is no coil of the helmet.{nearest(one, _COILS)}")
    names, chosen, rows = [], [], []
    for name, outward in _chips():
        across, along = _plane(outward)
        # The last digit tells a coil: 1 the magnetometer, 2 and 3 the two gradiometers.
        kind, first, second = {
            "1": ("mag", across, along),
            "2": ("grad", along, -across),
            "3": ("grad", across, along),
        }[name[-1]]
        if kind in types:
            names.append(name)
            chosen.append(kind)
            rows.append(np.r_[CENTER + HELMET_RADIUS * outward, first, second, outward])
    loc = np.array(rows)
    units = {_FIELD_UNITS[kind] for kind in chosen}
    space = Space(
        kind="sensors",
        names=tuple(names),
        types=tuple(chosen),
        positions=loc[:, :3],
        normals=loc[:, 9:],
        unit=units.pop() if len(units) == 1 else "",
    )
    return Sensors(space, loc, np.zeros((0, 3)))


def beneath(names: Sequence[str], depth: float = 0.02) -> Sources:
    """Give radial dipoles beneath electrodes.

    Parameters
    ----------
    names : sequence of str
        Of the 10-05 system.
    depth : float
        Metres below the scalp; the brain begins at 0.0095.
    """
    outward = _unit(np.array([place_of(name) for name in names]) - CENTER)
    return Sources(CENTER + (HEAD_RADIUS - depth) * outward, outward)


def cortex(rng: np.random.Generator, n_sources: int) -> Sources:
    """Draw dipoles of any direction, 1.5 to 4 cm below the scalp, but for its lowest part."""
    outward = np.zeros((0, 3))
    while len(outward) < n_sources:
        drawn = _unit(rng.standard_normal((2 * n_sources, 3)))
        outward = np.concatenate([outward, drawn[drawn[:, 2] > -0.4]])
    outward = outward[:n_sources]
    depth = rng.uniform(0.015, 0.04, size=(n_sources, 1))
    moments = _unit(rng.standard_normal((n_sources, 3)))
    return Sources(CENTER + (HEAD_RADIUS - depth) * outward, moments)


def forward(sensors: Sensors, sources: Sources) -> np.ndarray:
    """Give what each source is at each sensor.

    Parameters
    ----------
    sensors : Sensors
    sources : Sources

    Returns
    -------
    gain : ndarray, shape (n_channels, n_sources)
        Volts, tesla or tesla per metre, an ampere metre; not to be written to.

    Raises
    ------
    ConfigError
        If a source lies outside the inner sphere, where there is no brain.
    """
    distance = np.linalg.norm(sources.positions - CENTER, axis=1)
    for i in np.flatnonzero(~(distance < INNER_RADIUS)):
        place = ", ".join(f"{value:.4f}" for value in sources.positions[i])
        raise ConfigError(
            f"source {i} at ({place}) m is {distance[i]:.4f} m from the centre of the head, and "
            f"the brain ends at {INNER_RADIUS:.4f} m. Move it inward, or give it more depth."
        )
    arrays = (sensors.loc, sensors.reference, sources.positions, sources.moments)
    key = digest([sensors.space.types, [digest_array(array) for array in arrays]])
    if key not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        gain = _gain(sensors.loc, sensors.space.types, sources)
        if len(sensors.reference):
            loc = np.zeros((len(sensors.reference), 12))
            loc[:, :3] = sensors.reference
            gain = gain - _gain(loc, ("eeg",) * len(loc), sources).mean(axis=0)
        gain.flags.writeable = False
        _kept[key] = gain
    return _kept[key]


@functools.cache
def _places() -> dict[str, np.ndarray]:
    import mne

    known = [str(one) for one in mne.channels.get_builtin_montages()]
    montage = mne.channels.make_standard_montage(MONTAGE if MONTAGE in known else _OLD_NAME)
    info = mne.create_info(montage.ch_names, 1.0, "eeg")
    info.set_montage(montage)  # which brings them to head coordinates
    return {name: one["loc"][:3] for name, one in zip(info.ch_names, info["chs"], strict=True)}


def place_of(electrode: str) -> np.ndarray:
    """Give where an electrode of the 10-05 system is: metres, head coordinates, shape (3,).

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    places = _places()
    if electrode not in places:
        raise ConfigError(
            f"electrode {electrode!r} is not in mne's montage {MONTAGE}."
            f"{nearest(electrode, places)}"
        )
    return places[electrode]


def _chips() -> list[tuple[str, np.ndarray]]:
    """Name of each coil, and the direction in which its chip lies."""
    import mne

    layout = mne.channels.read_layout("Vectorview-all")
    flat = {name: box[:2] for name, box in zip(layout.names, layout.pos, strict=True)}
    chips = {name[:-1]: np.zeros(2) for name in flat}
    for name, place in flat.items():
        chips[name[:-1]] += place / 3
    middle = np.mean(list(chips.values()), axis=0)
    widest = max(np.linalg.norm(place - middle) for place in chips.values())
    found = []
    for name in sorted(flat):
        right, front = (chips[name[:-1]] - middle) / widest
        away = np.hypot(right, front)
        angle = away * np.deg2rad(105)  # a helmet ends below the ears
        sideways = np.sin(angle) / max(away, 1e-12)
        found.append((name, np.array([right * sideways, front * sideways, np.cos(angle)])))
    return found


def _plane(outward: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two axes in the plane of a coil that faces `outward`; the three are right-handed."""
    across = np.cross([0.0, 1.0, 0.0], outward)
    across /= np.linalg.norm(across)
    return across, np.cross(outward, across)


def _gain(loc: np.ndarray, types: Sequence[str], sources: Sources) -> np.ndarray:
    import mne

    info = _info(loc, types)
    points: Any = {"rr": sources.positions, "nn": sources.moments}
    sphere = mne.make_sphere_model(r0=CENTER, head_radius=HEAD_RADIUS, verbose="error")
    space = mne.setup_volume_source_space(pos=points, verbose="error")
    solution: Any = mne.make_forward_solution(
        info, None, space, sphere, meg="eeg" not in types, eeg="eeg" in types, verbose="error"
    )
    free = solution["sol"]["data"].reshape(len(types), len(sources), 3)
    return np.einsum("csk,sk->cs", free, sources.moments)


def _info(loc: np.ndarray, types: Sequence[str]) -> "mne.Info":
    import mne

    kinds: Any = list(types)
    info = mne.create_info([str(i) for i in range(len(types))], 1.0, kinds)
    with info._unlock():
        info["dev_head_t"] = mne.transforms.Transform("meg", "head", np.eye(4))
    for channel, place, kind in zip(info["chs"], loc, types, strict=True):
        channel["loc"] = place.copy()
        if kind in _COILS:
            channel["coil_type"] = _COILS[kind]
    return info


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
