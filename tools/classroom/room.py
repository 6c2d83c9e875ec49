"""Run a notebook in many kernels at once; print what they take of the machine (Linux).

`make room` (or `make room KERNELS=30`): each kernel's own memory once all have run, the
whole room's, and the seconds. A page that kernels share, such as PyTorch's code, counts
once for the room: USS leaves shared pages out, PSS gives each its part of them.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nbformat

from tools.address import ROOT
from tools.notebooks import execute

BOOK = ROOT / "notebooks" / "02_encoder_dissection.ipynb"
# The last cell of each: say what it took, wait until all have come so far, then look.
LAST = """
import json, os, pathlib, re, time
import psutil
took = time.time() - psutil.Process().create_time()
room = pathlib.Path({room!r})
(room / str(os.getpid())).touch()
while len(list(room.iterdir())) < {kernels}:
    time.sleep(0.2)
lines = pathlib.Path("/proc/self/smaps_rollup").read_text()
kilobytes = {{k: int(v) for k, v in re.findall(r"(\\w+):\\s+(\\d+) kB", lines)}}
print(json.dumps({{
    "seconds": took,
    "processor": time.process_time(),
    "rss": kilobytes["Rss"] / 1024,
    "pss": kilobytes["Pss"] / 1024,
    "uss": (kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]) / 1024,
}}))
time.sleep(2)  # nobody leaves while others look: they would get his shared pages
"""


def available() -> float:
    """Megabytes that the machine can still give."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("MemAvailable"))
    return int(line.split()[1]) / 1024


def server_megabytes(seconds: float = 30) -> float:
    """The PSS of a JupyterLab server after a while: on a hub each student has one."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [*command, "--port", "0", "--ServerApp.root_dir", folder],
            stderr=subprocess.DEVNULL,
        ) as server,
    ):
        time.sleep(seconds)
        lines = Path(f"/proc/{server.pid}/smaps_rollup").read_text()
        server.kill()
    return int(re.search(r"Pss:\s+(\d+)", lines)[1]) / 1024


def sit_down(number: int, kernels: int, room: Path) -> dict | str:
    """Run the notebook in one kernel; return its figures, or what went wrong."""
    book = nbformat.read(BOOK, as_version=4)
    last = LAST.format(room=str(room), kernels=kernels)
    book.cells.append(nbformat.v4.new_code_cell(last))
    with tempfile.TemporaryDirectory() as folder:
        result = execute(book, Path(folder))
    if result != "ok":
        (room / f"left-{number}").touch()  # so that nobody waits for this one
        return result
    return json.loads(book.cells[-1].outputs[0].text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", type=int, default=12)
    kernels = parser.parse_args().kernels
    before = available()
    with (
        tempfile.TemporaryDirectory() as room,
        ThreadPoolExecutor(kernels) as pool,
    ):
        sit = partial(sit_down, kernels=kernels, room=Path(room))
        found = list(pool.map(sit, range(kernels)))
    errors = [figures for figures in found if isinstance(figures, str)]
    done = [figures for figures in found if not isinstance(figures, str)]
    print(f"{kernels} kernels ran {BOOK.stem}: {len(errors)} errors")
    for error in errors:
        print(f"  {error}")
    for name, unit in {
        **dict.fromkeys(("rss", "pss", "uss"), "MB"),
        **dict.fromkeys(("seconds", "processor"), "s"),
    }.items():
        numbers = [figures[name] for figures in done] or [float("nan")]
        median = statistics.median(numbers)
        print(f"{name:10}{median:6.0f} {unit} a kernel, at most {max(numbers):.0f}")
    total = sum(figures["pss"] for figures in done)
    print(f"the room  {total:6.0f} MB (the sum of pss); {before:.0f} MB were there")
    print(f"a server  {server_megabytes():6.0f} MB, for each student on a hub")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
