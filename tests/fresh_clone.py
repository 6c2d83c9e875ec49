"""What a newcomer does: clone, README's pip lines, `make run`, reading the pages.

Everything happens in a fresh clone of the last commit. The set-up has a network; the
command and the reading have none (a namespace with only `lo` up). `make test` in a
fresh clone is `.ci/run`'s own first step.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.address import ROOT, slug

AXE = "build/axe/node_modules/axe-core/axe.min.js"
OFFLINE = "unshare -rn sh -c 'ip link set lo up && {}'"


def offline() -> str:
    """The frame that runs a command without a network, where this machine has one."""
    frame = OFFLINE.format("true")
    if subprocess.run(["bash", "-c", frame], capture_output=True).returncode == 0:
        return OFFLINE
    print("NOT PROVED: no network namespace can be made here; the network stays on")
    return "{}"


def block(first_words: str) -> list[str]:
    """The lines of README's shell block that starts so, without their comments."""
    readme = (ROOT / "README.md").read_text("utf-8")
    lines = re.search(rf"```sh\n({first_words}.*?)\n```", readme, re.S)[1].splitlines()
    return [re.sub(r"\s+#.*", "", line) for line in lines]


def shell(commands: str, folder: Path) -> None:
    """Run the lines in one shell; end the proof at the first that fails."""
    print(f"--- {commands.strip()}", flush=True)
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("MAKEFLAGS", "MAKELEVEL", "PYTHON", "VIRTUAL_ENV")
    }
    done = subprocess.run(["bash", "-euc", commands], cwd=folder, env=environment)
    if done.returncode:
        sys.exit(f"the step above ended with {done.returncode}")


def main() -> None:
    clone_line, enter, run, _ = block("git clone")
    pip_lines = "\n".join(block("python3 -m venv"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, enter.removeprefix("cd "))
        here = clone_line.replace(f"https://github.com/{slug()}", ROOT.as_uri())
        shell(f"{here} {folder.name}", folder.parent)
        page = "python -m tools.notebooks run notebooks/01_data_loading.ipynb"
        shell(f"{pip_lines}\njupyter lab --version\n{page}", folder)
        shell("rm -rf .venv build\nmake .venv/ready build/axe/ready", folder)
        frame = offline()
        shell(frame.format(run), folder)
        check = f".venv/bin/python -m tests.browser.check_pages build/site {AXE}"
        shell(frame.format(check), folder)
    print("fresh clone: all as README says")


if __name__ == "__main__":
    main()
