"""A release is all of one piece: version, refs, citation and changelog agree."""

import re
import shutil
import subprocess
import sys
from datetime import date

import pytest
from packaging.version import Version

from tools.address import FORMS, INIT, PATTERNS, ROOT, files, ref, version
from tools.release import CHANGELOG, CITATION

TOOL = ROOT / "tools" / "release.py"


def last_release():
    """Version and day of the newest dated heading of the changelog."""
    headings = r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$"
    return re.search(headings, CHANGELOG.read_text("utf-8"), re.M).groups()


def test_the_citation_names_the_last_release_and_the_version_follows_it():
    number, day = last_release()
    citation = CITATION.read_text("utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.M) == [number]
    assert re.findall(r"^date-released: (.*)$", citation, re.M) == [day]
    if ".dev" in version():
        assert Version(version()) > Version(number)
    else:
        assert version() == number


@pytest.fixture
def tree(tmp_path):
    """A copy of all that a release reads or writes, with a change to release."""
    tools = [TOOL, TOOL.with_name("address.py"), TOOL.with_name("__init__.py")]
    for path in [*files(), *tools, INIT, CHANGELOG, ROOT / "pyproject.toml"]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    preamble, heading, rest = CHANGELOG.read_text("utf-8").partition("## Unreleased\n")
    changelog = f"{preamble}{heading}\n- Something changed.\n{rest}"
    (tmp_path / "CHANGELOG.md").write_text(changelog, "utf-8")
    return tmp_path


def contents(tree):
    return {p: p.read_text("utf-8") for p in tree.rglob("*.*") if p.suffix != ".pyc"}


def release(tree, *arguments):
    command = [sys.executable, "-B", "-m", "tools.release", *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True)


def test_a_release_writes_one_version_one_ref_and_one_day_everywhere(tree):
    changes = contents(tree)[tree / "CHANGELOG.md"].partition("## Unreleased\n")[2]
    start = date.today()
    done = release(tree, "7.0.1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("tag the commit v7.0.1\n")
    texts = contents(tree)
    assert '\n__version__ = "7.0.1"\n' in texts[tree / "seq2seq_lesson/__init__.py"]
    citation = texts[tree / "CITATION.cff"]
    day = date.fromisoformat(re.search(r"^date-released: (.*)$", citation, re.M)[1])
    assert start <= day <= date.today()
    assert "\nversion: 7.0.1\n" in citation
    heading = f"\n## Unreleased\n\n## 7.0.1 - {day}\n"
    assert texts[tree / "CHANGELOG.md"].endswith(heading + changes)
    for form, pattern in zip(FORMS[:3], PATTERNS[:3], strict=True):
        found = {hit for text in texts.values() for hit in re.findall(pattern, text)}
        assert len(found) == 1, form
        assert "v7.0.1" in found.pop()


def test_a_release_changes_no_output_of_a_notebook(tree):
    before = contents(tree)
    release(tree, "7.0.1")
    for path, text in contents(tree).items():
        if path.suffix == ".ipynb":
            assert text.replace("v7.0.1", ref(version())) == before[path]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "VERSION= is no version"),
        ([""], "VERSION= is no version"),
        (["banana"], "VERSION=banana is no version"),
        (["v7.0.1"], "is no version"),
        (["7.0"], "is no version"),
        (["7.0.01"], "is no version"),
        (["7.0.1 "], "is no version"),
        (["7.0.1\n"], "is no version"),
        (["7.0.1.dev0"], "is no version"),
        (["٧.0.1"], "is no version"),
        (["0.1.0"], "is not newer than"),
        (["0.0.99"], "is not newer than"),
    ],
)
def test_what_is_no_newer_version_gets_one_sentence_and_nothing_written(
    tree, arguments, sentence
):
    before = contents(tree)
    done = release(tree, *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("release: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(tree) == before


def test_the_same_release_twice_is_refused(tree):
    assert release(tree, "7.0.1").returncode == 0
    before = contents(tree)
    again = release(tree, "7.0.1")
    assert "VERSION=7.0.1 is not newer than 7.0.1" in again.stderr
    assert contents(tree) == before


@pytest.mark.parametrize(
    "changes", ["## Unreleased\n", "## Unreleased\n\n### Added\n", ""]
)
def test_a_release_without_changes_is_refused(tree, changes):
    changelog = tree / "CHANGELOG.md"
    old = changelog.read_text("utf-8").partition("## Unreleased\n")[0]
    changelog.write_text(f"{old}{changes}\n## 0.1.0 - 2026-11-21\n\n- All.\n", "utf-8")
    before = contents(tree)
    done = release(tree, "7.0.1")
    assert done.returncode == 1
    assert done.stderr.startswith("release: CHANGELOG.md lists nothing under")
    assert contents(tree) == before
