"""Cards: what a data set is, where its files are, what may be asked of it; one YAML file each."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from neurodecode.core.config import bind, check_arguments, convert, nearest
from neurodecode.core.errors import ConfigError
from neurodecode.core.files import shipped_folder
from neurodecode.core.names import catalogue, check_call
from neurodecode.core.nodes import Node, Problems, load
from neurodecode.data._stimuli_layout import StimuliSpec
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, SimulateSpec, Variant
from neurodecode.data.tasks import Task

_READERS = Path(__file__).resolve().parent / "readers"


def load_card(name: str | Path, *, allow_code: bool = False) -> Card:
    """Load a card by its name, or from a YAML file.

    Parameters
    ----------
    name : str or Path
    allow_code : bool
        Whether the person allowed the card to name code of its own, such as a class of a data set.

    Raises
    ------
    ConfigError
        With every problem of the file, a line each; or if there is no such card, or it names code
        from outside that was not allowed. Nothing of that code is imported here.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        shipped = {p.stem: p for p in sorted(shipped_folder("datasets").glob("*.yaml"))}
        if str(name) not in shipped:
            raise ConfigError(f"there is no card {str(name)!r}.{nearest(str(name), shipped)}")
        path = shipped[str(name)]
    elif not path.is_file():
        sought = "" if path.is_absolute() else f" in {Path.cwd()}, where the command runs"
        raise ConfigError(f"there is no card file {path}{sought}.")
    root, problems = load(path)
    card = bind(
        Card, root, "", problems, reader=_reader, variants=_variants, events=_events, tasks=_tasks,
        simulate=_simulate,
    )  # fmt: skip
    problems.stop()
    assert card is not None  # a card that is not complete is a problem, and problems stop
    _check_ceilings(card, root, problems)
    problems.stop()
    if not allow_code:
        _check_code(card, path)
    return _with_base(card, path.parent)


def reader_module(name: str) -> ModuleType:
    """Import a reader, a module of `neurodecode.data.readers`."""
    known = [path.stem for path in sorted(_READERS.glob("[!_]*.py"))]
    if name not in known:
        raise ConfigError(f"no reader is called {name!r}.{nearest(name, known)}")
    return importlib.import_module(f"neurodecode.data.readers.{name}")


def _check_code(card: Card, path: Path) -> None:
    for variant in (card.reader, *card.variants.values()):
        code = "" if variant is None else getattr(variant.options, "outside_code", "")
        if code:
            raise ConfigError(
                f"{path}: the card's reader names {code!r}, which is code from outside. If you "
                "trust it, say --allow-code, or in Python nd.load(…, allow_code=True)."
            )


def _with_base(card: Card, folder: Path) -> Card:
    """Give every layout the card's own channels and events where it has none.

    The manifest is found beside the card, wherever the card is used.
    """

    def completed(variant: Variant) -> Variant:
        return Variant(
            variant.reader,
            variant.options,
            card.channels if variant.channels == ChannelsSpec() else variant.channels,
            card.events if variant.events == EventsSpec() else variant.events,
            variant.simulate or card.simulate,
            variant.stimuli or card.stimuli,
        )

    fields = {name: getattr(card, name) for name in Card.__dataclass_fields__}
    if card.files.base_url:
        manifest = folder / card.files.manifest
        if not manifest.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(f"{card.name}: files.manifest: {manifest} is not beside the card.")
        fields["files"] = replace(card.files, manifest=str(manifest))
    fields["reader"] = None if card.reader is None else completed(card.reader)
    fields["variants"] = {name: completed(one) for name, one in card.variants.items()}
    return Card(**fields)


def _reader(node: Node, where: str, problems: Problems) -> Variant | None:
    if isinstance(node.value, str):
        node = Node({node.value: Node({}, node.line)}, node.line)
    if not isinstance(node.value, dict) or len(node.value) != 1:
        problems.add(node, where, "expected one reader with its options, as in files: {path: …}.")
        return None
    # Options have types of their own: text such as 01 or y is no number or switch to them.
    ((name, arguments),) = node.value.items()
    try:
        module = reader_module(name)
    except ConfigError as error:
        problems.add(node, where, str(error))
        return None
    options = bind(module.Options, arguments, f"{where}.{name}", problems)
    return Variant(name, options)


def _variants(node: Node, where: str, problems: Problems) -> Mapping[str, Variant]:
    if not isinstance(node.value, dict):
        problems.add(node, where, "expected a layout by name, each with its reader.")
        return {}
    found = {}
    for name, child in node.value.items():
        place = f"{where}.{name}"
        keys = child.value if isinstance(child.value, dict) else {}
        known = ("reader", "channels", "events", "simulate", "stimuli")
        for key in set(keys) - set(known):
            problems.add(keys[key], f"{place}.{key}", f"unknown key.{nearest(key, known)}")
        if "reader" not in keys:
            problems.add(child, place, "'reader' is missing.")
            continue
        made = _reader(keys["reader"], f"{place}.reader", problems)
        if made is None:
            continue
        channels, events = made.channels, made.events
        if "channels" in keys:
            channels = convert(keys["channels"], ChannelsSpec, f"{place}.channels", problems)
        if "events" in keys:
            events = _events(keys["events"], f"{place}.events", problems) or events
        simulate = None
        if "simulate" in keys:
            simulate = _simulate(keys["simulate"], f"{place}.simulate", problems)
        stimuli = None
        if "stimuli" in keys:
            stimuli = bind(StimuliSpec, keys["stimuli"], f"{place}.stimuli", problems)
        found[name] = Variant(made.reader, made.options, channels, events, simulate, stimuli)
    return found


def _simulate(node: Node, where: str, problems: Problems) -> SimulateSpec | None:
    spec = bind(SimulateSpec, node, where, problems)
    if spec is not None and spec.generator is not None:
        found = check_call(spec.generator, "simulate", f"{where}.generator", problems)
        if found is not None and spec.small:
            place = f"{where}.small"
            check_arguments(spec.small, found, node.value["small"], place, problems, some=True)
    return spec


def _check_ceilings(card: Card, root: Node, problems: Problems) -> None:
    """Hold ceilings to the card's tasks and to metrics that there are: a test looks them up."""
    layouts = {f"variants.{name}.": root.value["variants"].value[name] for name in card.variants}
    metrics = catalogue("metrics")
    for before, layout in {"": root, **layouts}.items():
        simulate = layout.value.get("simulate")
        tasks = {} if simulate is None else simulate.value.get("ceiling", Node({})).value
        for task, reached in tasks.items():
            place = f"{before}simulate.ceiling.{task}"
            if task not in card.tasks:
                said = f"{card.name} has no task {task!r}.{nearest(task, card.tasks)}"
                problems.add(reached, place, said)
            for name, node in reached.value.items():
                if name not in metrics:
                    said = f"no metric is called {name!r}.{nearest(name, metrics)}"
                    problems.add(node, f"{place}.{name}", said)


def _events(node: Node, where: str, problems: Problems) -> EventsSpec | None:
    """Read events, whose key ``from`` is not a word that Python lets us use."""
    if isinstance(node.value, dict) and "from" in node.value:
        renamed = {"source" if k == "from" else k: child for k, child in node.value.items()}
        node = Node(renamed, node.line)
    noted = Problems(problems.source)
    events = bind(EventsSpec, node, where, noted)
    theirs, ours = f"{where}.source:", f"{where}.from:"
    problems.lines += [(line, text.replace(theirs, ours)) for line, text in noted.lines]
    return events


def _tasks(node: Node, where: str, problems: Problems) -> Mapping[str, Task]:
    tasks = convert(node, Mapping[str, Task], where, problems)
    for name, task in tasks.items():
        if task is None:
            continue  # noted as a problem already
        for i, one in enumerate(task.prepare or ()):
            check_call(one, "signal", f"{where}.{name}.prepare[{i}]", problems)
        if task.protocol is not None:
            check_call(task.protocol, "protocols", f"{where}.{name}.protocol", problems)
    return tasks
