"""What `cargo xtask bench array` measures, done by numpy, numexpr and dask.array.

numpy has the threads of its BLAS and else one, numexpr and dask.array have all cores. What a workload starts from is
in memory.
"""

from common import THREADS, Question, main, scaled, side


def fused(peer):
    import numpy as np

    n = scaled(100_000_000)
    x, y = (np.arange(n) % 1000).astype("f8"), (np.arange(n) % 7) / 8.0
    if peer == "numpy":
        yield Question("fused", n, lambda: np.sqrt((x + 1) * 2 - y).sum(), threads=1)
    elif peer == "numexpr":
        import numexpr

        numexpr.set_num_threads(THREADS)
        yield Question("fused", n, lambda: numexpr.evaluate("sum(sqrt((x + 1) * 2 - y))", {"x": x, "y": y}))
    else:
        import dask.array as da

        a, b = (da.from_array(z, chunks=min(n, 1_000_000)) for z in (x, y))
        yield Question("fused", n, lambda: da.sqrt((a + 1) * 2 - b).sum().compute())


def mean_std(peer):
    import numpy as np

    i, j = np.ogrid[: side(10_000), : side(5_000)]
    x = ((i * 31 + j * 17) % 1009).astype("f8")
    for axis in (0, 1):
        for what in ("mean", "std"):
            name = f"{what} over axis {axis}"
            if peer == "numpy":
                yield Question(name, x.size, lambda: getattr(x, what)(axis=axis), lambda d: d.sum(), threads=1)
            else:
                import dask.array as da

                a = da.from_array(x, chunks=min(1000, x.shape[1]))
                yield Question(name, x.size, lambda: getattr(a, what)(axis=axis).compute(), lambda d: d.sum())


def matmul(peer):
    import numpy as np

    n = side(8_000)
    i, j = np.ogrid[:n, :n]
    x, y = ((i * 7 + j * 3) % 13).astype("f8"), ((i * 7 + j * 5) % 13).astype("f8")
    if peer == "numpy":
        yield Question("matmul", n * n, lambda: x @ y, lambda d: d.sum())
    else:
        import dask.array as da

        a, b = (da.from_array(z, chunks=-(-n // 4)) for z in (x, y))
        yield Question("matmul", n * n, lambda: (a @ b).compute(), lambda d: d.sum())


def svd(peer):
    import numpy as np

    n = scaled(4_000_000)
    i, j = np.ogrid[:n, :20]
    x = ((i * 7 + i // 3 * j + j * j) % 101) / 50.0 - 1.0
    if peer == "numpy":
        yield Question("svd", x.size, lambda: np.linalg.svd(x, full_matrices=False), lambda d: d[1].sum())
    else:
        import dask
        import dask.array as da

        a = da.from_array(x, chunks=(-(-n // 10), -1))
        yield Question("svd", x.size, lambda: dask.compute(*da.linalg.svd(a)), lambda d: d[1].sum())


def rechunk(_):
    import dask.array as da
    import numpy as np

    n = side(20_000)
    i, j = np.ogrid[:n, :n]
    block = -(-n // 16)
    rows = da.from_array((i ^ j).astype("f8"), chunks=(block, -1)).map_blocks(np.copy).persist()
    yield Question("rechunk", n * n, lambda: rows.rechunk((-1, block)).persist(), lambda moved: moved.sum().compute())


def five_points(x):
    out = x.copy()
    out[1:-1, 1:-1] = (x[1:-1, 1:-1] + x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:]) / 5
    return out


def stencil(peer):
    import numpy as np

    n = side(8_000)
    i, j = np.ogrid[:n, :n]
    x = ((i * 3 + j) % 101).astype("f8")
    inner_sum = lambda d: d[1:-1, 1:-1].sum()
    if peer == "numpy":
        yield Question("stencil", n * n, lambda: five_points(x), inner_sum, threads=1)
    else:
        import dask.array as da

        a = da.from_array(x, chunks=min(n, 1000))
        work = lambda: a.map_overlap(five_points, depth=1, boundary="nearest").compute()
        yield Question("stencil", n * n, work, inner_sum)


def random(peer):
    import numpy as np

    n = scaled(50_000_000)
    none = lambda _: None  # other generators, other numbers
    for what, name in (("uniform", "random"), ("normal", "standard_normal")):
        if peer == "numpy":
            rng = np.random.default_rng(1)
            yield Question(f"random {what}", n, lambda: getattr(rng, name)(n).sum(), none, threads=1)
        else:
            import dask.array as da

            rng = da.random.default_rng(1)
            work = lambda: getattr(rng, name)(n, chunks=min(n, 1_000_000)).sum().compute()
            yield Question(f"random {what}", n, work, none)


def build(_):
    import dask.array as da

    n = scaled(100_000)
    x = da.zeros(n * 10, chunks=10)

    def twenty():
        y = x
        for _ in range(10):
            y = (y + 1) * x
        return y

    yield Question("build", n, twenty, lambda _: None, threads=1)


if __name__ == "__main__":
    both = ["numpy", "dask"]
    main("array", {
        "fused": (fused, ["numpy", "numexpr", "dask"]),
        "mean-std": (mean_std, both),
        "matmul": (matmul, both),
        "svd": (svd, both),
        "rechunk": (rechunk, ["dask"]),
        "stencil": (stencil, both),
        "random": (random, both),
        "build": (build, ["dask"]),
    })
