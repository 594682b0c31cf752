"""Recordings that a simulation makes, as if they had been read; no card names this reader."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Recording
from neurodecode.data.specs import Card, Variant
from neurodecode.simulate import Simulation

libraries = ("mne", "numpy", "scipy")
_PLACES = ("subjects", "sessions", "runs")  # a recording does not depend on which others there are


def find(card: Card, variant: Variant, root: Path) -> list[Recording]:
    """All recordings of a simulation; each is made when it is prepared, in this process.

    Raises
    ------
    ConfigError
        If the generator finds, at its first header, that an argument cannot be meant.
    """
    del root
    simulation: Simulation = variant.options
    try:
        simulation.header(*simulation.recordings()[0])
    except ConfigError as error:  # said here with the card, which the generator does not know
        raise ConfigError([f"{card.name}: simulate: {one}" for one in error.problems]) from error
    kind = type(simulation)
    arguments = {k: v for k, v in asdict(simulation).items() if k not in _PLACES}
    described = {
        "name": "simulated",
        "generator": f"{kind.__module__}.{kind.__qualname__}",
        "version": kind.version,
        "arguments": arguments,
        "libraries": libraries,
    }
    return [
        Recording(
            subject,
            session,
            run,
            card.modality,
            (),
            {**described, "recording": [subject, session, run]},
            load=partial(simulation.signal, subject, session, run),
            header=partial(simulation.header, subject, session, run),
        )
        for subject, session, run in simulation.recordings()
    ]


def more_files(path: Path) -> Sequence[Path]:
    """There are no files."""
    del path
    return ()
