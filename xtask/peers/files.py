"""What `cargo xtask bench io` measures: files in the system's cache, read until the whole answer is in memory, and
written. What was written is read back for the checksum, outside the time."""

import glob
import os
import shutil
import tempfile

from common import Question, kept, main, scaled
from packages import PACKAGES, checksum
from tables import COLUMNS, ROWS, groups_table

FILES = 16


def parts(table):
    rows = -(-len(table) // FILES)
    for at in range(FILES):
        yield f"{at:02}", table.slice(at * rows, rows)


def write_csv(table, directory):
    import pyarrow.csv

    for name, part in parts(table):
        pyarrow.csv.write_csv(part, f"{directory}/{name}.csv", pyarrow.csv.WriteOptions(quoting_style="none"))


def write_parquet(table, directory):
    import pyarrow.parquet

    for name, part in parts(table):
        pyarrow.parquet.write_table(part, f"{directory}/{name}.parquet")


def write_json(table, directory):
    import polars

    for name, part in parts(table):
        polars.from_arrow(part).write_ndjson(f"{directory}/{name}.json")


def read(name, full, write, work):
    """`work` takes a package and the files."""

    def questions(peer):
        rows, peer = scaled(full), PACKAGES[peer]()
        files = kept(write.__name__, lambda directory: write(groups_table(rows, COLUMNS), directory))
        yield Question(name, rows, lambda: work(peer, files), lambda answer: checksum(peer.sums(answer)))

    return questions


def written(name, write, back):
    """`write` takes a package, its table and a directory, `back` a package and the files."""

    def questions(peer):
        rows, peer = scaled(ROWS), PACKAGES[peer]()
        with tempfile.TemporaryDirectory() as directory:
            inner = f"{directory}/table"
            x = peer.table(groups_table(rows, COLUMNS))

            def work():
                shutil.rmtree(inner, ignore_errors=True)
                os.mkdir(inner)
                write(peer, x, inner)

            read_back = lambda _: checksum(peer.sums(back(peer, sorted(glob.glob(f"{inner}/*")))))
            yield Question(name, rows, work, read_back)

    return questions


def numbers(n):
    import numpy as np

    return (np.arange(n) % 1009).astype("f8")


def npy_sum(peer):
    import numpy as np

    n = scaled(100_000_000)
    [path] = kept("numbers", lambda directory: np.save(f"{directory}/numbers.npy", numbers(n)))
    by_numpy = lambda: np.load(path, mmap_mode="r").sum()
    yield Question("npy-sum", n, {"numpy": by_numpy, "dask": dask_sum(path, n)}[peer])


def dask_sum(path, n):
    def work():
        import dask.array as da
        import numpy as np

        # Each block opens the file: `from_array` would copy whatever it is given.
        size = 1_000_000
        block = lambda block_info=None: np.load(path, mmap_mode="r")[slice(*block_info[None]["array-location"][0])]
        chunks = (tuple(min(size, n - at) for at in range(0, n, size)),)
        return da.map_blocks(block, chunks=chunks, dtype="f8", meta=np.empty(0)).sum().compute(scheduler="threads")

    return work


def npy_write(_):
    import numpy as np

    n = scaled(100_000_000)
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/numbers.npy"

        def work():
            with open(path, "wb") as file:
                np.save(file, numbers(n))
                file.flush()
                os.fsync(file.fileno())

        yield Question("npy-write", n, work, lambda _: np.load(path).sum(), threads=1)


if __name__ == "__main__":
    two = ["v1", "v3"]
    tables = {
        "csv": read("csv", ROWS, write_csv, lambda peer, files: peer.csv(files, None)),
        "csv-2of9": read("csv-2of9", ROWS, write_csv, lambda peer, files: peer.csv(files, two)),
        "csv-write": written("csv-write", lambda peer, *to: peer.csv_write(*to), lambda peer, files: peer.csv(files, None)),
        "json": read("json", ROWS // 10, write_json, lambda peer, files: peer.json(files)),
        "parquet-2of9": read("parquet-2of9", ROWS, write_parquet, lambda peer, files: peer.parquet(files, two)),
        "parquet-write": written(
            "parquet-write", lambda peer, *to: peer.parquet_write(*to), lambda peer, files: peer.parquet(files, None)
        ),
    }
    workloads = {name: (questions, list(PACKAGES)) for name, questions in tables.items()}
    workloads |= {"npy-sum": (npy_sum, ["numpy", "dask"]), "npy-write": (npy_write, ["numpy"])}
    main("io", workloads)
