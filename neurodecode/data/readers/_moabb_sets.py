"""A data set of MOABB: found by its name, and asked for a subject's data without a network."""

import functools
import importlib
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError, DataMissing, NeurodecodeError
from neurodecode.data.readers._offline import offline

if TYPE_CHECKING:
    import mne
    from moabb.datasets.base import BaseDataset

MODULE = "moabb.datasets."


def dataset(name: str, arguments: str) -> "BaseDataset":
    """Make a data set of the name of its class and arguments, written as JSON.

    Raises
    ------
    ConfigError
        If there is no such class, it is no data set, or does not take the arguments.
    """
    from moabb.datasets.base import BaseDataset

    found = _class(name)
    if not isinstance(found, type) or not issubclass(found, BaseDataset):
        raise ConfigError(
            f"dataset {name!r} is no data set of MOABB (a class that inherits from "
            "moabb.datasets.base.BaseDataset)."
        )
    try:
        return found(**json.loads(arguments))
    except (TypeError, ValueError, AssertionError) as error:
        raise ConfigError(
            f"dataset {name}: it does not take arguments {arguments} ({error}). Correct arguments "
            "in the card's reader."
        ) from error


def _class(name: str) -> Any:
    plain = name.removeprefix(MODULE)
    if plain.isidentifier():
        from moabb import datasets
        from moabb.datasets.utils import dataset_dict

        if plain not in dataset_dict and not isinstance(vars(datasets).get(plain), type):
            raise ConfigError(
                f"moabb.datasets has no class {plain!r}.{nearest(plain, dataset_dict)} A class of "
                "your own is named package.module:Class."
            )
        return getattr(datasets, plain)
    module, _, attribute = name.rpartition(":" if ":" in name else ".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        raise ConfigError(
            f"dataset {name}: {error}. The package must be importable from here (install it, or "
            "run from its folder)."
        ) from None
    except AttributeError:
        raise ConfigError(f"dataset {name}: {module} has no {attribute!r}.") from None


@functools.lru_cache(maxsize=1)
def runs_of(
    name: str, arguments: str, root: Path, subject: str
) -> Mapping[str, Mapping[str, "mne.io.BaseRaw"]]:
    """Give the recordings of one subject, by session and run; the last one asked is kept.

    Raises
    ------
    DataMissing
        If MOABB would download them.
    DataError
        If they cannot be read.
    """
    made = dataset(name, arguments)
    own = next(one for one in made.subject_list if str(one) == subject)
    # It would ask a mirror for the source files before it looks for them here.
    made._prefetch_nemar_sourcedata = lambda *_, **__: None  # pyright: ignore[reportAttributeAccessIssue]
    return _offline(lambda: made.get_data(subjects=[own])[own], root, name, subject)


def files_of(made: "BaseDataset", name: str, root: Path, subject: Any) -> list[Path]:
    """Files of a subject, where the data set tells; raises as `runs_of`."""

    def ask() -> Any:
        try:
            return made.data_path(subject)
        except NotImplementedError:
            return None

    found: list[Path] = []
    for path in _flat(_offline(ask, root, name, str(subject))):
        found += sorted(path.rglob("*")) if path.is_dir() else [path]
    return [path for path in dict.fromkeys(found) if path.is_file()]


def _offline(ask: Callable[[], Any], root: Path, name: str, subject: str) -> Any:
    with tempfile.TemporaryDirectory() as nowhere:
        # MOABB makes the folder, and writes it into mne's settings, where it finds none.
        place = {"MNE_DATA": str(root) if root.is_dir() else nowhere}
        with offline(place) as asked:
            try:
                return ask()
            except NeurodecodeError:
                raise
            except Exception as error:  # a loader raises anything at all
                if asked:
                    raise DataMissing(
                        f"{name}: the data of subject {subject} are not in {root}."
                    ) from error
                why = (str(error).strip() or "no message").splitlines()[0]
                raise DataError(
                    f"{name}: subject {subject} cannot be read ({type(error).__name__}: {why}). "
                    f"Its files in {root} may be damaged; fetch them again, or leave the subject "
                    "out."
                ) from error


def _flat(told: Any) -> list[Path]:
    if isinstance(told, str | Path):
        return [Path(told)]
    if isinstance(told, Mapping):
        told = list(told.values())
    return [path for one in told or () for path in _flat(one)]
