"""What a newcomer does: clone, README's pip lines, `make run`, then pull the plug.

Everything happens in a fresh clone of the last commit. The set-up has a network,
`make run` and the reading of its pages have none (a namespace with only `lo` up).
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = "unshare -rn sh -c 'ip link set lo up && {}'"


def pip_lines() -> str:
    """The block of README that installs without make."""
    readme = (ROOT / "README.md").read_text("utf-8")
    return re.search(r"```sh\n(python3 -m venv.*?)```", readme, re.S)[1]


def shell(commands: str, folder: Path) -> None:
    """Run the lines in one shell; stop the proof at the first that fails."""
    print(f"--- {commands.strip()}", flush=True)
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV")
    }
    subprocess.run(["bash", "-euc", commands], cwd=folder, env=environment, check=True)


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch, "seq2seq-lesson")
        shell(f"git clone -q {ROOT.as_uri()} seq2seq-lesson", clone.parent)
        shell(
            pip_lines() + "jupyter lab --version\n"
            "python tests/run_notebooks.py run notebooks/01_data_loading.ipynb",
            clone,
        )
        shell("rm -rf .venv build && make .venv/ready", clone)
        shell(OFFLINE.format("make run"), clone)
        check = ".venv/bin/python tests/browser/check_pages.py build"
        shell(OFFLINE.format(check), clone)
    print("fresh clone: all as README says")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"fresh clone: the step above ended with {error.returncode}")
