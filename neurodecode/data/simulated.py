"""A card whose recordings are made, with a planted effect, instead of read."""

from dataclasses import asdict, replace
from typing import Literal, get_args

from neurodecode.core.config import Call
from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import build
from neurodecode.core.stimuli import Stimuli
from neurodecode.data.specs import Card, SimulateSpec, Variant
from neurodecode.simulate import Simulation

Preset = Literal["full", "small"]
SIMULATED = "simulated"  # the reader of such a layout


def simulated_card(card: Card, preset: Preset, variant: str = "") -> Card:
    """Give the card with one layout, or the only one, simulated.

    Parameters
    ----------
    card : Card
    preset : {"full", "small"}
        ``small``: with the fewer arguments that the card names for tests.
    variant : str
        Name of a layout.

    Raises
    ------
    ConfigError
        If the card does not say how, or an argument is wrong.
    """
    if preset not in get_args(Preset):  # from Python, where no file was read strictly
        raise ConfigError(f"simulate: expected full or small, got {preset!r}.")
    spec = card.simulate if card.wholly_simulated else card.variant(variant).simulate
    if spec is None:
        layout = f" ({variant})" if variant else ""
        raise ConfigError(
            f"{card.name}{layout} does not say how it is simulated. Add simulate: to its card, or "
            "get its files."
        )
    try:
        simulation = _simulation(spec, preset)
    except ConfigError as error:  # what a generator says of its values
        place = f"{card.name}: simulate ({preset})"
        raise ConfigError([f"{place}: {problem}" for problem in error.problems]) from error
    made = replace(_layout(card, variant), reader=SIMULATED, options=simulation)
    if not variant:
        return replace(card, reader=made, variants={})
    return replace(card, variants={**card.variants, variant: made})


def is_simulated(layout: Variant) -> bool:
    """Whether the recordings of a layout are made."""
    return layout.reader == SIMULATED


def simulated_stimuli(card: Card, preset: Preset, variant: str = "") -> Stimuli:
    """Give what simulated recordings of a card show; pictures that are made here may be shown.

    Parameters
    ----------
    card : Card
    preset : {"full", "small"}
    variant : str
        Name of a layout.

    Raises
    ------
    ConfigError
        If the card does not say how it is simulated, or its recordings show nothing.
    """
    return shown_by(simulated_card(card, preset, variant).variant(variant).options)


def shown_by(made: Simulation) -> Stimuli:
    """Give what a simulation shows, and what that is made from.

    Raises
    ------
    ConfigError
        If its recordings show nothing.
    """
    kind = type(made)
    described = [f"{kind.__module__}.{kind.__qualname__}", kind.version, asdict(made)]
    return replace(made.stimuli(), made_from=lambda _: digest(described))


def _layout(card: Card, variant: str) -> Variant:
    if card.wholly_simulated:
        return Variant(SIMULATED, None, card.channels, card.events, card.simulate)
    return card.variant(variant)


def _simulation(spec: SimulateSpec, preset: Preset):
    arguments = dict(spec.generator.arguments)
    if preset == "small":
        arguments |= spec.small
    return build(Call(spec.generator.name, arguments), "simulate")
