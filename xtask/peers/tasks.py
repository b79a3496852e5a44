"""What `cargo xtask bench sched` measures, done by dask's threaded scheduler: planning is within its time."""

from common import THREADS, Question, main, sizes
from graphs import SHAPES

MAX_TASKS = 10_000


def planned_and_run(shape):
    def questions(_):
        from dask.threaded import get

        for size in sizes(MAX_TASKS):
            graph, wanted = SHAPES[shape](size)
            run = lambda: get(graph, wanted, num_workers=THREADS)
            yield Question(f"{shape}: plan and run", size, run, sum, unit="ns/task")

    return questions


if __name__ == "__main__":
    main("sched", {shape: (planned_and_run(shape), ["dask"]) for shape in SHAPES})
