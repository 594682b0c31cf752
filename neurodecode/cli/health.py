"""What `doctor` looks at: this machine, what is installed, where data are, and what is wrong."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from neurodecode import __version__
from neurodecode.core.errors import NeurodecodeError
from neurodecode.core.files import cache_folder, shipped_folder

_PACKAGE = Path(__file__).resolve().parent.parent
_LEAST_FREE = 1_000_000_000  # bytes; one person's prepared recordings
_SECONDS = 120  # that importing torch may take before it counts as broken
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_TOOLS = ("dev", "all")  # extras that add nothing to what can be decoded
# A file or folder of these names where Python is started would be imported in their place.
_SHADOWED = ("datasets", "mne", "nilearn", "numpy", "pandas", "scipy", "sklearn", "torch")
_IN_A_PROCESS = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        found[name] = ""
    except BaseException as error:
        found[name] = f"{type(error).__name__}: {error}"[:300]
torch, gpus = sys.modules.get("torch"), []
if not found.get("torch", "absent"):
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    gpus += ["Apple GPU (mps)"] * torch.backends.mps.is_available()
print("\\n" + json.dumps({"errors": found, "gpus": gpus}))
"""


def examine() -> dict[str, Any]:
    """Look at everything, change nothing.

    Returns
    -------
    found : dict
        Plain data by section, None where one could not be looked at; ``trouble`` is a list of
        sentences, empty on a sound machine.
    """
    trouble: list[str] = []
    found: dict[str, Any] = {}
    for look in (versions, packages, machine, gpu, data, cache, shipped, self_check):
        try:
            found[look.__name__] = look(trouble)
        except Exception as error:  # whatever is broken, the other findings are still told
            found[look.__name__] = None
            trouble.append(f"{look.__name__}: {type(error).__name__}: {error}")
    return found | {"trouble": trouble}


def versions(trouble: list[str]) -> dict[str, str]:
    """Versions of neurodecode, Python and the system."""
    del trouble  # Python itself holds to what the package asks of it
    return {
        "neurodecode": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "executable": sys.executable,
        "folder": str(_PACKAGE),
    }


def packages(trouble: list[str]) -> dict[str, Any]:
    """Installed and absent packages: those that are needed, and those of each extra."""
    from packaging.requirements import Requirement

    needed, extras = _requirements()
    installed: dict[str, str] = {}
    for text in needed:
        one = Requirement(text)
        version = _version(one.name)
        installed[one.name] = version
        if not version:
            trouble.append(f"{one.name} is not installed. Install it with: pip install '{text}'")
        elif not one.specifier.contains(version, prereleases=True):
            trouble.append(
                f"{one.name} {version} is too old. Install a newer one with: pip install '{text}'"
            )
    optional = {
        extra: {one.name: _version(one.name) for one in map(Requirement, several)}
        for extra, several in extras.items()
    }
    trouble += filter(None, map(_shadow, _SHADOWED))
    return {"needed": installed, "optional": optional}


def machine(trouble: list[str]) -> dict[str, Any]:
    """Cores, threads, linear algebra and memory."""
    import numpy as np  # brings its BLAS
    import psutil
    from threadpoolctl import threadpool_info

    del np
    # Those that this process may use, which a batch system makes fewer than there are.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    named = {name: os.environ[name] for name in _THREADS if name in os.environ}
    for name, value in named.items():
        if not value.isdigit() or int(value) < 1:
            trouble.append(f"{name}={value} is no number of threads. Set it to 1 to {cores}.")
        elif int(value) > cores:
            trouble.append(
                f"{name}={value}: more threads than the {cores} cores, which makes everything "
                f"slower. Set it to {cores} or less."
            )
    memory = psutil.virtual_memory()
    return {
        "cores": cores,
        "threads": named,
        "blas": [
            f"{one['internal_api']} {one.get('version') or ''}".strip()
            + f", {one['num_threads']} threads"
            for one in threadpool_info()
        ],
        "memory_gb": round(memory.total / 1e9, 1),
        "memory_free_gb": round(memory.available / 1e9, 1),
    }


def gpu(trouble: list[str]) -> dict[str, Any]:
    """Import torch and what goes with it in a process of its own, and ask it for GPUs."""
    names = [n for n in ("torch", "torchaudio", "torchvision", "transformers") if _version(n)]
    if "torch" not in names:
        return {"torch": "", "gpus": []}
    command = [sys.executable, "-P", "-c", _IN_A_PROCESS, *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        trouble.append(
            f"torch cannot be imported: its process ended so: {_last_line(error)}. Install "
            'it anew: pip install --force-reinstall "neurodecode[torch]"'
        )
        return {"torch": _version("torch"), "gpus": []}
    for name, error in found["errors"].items():
        if error:
            cure = (
                'Install it anew: pip install --force-reinstall "neurodecode[torch]"'
                if name == "torch"
                else f"It was built for another torch than {_version('torch')}: uninstall it (pip "
                f"uninstall {name}), or install the one of this torch."
            )
            trouble.append(
                f"{name} {_version(name)} is installed and cannot be imported ({error}). {cure}"
            )
    return {"torch": _version("torch"), "gpus": found["gpus"]}


def data(trouble: list[str]) -> list[dict[str, Any]]:
    """Give the data roots in their order, each with the cards (and layouts) whose files it has."""
    from neurodecode.data.roots import data_roots, holds

    cards = _cards([])
    named = len(data_roots()) - 2  # the cache's and the samples' may be absent, others were typed
    found = []
    for i, root in enumerate(data_roots()):
        if i < named and not root.is_dir():
            trouble.append(f"NEURODECODE_DATA names {root}, which is no folder. Mend it.")
        held = {}
        for card in cards:
            asked = () if card.wholly_simulated else card.variants or ("",)
            layouts = [v for v in asked if holds(root / card.name, card, v)]
            if layouts:
                held[card.name] = [v for v in layouts if v]
        found.append({"root": str(root), "there": root.is_dir(), "cards": held})
    return found


def cache(trouble: list[str]) -> dict[str, Any]:
    """Size of the cache folder, room on its disk, and whether it can be written to."""
    from neurodecode.data.cache import entries

    folder = cache_folder()
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    size = sum(one.size for one in entries(folder))
    writable = True
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        writable = False
        trouble.append(
            f"{there}: the cache folder cannot be written to ({error.strerror}). Set "
            "NEURODECODE_CACHE to a folder of yours."
        )
    free = shutil.disk_usage(there).free
    if free < _LEAST_FREE:
        trouble.append(
            f"{there}: {free / 1e6:,.0f} MB are free on the disk of the cache folder, which holds "
            f"{size / 1e6:,.0f} MB. Make room (neurodecode cache clear), or set NEURODECODE_CACHE."
        )
    return {"folder": str(folder), "bytes": size, "free_bytes": free, "writable": writable}


def shipped(trouble: list[str]) -> dict[str, Any]:
    """Cards and experiments that came with the package, and whether they can be read."""
    cards = _cards(trouble)
    experiments = sorted((shipped_folder("configs") / "experiments").glob("*.yaml"))
    if not cards or not experiments:
        trouble.append(
            f"{shipped_folder('datasets').parent}: cards or experiments are missing, which came "
            "with the package. Install it anew."
        )
    return {
        "folder": str(shipped_folder("datasets").parent),
        "cards": len(cards),
        "experiments": len(experiments),
    }


def self_check(trouble: list[str]) -> dict[str, Any]:
    """Decode 40 made-up trials from end to end; two classes that are easy to tell apart."""
    import numpy as np

    from neurodecode.report.evaluate import evaluate

    started = time.monotonic()
    y = np.tile(["left", "right"], 20)
    X = np.random.default_rng(0).standard_normal((40, 8))
    X[y == "left", 0] += 4.0
    with tempfile.TemporaryDirectory() as out:
        results = evaluate(
            X, y, models=["linear.logistic"], protocol="within_session", metrics="accuracy",
            controls=(), n_draws=0, out=out, verbose=False,
        )  # fmt: skip
        score = results.rows()[0].mean
    if not score >= 0.9:
        trouble.append(
            f"decoding 40 made-up trials scores {score:.2f}, and 0.95 or more is right: a library "
            "computes wrongly here. Install scikit-learn and numpy anew."
        )
    return {"score": score, "seconds": round(time.monotonic() - started, 2)}


def _requirements() -> tuple[list[str], Mapping[str, list[str]]]:
    """Give what the package needs, and what each extra adds: of the checkout, else installed."""
    checkout = _PACKAGE.parent / "pyproject.toml"
    if checkout.is_file():
        project = tomllib.loads(checkout.read_text(encoding="utf-8"))["project"]
        listed = project["optional-dependencies"]
        needed = project["dependencies"]
    else:
        needed, listed = [], {}
        for text in metadata.requires("neurodecode") or ():
            requirement, _, condition = text.partition(";")
            extra = condition.partition("extra ==")[2].strip(" \"'")
            (listed.setdefault(extra, []) if extra else needed).append(requirement.strip())
    return needed, {
        extra: [text for text in several if not text.startswith("neurodecode")]
        for extra, several in listed.items()
        if extra not in _TOOLS
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _shadow(name: str) -> str:
    """Say so if a file where Python was started stands in for a library of the same name."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    if found is None or found.origin is None:
        return ""  # absent, or a folder without __init__.py, which any library goes before
    origin = Path(found.origin).resolve()
    distribution = {"sklearn": "scikit-learn"}.get(name, name)
    try:
        home = Path(str(metadata.distribution(distribution).locate_file(name))).resolve()
    except metadata.PackageNotFoundError:
        home = None
    if home is not None and (origin.is_relative_to(home) or origin == home.with_suffix(".py")):
        return ""
    if home is None and "site-packages" in origin.parts:
        return ""  # of a distribution by another name
    return (
        f"{origin} would be imported in place of the library {name!r}. Rename it, or start Python "
        "elsewhere."
    )


def _cards(trouble: list[str]) -> list[Any]:
    from neurodecode.data.cards import load_card

    cards = []
    for path in sorted(shipped_folder("datasets").glob("*.yaml")):
        try:
            cards.append(load_card(path))
        except NeurodecodeError as error:
            trouble.append(str(error))
    return cards


def _last_line(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return str(said).strip().splitlines()[-1][:300]
