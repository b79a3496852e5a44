"""What `cargo xtask bench memory` measures. duckdb is given the same limit of memory; the others know none, and what
they took is reported."""

import tempfile

from common import Question, kept, main, scaled
from files import write_csv
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


def limited(peer):
    peer = PACKAGES[peer]()
    if hasattr(peer, "limit"):
        peer.limit(LIMIT)
    return peer


def count_and_sum(row):
    return float(row[0]) + row[1]


def group_limit(peer):
    keys = ["id1", "id2", "id3", "id4", "id5", "id6"]
    rows, peer = scaled(ROWS), limited(peer)
    files = kept("groups", lambda directory: write_csv(groups_table(rows, [*keys, "v1", "v3"]), directory))
    yield Question("group-limit", rows, lambda: peer.grouped_files(files, keys), count_and_sum)


def join_limit(peer):
    import numpy as np
    import pyarrow as pa

    rows, peer = scaled(ROWS), limited(peer)

    def left_table():
        row = np.arange(rows, dtype=np.uint64)
        return pa.table({"key": drawn(13, row, rows), "v1": floats(14, row)})

    def right_table():
        key = np.arange(rows, dtype=np.uint64) * np.uint64(7) % np.uint64(rows)
        return pa.table({"key": key.astype(np.int64), "v2": floats(15, key)})

    left = kept("left", lambda directory: write_csv(left_table(), directory))
    right = kept("right", lambda directory: write_csv(right_table(), directory))
    yield Question("join-limit", rows, lambda: peer.joined_files(left, right), count_and_sum)


if __name__ == "__main__":
    main("memory", {
        "standardise": (standardise, ["numpy", "dask"]),
        "group-limit": (group_limit, list(PACKAGES)),
        "join-limit": (join_limit, list(PACKAGES)),
    })
