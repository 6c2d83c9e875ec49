import gc
import random
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from seq2seq_lesson import runtime


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("DEVICE", "CORPUS", "DATA", "TEST"):
        monkeypatch.delenv(f"SEQ2SEQ_LESSON_{name}", raising=False)


@pytest.fixture
def gpus(monkeypatch):
    """Set which accelerators PyTorch claims to find."""

    def claim(cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    claim()
    return claim


@pytest.fixture
def versions(monkeypatch):
    """Set what versions are installed; None is missing."""
    found = {
        "torch": "2.5.1+cpu",
        "numpy": "2.1",
        "ipython": "8.0",
        "ipywidgets": "8.1",
    }

    def version(name: str) -> str:
        if found[name] is None:
            raise metadata.PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(metadata, "version", version)
    return found


def advice() -> list[str]:
    lines = runtime.environment_table().split("\n")
    return [line[12:] for line in lines if line.startswith("advice")]


def test_auto_takes_the_best_device_there_is(gpus):
    assert runtime.pick_device() == torch.device("cpu")
    gpus(mps=True)
    assert runtime.pick_device("auto") == torch.device("mps")
    gpus(cuda=True, mps=True)
    assert runtime.pick_device() == torch.device("cuda")


def test_the_name_goes_before_the_environment(gpus, monkeypatch):
    gpus(cuda=True)
    monkeypatch.setenv("SEQ2SEQ_LESSON_DEVICE", "cpu")
    assert runtime.pick_device() == torch.device("cpu")
    assert runtime.pick_device("cuda") == torch.device("cuda")


@pytest.mark.parametrize("name", ["gpu", "cuda:0", "CPU"])
def test_an_unknown_device_is_refused(name):
    with pytest.raises(ValueError, match="wanted one of auto, cpu, cuda, mps"):
        runtime.pick_device(name)


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(name, gpus, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DEVICE", name)
    with pytest.raises(ValueError, match=f"got '{name}', but PyTorch finds none here"):
        runtime.pick_device()


def test_a_seed_fixes_all_three_sources_of_chance():
    def draw() -> list[float]:
        return [random.random(), np.random.rand(), float(torch.rand(()))]

    runtime.seed_everything(3)
    first = draw()
    runtime.seed_everything(3)
    assert draw() == first
    runtime.seed_everything(4)
    assert not set(draw()) & set(first)


def test_it_knows_where_it_runs(monkeypatch):
    assert runtime.where_am_i() == "test"
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    for name in ("google.colab", "ipykernel"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert runtime.where_am_i() == "python"
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    assert runtime.where_am_i() == "jupyter"
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert runtime.where_am_i() == "colab"
    monkeypatch.setenv("SEQ2SEQ_LESSON_TEST", "1")
    assert runtime.where_am_i() == "test"


def test_the_data_folder_is_absolute(monkeypatch, tmp_path):
    assert runtime.data_folder().is_absolute()
    assert runtime.data_folder().name == "seq2seq-lesson"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", "corpora")
    assert runtime.data_folder() == tmp_path / "corpora"
    monkeypatch.setenv("SEQ2SEQ_LESSON_DATA", "~/corpora")
    assert runtime.data_folder() == Path.home() / "corpora"


def test_the_table_lists_what_matters(gpus, versions):
    lines = runtime.environment_table().split("\n")
    where = "jupyter" if "ipykernel" in sys.modules else "python"  # never "test"
    assert dict(line.split(maxsplit=1) for line in lines) == {
        "Python": sys.version.split()[0],
        "torch": "2.5.1+cpu",
        "numpy": "2.1",
        "ipython": "8.0",
        "ipywidgets": "8.1",
        "device": "cpu",
        "where": where,
        "corpus": "bundled",
    }


def test_the_real_table_has_nothing_to_advise():
    assert not advice()


@pytest.mark.parametrize("torch_version", ["2.3.1", "1.13.1+cu117", None])
def test_an_old_or_missing_package_is_advised_against(versions, torch_version):
    versions["torch"] = torch_version
    assert advice() == ["pip install 'torch>=2.4'"]


def test_colab_wants_the_older_widgets(versions, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert advice() == ["Colab shows no ipywidgets 8: pip install 'ipywidgets<8'"]
    versions["ipywidgets"] = "7.7.1"
    assert not advice()


def test_a_wrong_device_is_told_not_raised(gpus, monkeypatch):
    monkeypatch.setenv("SEQ2SEQ_LESSON_DEVICE", "gpu")
    assert "SEQ2SEQ_LESSON_DEVICE: device: got 'gpu', wanted" in advice()[0]
    assert "device      none" in runtime.environment_table()


def test_a_corpus_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", "tatoeba")
    assert not advice()
    monkeypatch.setenv("SEQ2SEQ_LESSON_CORPUS", str(tmp_path / "mine.tsv"))
    assert "there is no file" in advice()[0]
    (tmp_path / "mine.tsv").touch()
    assert not advice()


def test_the_median_leaves_the_warm_up_and_the_odd_one_out(gpus, monkeypatch):
    clock = iter([0.0, 1.0, 10.0, 12.0, 20.0, 29.0])  # 1, 2 and 9 seconds
    monkeypatch.setattr(runtime.time, "perf_counter", lambda: next(clock))
    calls = []
    assert runtime.median_seconds(lambda: calls.append(1), repeats=3) == 2
    assert len(calls) == 4


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_rests_and_is_as_it_was(was_on):
    try:
        (gc.enable if was_on else gc.disable)()
        with runtime.without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() == was_on
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_the_clock_waits_for_the_device(kind, gpus, monkeypatch):
    gpus(**{kind: True})
    events = []
    module = torch.cuda if kind == "cuda" else torch.mps
    monkeypatch.setattr(module, "synchronize", lambda: events.append("wait"))
    monkeypatch.setattr(
        runtime.time, "perf_counter", lambda: events.append("look") or 0.0
    )
    runtime.median_seconds(lambda: events.append("act"), repeats=1)
    assert events == ["act", "wait", "look", "act", "wait", "look"]
