"""Collected where `make test-device` names a device to pretend, and nowhere else.

Pretending changes PyTorch for the whole process, so no other test may run in it.
"""

import os

from tests.device import pretended

KIND = os.environ.get("PRETENDED_DEVICE")
collect_ignore_glob = [] if KIND else ["test_*.py"]
if KIND:
    pretended.start(KIND)
