"""What dask's passes over tasks cost, on the graphs of `cargo xtask bench optimize --only passes`.

    python xtask/peers/optimize.py [SIZE,SIZE..] [SECONDS]

Needs dask. Prints one object a line, with the fields of `--json` that make sense here; times are nanoseconds a
node, over at least three repeats and SECONDS (2 unless given) for each pass. `fuse` and its like count the
dependents too, as they do in dask and here.
"""

import gc
import json
import sys
import time

import dask
from dask.optimization import cull, fuse, fuse_linear, inline, inline_functions

WINDOW = 1000
MASK = (1 << 64) - 1


def load(x):
    return x


def inc(x):
    return x + 1


def double(x):
    return 2 * x


def add(a, b):
    return a + b


def step(*inputs):
    return (1 + sum(inputs)) % 1_000_003


def blocks(size):
    """Blocks of ten nodes, in which every pass finds something to do, and a tree that adds them up."""
    graph, sums = {}, []
    for i in range(-(-size // 10)):
        a, b, c, d, e, f, g, h, j = ((name, i) for name in "abcdefghi")
        graph |= {a: i, b: (load, a), c: (inc, b), g: (double, b), d: (add, c, g), e: (inc, d), f: e}
        graph |= {j: (inc, b), h: (add, f, j)}
        sums.append(h)
    n_sums = 0
    while len(sums) > 1:
        pairs = [sums[at : at + 2] for at in range(0, len(sums), 2)]
        sums = []
        for pair in pairs:
            if len(pair) == 2:
                graph["sum", n_sums] = (add, *pair)
                pair = [("sum", n_sums)]
                n_sums += 1
            sums += pair
    return graph, sums


def chain(size):
    """Each task needs the one before, and all become one."""
    graph = {("task", i): (step, ("task", i - 1)) if i else (step,) for i in range(size)}
    return graph, [("task", size - 1)]


def mix(seed):
    """The random numbers of `xtask/src/bench/sched/shape.rs`."""
    z = (seed + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def random(size):
    """Each task needs three of the thousand before it, and nothing can be done."""
    graph, needed = {}, set()
    for task in range(size):
        drawn = (task - 1 - mix(task * 3 + draw) % min(task, WINDOW) for draw in range(min(3, task)))
        needs = list(dict.fromkeys(drawn))
        needed.update(needs)
        graph["task", task] = (step, *(("task", other) for other in needs))
    return graph, [("task", task) for task in range(size) if task not in needed]


def keys_of(graph, name):
    return {key for key in graph if key[0] == name}


PASSES = {
    "cull": lambda graph, keys: cull(graph, keys)[0],
    "fuse_linear": lambda graph, keys: fuse_linear(graph, keys)[0],
    "fuse": lambda graph, keys: fuse(graph, keys, ave_width=1)[0],
    "fuse, width 2": lambda graph, keys: fuse(graph, keys, ave_width=2)[0],
    "inline": lambda graph, keys: inline(graph, keys_of(graph, "d"), inline_constants=False),
    "inline_constants": lambda graph, keys: inline(graph, inline_constants=True),
    "inline_functions": lambda graph, keys: inline_functions(graph, keys, [inc]),
}


def measure(work, seconds):
    """The times of several repeats, ascending, and how many nodes the last one left."""
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        left = len(work())
        times.append(time.perf_counter() - start)
    return sorted(times), left


def main(sizes="1000,100000", seconds="2"):
    # Its rounds over a large graph would be most of what is measured.
    gc.disable()
    for size in (int(float(size)) for size in sizes.split(",")):
        for shape in (blocks, chain, random):
            graph, keys = shape(size)
            for name, work in PASSES.items():
                times, left = measure(lambda: work(graph, keys), float(seconds))
                each = [1e9 * time / len(graph) for time in times]
                record = {
                    "area": "optimize",
                    "workload": "passes",
                    "system": f"dask {dask.__version__}, {shape.__name__}: {name}",
                    "size": len(graph),
                    "unit": "ns/node",
                    "median": each[len(each) // 2],
                    "min": each[0],
                    "max": each[-1],
                    "checksum": left,
                }
                print(json.dumps(record), flush=True)
                gc.collect()


if __name__ == "__main__":
    main(*sys.argv[1:])
