"""What `cargo xtask bench array` measures, done by numpy and by dask.array.

    python xtask/peers/arrays.py [NAME,NAME..]     # needs dask and numpy

Prints one JSON object a line, as `--json` does; times are milliseconds. numpy has the threads of its BLAS and else one,
dask.array has all cores.
"""

import json
import statistics
import sys
import time

import dask
import dask.array as da
import numpy as np


def report(workload, system, size, work, times=5):
    work()
    figures = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        figures.append((time.perf_counter() - start) * 1e3)
    figures.sort()
    print(json.dumps({
        "area": "array", "workload": workload, "system": system, "size": size, "unit": "ms",
        "median": statistics.median(figures), "min": figures[0], "max": figures[-1],
    }), flush=True)


def fused():
    n = 100_000_000
    x, y = (np.arange(n) % 1000).astype("f8"), (np.arange(n) % 7) / 8.0
    report("fused", "numpy", n, lambda: np.sqrt((x + 1) * 2 - y).sum())
    a, b = da.from_array(x, chunks=1_000_000), da.from_array(y, chunks=1_000_000)
    report("fused", "dask.array", n, lambda: da.sqrt((a + 1) * 2 - b).sum().compute())


def mean_std():
    i, j = np.ogrid[:10_000, :5_000]
    x = ((i * 31 + j * 17) % 1009).astype("f8")
    a = da.from_array(x, chunks=1000)
    for axis in (0, 1):
        for what in ("mean", "std"):
            report("mean-std", f"numpy {what} over {axis}", x.size, lambda: getattr(x, what)(axis=axis))
            report("mean-std", f"dask.array {what} over {axis}", x.size, lambda: getattr(a, what)(axis=axis).compute())


def matmul():
    n = 4_000
    i, j = np.ogrid[:n, :n]
    x, y = ((i * 7 + j * 3) % 13).astype("f8"), ((i * 7 + j * 5) % 13).astype("f8")
    report("matmul", "numpy", n * n, lambda: x @ y)
    a, b = da.from_array(x, chunks=n // 4), da.from_array(y, chunks=n // 4)
    report("matmul", "dask.array", n * n, lambda: (a @ b).compute())


def svd():
    n = 4_000_000
    i, j = np.ogrid[:n, :20]
    x = ((i * 7 + i // 3 * j + j * j) % 101) / 50.0 - 1.0
    report("svd", "numpy", x.size, lambda: np.linalg.svd(x, full_matrices=False), times=3)
    a = da.from_array(x, chunks=(n // 10, -1))
    report("svd", "dask.array", x.size, lambda: da.compute(*da.linalg.svd(a)), times=3)


def rechunk():
    n = 10_000
    i, j = np.ogrid[:n, :n]
    x = (i ^ j).astype("f8")
    report("rechunk", "numpy copy", n * n, lambda: x.copy())
    a = da.from_array(x, chunks=(n // 16, -1)).map_blocks(np.copy)
    report("rechunk", "dask.array rows to columns", n * n, lambda: a.rechunk((-1, n // 16)).map_blocks(np.copy).compute())


def five_points(x):
    out = x.copy()
    out[1:-1, 1:-1] = (x[1:-1, 1:-1] + x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:]) / 5
    return out


def stencil():
    n = 8_000
    i, j = np.ogrid[:n, :n]
    x = ((i * 3 + j) % 101).astype("f8")
    report("stencil", "numpy", n * n, lambda: five_points(x))
    a = da.from_array(x, chunks=1000)
    report("stencil", "dask.array", n * n, lambda: a.map_overlap(five_points, depth=1, boundary="nearest").compute())


def random():
    n = 50_000_000
    for what, numpy_name in (("uniform", "random"), ("normal", "standard_normal")):
        rng = np.random.default_rng(1)
        report("random", f"numpy {what}", n, lambda: getattr(rng, numpy_name)(n).sum())
        lazy = da.random.default_rng(1)
        report("random", f"dask.array {what}", n,
               lambda: getattr(lazy, numpy_name)(n, chunks=1_000_000).sum().compute())


def build():
    n = 100_000
    x = da.zeros(n * 10, chunks=10)

    def twenty():
        y = x
        for _ in range(10):
            y = (y + 1) * x
        return y

    report("build", "dask.array 20 operations", n, twenty)


WORKLOADS = {
    "fused": fused, "mean-std": mean_std, "matmul": matmul, "svd": svd, "rechunk": rechunk, "stencil": stencil, "random": random,
    "build": build,
}

if __name__ == "__main__":
    dask.config.set(scheduler="threads")
    for name in sys.argv[1].split(",") if len(sys.argv) > 1 else WORKLOADS:
        WORKLOADS[name]()
