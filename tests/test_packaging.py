"""What travels in the archives, and that an install works away from the checkout."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import neurodecode

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "datasets" / "samples"
LARGEST_FILE = 300_000  # bytes; the smallest recording that could slip in unseen is larger
LARGEST_SAMPLES = 12_000_000

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="needs a checkout: the archives hold no recordings to leave out"
)


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def run(command: list, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a command in `folder`, without what this process knows of the checkout or of data."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "NEURODECODE_DATA")
    }
    inherited["NEURODECODE_CACHE"] = str(folder / "cache")
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


class Environment:
    """A virtual environment of its own, but for the dependencies, which it borrows from ours.

    The borrowed folder comes by a ``.pth`` file and so after the environment's own packages; the
    ``.pth`` files inside it are not read, so an editable neurodecode of ours is not seen.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        venv.create(folder, with_pip=False)
        scheme = {"base": str(folder), "platbase": str(folder)}
        packages = Path(sysconfig.get_path("purelib", "venv", scheme))
        borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (packages / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")
        scripts = Path(sysconfig.get_path("scripts", "venv", scheme))
        self.python = scripts / Path(sys.executable).name
        self.neurodecode = scripts / "neurodecode"

    def install(self, *what: object) -> "Environment":
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "--no-deps"]
        done = run([*pip, "--no-index", "--no-build-isolation", *what], self.folder)
        assert done.returncode == 0, done.stderr
        return self


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> Path:
    """Folder with an sdist and a wheel, each built from the checkout as it is."""
    folder = tmp_path_factory.mktemp("archives")
    build = [sys.executable, "-m", "build", "--no-isolation", "--sdist", "--wheel"]
    done = run([*build, "--outdir", folder, ROOT], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def installed(archives, tmp_path_factory) -> Environment:
    """Environment in which the wheel is installed."""
    return Environment(tmp_path_factory.mktemp("wheel")).install(*archives.glob("*.whl"))


def wheel_sizes(archives: Path) -> dict[str, int]:
    (path,) = archives.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        return {entry.filename: entry.file_size for entry in wheel.infolist()}


def sdist_sizes(archives: Path) -> dict[str, int]:
    (path,) = archives.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        return {m.name.partition("/")[2]: m.size for m in sdist.getmembers() if m.isfile()}


@pytest.mark.parametrize("sizes", [wheel_sizes, sdist_sizes])
def test_no_recording_travels(archives, sizes):
    found = sizes(archives)
    assert found
    recordings = {path.name for path in SAMPLES.rglob("*") if path.is_file()} - {"LICENSE.txt"}
    assert [n for n in found if "samples" in Path(n).parts or Path(n).name in recordings] == []
    assert [name for name, size in found.items() if size > LARGEST_FILE] == []


def test_wheel_carries_cards_and_configs_inside_the_package(archives):
    names = set(wheel_sizes(archives))
    inside = {n.removeprefix("neurodecode/_files/") for n in names if "/_files/" in n}
    expected = [
        *ROOT.glob("datasets/*.yaml"),
        *ROOT.glob("datasets/manifests/*.tsv"),
        *ROOT.glob("configs/**/*.yaml"),
    ]
    assert {path.relative_to(ROOT).as_posix() for path in expected} <= inside
    assert {
        "datasets/eegbci.yaml",
        "datasets/manifests/eegbci.tsv",
        "configs/experiments/quickstart_eeg.yaml",
    } <= inside
    assert "neurodecode/py.typed" in names
    top = {name.partition("/")[0] for name in names}
    assert top == {"neurodecode", f"neurodecode-{neurodecode.__version__}.dist-info"}


def test_sdist_is_enough_to_build_the_same_wheel(archives, tmp_path):
    (sdist,) = archives.glob("*.tar.gz")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index"]
    done = run([*build, "--no-build-isolation", "--wheel-dir", tmp_path, sdist], tmp_path)
    assert done.returncode == 0, done.stderr
    assert wheel_sizes(tmp_path) == wheel_sizes(archives)


def test_installed_wheel_finds_its_own_files(installed, tmp_path):
    code = (
        "import neurodecode; from neurodecode.core.files import shipped_folder as shipped;"
        "print(neurodecode.__file__, shipped('datasets'), shipped('configs'), sep='\\n')"
    )
    done = run([installed.python, "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    package, datasets, configs = map(Path, done.stdout.split("\n")[:3])
    assert package.is_relative_to(installed.folder)
    assert datasets == package.parent / "_files" / "datasets"
    assert (configs / "experiments" / "quickstart_eeg.yaml").is_file()


def test_installed_wheel_without_data_says_how_to_get_them(installed, tmp_path):
    done = run([installed.neurodecode, "run", "quickstart_eeg"], tmp_path)
    assert done.returncode == 3, done.stderr
    for hint in ("eegbci", "physionet.org", "--data DIR", "NEURODECODE_DATA"):
        assert hint in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_installed_wheel_decodes_the_data_it_is_given(installed, tmp_path):
    command = [installed.neurodecode, "run", "quickstart_eeg", "--data", SAMPLES, "--out", "out"]
    done = run(command, tmp_path, MPLBACKEND="Agg")
    assert done.returncode == 0, done.stderr
    assert "linear.csp_lda" in done.stdout
    assert (tmp_path / "out" / "quickstart_eeg" / "report.html").is_file()


@pytest.mark.slow
def test_installed_wheel_decodes_epochs_in_memory(installed, tmp_path):
    code = """
import mne, numpy as np, pandas as pd, neurodecode as nd

rng = np.random.default_rng(0)
hand = np.tile(["left", "right"], 20)
X = rng.standard_normal((40, 6, 128)) * 1e-5
X[hand == "left", 0] *= 3
info = mne.create_info(6, 128.0, "eeg")
epochs = mne.EpochsArray(X, info, metadata=pd.DataFrame({"hand": hand}), verbose="error")
results = nd.evaluate(epochs, target="hand", models=["linear.csp_lda"], protocol="within_session")
table = results.table().set_index("model")
assert table.loc["linear.csp_lda", "mean"] > 0.9, table.to_string()
"""
    done = run([installed.python, "-c", code], tmp_path, MPLBACKEND="Agg")
    assert done.returncode == 0, done.stderr


def test_editable_install_sees_an_edited_card(tmp_path):
    copy = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__", "samples")
    for name in ("neurodecode", "datasets", "configs"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    environment = Environment(tmp_path / "environment").install("-e", copy)
    card = copy / "datasets" / "eegbci.yaml"
    lines = card.read_text(encoding="utf-8").splitlines()
    edited = ["title: Edited" if line.startswith("title:") else line for line in lines]
    card.write_text("\n".join(edited) + "\n", encoding="utf-8")
    done = run([environment.python, "-m", "neurodecode", "list", "cards"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "eegbci" in done.stdout
    assert "Edited" in done.stdout


def test_no_package_shadows_that_of_hugging_face():
    assert list((ROOT / "datasets").glob("*.py")) == []


def test_one_version():
    assert pyproject()["project"]["version"] == neurodecode.__version__


def test_samples_are_what_their_lists_say():
    folders = sorted(path for path in SAMPLES.iterdir() if path.is_dir())
    assert [folder.name for folder in folders] == ["eegbci", "haxby2001", "p300_muse"]
    for folder in folders:
        lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        listed = {name: sha256 for sha256, name in (line.split(maxsplit=1) for line in lines)}
        beside = {"SHA256SUMS", "LICENSE.txt"}
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        assert set(files) == set(listed) | beside
        for name, sha256 in listed.items():
            assert hashlib.sha256(files[name].read_bytes()).hexdigest() == sha256
    total = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file())
    assert total < LARGEST_SAMPLES
