"""A torch module of a stranger's package in an experiment file: read, resolved, read again."""

import sys

import pytest
import yaml

torch = pytest.importorskip("torch", reason="torch is an extra")

from neurodecode.core.errors import ConfigError  # noqa: E402
from neurodecode.harness.experiment import read_experiment  # noqa: E402
from neurodecode.harness.jobs import describe_model  # noqa: E402

NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self, n_chans, n_outputs, n_times, hidden: int = 4):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(n_chans * n_times, hidden),
            torch.nn.Linear(hidden, n_outputs),
        )

    def forward(self, X):
        return self.layers(X)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "strange_package").mkdir()
    (tmp_path / "strange_package" / "__init__.py").write_text("")
    (tmp_path / "strange_package" / "net.py").write_text(NET)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("strange_package")]:
        del sys.modules[name]


def experiment(folder, models, name="asked"):
    path = folder / f"{name}.yaml"
    content = {
        "data": {"card": "eegbci", "task": "left_right"},
        "protocol": {"cross_run": {}},
        "models": models,
    }
    path.write_text(yaml.safe_dump(content))
    return path


def test_arguments_of_module_and_training_are_read_strictly(package):
    odd = {"hiden": 8, "training": {"max_epoch": 20, "schedule": "step"}}
    path = experiment(package, [{"strange_package.net:Net": odd}])
    with pytest.raises(ConfigError) as error:
        read_experiment(path, allow_code=True)
    said = "\n".join(error.value.problems)
    assert "Net.hiden: unknown key. Did you mean 'hidden'?" in said
    assert "Net.training.max_epoch: unknown key. Did you mean 'max_epochs'?" in said
    assert "Net.training.schedule: expected one of constant, cosine, one_cycle, got 'step'" in said


def test_what_is_resolved_is_read_again_alike(package):
    own = {"hidden": 8, "training": {"max_epochs": 20, "lr": 0.01}}
    path = experiment(package, [{"strange_package.net:Net": own}, "networks.eegnet"])
    first = read_experiment(path, allow_code=True)
    again = package / "resolved.yaml"
    again.write_text(yaml.safe_dump(first.plain(), sort_keys=False))
    second = read_experiment(again, allow_code=True)
    for one, other in zip(first.question.models, second.question.models, strict=True):
        assert describe_model(one.estimator) == describe_model(other.estimator)
    assert first.question.models[0].estimator.get_params()["hidden"] == 8
    assert second.plain() == first.plain()


def test_the_code_of_a_package_is_run_only_where_that_is_allowed(package):
    path = experiment(package, ["strange_package.net:Net"])
    with pytest.raises(ConfigError, match="code from outside"):
        read_experiment(path)
    assert "strange_package" not in sys.modules
    named = read_experiment(experiment(package, ["riemann.mdm"]), models=["strange_package.net"])
    assert "strange_package.net" in [model.name for model in named.question.models]


def test_a_module_is_no_step(package):
    path = experiment(package, [["strange_package.net:Net", "linear.lda"]])
    with pytest.raises(ConfigError, match="is a torch module, which is a model: put it last"):
        read_experiment(path, allow_code=True)


def test_the_version_of_a_module_is_a_digest_of_its_source(package):
    path = experiment(package, ["strange_package.net:Net"])
    one = describe_model(read_experiment(path, allow_code=True).question.models[0].estimator)
    for name in [name for name in sys.modules if name.startswith("strange_package")]:
        del sys.modules[name]
    (package / "strange_package" / "net.py").write_text(NET + "\nCHANGED = True\n")
    from neurodecode.harness import jobs

    jobs._version.cache_clear()
    other = describe_model(read_experiment(path, allow_code=True).question.models[0].estimator)
    assert one[0]["parameters"]["module"][0] == other[0]["parameters"]["module"][0]
    assert one[0]["parameters"]["module"][1] != other[0]["parameters"]["module"][1]
