import hashlib
import os
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import settings

from neurodecode.data.worker import Worker

# The same examples everywhere, and no clock: a busy machine fails no test.
settings.register_profile("neurodecode", derandomize=True, deadline=None, database=None)
settings.load_profile("neurodecode")


@dataclass
class Publisher:
    """A server of this machine that publishes files, and does to them what servers do.

    `cut` and `status` are used up, one value an answer: so many bytes of a file come before the
    server breaks off, or none and this status. `stall` is a file, how many bytes of it come before
    the server sends no more, and what to set then.
    """

    port: int
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    cut: dict[str, list[int]] = field(default_factory=dict)
    status: dict[str, list[int]] = field(default_factory=dict)
    redirect: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, range
    stall: tuple[str, int, threading.Event] | None = None
    silent: bool = False  # whether it keeps sizes to itself

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def card(self, folder: Path, name: str = "own", more: str = "", sizes: bool = True) -> Path:
        """Write a card of what is published now, and its manifest beside it."""
        lines = ["path\tsha256\tsize"]
        for path, content in self.files.items():
            size = len(content) if sizes else ""
            lines.append(f"{path}\t{hashlib.sha256(content).hexdigest()}\t{size}")
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n")
        card = folder / f"{name}.yaml"
        card.write_text(
            f"name: {name}\nmodality: eeg\ntitle: Made here\nlicence: {{name: CC0-1.0}}\n"
            'reader: {files: {path: "S{subject}R{run}.edf", session: "1"}}\n'
            f"files: {{base_url: '{self.url}', manifest: {name}.tsv{more}}}\n"
        )
        return card

    def gets(self) -> list[str]:
        """Paths that were asked for, each with the range."""
        return [f"{path} {span}".strip() for method, path, span in self.asked if method == "GET"]


@pytest.fixture
def publisher(monkeypatch):
    """A `Publisher` at work; to reach for any other address fails the test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made = server.publisher = Publisher(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    reached, connect = [], socket.socket.connect

    def guarded(self, address):
        reached.append(address)
        if address != ("127.0.0.1", made.port):
            raise AssertionError(f"reached for {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr("neurodecode.data.download._PAUSE", 0.0)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
    assert set(reached) <= {("127.0.0.1", made.port)}


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def log_message(self, *_):
        pass

    def _answer(self, body):
        site, path = self.server.publisher, self.path.lstrip("/")
        span = self.headers.get("Range", "")
        site.asked.append((self.command, path, span))
        if path in site.redirect:
            self.send_response(302)
            self.send_header("Location", site.redirect[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        refused = site.status.get(path) if body else None
        if refused or path not in site.files:
            self.send_error(refused.pop(0) if refused else 404)
            return
        content = site.files[path]
        first = int(span.removeprefix("bytes=").removesuffix("-")) if span and site.ranges else 0
        if first and first >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if not (site.silent and self.command == "HEAD"):
            self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        if not body:
            return
        if site.stall is not None and site.stall[0] == path:
            self.wfile.write(content[: site.stall[1]])
            self.wfile.flush()
            site.stall[2].set()
            self.rfile.read(1)  # until the other side has gone
            return
        cut = site.cut.get(path)
        self.wfile.write(content[first : first + cut.pop(0)] if cut else content[first:])
        self.close_connection = True


@pytest.fixture(scope="session")
def opener():
    """The process that opens files, once for a whole session."""
    with Worker() as worker:
        yield worker


@pytest.fixture(scope="module")
def warm(opener):
    """Open files in a process that is there already: each fresh one takes seconds to import mne.

    For tests of what is done with recordings; what becomes of the process itself is tested with
    processes of their own.
    """

    class Opener:
        def __init__(self, **_):
            opener.call(os.chdir, str(Path.cwd()), what="the folder")

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            self.close()

        def call(self, *arguments, **named):
            return opener.call(*arguments, **named)

        def close(self):
            pass

    with pytest.MonkeyPatch.context() as patch:
        for place in ("neurodecode.data.prepared", "neurodecode.data.readers._array_source"):
            patch.setattr(f"{place}.Worker", Opener)
        yield
