"""Each explorer in a kernel with Colab's versions, moved by the messages of a page.

No browser and no stub: what a page would send is sent, what it would hear is heard.
The kernel has ipywidgets 7.7.1 and IPython 7.34; the twin here has ipywidgets 8.
"""

import time
from pathlib import Path

import pytest
from ipywidgets import Button, Dropdown, SelectionSlider
from jupyter_client import KernelManager

from seq2seq_lesson.explorers.explorer import BEHIND
from tests.browser.books import SMALL, cells, twin
from tests.browser.explorers_in_lab import MOVES, NONSENSE, TYPED, write_down
from tests.browser.servers import COLAB, readers_environment
from tests.browser.stage import ARTEFACTS
from tools.address import ROOT

VIEW = "application/vnd.jupyter.widget-view+json"
IS_COLAB = "import sys; sys.modules.setdefault('google.colab', sys)"


class Page:
    """What a page does about widgets: keeps their states, sends what a reader moves."""

    def __init__(self, client) -> None:
        self.client, self.models = client, {}
        self.shown: list[dict] = []

    def run(self, code: str) -> str:
        """Run a cell; what it printed."""
        return self._until_idle(self.client.execute(code))

    def send(self, comm: str, data: dict) -> None:
        """A message to a widget's other half, and all that follows from it."""
        content = {"comm_id": comm, "data": data}
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)
        self._until_idle(message["header"]["msg_id"])

    def _until_idle(self, parent: str) -> str:
        printed = ""
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            content, kind = message["content"], message["msg_type"]
            if kind == "comm_open":
                self.models[content["comm_id"]] = dict(content["data"]["state"])
            elif kind == "comm_msg" and content["data"]["method"] == "update":
                self.models[content["comm_id"]].update(content["data"]["state"])
            elif kind == "display_data":
                self.shown.append(content["data"])
            elif kind == "stream":
                printed += content["text"]
            elif kind == "error":
                raise AssertionError("\n".join(content["traceback"]))
            mine = message["parent_header"].get("msg_id") == parent
            if mine and kind == "status" and content["execution_state"] == "idle":
                return printed

    def follow(self) -> None:
        """Hear on until the picture is no longer behind."""
        while BEHIND in self.picture:
            content = self.client.get_iopub_msg(timeout=60)["content"]
            if content.get("data", {}).get("method") == "update":
                self.models[content["comm_id"]].update(content["data"]["state"])

    def find(self, control) -> str:
        """The comm of a control, by its label, or by the hint in an empty box."""
        by = "description" if control.description else "placeholder"
        label = getattr(control, by)
        found = [c for c, s in self.models.items() if s.get(by) == label]
        assert len(found) == 1, (label, len(found))
        return found[0]

    @property
    def picture(self) -> str:
        """What the page shows in the picture's place."""
        (html,) = [
            s["value"] for s in self.models.values() if s["_model_name"] == "HTMLModel"
        ]
        return html


@pytest.fixture(params=SMALL, scope="module")
def name(request):
    return request.param


@pytest.fixture(scope="module")
def client(name, tmp_path_factory):
    """A kernel of Colab's versions."""
    folder = tmp_path_factory.mktemp(name)
    manager = KernelManager()
    spec = manager.kernel_spec
    spec.argv = [str(COLAB), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    environment = {**readers_environment(folder), "PYTHONPATH": str(ROOT)}
    manager.start_kernel(env=environment, cwd=str(folder))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def page(name, client):
    """A page on which the explorer's cells were run."""
    page = Page(client)
    for code in (IS_COLAB, *cells(name)):
        page.run(code)
    return page


def move(page: Page, explorer, name: str, value: object) -> None:
    """Move a control on the page, and the twin alike."""
    control = explorer.controls[name]
    comm = page.find(control)
    match control:
        case Button():
            page.send(comm, {"method": "custom", "content": {"event": "click"}})
            page.follow()
            control.click()
            return
        case Dropdown() | SelectionSlider():
            state = {"index": list(control._options_values).index(value)}
        case _:
            state = {"value": value}
    page.send(comm, {"method": "update", "state": state, "buffer_paths": []})
    page.follow()
    control.value = value


def test_versions_are_colabs(page):
    found = page.run(
        "import IPython, ipywidgets; print(IPython.__version__, ipywidgets.__version__)"
    )
    assert found.split() == ["7.34.0", "7.7.1"]


def test_it_builds_one_view_with_a_picture_beside_it(page, name):
    (bundle,) = page.shown
    assert set(bundle) == {VIEW, "image/png", "text/plain"}
    assert bundle[VIEW]["model_id"] in page.models
    assert page.picture == twin(name).picture.value


def test_it_follows_every_move_and_keeps_its_state(page, name):
    explorer = twin(name)
    for control, value in MOVES[name]:
        move(page, explorer, control, value)
        assert page.picture == explorer.picture.value, control
    for control in explorer.controls.values():  # what a page that is opened anew asks
        if not isinstance(control, Button):
            comm = page.find(control)
            page.send(comm, {"method": "request_state"})
            said = page.models[comm]
            if isinstance(control, Dropdown | SelectionSlider):
                assert said["index"] == control.index, control.description
            else:
                assert said["value"] == control.value, control.description


def test_nonsense_is_answered_alike(page, name):
    explorer = twin(name)
    if name == "shape":
        move(page, explorer, "guessing", True)
    for control in TYPED[name]:
        for nonsense in NONSENSE:
            move(page, explorer, control, nonsense)
            assert page.picture == explorer.picture.value
            assert "<script" not in page.picture


def test_the_kernel_does_not_grow_over_500_updates(page, name):
    process = int(page.run("import os; print(os.getpid())"))
    explorer = twin(name)
    control, ways = {
        "shape": ("src_len slider", range(1, 21)),
        "landing": ("batch", range(1, 6)),
        "stepper": ("step", range(1, 8)),
        "attention": ("example", range(1, 9)),  # places in the list
        "step": ("score 2", range(-4, 5)),
        "reversal": ("length", range(1, 21)),
    }[name]
    comm = page.find(explorer.controls[control])
    key = "index" if name == "attention" else "value"
    ways = [*ways, *ways[-2:0:-1]]
    sizes, began = [], 0.0
    for count in range(700):
        if count in (200, 699):
            sizes.append(resident(process))
            began = began or time.perf_counter()
        state = {key: ways[count % len(ways)]}
        page.send(comm, {"method": "update", "state": state, "buffer_paths": []})
        page.follow()
    each = (time.perf_counter() - began) / 500 * 1000
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    write_down(
        f"{name:10}500 updates in Colab's kernel: {sizes[0]:.0f} to {sizes[1]:.0f} MB, "
        f"{each:.0f} ms each"
    )
    assert sizes[1] < sizes[0] + 15


def resident(process: int) -> float:
    """The memory that a process holds, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 1e6
