"""The classroom's slow proofs, without a network, on what `make test-classroom` built.

The students' archive runs, decks show whole in a browser, nbgrader gives its points,
and twelve kernels run notebook 02 at once.
"""

import subprocess
import sys
from pathlib import Path

from address import ROOT
from fresh_clone import offline, shell

PROOFS = ("proof_student.py", "proof_slides.py", "proof_grading.py")


def main() -> int:
    python = Path(sys.executable)
    frame = offline()
    for proof in PROOFS:
        command = f"{python} -m pytest -q tests/classroom/{proof}"
        shell(frame.format(command), ROOT)
    shell(frame.format(f"PYTHONPATH=tests {python} -m classroom.room"), ROOT)
    print("classroom: all as TEACHING.md says")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"classroom: the step above ended with {error.returncode}")
