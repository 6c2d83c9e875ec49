"""The set-up check says in a sentence what is missing, and what to do."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError

import pytest

from tools.address import ROOT
from tools.classroom import setup_check

HAVE = {"torch": "2.13.0+cpu", "ipywidgets": "8.1.9", "seq2seq-lesson": "0.2.0.dev0"}


@pytest.fixture
def said(monkeypatch, tmp_path):
    """What is said in a folder of a computer that has all, but for what is named."""
    monkeypatch.chdir(tmp_path)

    def ask(python=(3, 11), **others):
        packages = HAVE | {name.replace("_", "-"): v for name, v in others.items()}

        def version(name):
            if packages[name] is None:
                raise PackageNotFoundError(name)
            return packages[name]

        monkeypatch.setattr(setup_check, "version", version)
        monkeypatch.setattr(sys, "version_info", python)
        return setup_check.missing()

    return ask


def test_nothing_is_said_where_all_is_there(said):
    assert said() == []
    assert said((3, 14), torch="3.0", ipywidgets="7.7.1") == []


def test_each_thing_that_is_missing_has_its_sentence(said):
    assert said((3, 10)) == ["Python is 3.10: install 3.11 or newer from python.org."]
    for name in HAVE:
        (gone,) = said(**{name.replace("-", "_"): None})
        assert gone.startswith(f"{name} is not there: run the first code cell of 01_")
    (old,) = said(torch="2.3.1")
    assert old.startswith("torch is 2.3.1, too old: for 2.4 or newer run the first")
    assert len(said((3, 9), torch=None, ipywidgets="7.6.5")) == 3


def test_a_folder_that_cannot_be_written_to_is_told(said, monkeypatch):
    def refuse(dir):
        raise PermissionError(dir)

    monkeypatch.setattr(setup_check.tempfile, "TemporaryFile", refuse)
    (closed,) = said()
    assert closed.startswith("Nothing can be saved in this folder: unpack the archive")


def test_it_wants_what_the_package_wants():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = dict(line.split(">=") for line in project["dependencies"])
    wanted["python"] = project["requires-python"].removeprefix(">=")
    asked = {"python": setup_check.PYTHON} | setup_check.PACKAGES
    del asked["seq2seq-lesson"]
    for name, least in asked.items():
        assert least == tuple(map(int, re.findall(r"\d+", wanted[name])))
