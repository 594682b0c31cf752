"""Times of two sides in one process, and a line that says them."""

import time

from threadpoolctl import threadpool_info

BLAS = "/".join(sorted({one["internal_api"] for one in threadpool_info()}))


def seconds(work):
    """Give the CPU seconds that it took, and what it gave."""
    started = time.process_time()
    given = work()
    return time.process_time() - started, given


def beside(ours, theirs, repeats=(3, 3)):
    """Give what both gave last, and the least CPU seconds of each; the sides take turns."""
    given, took = [None, None], ([], [])
    for turn in range(max(repeats)):
        for side, work in enumerate((ours, theirs)):
            if turn < repeats[side]:
                spent, given[side] = seconds(work)
                took[side].append(spent)
    return *given, min(took[0]), min(took[1])


def told(capsys, what, mine, peer, other, promised):
    """Print both times and their ratio, and hold it to what is promised."""
    with capsys.disabled():
        print(
            f"\n{what}: {1e3 * mine:.4g} ms, {peer} {1e3 * other:.4g} ms, ratio "
            f"{other / mine:.1f} (promised {promised}); one thread, {BLAS}"
        )
    assert other / mine >= promised
