"""What `cargo xtask bench multiprocess` measures, done by dask and by Python's multiprocessing."""

from common import Question, main, scaled, sizes
from graphs import SHAPES

WORKERS = 2
MAX_TASKS = 10_000


def tasks(_):
    import multiprocessing

    import dask.multiprocessing

    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        for size in sizes(MAX_TASKS):
            for shape, make in SHAPES.items():
                graph, wanted = make(size)
                run = lambda: dask.multiprocessing.get(graph, wanted, pool=pool, optimize_graph=False)
                yield Question(f"tasks: {shape}", size, run, sum, "µs/task", WORKERS)


def echo(connection):
    while connection.recv() is not None:
        connection.send(True)


def values(_):
    """A value that another process takes by way of a pipe: what ours does in `write` and `read`."""
    import multiprocessing

    import numpy

    block = numpy.arange(scaled((64 << 20) // 8), dtype="f8")
    strings = [f"string {i}" for i in range(scaled(1_000_000))]
    for name, value, nbytes in [
        ("array block", block, block.nbytes),
        ("small strings", strings, sum(map(len, strings))),
    ]:
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.Process(target=echo, args=(theirs,))
        child.start()

        def send():
            ours.send(value)
            return ours.recv()

        yield Question(f"send {name}", nbytes, send, lambda _: None, "GB/s", 1)
        ours.send(None)
        child.join()


if __name__ == "__main__":
    main("multiprocess", {"tasks": (tasks, ["dask"]), "values": (values, ["python"])})
