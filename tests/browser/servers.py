"""Jupyter servers on a loopback port, as a reader would start them.

The environment is a reader's: nothing in it says that a test is running.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.address import ROOT
from tools.notebooks import KERNELSPEC

TOKEN = "lesson"
COLAB = ROOT / ".venv-colab" / "bin" / "python"
CLASSIC = ROOT / ".venv-classic" / "bin" / "python"
QUIET = {  # JupyterLab's settings: no news, all cells of a notebook on the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


def readers_environment(folder: Path) -> dict[str, str]:
    """No sign of a test, no settings of this machine's user, one thread."""
    signs = ("SEQ2SEQ_LESSON_TEST", "PYTEST_CURRENT_TEST", "MAKEFLAGS", "MAKELEVEL")
    environment = {k: v for k, v in os.environ.items() if k not in signs}
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        environment[f"JUPYTER_{name}"] = str(folder / name.lower())
    for name in ("SETTINGS", "WORKSPACES"):
        environment[f"JUPYTERLAB_{name}_DIR"] = str(folder / name.lower())
    for name, settings in QUIET.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    threads = {"OMP_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    return environment | threads


def colab_kernel(folder: Path) -> Path:
    """A folder that names Colab's interpreter as the kernel "python3"."""
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(COLAB), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    environment = {"PYTHONPATH": str(ROOT)}
    spec.write_text(json.dumps({**KERNELSPEC, "argv": argv, "env": environment}))
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """JupyterLab by the command of `make lab`, for the notebooks in `folder`."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    port = free_port()
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": TOKEN,
        "LabApp.expose_app_in_browser": True,
        "LabApp.extension_manager": "readonly",
    }
    with _running(command, options, f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def classic(folder: Path) -> Iterator[str]:
    """The classic notebook 6.5.7; its kernel has Colab's versions."""
    command = [str(CLASSIC), "-m", "notebook", "--no-browser", "--allow-root"]
    port = free_port()
    options = {
        "NotebookApp.ip": "127.0.0.1",
        "NotebookApp.port": port,
        "NotebookApp.notebook_dir": folder,
        "NotebookApp.token": TOKEN,
    }
    with _running(command, options, f"http://127.0.0.1:{port}", kernel=True) as url:
        yield url


def end_sessions(url: str) -> None:
    """Stop every kernel; a page that is closed leaves its own running."""
    api = f"{url}/api/sessions"
    asked = urllib.request.Request(api, headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        sessions = json.load(answer)
    for session in sessions:
        one = urllib.request.Request(
            f"{api}/{session['id']}", headers=dict(asked.headers), method="DELETE"
        )
        urllib.request.urlopen(one, timeout=60).close()


@contextmanager
def _running(command: list, options: dict, url: str, kernel=False) -> Iterator[str]:
    """Start a server, wait until it answers, stop it at the end."""
    command = [*command, *(f"--{name}={value}" for name, value in options.items())]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = readers_environment(folder)
        if kernel:
            environment["JUPYTER_PATH"] = str(colab_kernel(folder / "colab"))
        with (
            (folder / "log").open("w") as log,
            subprocess.Popen(
                command, env=environment, stdout=log, stderr=log
            ) as server,
        ):
            try:
                wait(server, f"{url}/api/status?token={TOKEN}", folder / "log")
                yield url
            finally:
                server.terminate()


def wait(server: subprocess.Popen, url: str, log: Path) -> None:
    """Until the server answers; what it wrote is told if it ends or never does."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            pass
        if server.poll() is not None:
            break
        time.sleep(0.5)
    raise RuntimeError(f"nothing answered at {url}:\n{log.read_text()[-3000:]}")
