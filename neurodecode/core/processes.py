"""Processes of ours: they end with the one that started them, and keep to one thread."""

import os
import sys
import threading
import time
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

_SECONDS_BETWEEN_LOOKS = 0.5


def die_with_parent(parent: int | None = None) -> None:
    """End this process soon after its parent has ended; call it once, first thing.

    A thread looks every half second whether the parent is still there; if not, the process ends
    at once, without clean-up, so that it writes nothing more.

    Parameters
    ----------
    parent : int or None
        Process id of the parent, given by the parent itself: it may be gone before this process
        is able to ask.
    """
    expected = os.getppid() if parent is None else parent
    stop_if_orphan(expected)
    threading.Thread(target=_watch, args=(expected,), name="die-with-parent", daemon=True).start()


def stop_if_orphan(parent: int) -> None:
    """End this process at once if `parent` is not its parent any more."""
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while True:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        stop_if_orphan(parent)


def one_thread() -> AbstractContextManager[Any]:
    """Hold BLAS and OpenMP to one thread, so that all engines give the same numbers."""
    return _controller(len(sys.modules)).limit(limits=1)


@lru_cache(maxsize=1)
def _controller(n_modules: int) -> Any:
    """Find the libraries that have threads: 3 ms, so again only when more has been imported."""
    del n_modules
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
