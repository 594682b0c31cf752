"""What tests let the worker do; it finds this file by the parent's path."""

import logging
import os
import threading
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodecode.core.errors import ConfigError, DataMissing

_held = []


def echo(value):
    return value


def chatter(value):
    print("printed by a library")
    os.write(1, b"written by a library in C\n")
    logging.getLogger("neurodecode.data").warning("said in the worker: %s", value)
    return value


def pid():
    return os.getpid()


def fail(kind):
    errors = {
        "missing": DataMissing("x.edf: there is no such file."),
        "config": ConfigError(("one", "two")),
        "other": KeyError("x"),
    }
    raise errors[kind]


def abort():
    os.abort()


def hang():
    threading.Event().wait(600)


def grow(n_bytes):
    _held.append(np.ones(n_bytes, dtype=np.uint8))
    return os.getpid()


@dataclass(frozen=True)
class Deadly:
    """A preparation that ends its process."""

    version: ClassVar[int] = 1

    def __call__(self, signal):
        os.abort()

    def preview(self, header):
        return header

    def reach(self, sfreq):
        return 0.0

    def ahead(self, sfreq):
        return 0.0
