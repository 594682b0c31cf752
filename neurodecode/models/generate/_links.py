"""Names of links in files, such as ``{autoencoder: {n_updates: 500}}``, to links."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.base import clone

from neurodecode.core.config import call, check_arguments, nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.nodes import Problems, from_plain

_HERE = __name__.rpartition(".")[0]
# A closed set: a name and the class in the file of that name.
CODECS = {"autoencoder": "Autoencoder", "pca": "Pca", "sd_vae": "SdVae"}
GENERATORS = {
    "unet": "Unet",
    "kandinsky": "Kandinsky",
    "stable_diffusion": "StableDiffusion",
    "ip_adapter": "IpAdapter",
    "versatile_diffusion": "VersatileDiffusion",
}


def codec_of(said: Any, where: str) -> Any:
    """Make the codec that a file names; see `_link`."""
    return _link(said, CODECS, "_codecs", where)


def generator_of(said: Any, where: str) -> Any:
    """Make the generator that a file names; see `_link`."""
    return _link(said, GENERATORS, "_generators", where)


def with_state(link: Any, random_state: int | None) -> Any:
    """Give a copy of a link whose chance, where it is open, is the model's."""
    copy: Any = clone(link)
    if copy.get_params(deep=False).get("random_state", 0) is None:
        copy.set_params(random_state=random_state)
    return copy


def arguments_of(kind: type, said: Mapping[str, Any], where: str, name: str = "") -> dict[str, Any]:
    """Hold arguments to a class's own.

    Raises
    ------
    ConfigError
        If one is unknown, or has a value that cannot be meant.
    """
    plain, problems = dict(said), Problems(where)
    check_arguments(plain, kind, from_plain(plain), name, problems)
    problems.stop()
    return plain


def look_at(links: Mapping[str, Any], cache: Path) -> dict[str, str]:
    """Refuse links that cannot be meant; give SHA-256 of their files of weights, by link and file.

    Raises
    ------
    ConfigError
        If an argument of a link cannot be meant.
    DataMissing, DataError
        If weights are not on this machine, or of another model.
    """
    made = {}
    for name, link in links.items():
        if hasattr(link, "check"):
            link.check()
        found = link.hashes(cache) if hasattr(link, "hashes") else {}
        made |= {f"{name}/{file}": sha for file, sha in found.items()}
    return made


def _link(said: Any, known: Mapping[str, str], folder: str, where: str) -> Any:
    """Make a link, unfitted.

    Parameters
    ----------
    said : str, or mapping of one name to its arguments; or a link, which is given back
    known : mapping of name to class
    folder : str
    where : str
        The model and its argument, for messages.

    Raises
    ------
    ConfigError
        If the name is unknown, or an argument unknown or of another type.
    """
    if hasattr(said, "get_params"):
        return said
    problems = Problems(where)
    named = call(from_plain(said), where, problems)
    problems.stop()
    if named.name not in known:
        raise ConfigError(f"{where}: there is no {named.name!r}.{nearest(named.name, known)}")
    module = importlib.import_module(f"{_HERE}.{folder}.{named.name}")
    made = getattr(module, known[named.name])
    return made(**arguments_of(made, named.arguments, where, named.name))
