"""Where weights are: a folder of the person's own, held to its manifest, or the hub's cache.

Nothing is downloaded here. A folder of weights has a subfolder a model, as `transformers` and
`diffusers` save it, and a manifest ``weights.json``, which names the files of each::

    {"dinov2-base": {"folder": "dinov2-base", "files": {"config.json": "SHA-256", …}}}

A pipeline of `diffusers` is a folder of several models, its parts; the manifest says
``"unet/config.json"`` of those.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodecode.core.config import nearest
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.files import cache_folder, read_json
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.data.manifest import file_sha256

MANIFEST = "weights.json"
# What a model is made from; a folder may hold pages about it, and weights of other libraries.
_COUNTS = (".json", ".safetensors", ".txt", ".model")
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


@dataclass(frozen=True)
class Weights:
    """Files of one model on this machine.

    Parameters
    ----------
    name : str
        As it was asked for.
    folder : Path
    expected : mapping of str to str
        SHA-256 by file, as the manifest says; empty where there is none.
    revision : str
        The hub's commit; empty for a folder of the person's own.
    """

    name: str
    folder: Path
    expected: Mapping[str, str]
    revision: str = ""

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 by file, and the revision; digests are remembered in the cache folder.

        Raises
        ------
        DataMissing
            If a file of the manifest is not there; all of those are named.
        DataError
            If one is not what the manifest says.
        """
        lacking = [name for name in self.expected if not (self.folder / name).is_file()]
        if lacking:
            raise DataMissing(
                f"weights {self.name!r}: {self.folder} lacks {', '.join(sorted(lacking))}, which "
                f"{MANIFEST} names. Fetch them, or correct the manifest."
            )
        files = sorted(one for one in self.folder.iterdir() if one.suffix in _COUNTS)
        found = {one.name: file_sha256(one, cache) for one in files if one.name != MANIFEST}
        found |= {name: file_sha256(self.folder / name, cache) for name in self.expected}
        for name, sha256 in self.expected.items():
            _hold(self.name, self.folder / name, found[name], sha256)
        return found | ({"revision": self.revision} if self.revision else {})

    def part(self, name: str) -> "Weights":
        """Give the files of one part of a pipeline, which lie in the subfolder of that name.

        Raises
        ------
        DataMissing
            If there is no such subfolder.
        """
        folder, start = self.folder / name, f"{name}/"
        if not folder.is_dir():
            raise DataMissing(
                f"weights {self.name!r}: {self.folder} has no {name}/. Fetch that part of the "
                "pipeline too."
            )
        mine = {k.removeprefix(start): v for k, v in self.expected.items() if k.startswith(start)}
        return Weights(f"{self.name}/{name}", folder, mine, self.revision)

    def kind(self, file: str = "config.json") -> str:
        """Give the class of diffusers that a pipeline, or a part of one, was saved from.

        Raises
        ------
        DataMissing
            If the file that says it is not there.
        """
        if not (self.folder / file).is_file():
            raise DataMissing(
                f"weights {self.name!r}: {self.folder} has no {file}, which says what is there. "
                "Save the pipeline there with save_pretrained, or fetch all of its files."
            )
        said = read_json(self.folder / file)
        return str(said.get("_class_name", "")) if isinstance(said, dict) else ""

    def need(self, *names: str) -> None:
        """Hold the folder to having files.

        Raises
        ------
        DataMissing
            With all that are not there.
        """
        lacking = [name for name in names if not (self.folder / name).is_file()]
        if not any(self.folder.glob("*.safetensors")):
            lacking.append("model.safetensors")
        if lacking:
            raise DataMissing(
                f"weights {self.name!r}: {self.folder} lacks {', '.join(lacking)}. Save the model "
                "there with save_pretrained (weights are read as safetensors alone)."
            )


def find_weights(name: str, revision: str = "") -> Weights:
    """Find a model's files: a folder, a name of a manifest, or a repository in the hub's cache.

    Parameters
    ----------
    name : str
        Path of a folder; or a name below one of the `weights_folders`; or a repository of the hub,
        such as ``facebook/dinov2-base``.
    revision : str
        Branch, tag or commit of the hub; its main branch without.

    Raises
    ------
    DataMissing
        If it is nowhere; the places that were looked at are named.
    """
    roots, named = weights_folders(), list[str]()
    if Path(name).is_dir():
        folder = Path(name).resolve()
        return _of_manifest(folder.parent, folder.name, name) or Weights(name, folder, {})
    for root in roots:
        found = _of_manifest(root, name, name)
        if found is not None:
            return found
        if (root / name).is_dir():
            return Weights(name, (root / name).resolve(), {})
        named += _manifest(root)
    found = _of_hub(name, revision)
    if found is not None:
        return found
    looked = ", ".join(map(str, roots))
    known = "/" in name and _HUB_NAME.fullmatch(name)
    how = name if known else f"REPOSITORY --local-dir {roots[0] / Path(name).name}"
    raise DataMissing(
        f"weights {name!r} are not on this machine: there is no such folder, none in {looked}, and "
        f"none in the cache of the hub.{nearest(name, named)} Put its files, as "
        "save_pretrained writes them, into a folder of that name, or fetch them: hf download "
        f"{how}"
    )


@dataclass(frozen=True)
class Checkpoint:
    """One file of weights, as torch saves them.

    Parameters
    ----------
    name : str
        As it was asked for.
    path : Path
    expected : str
        SHA-256, as the manifest of its folder says; empty where there is none.
    """

    name: str
    path: Path
    expected: str = ""

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 by file, as `Weights.hashes`.

        Raises
        ------
        DataError
            If it is not what the manifest says.
        """
        found = file_sha256(self.path, cache)
        if self.expected:
            _hold(self.name, self.path, found, self.expected)
        return {self.path.name: found}


def find_checkpoint(name: str) -> Checkpoint:
    """Find a file of weights: a path, or a name below one of the `weights_folders`.

    Parameters
    ----------
    name : str
        Such as ``judges/alexnet.pth``. Where the folder stands in a manifest beside it, the file is
        held to that.

    Raises
    ------
    DataMissing
        If it is nowhere; the places that were looked at are named.
    """
    roots = weights_folders()
    for path in (Path(name), *(root / name for root in roots)):
        if path.is_file():
            path = path.resolve()
            listed = _manifest(path.parent.parent).values()
            mine = [one["files"] for one in listed if one["folder"] == path.parent.name]
            return Checkpoint(name, path, mine[0].get(path.name, "") if mine else "")
    looked = ", ".join(str(root) for root in roots)
    raise DataMissing(
        f"weights {name!r} are not on this machine: there is no such file, and none in {looked}. "
        "Put the checkpoint that torchvision (or SwAV) publishes there"
    )


def weights_folders() -> list[Path]:
    """Folders that ``NEURODECODE_WEIGHTS`` lists, then ``weights`` in the cache folder."""
    listed = os.environ.get("NEURODECODE_WEIGHTS", "").split(os.pathsep)
    return [*(Path(one) for one in listed if one), cache_folder() / "weights"]


def _hold(name: str, path: Path, found: str, expected: str) -> None:
    """Hold a file to its digest in the manifest."""
    if found != expected:
        raise DataError(
            f"weights {name!r}: {path} has the SHA-256 {found[:12]}…, and {MANIFEST} says "
            f"{expected[:12]}…. Fetch it again, or correct the manifest if another version is "
            "meant."
        )


def _of_manifest(root: Path, name: str, asked: str) -> Weights | None:
    entry = _manifest(root).get(name)
    if entry is None:
        return None
    return Weights(asked, root / entry["folder"], entry["files"])


def _manifest(root: Path) -> dict[str, Any]:
    """Give the models that a folder's manifest names; none where it has no manifest.

    Raises
    ------
    DataError
        If it is not of the form that is documented above.
    """
    path = root / MANIFEST
    if not path.is_file():
        return {}
    entries = read_json(path)
    for name, entry in entries.items() if isinstance(entries, dict) else [("", None)]:
        entry = entry if isinstance(entry, dict) else {}
        folder = entry.get("folder")
        inside = isinstance(folder, str) and _is_below(root / folder, root)
        if not inside or not isinstance(entry.get("files"), dict):
            raise DataError(
                f'{path}: {name or "it"} is not {{"folder": a folder below, "files": {{name: '
                "SHA-256}}. Correct it."
            )
    return entries


def _is_below(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def _of_hub(name: str, revision: str) -> Weights | None:
    if not _HUB_NAME.fullmatch(name):
        return None
    hub = import_hugging_face("huggingface_hub", purpose=f"weights {name!r} of the hub's cache")
    try:
        folder = hub.snapshot_download(name, revision=revision or None, local_files_only=True)
    except (hub.errors.LocalEntryNotFoundError, hub.errors.HFValidationError):
        return None
    return Weights(name, Path(folder), {}, Path(folder).name)
