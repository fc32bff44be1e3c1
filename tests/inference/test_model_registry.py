"""Models are found by name, shipped or installed, and shipped ones are proven to be the ones shipped."""

import shutil
import subprocess
import sys

import pytest

from ecgmon.monitor.core.errors import ModelError
from ecgmon.monitor.inference import WindowModel, find_model, list_models, registry


@pytest.fixture
def user_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "user_model_dir", lambda: tmp_path)
    return tmp_path


def test_every_shipped_model_is_whole_and_has_a_card(user_dir):
    entries = list_models()
    assert {"arrhythminet-v1", "arrhythminet-v2"} <= {entry.name for entry in entries}
    for entry in entries:
        assert entry.origin == "shipped"
        assert entry.card.read_text(encoding="utf-8").startswith(f"# {entry.name}\n")
        contract = entry.contract()
        assert contract.name == entry.name
        assert contract.licence
        assert contract.protocol
        assert contract.scores
        assert entry.size_bytes < 400_000


def test_without_a_name_the_default_is_found(user_dir):
    assert find_model().name == registry.shipped_models()[0]


def test_a_model_put_into_the_users_folder_is_found_by_its_stem(user_dir):
    shutil.copy(find_model("arrhythminet-v1").path, user_dir / "mine.onnx")
    entry = find_model("mine")
    assert (entry.origin, entry.card) == ("installed", None)
    assert WindowModel.load("mine").contract.name == "arrhythminet-v1"
    assert "mine" in {entry.name for entry in list_models()}


def test_an_unknown_name_is_refused_with_the_known_ones(user_dir):
    with pytest.raises(ModelError, match=r"no model named 'nothing'.*arrhythminet-v1"):
        find_model("nothing")


def test_a_shipped_file_swapped_for_another_whole_model_is_noticed(tmp_path, monkeypatch):
    shipped = find_model("arrhythminet-v1").path.parent
    zoo = tmp_path / "zoo"
    shutil.copytree(shipped, zoo)
    shutil.copy(zoo / "arrhythminet-v2.onnx", zoo / "arrhythminet-v1.onnx")
    monkeypatch.setattr("ecgmon.monitor.core.zoo.resources.files", lambda _: zoo)
    with pytest.raises(ModelError, match="it is another model"):
        WindowModel.load("arrhythminet-v1")
    (zoo / "arrhythminet-v1.onnx").write_bytes(b"short")
    with pytest.raises(ModelError, match="changed or damaged"):
        WindowModel.load("arrhythminet-v1")
    (zoo / "arrhythminet-v1.onnx").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        WindowModel.load("arrhythminet-v1")
    (zoo / "index.toml").write_text("default = ", encoding="utf-8")
    with pytest.raises(ModelError, match="index of shipped models"):
        list_models()


def test_loading_a_model_imports_neither_torch_nor_onnx():
    code = (
        "import sys; from ecgmon.monitor.inference.opening import open_classifier; open_classifier(); "
        "print(sorted({'torch', 'onnx', 'wfdb', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
