"""Importing transformers and diffusers: late, and not stopped by a torchaudio that cannot be."""

import importlib
import sys
from typing import Any

from neurodecode.core.names import require


def import_hugging_face(library: str, *, purpose: str) -> Any:
    """Import transformers, diffusers or another of their kin; nothing else here imports them.

    Parameters
    ----------
    library : str
        Such as ``"transformers"``.
    purpose : str
        What needs it, for the message where it is not installed.

    Raises
    ------
    MissingDependency
        If it is not installed.
    """
    quiet_torchaudio()
    return require(library, purpose=purpose, extra="image")


def quiet_torchaudio() -> None:
    """Let a torchaudio that cannot be loaded be as one that is not installed.

    Beside a torch for the CPU, one that was built for CUDA raises OSError (libc10_cuda.so is not
    there). transformers' audio helpers import it, and diffusers imports those, so nothing of either
    could be used, although neither is asked for sound. A None among the modules is how Python says
    that there is none; both libraries look there.
    """
    if "torchaudio" in sys.modules:
        return
    try:
        importlib.import_module("torchaudio")
    except ImportError:
        return
    except OSError:
        sys.modules["torchaudio"] = None  # pyright: ignore[reportArgumentType]
