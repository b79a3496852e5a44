"""What `cargo xtask bench bag` measures, done by dask.bag with its default scheduler: processes; and `json` by polars
and duckdb."""

import json
import pathlib
import tempfile

from common import MASK, Question, main, scaled, scattered

FILES = 16


def write_text(directory, nbytes):
    """The same text as the one of `xtask/src/bench/bag/words.rs`."""
    state = 1

    def following(below):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        return (state >> 33) % below

    block = []
    length = 0
    while length < min(-(-nbytes // FILES), 1 << 20):
        for place in range(10):
            most = following(20_000) + 1
            number = following(most) * 7919
            word = ""
            while True:
                word += chr(ord("a") + number % 26)
                number //= 26
                if number == 0:
                    break
            block.append(word + (" " if place < 9 else "\n"))
            length += len(block[-1])
    block = "".join(block)
    repeats = max(nbytes // FILES // length, 1)
    for n in range(FILES):
        pathlib.Path(directory, f"{n:02}.txt").write_text(block * repeats)
    return length * repeats * FILES


def of_counts(counts):
    """A number that depends on all counts, in any order."""
    total = 0
    for word, n in counts:
        for byte in word.encode():
            n = scattered(n ^ byte)
        total += n
    return total & MASK


CARRIERS = ["AA", "AS", "B6", "DL", "F9", "HA", "UA", "WN"]


def write_flights(directory, n):
    """The same flights as those of `xtask/src/bench/bag/json.rs`."""
    for file in range(FILES):
        with pathlib.Path(directory, f"{file:02}.jsonl").open("w") as out:
            for id in range(n // FILES * file, n // FILES * (file + 1)):
                drawn = scattered(scattered(id + 1))
                carrier, delay = CARRIERS[drawn % 8], (drawn >> 8) % 180 - 30
                out.write(
                    f'{{"id":{id},"carrier":"{carrier}","from":"{(drawn >> 40) % 400:04X}",'
                    f'"delay":{delay},"distance":{(drawn >> 20) % 3000}}}\n'
                )


def of_late(late):
    """A number that depends on all results, in any order."""
    total = 0
    for carrier, n, minutes in late:
        for byte in carrier.encode():
            n = scattered(n ^ byte)
        total += scattered(n ^ (minutes & MASK))
    return total & MASK


def chain(_):
    import dask.bag

    n = scaled(10_000_000)
    bag = dask.bag.range(n, npartitions=16).map(scattered).filter(lambda n: n % 8 != 0)
    bag = bag.map(lambda n: [n, n >> 1]).flatten().map(lambda n: n ^ (n >> 7)).filter(lambda n: n % 3 == 0)
    yield Question("chain", n, lambda: bag.sum().compute(), lambda total: total & MASK)


def groupby(_):
    import dask.bag

    n = scaled(10_000_000)
    keys = n // 10
    pairs = dask.bag.range(n, npartitions=64).map(lambda i: (scattered(i) % keys, i))
    groups = pairs.groupby(lambda pair: pair[0]).map(lambda group: len(group[1]))
    # Ours depends on the order of the items of a group, which is not kept here.
    yield Question("groupby", n, lambda: groups.sum().compute(), lambda _: None)


def words(_):
    import dask.bag

    with tempfile.TemporaryDirectory() as directory:
        size = write_text(directory, scaled(500_000_000))
        lines = dask.bag.read_text(f"{directory}/*.txt", blocksize=8 << 20)
        yield Question("words", size, lambda: lines.str.split().flatten().frequencies().compute(), of_counts)


def late_by_dask(pattern):
    import dask.bag

    flights = dask.bag.read_text(pattern).map(json.loads).filter(lambda flight: flight["distance"] > 1000)
    late = flights.foldby(
        "carrier",
        lambda late, flight: (late[0] + 1, late[1] + flight["delay"]),
        (0, 0),
        lambda a, b: (a[0] + b[0], a[1] + b[1]),
        (0, 0),
    )
    return [(carrier, n, minutes) for carrier, (n, minutes) in late.compute()]


def late_by_polars(pattern):
    import polars as pl

    schema = {"carrier": pl.String, "delay": pl.Int64, "distance": pl.UInt32}
    flights = pl.scan_ndjson(pattern, schema=schema).filter(pl.col("distance") > 1000)
    return flights.group_by("carrier").agg(pl.len(), pl.col("delay").sum()).collect().rows()


def late_by_duckdb(pattern):
    import duckdb

    columns = "{carrier: 'VARCHAR', delay: 'BIGINT', distance: 'UINTEGER'}"
    return duckdb.sql(f"""
        select carrier, count(*), sum(delay)::bigint
        from read_json('{pattern}', format = 'newline_delimited', columns = {columns})
        where distance > 1000 group by carrier
    """).fetchall()


LATE = {"dask": late_by_dask, "polars": late_by_polars, "duckdb": late_by_duckdb}


def json_lines(peer):
    with tempfile.TemporaryDirectory() as directory:
        n = scaled(5_000_000) // FILES * FILES
        write_flights(directory, n)
        pattern = f"{directory}/*.jsonl"
        yield Question("json", n, lambda: LATE[peer](pattern), of_late)


if __name__ == "__main__":
    workloads = {"chain": (chain, ["dask"]), "groupby": (groupby, ["dask"]), "words": (words, ["dask"])}
    main("bag", workloads | {"json": (json_lines, list(LATE))})
