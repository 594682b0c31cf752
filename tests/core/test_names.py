import sys

import pytest
from sklearn.svm import SVC

from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError, MissingDependency
from neurodecode.core.names import build, catalogue, check_call, find, require
from neurodecode.core.nodes import Node, Problems


def test_the_folder_is_the_registry():
    assert catalogue("models")["riemann.mdm"].module == "neurodecode.models.riemann.mdm"
    assert find("riemann.mdm", "models").__name__ == "Mdm"
    assert catalogue("signal")["block_mean"].attribute == "BlockMean"
    assert "accuracy" in catalogue("metrics")


def test_unknown_name_gives_the_nearest():
    with pytest.raises(
        ConfigError, match=r"no model is called 'riemann.mdn'. Did you mean 'riemann.mdm'"
    ):
        find("riemann.mdn", "models")


def test_trusted_library_class_is_found():
    assert find("sklearn.svm.SVC", "models") is SVC


@pytest.mark.parametrize(
    "name", ["sklearn.utils.shuffle", "sklearn.datasets.load_iris", "sklearn.os"]
)
def test_trusted_library_gives_estimators_alone(name):
    with pytest.raises(ConfigError):
        find(name, "models")


@pytest.mark.parametrize("name", ["os.system", "subprocess:Popen", "mypkg.model"])
def test_outside_code_is_not_imported_unless_allowed(name):
    before = set(sys.modules)
    with pytest.raises(ConfigError, match="--allow-code"):
        find(name, "models")
    assert set(sys.modules) == before


def test_allowed_outside_code_is_found(tmp_path, monkeypatch):
    (tmp_path / "my_net.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "class MyNet(LogisticRegression): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert find("my_net", "models", allow_code=True).__name__ == "MyNet"
    assert find("my_net:MyNet", "models", allow_code=True).__name__ == "MyNet"
    with pytest.raises(ConfigError, match=r"has no 'MyNot'. Did you mean 'MyNet'"):
        find("my_net:MyNot", "models", allow_code=True)
    with pytest.raises(ConfigError, match=r"has no 'Other'. Known: MyNet\.$"):
        find("my_net:Other", "models", allow_code=True)


def test_nested_names_are_built_by_the_same_rule():
    bagging = Call(
        "sklearn.ensemble.BaggingClassifier", {"estimator": {"sklearn.svm.SVC": {"C": 2.0}}}
    )
    assert build(bagging, "models").estimator.C == 2.0
    problems = Problems("file.yaml")
    worse = Call(
        "sklearn.ensemble.BaggingClassifier",
        {"estimator": {"sklearn.svm.SVC": {"c": 2.0}}},
        Node({}),
    )
    check_call(worse, "models", "models", problems)
    with pytest.raises(ConfigError, match=r"estimator\.sklearn\.svm\.SVC\.c: unknown key"):
        problems.stop()


def test_missing_package_names_purpose_and_install_line():
    with pytest.raises(
        MissingDependency, match=r"networks.x needs no_such_pkg.*neurodecode\[torch\]"
    ):
        require("no_such_pkg", purpose="networks.x", extra="torch")
