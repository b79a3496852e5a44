"""What `cargo xtask bench bag` measures, done by dask.bag.

    python xtask/peers/bags.py [HUNDREDTHS]     # needs dask; a full run takes minutes

Prints one JSON object a line, as `--json` does. The default scheduler of dask.bag: processes.
"""

import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

import dask
import dask.bag

WORKERS = os.cpu_count()
MASK = (1 << 64) - 1
FILES = 16


def report(workload, size, work, times=3):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    figures = sorted(s * 1e3 for s in seconds)
    print(json.dumps({
        "area": "bag", "workload": workload, "system": f"dask.bag {dask.__version__}", "size": size,
        "threads": WORKERS, "unit": "ms", "median": statistics.median(figures), "min": figures[0],
        "max": figures[-1],
    }), flush=True)


def scattered(n):
    n = ((n ^ (n >> 32)) * 0x9E3779B97F4A7C15) & MASK
    return n ^ (n >> 29)


def write_text(directory, nbytes):
    """The same text as the one of `xtask/src/bench/bag/words.rs`."""
    state = 1

    def following(below):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        return (state >> 33) % below

    block = []
    length = 0
    while length < min(-(-nbytes // FILES), 1 << 20):
        for place in range(10):
            most = following(20_000) + 1
            number = following(most) * 7919
            word = ""
            while True:
                word += chr(ord("a") + number % 26)
                number //= 26
                if number == 0:
                    break
            block.append(word + (" " if place < 9 else "\n"))
            length += len(block[-1])
    block = "".join(block)
    repeats = max(nbytes // FILES // length, 1)
    for n in range(FILES):
        pathlib.Path(directory, f"{n:02}.txt").write_text(block * repeats)
    return length * repeats * FILES


def chain(hundredths):
    n = 10_000_000 * hundredths // 100
    bag = dask.bag.range(n, npartitions=16).map(scattered).filter(lambda n: n % 8 != 0)
    bag = bag.map(lambda n: [n, n >> 1]).flatten().map(lambda n: n ^ (n >> 7)).filter(lambda n: n % 3 == 0)
    report("chain", n, lambda: bag.sum().compute())


def groupby(hundredths):
    n = 10_000_000 * hundredths // 100
    keys = n // 10
    pairs = dask.bag.range(n, npartitions=64).map(lambda i: (scattered(i) % keys, i))
    groups = pairs.groupby(lambda pair: pair[0]).map(lambda group: len(group[1]))
    report("groupby", n, lambda: groups.sum().compute(), times=1)


def words(hundredths):
    with tempfile.TemporaryDirectory() as directory:
        size = write_text(directory, 500_000_000 * hundredths // 100)
        lines = dask.bag.read_text(f"{directory}/*.txt", blocksize=8 << 20)
        report("words", size, lambda: lines.str.split().flatten().frequencies().compute())


if __name__ == "__main__":
    share = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for workload in (chain, words, groupby):
        workload(share)
