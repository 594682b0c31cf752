"""Decide while a recording goes on: a kept model on a replayed file, or on a live stream."""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from neurodecode.core.errors import ConfigError
from neurodecode.core.progress import say

EXAMPLE = """\
Examples:
  neurodecode run eegbci_pseudo_online --set keep=final
  neurodecode stream results/eegbci_pseudo_online --replay S001R12.edf
  neurodecode stream results/mine --replay new_raw.fif --speed realtime --json > decisions.jsonl
  neurodecode stream results/mine --lsl EEG-amplifier --model riemann.mdm
  neurodecode stream results/pictures --replay sub-01_raw.fif --gallery tested --top 3

One line a decision on stdout; Ctrl-C ends it. Models of vectors answer at each event of a replayed
recording, or at every --hop, with the nearest stimuli of a gallery. At the end: how long decisions
took, and what the stream has lost or repeated.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "results", type=Path, metavar="RESULTS", help="folder of a run with sliding windows, kept"
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="a recording, played again; of simulated ones its name, such as 01/1/2",
    )
    source.add_argument("--lsl", metavar="NAME", help="a stream of the Lab Streaming Layer")
    parser.add_argument("--model", metavar="NAME", help="as in the table (default: the first one)")
    parser.add_argument(
        "--fold", metavar="FOLD", help="the model of this fold (default: that of all rows)"
    )
    parser.add_argument(
        "--chunk",
        type=float,
        default=0.05,
        metavar="SECONDS",
        help="how much comes at a time (default: 0.05)",
    )
    parser.add_argument(
        "--speed",
        choices=["realtime", "max"],
        default="max",
        help="how fast a file is replayed (default: max)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="silence after which a live stream has stopped (default: 5)",
    )
    parser.add_argument(
        "--jitter",
        type=float,
        default=0.05,
        metavar="SECONDS",
        help="how far time stamps of a live stream may be off; a shorter gap is not seen "
        "(default: 0.05)",
    )
    parser.add_argument(
        "--gallery",
        default="tested",
        metavar="tested|all|FILE",
        help="of models of vectors: the stimuli that the results tested, all that they know, or "
        "an .npz file with ids and vectors (default: tested)",
    )
    parser.add_argument(
        "--top", type=int, default=5, metavar="N", help="nearest stimuli shown (default: 5)"
    )
    parser.add_argument(
        "--hop", type=float, metavar="SECONDS", help="of models of vectors: a window at every hop"
    )
    parser.add_argument(
        "--subject", default="", metavar="ID", help="whose samples these are, for models that ask"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--allow-code", action="store_true", help="let the model be of classes from outside"
    )


def main(arguments: argparse.Namespace) -> int:
    """Print decisions as they are made; 1 if a live stream stopped by itself."""
    from neurodecode.harness.serve import continuous, servable
    from neurodecode.online.sources import replayed

    found = servable(
        arguments.results, arguments.model, arguments.fold, allow_code=arguments.allow_code
    )
    if arguments.replay is not None:
        signal = continuous(found.recording(arguments.replay))
        served = _served(found, signal, str(arguments.replay), arguments, 0.0)
        # Known before their samples come, as by who shows the pictures.
        events = found.onsets(signal) if found.tells_vectors and arguments.hop is None else ()
        chunks = replayed(signal, arguments.chunk, arguments.speed)
        return _run(served, chunks, arguments, events)
    if found.tells_vectors and arguments.hop is None:
        raise ConfigError(
            "stream: a live stream carries no events here, and this model tells vectors of windows "
            "around them. Give --hop SECONDS, or use StreamingRetriever.push(onsets=…)."
        )
    from neurodecode.online.lsl import Inlet

    with Inlet(arguments.lsl, timeout=arguments.timeout) as inlet:
        where = f"the stream {arguments.lsl!r}"
        served = _served(found, inlet.header, where, arguments, arguments.jitter)
        return _run(served, inlet.chunks(arguments.chunk), arguments)


def _served(
    found: Any, header: Any, where: str, arguments: argparse.Namespace, jitter: float
) -> Any:
    if not found.tells_vectors:
        return found.decoder(header, where, jitter)
    from neurodecode.harness.stream_gallery import stream_gallery

    gallery = stream_gallery(found.store, found.key, arguments.gallery, arguments.top)
    return found.retriever(
        header, where, gallery, hop=arguments.hop, subject=arguments.subject, jitter=jitter
    )


def _run(
    served: Any, chunks: Iterable[Any], arguments: argparse.Namespace, events: Sequence[float] = ()
) -> int:
    from neurodecode.core.processes import one_thread
    from neurodecode.online.decision import Gap
    from neurodecode.online.sources import Stopped

    show: Callable[[Any, Any], None] = _show_json if arguments.json else _show
    for note in served.notes:
        say(note)
    if len(events):
        served.decoder.expect(events)
    decoder, gaps, code, started = served.decoder, [], 0, time.perf_counter()
    with one_thread():  # more only wait for each other over matrices as small as these
        try:
            for chunk in chunks:
                for one in decoder.push(chunk.data, first=chunk.first, timestamps=chunk.timestamps):
                    show(one, decoder)
                    if isinstance(one, Gap):
                        gaps.append(one.event)
        except Stopped as stopped:
            say(f"neurodecode stream: {stopped}")
            code = 1
        except KeyboardInterrupt:
            say("ended by Ctrl-C.")
    seconds = time.perf_counter() - started
    _summary(served, gaps, seconds, arguments.json)
    return code


def _show(one: Any, decoder: Any) -> None:
    if one.label == "":
        print(f"{one.time:10.3f} s  {one.event}", flush=True)
        return
    if one.retrieved is not None:
        near = zip(one.retrieved.ids, one.retrieved.likeness, strict=True)
        told = "  ".join(f"{name} {likeness:.3f}" for name, likeness in near)
        print(f"{one.time:10.3f} s  {told}", flush=True)
        return
    scores = (
        ""
        if one.scores is None
        else "  ".join(
            f"{name} {score:.3f}" for name, score in zip(decoder.classes, one.scores, strict=True)
        )
    )
    print(f"{one.time:10.3f} s  {one.label:<12} {scores}", flush=True)


def _show_json(one: Any, decoder: Any) -> None:
    scores = None
    retrieved = getattr(one, "retrieved", None)
    if retrieved is not None:
        near = zip(retrieved.ids, map(float, retrieved.likeness), strict=True)
        told = {name: _number(getattr(retrieved, name)) for name in ("onset", "delay")}
        line = {"sample": one.sample, "time": one.time, "label": one.label} | told
        print(json.dumps(line | {"nearest": dict(near), "event": one.event}), flush=True)
        return
    if one.scores is not None:
        scores = dict(zip(decoder.classes, map(float, one.scores), strict=True))
    line = {"sample": one.sample, "time": one.time, "label": one.label or None, "scores": scores}
    print(json.dumps(line | {"event": one.event}), flush=True)


def _summary(served: Any, gaps: list[str], seconds: float, as_json: bool) -> None:
    latency = served.decoder.latency()
    rate = latency.n_decisions / seconds if seconds > 0 else 0.0
    if as_json:
        told = {name: getattr(latency, name) for name in ("p50", "p95", "p99", "hop")}
        told = {name: _number(value) for name, value in told.items()}
        summary = {"model": served.model, "n_decisions": latency.n_decisions, "latency": told}
        if hasattr(served.decoder, "delays"):
            delays = served.decoder.delays()
            delay = {name: _number(getattr(delays, name)) for name in ("p50", "p95", "p99")}
            summary |= {"delay": delay, "n_missed": served.decoder.n_missed}
        print(json.dumps({"summary": summary | {"decisions_a_second": rate, "gaps": gaps}}))
        return
    say(f"{served.model}: {latency.n_decisions} decisions in {seconds:.1f} s, {rate:.1f} a second")
    if latency.n_decisions:
        say(f"latency: {latency}")
        if hasattr(served.decoder, "delays") and served.decoder.delays().n_decisions:
            delays, n_missed = served.decoder.delays(), served.decoder.n_missed
            say(f"from event to answer: p50 {delays.p50:.3f}, p99 {delays.p99:.3f} s")
            if n_missed:
                say(f"events whose window does not lie in the recording: {n_missed}")
    else:
        length = served.decoder.n_window / served.decoder.prepared.sfreq
        say(f"no window of {length:g} s was complete; the first decision comes with the first one")
    say(f"gaps: {len(gaps)}{': ' if gaps else ''}{'; '.join(gaps[:8])}")


def _number(value: float) -> float | None:
    return None if value != value else float(value)  # JSON has no NaN
