"""What `cargo xtask bench multiprocess` measures, done by dask and by Python's multiprocessing.

    python xtask/peers/multiprocess.py     # needs dask and numpy

Prints one JSON object a line, as `--json` does.
"""

import json
import multiprocessing
import pickle
import statistics
import time

import dask
import dask.multiprocessing
import numpy

WORKERS = 2


def report(workload, system, size, unit, seconds, each):
    figures = sorted(each(s) for s in seconds)
    print(json.dumps({
        "area": "multiprocess", "workload": workload, "system": system, "size": size, "threads": WORKERS,
        "unit": unit, "median": statistics.median(figures), "min": figures[0], "max": figures[-1],
    }), flush=True)


def repeat(work, times=5):
    work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def step(*inputs):
    return (1 + sum(inputs)) % 1_000_003


def tree(size):
    """The first half are leaves; each later task joins the next two that are not joined yet."""
    leaves = (size + 1) // 2
    dsk = {("task", i): (step,) for i in range(leaves)}
    for task in range(leaves, size):
        joined = [j for j in (2 * (task - leaves), 2 * (task - leaves) + 1) if j < task]
        dsk["task", task] = (step, *(("task", j) for j in joined))
    return dsk


def tasks():
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        for name, make in [
            ("independent", lambda n: {("task", i): (step,) for i in range(n)}),
            ("chain", lambda n: {("task", i): (step, ("task", i - 1)) if i else (step,) for i in range(n)}),
            ("tree", tree),
        ]:
            for size in (1_000, 10_000):
                dsk = make(size)
                wanted = [("task", size - 1)] if name != "independent" else list(dsk)
                run = lambda: dask.multiprocessing.get(dsk, wanted, pool=pool, optimize_graph=False)
                seconds = repeat(run, times=3)
                report("tasks", f"dask.multiprocessing {name}", size, "µs/task", seconds, lambda s: s * 1e6 / size)


def echo(connection):
    while True:
        if connection.recv() is None:
            return
        connection.send(None)


def values():
    block = numpy.arange(8 << 20, dtype="f8")
    strings = [f"string {i}" for i in range(1_000_000)]
    for name, value, nbytes in [
        ("array block", block, block.nbytes),
        ("small strings", strings, sum(map(len, strings))),
    ]:
        gigabytes = lambda s: nbytes / 1e9 / s
        seconds = repeat(lambda: pickle.dumps(value, protocol=5))
        report("values", f"pickle 5 dumps {name}", nbytes, "GB/s", seconds, gigabytes)
        dumped = pickle.dumps(value, protocol=5)
        seconds = repeat(lambda: pickle.loads(dumped))
        report("values", f"pickle 5 loads {name}", nbytes, "GB/s", seconds, gigabytes)
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.Process(target=echo, args=(theirs,))
        child.start()

        def send():
            ours.send(value)
            ours.recv()

        report("values", f"multiprocessing pipe {name}", nbytes, "GB/s", repeat(send), gigabytes)
        ours.send(None)
        child.join()


if __name__ == "__main__":
    values()
    tasks()
