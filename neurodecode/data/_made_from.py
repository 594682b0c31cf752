"""What a prepared signal is made from: its key in the cache, and what is kept beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib import metadata
from typing import Any

from neurodecode.core.digest import digest
from neurodecode.core.recording import Recording

_LAYOUT = 5  # of the folders; part of every key
_LIBRARIES = ("mne", "numpy", "scipy")  # that all preparations may compute with


def prepared_key(recording: Recording, preparations: Sequence[Any]) -> str:
    """Digest of all that a prepared signal comes from."""
    return digest(_made_from(recording, preparations))


def described(recording: Recording, preparations: Sequence[Any]) -> Mapping[str, Any]:
    """Say what a key stands for, for who asks why: files with digests, and the whole reader."""
    return {
        **_made_from(recording, preparations),
        "files": {file.path.name: file.sha256 for file in recording.files},
        "reader": dict(recording.reader),
    }


def _made_from(recording: Recording, preparations: Sequence[Any]) -> Mapping[str, Any]:
    reader: Mapping[str, Any] = recording.reader
    own = [name for p in preparations for name in getattr(p, "libraries", ())]
    shared = _LIBRARIES if preparations else ()
    used = dict.fromkeys((*reader.get("libraries", ()), *shared, *own))
    return {
        "recording": recording.key,
        "preparations": [
            [type(p).__name__, _alike(asdict(p)), type(p).version] for p in preparations
        ],
        "libraries": {name: _minor_version(name) for name in used},
        "layout": _LAYOUT,
    }


def _alike(value: Any) -> Any:
    """Write 8.0 as 8, so that both name the same signal."""
    if isinstance(value, Mapping):
        return {key: _alike(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_alike(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@cache  # each look-up reads a file, and every recording asks for several
def _minor_version(library: str) -> str:
    return ".".join(metadata.version(library).split(".")[:2])
