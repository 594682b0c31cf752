"""The one process that opens files: what crashes in it is an error, not the end of the run.

Requests and answers are pickles with their length in front, over the process's own pipes; what is
printed in it goes to stderr. It is started as ``python -m neurodecode.data.worker``, never by
multiprocessing, which would run a person's unguarded script again.
"""

import contextlib
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from neurodecode.core.errors import DataError, NeurodecodeError
from neurodecode.core.processes import die_with_parent

logger = logging.getLogger(__name__)

_HEAD = 8  # bytes of a length
_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])


class Worker:
    """A process that runs functions one at a time, replaced when it dies, hangs or grows.

    Parameters
    ----------
    timeout : float
        Seconds that one call may take.
    max_growth : float
        Bytes of memory that it may gain before the next call is given to a fresh one.
    """

    def __init__(self, timeout: float = 3600.0, max_growth: float = 2e9):
        self.timeout = timeout
        self.max_growth = max_growth
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: Any = None
        self._listener = threading.Thread()
        self._answers: queue.Queue = queue.Queue()
        self._first_size = 0

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id, or None where none is running."""
        return None if self._process is None else self._process.pid

    def call(self, function: Callable[..., Any], *arguments: Any, what: str) -> Any:
        """Run a module's function in the process and give what it returns.

        Parameters
        ----------
        function : callable
            Found by its module and name, so no lambda and nothing of ``__main__``.
        arguments
            Picklable.
        what : str
            What is read, for messages: the recording and its file.

        Raises
        ------
        NeurodecodeError
            What the function raised.
        DataError
            If it raised anything else, the process died, or the time was over.
        """
        request = pickle.dumps((function, arguments), protocol=pickle.HIGHEST_PROTOCOL)
        if self._process is None or self._process.poll() is not None:
            self._start()
        try:
            try:
                _send(self._requests, request)
                answer = self._answers.get(timeout=self.timeout)
            except queue.Empty:
                self.close()
                raise DataError(
                    f"{what}: not done after {self.timeout:g} s. The file or its disk may be "
                    "damaged; leave this recording out, or copy the file to a local disk."
                ) from None
            except OSError:
                answer = None
        except BaseException:  # also Ctrl-C: half an answer must not be taken for the next one's
            self.close()
            raise
        if answer is None:
            raise DataError(f"{what}: {self._epitaph()}")
        return self._unpacked(answer, what)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with contextlib.suppress(OSError):
            self._requests.close()
        process.wait()
        self._listener.join()

    def _start(self) -> None:
        self.close()
        path = os.pathsep.join(filter(None, [_PACKAGE_ROOT, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            # -P: a file of the current folder must not stand in for a library's module
            [sys.executable, "-P", "-m", "neurodecode.data.worker", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._answers = queue.Queue()
        self._requests = self._process.stdin
        self._listener = threading.Thread(
            target=_listen, args=(self._process.stdout, self._answers), daemon=True
        )
        self._listener.start()
        self._first_size = 0
        with contextlib.suppress(OSError):  # dead already: the next look at its answers says so
            _send(self._requests, pickle.dumps(list(sys.path)))

    def _unpacked(self, answer: bytes, what: str) -> Any:
        good, value, said, size = pickle.loads(answer)
        for name, level, text in said:
            logging.getLogger(name).log(level, "%s", text)
        self._first_size = self._first_size or size
        if size - self._first_size > self.max_growth:
            logger.info(
                "the worker grew by %.1f GB and is replaced.", (size - self._first_size) / 1e9
            )
            self.close()
        if good:
            return value
        if isinstance(value, NeurodecodeError):
            raise value
        raise DataError(f"{what}: {value}")

    def _epitaph(self) -> str:
        assert self._process is not None  # it was started, and only it can have died
        code = self._process.wait()
        self.close()
        try:
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        except ValueError:
            how = f"signal {-code}"
        return (
            f"the process that read it died ({how}). The file is damaged in a way that its reader "
            "does not survive, or memory ran out. Leave this recording out, or replace the file."
        )


def serve() -> None:
    """Answer requests from stdin until it is closed, or the parent is gone."""
    die_with_parent(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends us
    requests, answers = _private_pipes()
    said = _Said()
    logging.getLogger("neurodecode").addHandler(said)
    logging.getLogger("neurodecode").setLevel(logging.INFO)
    path = _receive(requests)
    if path is None:
        return
    sys.path[:] = pickle.loads(path)
    while (request := _receive(requests)) is not None:
        said.records.clear()
        answer = _answer(request)
        _send(answers, pickle.dumps((*answer, list(said.records), _size())))


def _answer(request: bytes) -> tuple[bool, Any]:
    try:
        function, arguments = pickle.loads(request)
        result = function(*arguments)
        pickle.dumps(result)
    except NeurodecodeError as error:
        return False, error
    except Exception as error:
        logger.debug("a call in the worker failed", exc_info=True)
        return False, f"{type(error).__name__}: {error}"
    return True, result


class _Said(logging.Handler):
    """Keeps what is logged, so that the parent says it."""

    def __init__(self):
        super().__init__()
        self.records: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.name, record.levelno, record.getMessage()))


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the pipes for ourselves: what libraries print goes to stderr, and they read nothing."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _listen(stream: Any, answers: "queue.Queue[bytes | None]") -> None:
    with stream:
        while (answer := _receive(stream)) is not None:
            answers.put(answer)
    answers.put(None)


def _send(stream: BinaryIO, content: bytes) -> None:
    stream.write(len(content).to_bytes(_HEAD, "big") + content)
    stream.flush()


def _receive(stream: BinaryIO) -> bytes | None:
    head = stream.read(_HEAD)
    if len(head) < _HEAD:
        return None
    length = int.from_bytes(head, "big")
    content = stream.read(length)
    return content if len(content) == length else None


def _size() -> int:
    import psutil

    return psutil.Process().memory_info().rss


if __name__ == "__main__":
    from neurodecode.data.worker import serve as serve_as_module

    serve_as_module()  # under the module's own name, so that pickles find its classes
