"""The classroom's slow proofs, without a network, on what `make test-classroom` built.

The students' archive runs, decks show whole in a browser, a class is graded,
and twelve kernels run notebook 02 at once.
"""

import sys
from pathlib import Path

from tests.fresh_clone import offline, shell
from tools.address import ROOT

PROOFS = ("proof_student.py", "proof_slides.py", "proof_grading.py")


def main() -> None:
    python = Path(sys.executable)
    frame = offline()
    for proof in PROOFS:
        command = f"{python} -m pytest -q tests/classroom/{proof}"
        shell(frame.format(command), ROOT)
    shell(frame.format(f"make room KERNELS=6 PYTHON={python}"), ROOT)
    print("classroom: all proofs hold")


if __name__ == "__main__":
    main()
