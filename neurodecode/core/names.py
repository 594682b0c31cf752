"""Names to objects: the folder is the registry, and a stranger's file names no code of its own.

``riemann.mdm`` is ``neurodecode/models/riemann/mdm.py``, whose one public class it names. What a
folder holds is read from its source without importing it. Outside code is found only where it is
trusted: a class of a library that is named here, or what a person typed themselves.
"""

import ast
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from neurodecode.core.config import Call, check_arguments, nearest
from neurodecode.core.errors import ConfigError, MissingDependency
from neurodecode.core.nodes import Node, Problems

PACKAGE = Path(__file__).resolve().parent.parent
TRUSTED = ("sklearn", "pyriemann", "mne.decoding", "nilearn", "braindecode")
GROUPS = ("models", "steps", "protocols", "metrics", "signal", "simulate", "features")


@dataclass(frozen=True)
class Entry:
    """What a name stands for: where it is, and the first line of its docstring."""

    name: str
    module: str
    attribute: str
    summary: str

    def load(self) -> Any:
        """Import the object."""
        return getattr(importlib.import_module(self.module), self.attribute)


@cache
def catalogue(group: str) -> Mapping[str, Entry]:
    """All names of a group, read from source without importing.

    Parameters
    ----------
    group : {"models", "steps", "protocols", "metrics", "signal", "simulate", "features"}
        Models, steps, protocols, simulations and features: a file is a name, its one public class
        the object.
        Metrics: each function decorated with ``metric``. Signal: each class that can be called,
        in lower case with underscores.

    Returns
    -------
    entries : mapping of str to Entry
    """
    entries: dict[str, Entry] = {}
    root = PACKAGE / group
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root).with_suffix("")
        if any(part.startswith("_") for part in relative.parts):
            continue
        module = ".".join(("neurodecode", group, *relative.parts))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for attribute, definition in _public(tree, group):
            name = {
                "metrics": attribute,
                "signal": _snake(attribute),
            }.get(group, ".".join(relative.parts))
            if name in entries:
                raise ConfigError(
                    f"{module}: {name!r} also stands for {entries[name].module}. Rename one."
                )
            summary = (ast.get_docstring(definition) or "").partition("\n")[0]
            entries[name] = Entry(name, module, attribute, summary)
    return entries


def find(name: str, group: str, *, allow_code: bool = False) -> Any:
    """Give the object that a name stands for.

    Parameters
    ----------
    name : str
        A name of the group; for models and steps also a dotted class of a trusted library, or,
        where `allow_code`, ``package.module`` or ``package.module:Class``; for metrics also
        ``METRIC@VIEW``, of what is seen in pictures.
    group : str
    allow_code : bool
        Whether the person allowed code that is not trusted.

    Returns
    -------
    found : class or function
        Of a torch module class, what makes its model.

    Raises
    ------
    ConfigError
        If there is no such name, or it is not trusted.
    """
    entries = catalogue(group)
    if name in entries:
        return entries[name].load()
    if group == "metrics" and "@" in name:
        judged, _, view = name.partition("@")
        # By name, as metrics are found: `core` imports nothing that stands above it.
        views = importlib.import_module("neurodecode.metrics.views")
        return views.through(find(judged, group), view)
    if group in ("models", "steps"):
        _check_group(name, group)
        if name.startswith(tuple(prefix + "." for prefix in TRUSTED)):
            return _model_class(_trusted_class(name), name, group)
        own_family = name.partition(".")[0] in {entry.partition(".")[0] for entry in entries}
        if allow_code and not own_family:
            return _model_class(_outside_class(name, entries), name, group)
        if not own_family and ("." in name or ":" in name):
            raise ConfigError(
                f"{name!r} is code from outside. If you trust it, say --allow-code, or name it "
                f"with --model {name}.{nearest(name, entries)}"
            )
    raise ConfigError(f"no {_singular(group)} is called {name!r}.{nearest(name, entries)}")


def check_call(
    call: Call, group: str, where: str, problems: Problems, *, allow_code: bool = False
) -> Any:
    """Find what a call names and hold its arguments to the signature, noting problems."""
    if not call.name:
        return None
    try:
        found = find(call.name, group, allow_code=allow_code)
    except (ConfigError, MissingDependency) as error:
        problems.add(call.node, where, str(error))
        return None
    place = f"{where}.{call.name}" if where else call.name
    check_arguments(call.arguments, found, call.node, place, problems)
    for key, value in call.arguments.items():
        nested = _nested_call(value)
        if nested is not None and group in ("models", "steps"):
            check_call(nested, group, f"{place}.{key}", problems, allow_code=allow_code)
    return found


def build(call: Call, group: str, *, allow_code: bool = False) -> Any:
    """Make the object that a call names; arguments that name a trusted class are made too."""
    arguments = {}
    for key, value in call.arguments.items():
        nested = _nested_call(value) if group in ("models", "steps") else None
        arguments[key] = value if nested is None else build(nested, group, allow_code=allow_code)
    return find(call.name, group, allow_code=allow_code)(**arguments)


def require(package: str, *, purpose: str, extra: str) -> Any:
    """Import an optional package, or say how to install it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingDependency(
            f"{purpose} needs {package}, which is not installed. "
            f'Install it with: pip install "neurodecode[{extra}]"'
        ) from error


def _nested_call(value: Any) -> Call | None:
    """Read a value such as ``sklearn.svm.SVC`` or ``{sklearn.svm.SVC: {C: 1}}`` as a call."""
    prefixes = tuple(prefix + "." for prefix in TRUSTED)
    if isinstance(value, str) and value.startswith(prefixes):
        return Call(value)
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, arguments),) = value.items()
        if isinstance(name, str) and name.startswith(prefixes):
            return Call(name, dict(arguments or {}), Node(None))
    return None


def _public(tree: ast.Module, group: str) -> list[tuple[str, Any]]:
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name[0] != "_"]
    if group == "metrics":
        functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"]
        return [(n.name, n) for n in functions if "metric" in map(_decorator, n.decorator_list)]
    if group == "signal":
        return [
            (c.name, c)
            for c in classes
            if any(isinstance(n, ast.FunctionDef) and n.name == "__call__" for n in c.body)
        ]
    return [(c.name, c) for c in classes]


def _decorator(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.id if isinstance(node, ast.Name) else ""


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() and i else c.lower() for i, c in enumerate(name))


def _singular(group: str) -> str:
    return {"signal": "preparation", "simulate": "simulation"}.get(group, group.removesuffix("s"))


def _trusted_class(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        library = name.partition(".")[0]
        if error.name != library and f"{module}.".startswith(f"{error.name}."):
            raise ConfigError(f"{name}: {error}. Correct the name.") from None
        raise MissingDependency(
            f"{name} cannot be imported ({error}). Install or repair it: pip install {library}"
        ) from error
    except AttributeError:
        known = dir(importlib.import_module(module))
        raise ConfigError(f"{module} has no {attribute!r}.{nearest(attribute, known)}") from None
    return found


def _check_group(name: str, group: str) -> None:
    """Refuse a step where a model is meant, and a model where a step is."""
    if group == "models" and name in catalogue("steps"):
        raise ConfigError(f"{name!r} is a step. Put a model after it, as in [{name}, linear.lda].")
    if group == "steps" and name in catalogue("models"):
        raise ConfigError(f"{name!r} is a model, and stands last in its list of steps.")


def _outside_class(name: str, known: Iterable[str]) -> Any:
    module_name, _, attribute = name.partition(":")
    if not module_name:
        raise ConfigError(f"model {name!r}: expected package.module or package.module:Class.")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        near = nearest(name, known)
        near = near if near.startswith(" Did") else ""  # code from outside may be called anything
        raise ConfigError(
            f"{name}: {error}. The package must be importable from here (install it, or run from "
            f"its folder).{near}"
        ) from None
    except Exception as error:  # a stranger's module may fail in any way
        raise ConfigError(
            f"{name}: importing it fails ({type(error).__name__}: {error}). Mend the module; "
            "python -c 'import "
            f"{module_name}' shows where."
        ) from error
    own = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module_name and key[0] != "_"
    }
    if attribute:
        if not hasattr(module, attribute):
            raise ConfigError(f"{module_name} has no {attribute!r}.{nearest(attribute, own)}")
        return getattr(module, attribute)
    if len(own) != 1:
        raise ConfigError(
            f"{module_name} has {len(own)} public classes. Name one: {module_name}:CLASS."
        )
    return next(iter(own.values()))


def is_module_class(found: Any) -> TypeGuard[type]:
    """Whether something is a class of torch modules."""
    return isinstance(found, type) and ("torch", "Module") in _bases(found)


def module_model(module: type) -> Any:
    """Give what makes the model of a torch module class, called with the module's arguments."""
    # By name, as models are found: `core` imports nothing that stands above it.
    return importlib.import_module("neurodecode.models.networks._module").named(module)


def _model_class(found: Any, name: str, group: str) -> Any:
    if is_module_class(found):
        if group == "steps":
            raise ConfigError(f"{name} is a torch module, which is a model: put it last.")
        return module_model(found)
    if not isinstance(found, type) or ("sklearn", "BaseEstimator") not in _bases(found):
        raise ConfigError(
            f"{name} is neither a scikit-learn estimator (a class that inherits from "
            "sklearn.base.BaseEstimator) nor a torch.nn.Module, so it cannot be a model or a step."
        )
    return found


def _bases(found: Any) -> set[tuple[str, str]]:
    """Classes that one descends from, by library and name: `core` imports no such library."""
    return {
        (base.__module__.partition(".")[0], base.__name__) for base in getattr(found, "__mro__", ())
    }
