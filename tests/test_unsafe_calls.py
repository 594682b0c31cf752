"""A file that is opened runs nothing: no call of the package can turn data into code."""

import ast
from pathlib import Path

import pytest

import neurodecode

PACKAGE = Path(neurodecode.__file__).parent

# Full name to why it is unsafe; each names its safe neighbour where there is one.
UNSAFE = {
    "builtins.eval": "runs text as code",
    "builtins.exec": "runs text as code",
    "os.popen": "runs a shell",
    "os.system": "runs a shell",
    "subprocess.getoutput": "runs a shell",
    "subprocess.getstatusoutput": "runs a shell",
    "cloudpickle.load": "runs what the file says",
    "cloudpickle.loads": "runs what the file says",
    "dill.load": "runs what the file says",
    "dill.loads": "runs what the file says",
    "joblib.load": "runs what the file says; use skops",
    "marshal.loads": "reads code",
    "numpy.lib.format.read_array": "may unpickle; use numpy.load",
    "pandas.read_pickle": "runs what the file says; use parquet",
    "pickle.Unpickler": "runs what the file says",
    "pickle.load": "runs what the file says",
    "pickle.loads": "runs what the bytes say",
    "shelve.open": "runs what the file says",
    "shutil.unpack_archive": "writes where the archive says; use data.archives.unpack",
    "yaml.full_load": "makes objects; use yaml.safe_load",
    "yaml.load": "makes objects; use yaml.safe_load",
    "yaml.load_all": "makes objects; use yaml.safe_load_all",
    "yaml.unsafe_load": "makes objects; use yaml.safe_load",
    "yaml.unsafe_load_all": "makes objects; use yaml.safe_load_all",
}

# Who may: the bytes come over the process's own pipes, from a process that it started itself.
ALLOWED = {("data/worker.py", "pickle.loads")}


def unsafe_calls(source):
    """Give (line, full name, why) of each unsafe call, whatever it was imported as."""
    tree = ast.parse(source)
    names = dict(_imported(tree))
    for node in ast.walk(tree):
        # A function that is handed on is called elsewhere, so naming it is enough.
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            name = _full_name(node, names)
            if name in UNSAFE:
                yield node.lineno, name, UNSAFE[name]
        if isinstance(node, ast.Attribute) and node.attr == "extractall":
            yield node.lineno, node.attr, "writes where the archive says; use data.archives.unpack"
        if not isinstance(node, ast.Call):
            continue
        name = _full_name(node.func, names)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if "shell" in given and not _is(given["shell"], False):
            yield node.lineno, name, "runs a shell"
        if name == "numpy.load" and not _is(given.get("allow_pickle", ast.Constant(False)), False):
            yield node.lineno, name, "may unpickle; leave allow_pickle out"
        if name == "torch.load" and not _is(given.get("weights_only"), True):
            yield node.lineno, name, "may unpickle; say weights_only=True"


def _imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, alias.name if alias.asname else top
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _full_name(function, names):
    """Dotted name of what is called, aliases resolved; empty where it is no name."""
    if isinstance(function, ast.Attribute):
        owner = _full_name(function.value, names)
        return f"{owner}.{function.attr}" if owner else ""
    if not isinstance(function, ast.Name):
        return ""
    return names.get(function.id, f"builtins.{function.id}")


def _is(node, value):
    return isinstance(node, ast.Constant) and node.value is value


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "exec(open('x').read())",
        "import os\nos.system('ls')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.run('ls', shell=ask())",
        "import pickle\npickle.load(f)",
        "import pickle as p\np.loads(b)",
        "from pickle import load as read\nread(f)",
        "def inner():\n    from joblib import load\n    return load('x')",
        "import pandas as pd\npd.read_pickle('x')",
        "import pickle\nlist(map(pickle.loads, b))",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import torch\ntorch.load('x')",
        "import torch\ntorch.load('x', weights_only=False)",
        "import yaml\nyaml.load(f, Loader=yaml.Loader)",
        "import tarfile\ntarfile.open('x').extractall('y')",
        "import shutil\nshutil.unpack_archive('x')",
    ],
)
def test_an_unsafe_call_is_found(source):
    assert len(list(unsafe_calls(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "model.eval()",
        "table.eval('a + b')",
        "import subprocess\nsubprocess.run(['ls'], shell=False)",
        "import numpy as np\nnp.load('x')",
        "import numpy as np\nnp.load('x', allow_pickle=False)",
        "import torch\ntorch.load('x', weights_only=True)",
        "import yaml\nyaml.safe_load(f)",
        "import pickle\npickle.dumps(x)",
        "import json\njson.load(f)",
        "from json import load\nload(f)",
    ],
)
def test_a_safe_call_is_left_alone(source):
    assert list(unsafe_calls(source)) == []


def test_the_package_makes_no_unsafe_call():
    found, used = [], set()
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).as_posix()
        for line, name, why in unsafe_calls(path.read_text(encoding="utf-8")):
            if (relative, name) in ALLOWED:
                used.add((relative, name))
            else:
                found.append(f"{relative}:{line}: {name} {why}")
    assert found == []
    assert used == ALLOWED  # an exception that nobody needs any more is taken out
