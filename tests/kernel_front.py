"""A front end of a real kernel without a browser: it says what a page would say."""

import os
import sys
import time
from pathlib import Path

from jupyter_client import KernelManager

from seq2seq_lesson.explorers.explorer import BEHIND

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = {"this": Path(sys.executable), "colab": ROOT / ".venv-colab/bin/python"}


class Front:
    """A front end of a real kernel: it runs cells and sends what a browser sends."""

    def __init__(self, python, **env):
        clean = {
            key: value
            for key, value in os.environ.items()
            if key not in ("PYTEST_CURRENT_TEST", "SEQ2SEQ_LESSON_TEST")
        }
        self.manager = KernelManager()
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager.kernel_spec.argv = argv
        paths = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        self.manager.start_kernel(env={**clean, **paths, **env})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def replies(self, message, seconds=180):
        """What the kernel sends until it is done with a message."""
        got, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            reply = self.client.get_iopub_msg(timeout=seconds)
            if reply["parent_header"].get("msg_id") != message:
                continue
            got.append((reply["msg_type"], reply["content"]))
            if got[-1] == ("status", {"execution_state": "idle"}):
                return got
        raise TimeoutError

    def run(self, code):
        return self.replies(self.client.execute(code))

    def move(self, model, **state):
        """Send a widget's new state, as the browser does."""
        return self.send(model, method="update", state=state, buffer_paths=[])

    def press(self, model):
        """Press a button."""
        return self.send(model, method="custom", content={"event": "click"})

    def send(self, model, **data):
        message = self.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        self.client.shell_channel.send(message)
        got = self.replies(message["header"]["msg_id"])
        while any(BEHIND in str(state) for state in updates(got).values()):
            reply = self.client.get_iopub_msg(timeout=60)  # the picture follows
            got.append((reply["msg_type"], reply["content"]))
        return got

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def printed(replies):
    """What a cell printed."""
    return "".join(content["text"] for kind, content in replies if kind == "stream")


def updates(replies):
    """The new state of every widget that the kernel changed, by the widget's id."""
    states = {}
    for kind, content in replies:
        if kind == "comm_msg" and content["data"].get("method") == "update":
            states.setdefault(content["comm_id"], {}).update(content["data"]["state"])
    return states
