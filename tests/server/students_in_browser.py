"""Students on the shipped hub, each in a browser: notebook 02 runs, limits hold and are
told, who idles is culled, and a learner's work stays.

`make test-server` runs this with three students, `make test-server STUDENTS=10` with
ten, and prints what they take.
"""

import os
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Thread
from urllib.request import urlopen

import psutil
import pytest
from playwright.sync_api import Locator, Page

from tests.browser.check_pages import chromium
from tests.browser.stage import PATIENCE
from tests.server.hub import IDLE, LIMITED, hub

NAMES = ["ada", "bob", "cem", *(f"student{n}" for n in range(4, 100))]
NAMES = NAMES[: int(os.environ["STUDENTS"])]
BOOK = "02_encoder_dissection.ipynb"
READY = """window.jupyterapp?.shell.currentWidget?.sessionContext?.session
    ?.kernel?.status === 'idle'"""
RUN_ALL = "window.jupyterapp.commands.execute('notebook:run-all-cells')"
RAN = """cell => /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').innerText)"""
COUNTS = """window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => cell.model.executionCount)"""
CODE = ".jp-Notebook .jp-CodeCell"
ERRORS = """window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => !cell.model.getMetadata('tags')?.includes('raises-exception'))
    .flatMap(cell => cell.model.outputs?.toJSON() ?? [])
    .filter(output => output.output_type === 'error').length"""
TOO_MUCH = "import torch\ntorch.ones(10**9).sum()"  # 4 GB
BESIDE = """import subprocess, sys
subprocess.run([sys.executable, "-c", "x = bytearray(600_000_000)"]).returncode"""
BUSY = """import os, subprocess, sys
loop = "import time; end = time.time() + 4\\nwhile time.time() < end: pass"
pair = [subprocess.Popen([sys.executable, "-S", "-c", loop]) for _ in range(2)]
print([one.wait() for one in pair], os.times().children_user)"""


def ran(page: Page, cell: Locator) -> str:
    """Wait until a cell has run; what then stands below it."""
    page.wait_for_function(RAN, arg=cell.element_handle(), timeout=5 * PATIENCE)
    return cell.locator(".jp-Cell-outputArea").inner_text()


def ask(page: Page, code: str) -> str:
    """What the kernel answers to a cell that is new at the end."""
    cells = page.locator(".jp-Notebook .jp-Cell")
    cells.last.locator(".jp-InputPrompt, .jp-Cell-inputCollapser").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    cells.last.locator(".cm-content").click()
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    return ran(page, cells.last)


def megabytes(name: str) -> dict[str, float]:
    """The PSS of a student's server and kernels, found by what JupyterHub gave them."""
    found = {"server": 0.0, "kernel": 0.0}
    for process in psutil.process_iter(["environ", "cmdline"]):
        if (process.info["environ"] or {}).get("JUPYTERHUB_USER") == name:
            kernel = "ipykernel_launcher" in process.info["cmdline"]
            with suppress(psutil.NoSuchProcess):
                pss = process.memory_full_info().pss / 1e6
                found["kernel" if kernel else "server"] += pss
    return found


class Room:
    """A hub, and students who have all logged in and run notebook 02; cem has left."""

    def __init__(self, browser, url: str, folder: Path) -> None:
        self.browser, self.url, self.folder = browser, url, folder
        self.present = set(NAMES)
        Thread(target=self.stay, daemon=True).start()
        clock = [time.monotonic()]
        self.pages = {name: self.enter(name) for name in NAMES}
        clock.append(time.monotonic())
        for page in self.pages.values():
            page.evaluate(RUN_ALL)
        for page in self.pages.values():
            ran(page, page.locator(CODE).last)
        clock.append(time.monotonic())
        self.seconds = [end - begin for begin, end in pairwise(clock)]
        self.taken = {name: megabytes(name) for name in NAMES}
        self.counts = [page.evaluate(COUNTS) for page in self.pages.values()]
        self.errors = [page.evaluate(ERRORS) for page in self.pages.values()]
        self.pages.pop("cem").context.close()
        self.present.remove("cem")

    def stay(self) -> None:
        """Use the servers of those who are present, on however slow a machine."""
        while self.present:
            for name in list(self.present):
                with suppress(OSError):
                    urlopen(f"{self.url}/user/{name}/api", timeout=5).close()
            time.sleep(2)

    def log_in(self, name: str) -> Page:
        """Log in by a link to the notebook, as a teacher would give it."""
        page = self.browser.new_context().new_page()
        page.set_default_timeout(5 * PATIENCE)
        book = f"doc/tree/seq2seq-lesson/{BOOK}"
        page.goto(f"{self.url}/hub/login?next=/hub/user-redirect/{book}")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill("-")
        page.get_by_role("button", name="Sign in").click()
        return page

    def enter(self, name: str) -> Page:
        """Log in and wait until the notebook is open and its kernel ready."""
        page = self.log_in(name)
        page.wait_for_function(READY)
        return page

    def copies(self, name: str) -> Path:
        return self.folder / "homes" / name / "seq2seq-lesson"


@pytest.fixture(scope="module")
def room():
    with hub(NAMES) as (url, folder), chromium() as browser:
        room = Room(browser, url, folder)
        yield room
        room.present.clear()


def test_every_student_has_run_notebook_02_without_an_error(room):
    assert all(counts and all(counts) for counts in room.counts)
    assert room.errors == [0] * len(NAMES)


def test_what_students_take_is_shown_and_fits(room):
    own = [
        process.memory_full_info().pss / 1e6
        for process in psutil.process_iter(["cwd"])
        if process.info["cwd"] == str(room.folder)
    ]
    entered, ran = room.seconds
    print(f"\n{len(NAMES)} students")
    for what in ("server", "kernel"):
        print(f"  a {what} {median(one[what] for one in room.taken.values()):.0f} MB")
    print(f"  the hub and its proxy {sum(own):.0f} MB")
    print(f"  {entered:.0f} s until all were there, {ran:.0f} s until all had run 02")
    assert max(sum(one.values()) for one in room.taken.values()) < 1000


@pytest.mark.skipif(os.geteuid() != 0, reason="one user: only root can start others")
def test_students_can_change_neither_the_package_nor_each_others_files(room):
    lost = f"open({str(room.copies('bob') / BOOK)!r}, 'a')"
    package = "import seq2seq_lesson; open(seq2seq_lesson.__file__, 'a')"
    for code in (lost, package):
        assert "PermissionError" in ask(room.pages["ada"], code)


def test_who_asks_for_too_much_memory_is_told_and_the_kernel_lives(room):
    told = ask(room.pages["ada"], TOO_MUCH)
    assert "you tried to allocate 4000000000 bytes" in told
    assert ask(room.pages["ada"], "axes, 6 * 7").endswith("42)")


@pytest.mark.skipif(not LIMITED, reason="no control group can be made here")
def test_what_adds_up_beyond_the_limit_is_ended_and_nobody_else_notices(room):
    assert ask(room.pages["ada"], BESIDE).endswith("-9")
    assert ask(room.pages["bob"], "6 * 7").endswith("42")


@pytest.mark.skipif(not LIMITED, reason="no control group can be made here")
def test_two_busy_processes_share_the_core_that_a_student_has(room):
    seconds = float(ask(room.pages["bob"], BUSY).split()[-1])
    assert seconds < 1.5 * 4


def test_who_idles_is_culled_and_finds_the_work_again(room):
    changed = room.copies("cem") / "01_data_loading.ipynb"
    changed.write_text("mine")
    end = time.monotonic() + 5 * IDLE
    while megabytes("cem")["server"]:
        assert time.monotonic() < end, "cem's server is still there"
        room.pages["ada"].wait_for_timeout(2000)
    assert megabytes("ada")["kernel"]
    room.pages["cem"] = room.enter("cem")
    assert changed.read_text() == "mine"


def test_one_student_too_many_is_told(room):  # now that cem is back
    page = room.log_in("zoe")
    page.get_by_text("Active user limit exceeded").wait_for()
