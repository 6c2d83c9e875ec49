"""What lies in server/ and .binder/ is sound, agrees, and starts; copies can be pulled.

No container and no cluster is needed: `make test-server` runs this in .venv-server.
"""

import json
import os
import re
import shutil
import subprocess

import nbformat
import pytest
import yaml
from traitlets.config import PyFileConfigLoader

from tests.browser.servers import free_port, readers_environment, wait
from tests.server.hub import BIN, lay_out
from tools.address import ROOT
from tools.classroom import student

DOCKERFILE = (ROOT / ".binder" / "Dockerfile").read_text("utf-8")
VALUES = yaml.safe_load((ROOT / "server" / "values.yaml").read_text("utf-8"))
RECIPE = (ROOT / "server" / "README.md").read_text("utf-8")
HUB = PyFileConfigLoader("jupyterhub_config.py", str(ROOT / "server")).load_config()
# Keys of the chart 4.3 and their kinds, from the reference of https://z2jh.jupyter.org.
CHART = {
    "hub.concurrentSpawnLimit": int,
    "hub.config.JupyterHub.authenticator_class": str,
    "singleuser.image.name": str,
    "singleuser.image.tag": str,
    "singleuser.memory.guarantee": str,
    "singleuser.memory.limit": str,
    "singleuser.cpu.guarantee": float,
    "singleuser.cpu.limit": int,
    "singleuser.storage.capacity": str,
    "scheduling.podPriority.enabled": bool,
    "scheduling.userPlaceholder.enabled": bool,
    "scheduling.userPlaceholder.replicas": int,
    "cull.enabled": bool,
    "cull.timeout": int,
}

LOAD = """
import sys
from types import SimpleNamespace
from jupyterhub.app import JupyterHub
hub = JupyterHub()
hub.load_config_file(sys.argv[1])
ada = SimpleNamespace(name="ada", id=1)
spawner = hub.spawner_class(parent=hub, user=ada)
print(type(spawner).__name__, spawner.mem_limit, spawner.cpu_limit)
"""


def leaves(values, way=""):
    """The values by their dotted names."""
    if not isinstance(values, dict):
        return {way[1:]: values}
    return {k: v for n in values for k, v in leaves(values[n], f"{way}.{n}").items()}


def instruction(name):
    """The last instruction of that name in the Dockerfile."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.M)[-1]


def run(*command, **options):
    return subprocess.run(
        command, check=True, capture_output=True, text=True, **options
    ).stdout


def test_the_dockerfile_is_sound():
    run(BIN / "hadolint", ROOT / ".binder" / "Dockerfile")
    assert instruction("USER") != "root"
    for line in re.findall(r"^COPY (?:--\S+ )?(.*)$", DOCKERFILE, re.M):
        assert all((ROOT / source).exists() for source in line.split()[:-1])


def test_all_that_is_installed_has_one_version():
    lines = (ROOT / "server" / "requirements.txt").read_text("utf-8").splitlines()
    names = [re.fullmatch(r"([\w-]+)==[\d.]+|#.*", line)[1] for line in lines]
    project = (ROOT / "pyproject.toml").read_text("utf-8").partition("[project.opt")[0]
    needed = re.findall(r'^    "([\w-]+)>=', project, re.M)
    assert set(needed) <= set(names)


def test_the_charts_values_are_of_its_kind():
    found = {name: type(value) for name, value in leaves(VALUES).items()}
    assert {name: CHART.get(name) for name in found} == found


def test_all_three_ways_set_the_same_limits():
    memory, cores = HUB.Spawner.mem_limit, HUB.Spawner.cpu_limit
    (idle,) = re.findall(r"--timeout=(\d+)", str(HUB.JupyterHub.services))
    own = VALUES["singleuser"]
    assert (own["memory"]["limit"], own["cpu"]["limit"]) == (memory, cores)
    assert VALUES["cull"]["timeout"] == int(idle)
    for line in (
        f"limits.memory {memory}",
        f"limits.cpu {cores}",
        f"services.cull.timeout {idle}",
    ):
        assert f"sudo tljh-config set {line}\n" in RECIPE


def test_the_hub_and_its_spawner_know_all_that_is_configured():
    command = [BIN / "python", "-c", LOAD, ROOT / "server" / "jupyterhub_config.py"]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said.stdout.split() == ["SystemdSpawner", str(1 << 30), "1.0"]
    assert "not recognized" not in said.stderr


@pytest.fixture
def home(tmp_path):
    """A student's empty home, beside what lies in /srv."""
    lay_out(tmp_path / "srv")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def start(home, *command, **environment):
    environment = os.environ | {"HOME": str(home)} | environment
    return run(home.parent / "srv" / "start", *command, env=environment)


def test_copies_go_into_a_home_once_and_work_stays(home):
    assert start(home, "echo", "two words") == "two words\n"
    copies = home / student.NAME.removesuffix("-student")
    assert (copies / student.CHECK).exists()
    (copies / student.CHECK).write_text("mine")
    (copies / "01_data_loading.ipynb").unlink()
    start(home, "true")
    assert (copies / student.CHECK).read_text() == "mine"
    assert not (copies / "01_data_loading.ipynb").exists()
    assert [path.name for path in home.iterdir()] == [copies.name]  # nothing half done


def test_a_server_starts_where_copies_cannot_be_laid(home):
    shutil.rmtree(home.parent / "srv" / "seq2seq-lesson")
    assert start(home, "echo", "there") == "there\n"


def test_a_process_may_take_what_its_server_has(home):
    limit = str(1 << 30)
    assert start(home, "sh", "-c", "ulimit -d", MEM_LIMIT=limit) == f"{1 << 20}\n"
    assert start(home, "sh", "-c", "ulimit -d", MEM_LIMIT="") == "unlimited\n"


def test_the_images_command_starts(home):
    port = free_port()
    words = [*json.loads(instruction("ENTRYPOINT")), *json.loads(instruction("CMD"))]
    words[0] = f"{home.parent}{words[0]}"
    words[words.index("--ip=0.0.0.0")] = "--ip=127.0.0.1"
    words += [f"--port={port}", "--allow-root"]
    environment = readers_environment(home.parent / "settings") | {"HOME": str(home)}
    environment["PATH"] = f"{BIN}:{environment['PATH']}"
    log = home.parent / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            words, cwd=home, env=environment, stdout=out, stderr=out
        ) as server,
    ):
        try:
            wait(server, f"http://127.0.0.1:{port}/api", log)
        finally:
            server.terminate()
    assert (home / "seq2seq-lesson" / student.CHECK).exists()


def test_a_new_edition_is_pulled_and_a_learners_change_stays(tmp_path):
    git = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"]
    remote, mine = tmp_path / "remote.git", tmp_path / "mine"
    run(*git, "init", "--bare", remote)
    folder = tmp_path / "project" / "copies"
    folder.mkdir(parents=True)
    run(*git, "init", folder.parent)
    book = nbformat.read(ROOT / "notebooks" / "01_data_loading.ipynb", as_version=4)

    def publish(cell, text):
        book.cells[cell].source += text
        nbformat.write(student.student_copy(book), folder / "01.ipynb")
        student.push(folder, str(remote))

    def pull():
        run(BIN / "gitpuller", remote.as_uri(), "student", mine)
        return nbformat.read(mine / "01.ipynb", as_version=4)

    publish(0, "")
    learners = pull()
    learners.cells[5].source += "\n\nmy note"
    nbformat.write(learners, mine / "01.ipynb")
    (folder / "new.txt").touch()
    publish(0, "\n\nsecond edition")
    publish(0, "")  # nothing new
    pulled = pull()
    assert (mine / "new.txt").exists()
    assert pulled.cells[0].source.endswith("second edition")
    assert pulled.cells[5].source.endswith("my note")
    history = run(*git, "-C", remote, "log", "--format=%s", "student").splitlines()
    assert history == ["Students' copies"] * 2
