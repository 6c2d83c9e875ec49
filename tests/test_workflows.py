"""The hosted workflows prove what `make test` and `.ci/run` prove."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXT = {path.stem: path.read_text("utf-8") for path in WORKFLOWS}
JOBS = yaml.safe_load(TEXT["test"])["jobs"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def commands(script):
    """The shell's commands, each as its words, the notebooks' names written out."""
    found = []
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line)
        while words and re.match(r"[A-Z_0-9]+=", words[0]):  # of one command alone
            del words[0]
        if words and words[0] == "python":
            found.append([name for word in words for name in written_out(word)])
    return found


def written_out(word):
    paths = sorted(ROOT.glob(word)) if "*" in word else []
    return [path.relative_to(ROOT).as_posix() for path in paths] or [word]


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_every_system_runs_what_make_test_runs():
    made = subprocess.run(
        ["make", "-n", "test", "PYTHON=python"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert commands(JOBS["test"]["steps"][-1]["run"]) == commands(made)
    assert len(commands(made)) >= 4


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
@pytest.mark.parametrize(
    ("name", "read"),
    {
        "tatoeba": "tatoeba",
        "my/own.tsv": f"{ROOT}/my/own.tsv",
        "/own.tsv": "/own.tsv",
    }.items(),
)
def test_notebooks_find_a_corpus_that_the_makefile_was_given(name, read):
    show = "--eval=show:; @echo $$SEQ2SEQ_LESSON_CORPUS"
    command = ["make", "-s", show, "show", f"CORPUS={name}", "PYTHON=python"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.strip() == read


def test_every_system_has_what_the_makefile_exports_and_no_card():
    exported = dict(re.findall(r"^export (\w+) := (\S+)$", MAKEFILE, re.M))
    assert exported["SEQ2SEQ_LESSON_CORPUS"] == "$(CORPUS)"
    assert JOBS["test"]["env"] == exported | {
        "SEQ2SEQ_LESSON_CORPUS": "bundled",
        "SEQ2SEQ_LESSON_DEVICE": "cpu",  # macOS runners announce an MPS they lack
    }


def test_what_ci_runs_beside_make_test_is_run_here_too():
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    proofs = set(re.findall(r"^make (\S+)$", run, re.M)) - {"test"}
    assert proofs
    assert proofs <= set(shlex.split(JOBS["heavier"]["steps"][-1]["run"]))


def test_a_branch_runs_once_and_only_the_last_of_its_commits():
    workflow = yaml.safe_load(TEXT["test"])
    # YAML reads the word "on" as True.
    assert workflow[True] == {"push": {"branches": ["main"]}, "pull_request": None}
    assert "github.ref" in workflow["concurrency"]["group"]
    assert workflow["concurrency"]["cancel-in-progress"]


@pytest.mark.parametrize("name", TEXT)
def test_a_workflow_may_only_read_and_two_jobs_publish(name):
    workflow = yaml.safe_load(TEXT[name])
    assert workflow["permissions"] == {"contents": "read"}
    more = {
        n: job["permissions"]
        for n, job in workflow["jobs"].items()
        if "permissions" in job
    }
    publish = {
        "pages": {"publish": {"pages": "write", "id-token": "write"}},
        "student": {"branch": {"contents": "write"}},
    }
    assert more == publish.get(name, {})


def test_what_make_site_writes_is_published_and_by_a_job_that_runs_nothing_else():
    jobs = yaml.safe_load(TEXT["pages"])["jobs"]
    *_, made, handed = jobs["build"]["steps"]
    assert made["run"].startswith("make site ")
    assert handed["with"] == {"path": "build/site"}
    assert [list(step) for step in jobs["publish"]["steps"]] == [["uses"]]


def test_all_workflows_use_one_version_of_an_action():
    used = set(re.findall(r"uses: (\S+)@(\S+)", "\n".join(TEXT.values())))
    assert len(used) == len({name for name, _ in used}) == 4
