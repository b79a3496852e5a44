"""What `cargo xtask bench memory` measures. duckdb is given the same limit of memory; the others know none, and what
they took is reported."""

import glob
import os
import tempfile

from common import Question, main, scaled
from packages import PACKAGES
from tables import ROWS, drawn, floats, groups_table

COLUMNS = 100
LIMIT = 1 << 30


def standardise(peer):
    import numpy as np

    rows = scaled(1_000_000)
    with tempfile.TemporaryDirectory() as directory:
        source, target = f"{directory}/from.npy", f"{directory}/to.npy"
        x = np.lib.format.open_memmap(source, "w+", "f8", (rows, COLUMNS))
        x.reshape(-1)[:] = np.arange(rows * COLUMNS) % 1009
        x.flush()
        del x
        work = {"numpy": by_blocks, "dask": by_dask}[peer]
        read_back = lambda _: np.abs(np.load(target, mmap_mode="r")).sum()
        yield Question("standardise", rows * COLUMNS, lambda: work(source, target), read_back)


def by_blocks(source, target):
    """As a careful hand does it: two passes over blocks of memory maps."""
    import numpy as np

    x = np.load(source, mmap_mode="r")
    blocks = [slice(at, at + 20_000) for at in range(0, len(x), 20_000)]
    mean = sum(x[block].sum(0) for block in blocks) / len(x)
    std = np.sqrt(sum(((x[block] - mean) ** 2).sum(0) for block in blocks) / len(x))
    out = np.lib.format.open_memmap(target, "w+", "f8", x.shape)
    for block in blocks:
        out[block] = (x[block] - mean) / std
    out.flush()


def by_dask(source, target):
    import dask.array as da
    import numpy as np

    shape = np.load(source, mmap_mode="r").shape
    # Each block opens the file: `from_array` would copy whatever it is given.
    block = lambda block_info=None: np.load(source, mmap_mode="r")[slice(*block_info[None]["array-location"][0])]
    chunks = (tuple(min(20_000, shape[0] - at) for at in range(0, shape[0], 20_000)), (shape[1],))
    x = da.map_blocks(block, chunks=chunks, dtype="f8", meta=np.empty((0, 0)))
    out = np.lib.format.open_memmap(target, "w+", "f8", shape)
    da.store((x - x.mean(0)) / x.std(0), out, lock=False, scheduler="threads")
    out.flush()


def in_files(directory, name, table):
    import pyarrow.csv

    os.mkdir(f"{directory}/{name}")
    part = -(-len(table) // 16)
    for at in range(16):
        pyarrow.csv.write_csv(table.slice(at * part, part), f"{directory}/{name}/{at:02}.csv", pyarrow.csv.WriteOptions(quoting_style="none"))
    return sorted(glob.glob(f"{directory}/{name}/*"))


def limited(peer):
    peer = PACKAGES[peer]()
    if hasattr(peer, "limit"):
        peer.limit(LIMIT)
    return peer


def group_limit(peer):
    keys = ["id1", "id2", "id3", "id4", "id5", "id6"]
    rows, peer = scaled(ROWS), limited(peer)
    with tempfile.TemporaryDirectory() as directory:
        files = in_files(directory, "groups", groups_table(rows, [*keys, "v1", "v3"]))
        yield Question("group-limit", rows, lambda: peer.grouped_files(files, keys), lambda row: float(row[0]) + row[1])


def join_limit(peer):
    import numpy as np
    import pyarrow as pa

    rows, peer = scaled(ROWS), limited(peer)
    with tempfile.TemporaryDirectory() as directory:
        row = np.arange(rows, dtype=np.uint64)
        left = in_files(directory, "left", pa.table({"key": drawn(13, row, rows), "v1": floats(14, row)}))
        key = row * np.uint64(7) % np.uint64(rows)
        right = in_files(directory, "right", pa.table({"key": key.astype(np.int64), "v2": floats(15, key)}))
        del row, key
        yield Question("join-limit", rows, lambda: peer.joined_files(left, right), lambda row: float(row[0]) + row[1])


if __name__ == "__main__":
    main("memory", {
        "standardise": (standardise, ["numpy", "dask"]),
        "group-limit": (group_limit, list(PACKAGES)),
        "join-limit": (join_limit, list(PACKAGES)),
    })
