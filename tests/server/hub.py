"""The shipped hub on the loopback: all but its spawner, its users and its hour."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.servers import QUIET, free_port, readers_environment, wait
from tools.address import ROOT

BIN = ROOT / ".venv-server" / "bin"
PROXY = ROOT / "build" / "proxy" / "node_modules" / ".bin"
GROUPS = Path("/sys/fs/cgroup")
LIMITED = os.geteuid() == 0 and os.access(GROUPS / "memory" / "cgroup.procs", os.W_OK)
IDLE = 30  # seconds, not an hour


def lay_out(folder: Path) -> None:
    """What server/README.md puts into /srv, the copies as `make student` wrote them."""
    folder.mkdir()
    for name in ("start", "jupyterhub_config.py"):
        shutil.copy(ROOT / "server" / name, folder)
    shutil.copytree(ROOT / "build" / "student", folder / "seq2seq-lesson")
    config = folder / "jupyterhub_config.py"
    text = config.read_text("utf-8")
    assert "--timeout=3600" in text
    config.write_text(text.replace("--timeout=3600", f"--timeout={IDLE}"), "utf-8")


def make_home(home: Path, user: int) -> None:
    """An empty home of a user of its own, but for JupyterLab's quiet settings."""
    for name, settings in QUIET.items():
        path = home / ".jupyter/lab/user-settings/@jupyterlab"
        path = path / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    if os.geteuid() == 0:
        for path in [home, *home.rglob("*")]:
            os.chown(path, user, user)


@contextmanager
def hub(names: list[str]) -> Iterator[tuple[str, Path]]:
    """The address of a hub for these students, and the folder of srv/ and homes/."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        yield from _running(folder, names)


def _running(folder: Path, names: list[str]) -> Iterator[tuple[str, Path]]:
    lay_out(folder / "srv")
    for n, name in enumerate(names):
        make_home(folder / "homes" / name, 60_001 + n)
    ports = [free_port() for _ in range(3)]
    options = {
        "JupyterHub.spawner_class": "simple",
        "SimpleLocalProcessSpawner.home_dir_template": f"{folder}/homes/{{username}}",
        "SimpleLocalProcessSpawner.shell_cmd": [str(ROOT / "tests/server/limited")],
        "Spawner.args": ["--LabApp.expose_app_in_browser=True"],
        "JupyterHub.authenticator_class": "dummy",
        "JupyterHub.bind_url": f"http://127.0.0.1:{ports[0]}",
        "JupyterHub.hub_port": ports[1],
        "ConfigurableHTTPProxy.api_url": f"http://127.0.0.1:{ports[2]}",
        "JupyterHub.active_server_limit": len(names),
        "JupyterHub.last_activity_interval": 5,  # else five minutes, beyond IDLE
    }
    command = [BIN / "jupyterhub", "-f", folder / "srv/jupyterhub_config.py"]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = readers_environment(folder / "settings")
    environment["PATH"] = f"{PROXY}:{environment['PATH']}"
    environment["PYTHONPATH"] = str(ROOT)
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{ports[0]}"
            wait(server, f"{url}/hub/health", folder / "log")
            yield url, folder
        finally:
            server.terminate()
            server.wait(60)
            for group in GROUPS.glob("*/seq2seq-lesson-*"):
                group.rmdir()
