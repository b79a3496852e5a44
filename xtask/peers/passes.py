"""What dask's passes over tasks cost, on the graphs of `cargo xtask bench optimize --only passes`.

`fuse` and its like count the dependents too, as they do in dask and here.
"""

import gc

from common import Question, main, sizes
from graphs import chain, random


def load(x):
    return x


def inc(x):
    return x + 1


def double(x):
    return 2 * x


def add(a, b):
    return a + b


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


def keys_of(graph, name):
    return {key for key in graph if key[0] == name}


def passes(graph):
    from dask.optimization import cull, fuse, fuse_linear, inline, inline_functions

    inlined = keys_of(graph, "d")
    return {
        "cull": lambda graph, keys: cull(graph, keys)[0],
        "fuse_linear": lambda graph, keys: fuse_linear(graph, keys)[0],
        "fuse": lambda graph, keys: fuse(graph, keys, ave_width=1)[0],
        "fuse, width 2": lambda graph, keys: fuse(graph, keys, ave_width=2)[0],
        "inline": lambda graph, keys: inline(graph, inlined, inline_constants=False),
        "inline_constants": lambda graph, keys: inline(graph, inline_constants=True),
        "inline_functions": lambda graph, keys: inline_functions(graph, keys, [inc]),
    }


def questions(_):
    # Its rounds over a large graph would be most of what is measured.
    gc.disable()
    for size in sizes(100_000):
        for shape, make in (("blocks", blocks), ("chain", chain), ("random", random)):
            graph, keys = make(size)
            for name, work in passes(graph).items():
                # Both leave as few nodes as they may, which is not the same number.
                none = lambda _: None
                yield Question(f"{shape}: {name}", len(graph), lambda: work(graph, keys), none, "ns/node", 1)
                gc.collect()


if __name__ == "__main__":
    main("optimize", {"passes": (questions, ["dask"])})
