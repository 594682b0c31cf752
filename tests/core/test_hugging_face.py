"""transformers and diffusers are imported in one place, whatever torchaudio says of itself."""

import re
import subprocess
import sys

import pytest

from neurodecode.core import hugging_face
from neurodecode.core.errors import MissingDependency
from neurodecode.core.hugging_face import import_hugging_face, quiet_torchaudio
from neurodecode.core.names import PACKAGE


@pytest.fixture
def torchaudio(tmp_path, monkeypatch):
    """Put a torchaudio of these lines before all others."""

    def put(lines):
        (tmp_path / "torchaudio.py").write_text(lines)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "torchaudio", raising=False)

    yield put
    sys.modules.pop("torchaudio", None)


def test_a_torchaudio_that_cannot_be_loaded_is_as_none(torchaudio):
    torchaudio("raise OSError('libc10_cuda.so: cannot open shared object file')")
    quiet_torchaudio()
    with pytest.raises(ImportError):
        import torchaudio as _  # noqa: F401


def test_one_that_works_is_left_and_one_that_is_not_there_is_no_error(torchaudio, monkeypatch):
    torchaudio("here = True")
    quiet_torchaudio()
    assert sys.modules["torchaudio"].here
    torchaudio("raise ImportError('no module named torch')")
    quiet_torchaudio()
    assert "torchaudio" not in sys.modules


@pytest.mark.parametrize(
    ("quieted", "fails"), [(True, False), pytest.param(False, True, marks=pytest.mark.slow)]
)
def test_transformers_can_be_used_beside_a_broken_torchaudio(tmp_path, quieted, fails):
    """In a process of its own, where nobody has imported transformers before."""
    (tmp_path / "torchaudio.py").write_text("raise OSError('libc10_cuda.so: cannot open')")
    (tmp_path / "torchaudio-2.0.dist-info").mkdir()
    said = "Metadata-Version: 2.1\nName: torchaudio\nVersion: 2.0\n"
    (tmp_path / "torchaudio-2.0.dist-info" / "METADATA").write_text(said)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    if quieted:
        code += "from neurodecode.core.hugging_face import quiet_torchaudio as quiet; quiet()\n"
    code += "import transformers.models.clip.modeling_clip"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ("OSError: libc10_cuda.so" in done.stderr, done.returncode != 0) == (fails, fails)


def test_what_is_not_installed_is_named_with_the_extra():
    with pytest.raises(
        MissingDependency, match=r"a test needs nowhere_at_all.*neurodecode\[image\]"
    ):
        import_hugging_face("nowhere_at_all", purpose="a test")


def test_nothing_else_imports_them_first():
    imports = re.compile(r"^\s*(?:import|from)\s+(transformers|diffusers|huggingface_hub)\b", re.M)
    found = {
        path.relative_to(PACKAGE).as_posix(): several
        for path in PACKAGE.rglob("*.py")
        if (several := imports.findall(path.read_text(encoding="utf-8")))
    }
    assert found == {}, f"import them by {hugging_face.__name__}"
