"""What the scripts of this folder share: each asks, of Python's packages, the questions of one area of `cargo xtask bench`.

    python SCRIPT.py --list                                   # the workloads, and who does them
    python SCRIPT.py WORKLOAD PEER [--quick] [--sizes N,N..]  # prints a record a line, as `--json` does
                                   [--data DIRECTORY]         # where files to be read are kept for the next peer

A workload is a function of the peer's name that yields questions: the same as ours, at the same size, so that the
checksums of the answers can be compared. Packages are imported where they are used, so that one that is missing
costs only its own workloads.
"""

import argparse
import json
import glob
import math
import os
import resource
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from typing import Any, Callable

THREADS = os.cpu_count()
MASK = (1 << 64) - 1
GIVEN = argparse.Namespace(quick=False, sizes=[1_000], data=None)


@dataclass
class Question:
    workload: str
    size: int
    work: Callable[[], Any]
    # Makes a number of the last answer, outside the time; None where the answers of two systems cannot be the same.
    checksum: Callable[[Any], Any] = lambda answer: answer
    unit: str = "ms"
    threads: int = THREADS


UNITS = {
    "ms": lambda seconds, size: seconds * 1e3,
    "µs": lambda seconds, size: seconds * 1e6 / size,
    "ns": lambda seconds, size: seconds * 1e9 / size,
    "GB/s": lambda seconds, size: size / 1e9 / seconds,
}


def scaled(full):
    """A hundredth of `full` in quick runs."""
    return max(full // 100, 1) if GIVEN.quick else full


def side(full):
    """A side that scales such that its square does."""
    return max(full // 10, 1) if GIVEN.quick else full


def sizes(at_most):
    return [size for size in GIVEN.sizes if size <= at_most]


def kept(name, write):
    """The files that `write` puts into a directory, which are written once for all peers that read them."""
    GIVEN.data = GIVEN.data or tempfile.mkdtemp()
    directory = f"{GIVEN.data}/{name}"
    if not os.path.exists(directory):
        partial = f"{directory}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial)
        write(partial)
        os.rename(partial, directory)
    return sorted(glob.glob(f"{directory}/*"))


def scattered(n):
    """Numbers that look random: one for each."""
    n = ((n ^ (n >> 32)) * 0x9E3779B97F4A7C15) & MASK
    return n ^ (n >> 29)


def as_number(checksum):
    if checksum is None:
        return None
    if hasattr(checksum, "item"):
        checksum = checksum.item()
    return checksum if isinstance(checksum, int) or math.isfinite(checksum) else None


def cpu_seconds():
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def peak_bytes():
    try:
        status = open("/proc/self/status").read()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError):
        return None


def forget_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def measure(area, peer, question):
    """Asks once to warm up, and then up to five times (dask: two) within five seconds; one that is slow is asked once."""
    times = 1 if GIVEN.quick else 2 if peer == "dask" else 5

    def ask():
        start = time.perf_counter()
        # As ours, which let go of the last answer within the time of the next.
        nonlocal answer
        answer = question.work()
        return time.perf_counter() - start

    answer = None
    forget_peak()
    cpu = cpu_seconds()
    first = ask()
    seconds = [first] if first > 5 else []
    if not seconds:
        forget_peak()
        cpu = cpu_seconds()
        while len(seconds) < times and sum(seconds) < 5:
            seconds.append(ask())
    cpu = (cpu_seconds() - cpu) / len(seconds)
    peak = peak_bytes()
    unit = UNITS[question.unit.split("/")[0] if question.unit != "GB/s" else "GB/s"]
    figures = sorted(unit(s, question.size) for s in seconds)
    print(json.dumps({
        "area": area, "workload": question.workload, "system": peer, "size": question.size,
        "threads": question.threads, "unit": question.unit, "median": statistics.median(figures), "min": figures[0],
        "max": figures[-1], "cpu_s": cpu, "peak_bytes": peak,
        "checksum": as_number(question.checksum(answer)),
    }), flush=True)


def main(area, workloads):
    """`workloads`: for each name the function and the names of the peers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", nargs="?", choices=list(workloads))
    parser.add_argument("peer", nargs="?")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sizes", type=lambda text: [int(float(n)) for n in text.split(",")], default=[1_000])
    parser.add_argument("--data")
    given = parser.parse_args(namespace=GIVEN)
    if given.list:
        for name, (_, peers) in workloads.items():
            for peer in peers:
                print(name, peer)
        return
    function, peers = workloads[given.workload]
    if given.peer not in peers:
        parser.error(f"{given.workload} is done by {', '.join(peers)}")
    is_kept = given.data is not None
    try:
        for question in function(given.peer):
            measure(area, given.peer, question)
    finally:
        if given.data and not is_kept:
            shutil.rmtree(given.data)
