"""What a corpus of a million lines costs before any training."""

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from seq2seq_lesson.corpus import read_pairs

LINES = 1_000_000
MEASURED = """
import resource, sys, time
from seq2seq_lesson.corpus import encode_pairs, prepare, read_pairs, vocabularies

start = time.process_time()
pairs = prepare(read_pairs(sys.argv[1]), ("",), 30, "article")
ready = time.process_time()
words = vocabularies(pairs)
begun = time.process_time()
examples = encode_pairs(pairs, *words)
seconds = ready - start + time.process_time() - begun
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(seconds, most, len(examples))
"""


def reading(lines: int = LINES) -> str:
    """A sentence: seconds and memory to read, prepare and encode Tatoeba, repeated."""
    texts = [f"{pair.source}\t{pair.target}\n" for pair in read_pairs("tatoeba")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "million.tsv")
        with path.open("w", encoding="utf-8") as file:
            file.writelines(itertools.islice(itertools.cycle(texts), lines))
        command = [sys.executable, "-c", MEASURED, str(path)]
        made = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, megabytes, kept = map(float, made.stdout.split())
    return (
        f"A file of {lines:,} lines (Tatoeba's, repeated) is read, prepared and "
        f"encoded in {seconds:.1f} s of CPU and {megabytes:.0f} MB; {kept:,.0f} "
        "distinct pairs stay."
    )
