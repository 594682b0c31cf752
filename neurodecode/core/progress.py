"""Progress on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_SECONDS_BETWEEN_LINES = 10.0


def progress(items: Iterable[T], what: str, total: int, unit: str = "job") -> Iterator[T]:
    """Pass `items` on and show how many came, how fast, and how long the rest will take."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=what, total=total, unit=unit, leave=False, file=sys.stderr)
        return
    started = last = time.monotonic()
    for count, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last > _SECONDS_BETWEEN_LINES and count < total:
            last = now
            left = (now - started) / count * (total - count)
            say(f"{what}: {count} of {total} {unit}s, about {left:.0f} s left")


@contextlib.contextmanager
def transfer(what: str, total: int | None) -> Generator[Callable[[int], object]]:
    """Give a function to be told of every number of bytes that came; `total` None: unknown."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        bar = tqdm(desc=what, total=total, unit="B", unit_scale=True, leave=False, file=sys.stderr)
        with bar:
            yield bar.update
        return
    started = last = time.monotonic()
    came = 0

    def advance(n_bytes: int) -> None:
        nonlocal came, last
        came += n_bytes
        now = time.monotonic()
        if now - last > _SECONDS_BETWEEN_LINES:
            last = now
            of = "" if total is None else f" of {total / 1e6:.1f}"
            say(f"{what}: {came / 1e6:.1f}{of} MB, {came / 1e6 / (now - started):.1f} MB/s")

    yield advance


@contextlib.contextmanager
def passes(what: str, total: int, done: int = 0) -> Generator[Callable[[str], object]]:
    """Give a function to be told of every pass of a training, with what its loss is.

    Parameters
    ----------
    what : str
        Names the training; empty shows nothing.
    total : int
        Passes at most.
    done : int
        Passes of an earlier run, from which this one goes on.
    """
    if what and sys.stderr.isatty():
        from tqdm import tqdm

        bar = tqdm(desc=what, total=total, initial=done, unit="pass", leave=False, file=sys.stderr)
        with bar:

            def draw(said: str) -> None:
                bar.set_postfix_str(said, refresh=False)
                bar.update()

            yield draw
        return
    started = last = time.monotonic()
    came = 0

    def tell(said: str) -> None:
        nonlocal came, last
        came += 1
        now = time.monotonic()
        if what and now - last > _SECONDS_BETWEEN_LINES and done + came < total:
            last = now
            left = (now - started) / came * (total - done - came)
            say(f"{what}: pass {done + came} of {total}, {said}, at most {left:.0f} s left")

    yield tell


def say(line: str) -> None:
    """Write a line of talk to stderr; results go to stdout.

    What a file or a server says may stand in it, so nothing that a terminal would act upon passes.
    """
    shown = "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in line
    )
    print(shown, file=sys.stderr, flush=True)
