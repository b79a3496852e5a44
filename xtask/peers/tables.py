"""The tables of `xtask/src/bench/frame/data.rs`: the same rows."""

import numpy as np

ROWS = 10_000_000
COLUMNS = ["id1", "id2", "id3", "id4", "id5", "id6", "v1", "v2", "v3"]


def scattered(n):
    n = (n ^ (n >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return n ^ (n >> np.uint64(29))


def drawn(column, row, below):
    mixed = scattered(scattered(row) ^ np.uint64((column << 56) & ((1 << 64) - 1)))
    return (mixed % np.uint64(below)).astype(np.int64)


def integers(column, row, below):
    return drawn(column, row, max(below, 1)) + 1


def floats(column, row):
    return drawn(column, row, 100_000_000) / 1e6


def named(numbers, digits):
    import pyarrow as pa

    names = [f"id{n:0{digits}}" for n in range(int(numbers.max(initial=0)) + 1)]
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(names)).dictionary_decode()


def groups_table(rows, columns):
    import pyarrow as pa

    row = np.arange(rows, dtype=np.uint64)
    many = max(rows // 100, 1)
    make = {
        "id1": lambda: named(integers(1, row, 100), 3),
        "id2": lambda: named(integers(2, row, 100), 3),
        "id3": lambda: named(integers(3, row, many), 10),
        "id4": lambda: integers(4, row, 100),
        "id5": lambda: integers(5, row, 100),
        "id6": lambda: integers(6, row, many),
        "v1": lambda: integers(7, row, 5),
        "v2": lambda: integers(8, row, 15),
        "v3": lambda: floats(9, row),
    }
    return pa.table({name: make[name]() for name in columns})


def joined_tables(rows, key):
    import pyarrow as pa

    row = np.arange(rows, dtype=np.uint64)
    left = pa.table({
        "id1": integers(11, row, rows // 1_000_000),
        "id2": integers(12, row, rows // 1_000),
        "id3": integers(13, row, rows),
        "id5": named(integers(12, row, rows // 1_000), 0),
        "v1": floats(14, row),
    })
    n = max(rows // {"id1": 1_000_000, "id3": 1}.get(key, 1_000), 1)
    keys = np.arange(n, dtype=np.uint64) * np.uint64(7) % np.uint64(n) + np.uint64(1)
    keys = keys[(keys % np.uint64(10) != 0) | (n < 10)]
    names = {key: named(keys.astype(np.int64), 0) if key == "id5" else keys.astype(np.int64)}
    return left, pa.table({**names, "v2": floats(15, keys)})
