"""No network: a library that would fetch on its own is stopped before it opens a connection."""

import contextlib
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any


class ConnectionRefused(OSError):
    """A connection that was asked for without the person's word."""


@contextlib.contextmanager
def offline(environment: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """Refuse every connection and every look-up of a host while the block runs.

    Connections within this machine's file system (Unix sockets) are left alone. It holds for all
    threads of the process, since loaders fetch in threads of their own.

    Parameters
    ----------
    environment : mapping of str to str or None
        Variables that are set meanwhile.

    Yields
    ------
    asked : list of str
        Hosts that were asked for, as they are.
    """
    asked: list[str] = []
    kept = {"connect": socket.socket.connect, "connect_ex": socket.socket.connect_ex}

    def refuse(host: Any) -> None:
        asked.append(str(host))
        raise ConnectionRefused(f"{host} is not contacted: nothing is downloaded unasked.")

    def connecting(name: str) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family == getattr(socket, "AF_UNIX", None):
                return kept[name](self, address)
            return refuse(address[0] if isinstance(address, tuple) else address)

        return connect

    look_up = socket.getaddrinfo
    variables = {name: os.environ.get(name) for name in environment or {}}
    pooch = logging.getLogger("pooch")  # says "Downloading …" of what is refused then
    level = pooch.level
    try:
        for name in kept:
            setattr(socket.socket, name, connecting(name))
        socket.getaddrinfo = lambda host, *arguments, **named: refuse(host)
        os.environ.update(environment or {})
        pooch.setLevel(logging.ERROR)
        yield asked
    finally:
        for name, function in kept.items():
            setattr(socket.socket, name, function)
        socket.getaddrinfo = look_up
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        pooch.setLevel(level)
