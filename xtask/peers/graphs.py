"""The graphs of `xtask/src/bench/sched/shape.rs`, as dictionaries, with the keys of the tasks that nobody needs."""

from common import MASK

MODULUS = 1_000_003
WINDOW = 1000
STAGE = 16


def step(*inputs):
    return (1 + sum(inputs)) % MODULUS


def node(*needs):
    return (step, *(("task", other) for other in needs))


def independent(size):
    graph = {("task", i): node() for i in range(size)}
    return graph, list(graph)


def chain(size):
    return {("task", i): node(i - 1) if i else node() for i in range(size)}, [("task", size - 1)]


def tree(size):
    """The first half are leaves; each later task joins the next two that are not joined yet."""
    leaves = (size + 1) // 2
    graph = {("task", i): node() for i in range(leaves)}
    for task in range(leaves, size):
        graph["task", task] = node(*(j for j in (2 * (task - leaves), 2 * (task - leaves) + 1) if j < task))
    return graph, [("task", size - 1)]


def mix(seed):
    """The random numbers of `shape.rs`."""
    z = (seed + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def random(size):
    """Each task needs three of the thousand before it."""
    graph, needed = {}, set()
    for task in range(size):
        drawn = (task - 1 - mix(task * 3 + draw) % min(task, WINDOW) for draw in range(min(3, task)))
        needs = list(dict.fromkeys(drawn))
        needed.update(needs)
        graph["task", task] = node(*needs)
    return graph, [("task", task) for task in range(size) if task not in needed]


SHAPES = {"independent": independent, "chain": chain, "tree": tree, "random": random}
