"""What every generator must have, and what is said of arguments that all of them take."""

from dataclasses import dataclass

import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import catalogue
from neurodecode.simulate import Simulation


@dataclass(frozen=True, kw_only=True)
class Halfway(Simulation):
    """Makes recordings, and does not say beforehand what they will be."""

    def signal(self, subject, session, run):
        """Never called."""


def test_a_generator_without_header_or_signal_cannot_be_made():
    with pytest.raises(TypeError, match=r"abstract .*header"):
        Halfway()


@pytest.mark.parametrize("name", catalogue("simulate"))
def test_every_generator_is_a_whole_simulation(name):
    generator = catalogue("simulate")[name].load()
    assert issubclass(generator, Simulation)
    assert generator.__abstractmethods__ == frozenset()
    assert isinstance(generator.version, int)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"effect": -0.5}, "effect: -0.5 is below zero"),
        ({"effect": float("nan")}, "effect: nan is no finite number"),
        ({"effect": float("inf")}, "effect: inf is no finite number"),
        ({"seed": -1}, "seed: -1 is below zero"),
        ({"subjects": []}, r"subjects: expected different names, got \(\)"),
        ({"runs": ["1", "1"]}, "runs: expected different names"),
    ],
)
def test_arguments_that_all_take(arguments, said):
    with pytest.raises(ConfigError, match=said):
        catalogue("simulate")["fmri.vectors"].load()(**arguments)
