"""The physics of the simulated head, against mne and against what the sphere must do."""

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.eeg_meg._head import (
    CENTER,
    HEAD_RADIUS,
    Sources,
    beneath,
    cortex,
    electrodes,
    forward,
    helmet,
)

NAMES = ("C3", "C4", "Cz", "Oz", "Fp1", "Pz")
TEN_NANOAMPERE_METRES = 1e-8  # of about a square centimetre of cortex


def _sources(n_sources=20):
    return cortex(np.random.default_rng(0), n_sources)


def test_eeg_is_what_mne_gives_to_the_last_bit():
    sources = _sources()
    montage = mne.channels.make_standard_montage("colin27_1005")
    info = mne.create_info(list(NAMES), 1.0, "eeg").set_montage(montage)
    sphere = mne.make_sphere_model(CENTER, HEAD_RADIUS, verbose="error")
    points = {"rr": sources.positions, "nn": sources.moments}
    space = mne.setup_volume_source_space(pos=points, verbose="error")
    theirs = mne.make_forward_solution(info, None, space, sphere, meg=False, verbose="error")
    theirs = mne.convert_forward_solution(theirs, force_fixed=True, verbose="error")
    # mne turns its free orientations to the fixed ones in float32.
    np.testing.assert_allclose(
        forward(electrodes(NAMES), sources), theirs["sol"]["data"], rtol=1e-5, atol=1e-3
    )


def test_meg_is_sarvas_formula_over_the_coil():
    """mne takes the mean over 16 points of the coil: 21 mm wide, 0.3 mm above its place."""
    sensors, sources = helmet(("mag",)), _sources(5)
    normals = sensors.loc[:, 9:]
    points = (-0.007875, -0.002625, 0.002625, 0.007875)
    theirs = np.zeros((len(normals), len(sources)))
    for x in points:
        for y in points:
            across, along = sensors.loc[:, 3:6], sensors.loc[:, 6:9]
            places = sensors.loc[:, :3] + x * across + y * along + 0.0003 * normals
            theirs += _sarvas(places - CENTER, normals, sources) / 16
    ours = forward(sensors, sources)
    np.testing.assert_allclose(ours, theirs, atol=1e-6 * np.abs(theirs).max())


def _sarvas(r, normals, sources):
    """Sarvas 1987, eq. 25: field along `normals`, in tesla, of an ampere metre."""
    distance = np.linalg.norm(r, axis=1)
    fields = []
    for r0, q in zip(sources.positions - CENTER, sources.moments, strict=True):
        a = r - r0
        length = np.linalg.norm(a, axis=1)
        ar = np.sum(a * r, axis=1)
        f = length * (distance * length + distance**2 - r @ r0)
        slope = (length**2 / distance + ar / length + 2 * length + 2 * distance)[:, None] * r - (
            length + 2 * distance + ar / length
        )[:, None] * r0
        moment = np.cross(q, r0)
        field = 1e-7 * (f[:, None] * moment - (r @ moment)[:, None] * slope) / f[:, None] ** 2
        fields.append(np.sum(field * normals, axis=1))
    return np.array(fields).T


def test_a_gradiometer_is_the_slope_of_the_field_along_its_axis():
    """The two planar gradiometers of a chip, against the field of magnetometers set 1 mm apart."""
    import dataclasses

    sensors, sources = helmet(), _sources(3)
    grads = np.flatnonzero(np.array(sensors.space.types) == "grad")[:20]
    step = 5e-4
    fields = []
    for sign in (-1, 1):
        loc = sensors.loc[grads].copy()
        loc[:, :3] += sign * step * loc[:, 3:6]
        space = dataclasses.replace(sensors.space.take(grads), types=("mag",) * len(grads))
        fields.append(forward(dataclasses.replace(sensors, loc=loc, space=space), sources))
    slope = (fields[1] - fields[0]) / (2 * step)
    ours = forward(sensors, sources)[grads]
    # Loops 16.8 mm apart see a mean slope, not that at the middle.
    assert np.abs(ours - slope).max() < 0.1 * np.abs(slope).max()


def test_the_average_reference_sums_to_zero():
    gain = forward(electrodes(NAMES, reference=NAMES), _sources())
    np.testing.assert_allclose(gain.sum(axis=0), 0, atol=1e-12 * np.abs(gain).max())


def test_a_reference_electrode_is_at_zero():
    gain = forward(electrodes(("Cz", "C3"), reference=("Cz",)), _sources())
    np.testing.assert_allclose(gain[0], 0, atol=1e-12 * np.abs(gain).max())
    assert np.abs(gain[1]).min() > 0


def test_a_radial_source_has_no_field():
    sources = beneath(["C3", "Oz"])
    along = Sources(sources.positions, np.cross(sources.moments, [0.3, 0.5, 0.8])).tangential()
    assert np.abs(forward(helmet(), sources)).max() < 1e-9 * np.abs(forward(helmet(), along)).max()


def test_tangential_sources_lie_along_the_sphere():
    turned = _sources().tangential()
    outward = turned.positions - CENTER
    assert np.abs(np.sum(turned.moments * outward, axis=1)).max() < 1e-12
    np.testing.assert_allclose(np.linalg.norm(turned.moments, axis=1), 1)


def test_amplitudes_are_those_of_a_brain():
    """Ten nanoampere metres: a microvolt or a few, fifty to a few hundred femtotesla."""
    volts = np.abs(forward(electrodes(("C3",)), beneath(["C3"]))) * TEN_NANOAMPERE_METRES
    assert 1e-6 < volts < 1e-5
    tesla = np.abs(forward(helmet(("mag",)), _sources().tangential())) * TEN_NANOAMPERE_METRES
    assert 3e-14 < np.median(tesla.max(axis=0)) < 5e-13


def test_a_source_is_strongest_above_itself():
    gain = forward(electrodes(NAMES), beneath(NAMES[:5]))
    assert [NAMES[i] for i in np.argmax(gain, axis=0)] == list(NAMES[:5])


def test_a_source_outside_the_brain_is_named():
    with pytest.raises(ConfigError, match=r"source 0 at \(.*\) m is 0.0900 m from the centre"):
        forward(electrodes(NAMES), beneath(["C3"], depth=0.005))


def test_an_unknown_electrode_or_coil_is_named():
    with pytest.raises(ConfigError, match="'C33' is not in mne's montage"):
        electrodes(["C33"])
    with pytest.raises(ConfigError, match="'magn' is no coil of the helmet"):
        helmet(["magn"])


def test_the_helmet_is_left_and_right_front_and_back_where_it_says():
    space = helmet(("mag",)).space
    assert len(space) == 102
    at = dict(zip(space.names, space.positions - CENTER, strict=True))
    assert at["MEG 0111"][0] < -0.05  # left temporal
    assert at["MEG 1411"][0] > 0.05  # right temporal
    assert at["MEG 0521"][1] > 0.05  # frontal
    assert at["MEG 2111"][1] < -0.05  # occipital


def test_moved_sensors_see_what_moved_sources_would_give():
    """Turning the sensors is turning the sources the other way: the sphere has no front."""
    from scipy.spatial.transform import Rotation

    rotation, sources = np.array([0.1, -0.05, 0.2]), _sources()
    back = Rotation.from_rotvec(-rotation)
    other = Sources(back.apply(sources.positions - CENTER) + CENTER, back.apply(sources.moments))
    for sensors in (helmet(), electrodes(NAMES, reference=("Cz",))):
        ours, theirs = forward(sensors.moved(rotation), sources), forward(sensors, other)
        np.testing.assert_allclose(ours, theirs, atol=1e-6 * np.abs(theirs).max())
