"""Names of what can be drawn, as callers give them."""

from collections.abc import Collection

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError


def check_known(drawer: str, what: str, asked: Collection[str], known: Collection[str]) -> None:
    """Hold names to those that a drawer knows.

    Parameters
    ----------
    drawer, what : str
        Who draws, and what a name is of, for the message: ``"digits"``, ``"digit"``.
    asked, known : collection of str

    Raises
    ------
    ConfigError
        If one is not known; it gives the nearest that is.
    """
    for name in sorted(set(asked) - set(known)):
        raise ConfigError(f"{drawer}: no {what} is called {name!r}.{nearest(name, known)}")
