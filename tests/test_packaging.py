"""pyproject.toml and environment.yml name the same packages, with lower bounds only."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def conda_packages():
    text = (ROOT / "environment.yml").read_text("utf-8")
    names = re.findall(r"^  - ([\w-]+(?:>=[\d.]+)?)$", text, re.M)
    return {name.replace("pytorch", "torch") for name in names} - {"pip", "conda-forge"}


def test_environment_and_pyproject_agree():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]]
    assert conda_packages() == {*wanted, "python" + PROJECT["requires-python"]}


def test_pip_accepts_what_conda_hands_it():
    # Conda makes a requirements file of these lines, and that knows few options.
    text = (ROOT / "environment.yml").read_text("utf-8")
    lines = text.partition("  - pip:\n")[2].split()
    assert lines == ["-", "-e", "."]


def test_bounds_are_lower_bounds_only():
    extras = PROJECT["optional-dependencies"].values()
    for line in [*PROJECT["dependencies"], *(line for part in extras for line in part)]:
        assert re.fullmatch(r"[\w-]+>=[\d.]+", line), line


@pytest.mark.parametrize(
    ("imports", "unwanted"),
    [
        ("seq2seq_lesson", {"torch", "matplotlib", "ipywidgets"}),
        ("seq2seq_lesson.training", {"matplotlib", "ipywidgets"}),
        ("seq2seq_lesson.translation", {"matplotlib", "ipywidgets"}),
    ],
)
def test_an_import_brings_no_more_than_it_needs(imports, unwanted):
    code = f"import sys, {imports}; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert imports in found.stdout.split()
    assert not unwanted & set(found.stdout.split())
