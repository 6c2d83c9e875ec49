"""What is installed: the packages named, the wheel built, the imports brought."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
INIT = "seq2seq_lesson/__init__.py"
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


@pytest.fixture
def source(tmp_path):
    """A copy of what the package is built from."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    package = "seq2seq_lesson"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    return tmp_path


def built(source, hook):
    """The wheel that setuptools builds, without a network, and what it said."""
    code = f"from setuptools.build_meta import {hook} as build; print(build('dist'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    )
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel, done.stderr


def test_an_editable_install_warns_of_nothing(source):
    wheel, said = built(source, "build_editable")
    assert "Please be careful" not in said
    with zipfile.ZipFile(wheel) as packed:
        (pth,) = [name for name in packed.namelist() if name.endswith(".pth")]
        assert packed.read(pth).decode().strip() == str(source)


def test_the_wheel_holds_the_package_and_its_data_alone(source):
    wheel, _ = built(source, "build_wheel")
    version = re.search(r'__version__ = "(.*)"', (source / INIT).read_text("utf-8"))[1]
    assert wheel.name == f"seq2seq_lesson-{version}-py3-none-any.whl"
    files = {
        path.relative_to(source).as_posix()
        for suffix in ("py", "js", "tsv", "pt", "csv")
        for path in (source / "seq2seq_lesson").rglob(f"*.{suffix}")
    }
    with zipfile.ZipFile(wheel) as packed:
        held = {name for name in packed.namelist() if ".dist-info/" not in name}
    assert held == files


def test_the_version_is_written_in_one_place():
    assert PROJECT["dynamic"] == ["version"]
    assert "version" not in PROJECT
