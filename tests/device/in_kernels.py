"""Run a command whose notebook kernels all start on the pretended CUDA device.

    python tests/device/in_kernels.py COMMAND ...

A start-up file in an IPython profile of a temporary folder does it, so the notebooks
run unchanged.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

START_UP = "from tests.device.pretended import start\nstart()\ndel start\n"


def main() -> int:
    paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    with tempfile.TemporaryDirectory() as folder:
        start_up = Path(folder, "profile_default", "startup", "00-pretended.py")
        start_up.parent.mkdir(parents=True)
        start_up.write_text(START_UP)
        environment = os.environ | {
            "IPYTHONDIR": folder,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "SEQ2SEQ_LESSON_DEVICE": "cuda",
        }
        return subprocess.call(sys.argv[1:], env=environment)


if __name__ == "__main__":
    sys.exit(main())
