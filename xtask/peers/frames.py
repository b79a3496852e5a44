"""What `cargo xtask bench frame` measures, done by pandas, dask, polars and duckdb.

    python xtask/peers/frames.py [HUNDREDTHS] [--only NAME,..] [--peers NAME,..]    # needs them, and pyarrow

The rows are those of `xtask/src/bench/frame/data.rs`, and so are the checksums: where systems differ, the line says so.
Prints one JSON object a line, as `--json` does. Every peer starts from its own tables in memory (but for `csv`), ends
with the whole answer in memory, and runs in a process of its own.
"""

import argparse
import glob
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

THREADS = os.cpu_count()
PEERS = ["pandas", "dask", "polars", "polars-lazy", "duckdb"]
ROWS = 10_000_000

GROUPS = {
    "group-q1": (["id1"], {"v1": ("v1", "sum")}),
    "group-q2": (["id1", "id2"], {"v1": ("v1", "sum")}),
    "group-q3": (["id3"], {"v1": ("v1", "sum"), "v3": ("v3", "mean")}),
    "group-q4": (["id4"], {"v1": ("v1", "mean"), "v2": ("v2", "mean"), "v3": ("v3", "mean")}),
    "group-q5": (["id6"], {"v1": ("v1", "sum"), "v2": ("v2", "sum"), "v3": ("v3", "sum")}),
    "group-q6": (["id4", "id5"], {"med": ("v3", "median"), "sd": ("v3", "std")}),
    "group-q7": (["id3"], {"hi": ("v1", "max"), "lo": ("v2", "min")}),
    "group-q8": (["id6"], {"v3": ("v3", "largest2")}),
    "group-q9": (["id2", "id4"], {"r2": ("v1", "corr2")}),
    "group-q10": (["id1", "id2", "id3", "id4", "id5", "id6"], {"v3": ("v3", "sum"), "count": ("v1", "count")}),
}
JOINS = {
    "join-q1": ("id1", "inner"),
    "join-q2": ("id2", "inner"),
    "join-q3": ("id2", "left"),
    "join-q4": ("id5", "inner"),
    "join-q5": ("id3", "inner"),
}
WORKLOADS = ["csv", "csv-2of9", "parquet-2of9", *GROUPS, *JOINS, "sort", "set-index"]


# ---- the tables -------------------------------------------------------------------------
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


# ---- the peers --------------------------------------------------------------------------
class Pandas:
    def __init__(self):
        import pandas

        self.pd, self.version = pandas, f"pandas {pandas.__version__}"

    def table(self, table):
        return table.to_pandas()

    def group(self, x, keys, aggs):
        if "r2" in aggs:
            x = x.assign(n=1, xx=x.v1 * x.v1, yy=x.v2 * x.v2, xy=x.v1 * x.v2)
        g = x.groupby(keys, as_index=False, sort=False, observed=True, dropna=False)
        if "r2" in aggs:
            s = g.sum()
            top = (s.n * s.xy - s.v1 * s.v2) ** 2
            return s[keys].assign(r2=top / ((s.n * s.xx - s.v1**2) * (s.n * s.yy - s.v2**2)))
        if aggs.get("v3") == ("v3", "largest2"):
            return x.sort_values("v3", ascending=False).groupby(keys, sort=False).head(2)
        return self.ranged(g.agg(**aggs), keys)

    def ranged(self, d, keys):
        return d.assign(range=d["hi"] - d["lo"])[[*keys, "range"]] if "hi" in d.columns else d

    def join(self, x, y, key, how):
        return x.merge(y, on=key, how=how)

    def sort(self, x):
        return x.sort_values("v3")

    def set_index(self, x):
        return x.set_index("v3").sort_index().reset_index()

    def csv(self, files, columns):
        d = self.pd.concat([self.pd.read_csv(f, usecols=columns) for f in files])
        return d[columns].sum().to_frame().T if columns else d

    def parquet(self, files, columns):
        return self.pd.concat([self.pd.read_parquet(f, columns=columns) for f in files]).mean().to_frame().T

    def sums(self, d):
        n = d.select_dtypes("number")
        return len(d), [(n[c].dtype.kind, n[c].sum()) for c in n.columns]


class Dask(Pandas):
    def __init__(self):
        import dask
        import dask.dataframe
        import pandas

        dask.config.set(scheduler="threads", num_workers=THREADS)
        self.pd, self.dd, self.version = pandas, dask.dataframe, f"dask {dask.__version__}"

    def table(self, table):
        return self.dd.from_pandas(table.to_pandas(), npartitions=16 if len(table) > 50_000 else 1)

    def group(self, x, keys, aggs):
        many = {"split_out": x.npartitions} if len(keys) > 2 else {}
        if "r2" in aggs:
            x = x.assign(n=1, xx=x.v1 * x.v1, yy=x.v2 * x.v2, xy=x.v1 * x.v2)
            s = x.groupby(keys, sort=False).sum().compute().reset_index()
            top = (s.n * s.xy - s.v1 * s.v2) ** 2
            return s[keys].assign(r2=top / ((s.n * s.xx - s.v1**2) * (s.n * s.yy - s.v2**2)))
        if aggs.get("v3") == ("v3", "largest2"):
            top = lambda d: d.sort_values("v3", ascending=False).groupby(keys, sort=False).head(2)
            return x.shuffle(keys).map_partitions(top, meta=x._meta).compute()
        spec = {}
        for column, function in aggs.values():
            spec.setdefault(column, []).append(function)
        d = x.groupby(keys, sort=False, observed=True, dropna=False).agg(spec, **many).compute()
        order = [f"{c}_{f}" for c, f in aggs.values()]
        d.columns = ["_".join(c) for c in d.columns]
        return self.ranged(d.reset_index().rename(columns=dict(zip(order, aggs))), keys)

    def join(self, x, y, key, how):
        return x.merge(y, on=key, how=how).compute()

    def sort(self, x):
        return x.sort_values("v3").compute()

    def set_index(self, x):
        return x.set_index("v3").compute().reset_index()

    def csv(self, files, columns):
        d = self.dd.read_csv(files)
        return d[columns].sum().compute().to_frame().T if columns else d.compute()

    def parquet(self, files, columns):
        return self.dd.read_parquet(files)[columns].mean().compute().to_frame().T


class Polars:
    def __init__(self, lazy=False):
        import polars

        self.pl, self.lazy = polars, lazy
        self.version = f"polars {polars.__version__}{' lazy' if lazy else ''}"

    def table(self, table):
        d = self.pl.from_arrow(table).rechunk()
        return d.lazy() if self.lazy else d

    def done(self, d):
        return d.collect(engine="streaming") if self.lazy else d

    def group(self, x, keys, aggs):
        pl = self.pl
        if "r2" in aggs:
            made = [(pl.corr("v1", "v2") ** 2).alias("r2")]
        elif "hi" in aggs:
            made = [(pl.col("v1").max() - pl.col("v2").min()).alias("range")]
        elif aggs.get("v3") == ("v3", "largest2"):
            return self.done(x.group_by(keys).agg(pl.col("v3").top_k(2)).explode("v3"))
        else:
            made = [getattr(pl.col(column), function)().alias(name) for name, (column, function) in aggs.items()]
        return self.done(x.group_by(keys).agg(made))

    def join(self, x, y, key, how):
        return self.done(x.join(y, on=key, how=how, maintain_order="none"))

    def sort(self, x):
        return self.done(x.sort("v3"))

    set_index = sort  # there is no index

    def csv(self, files, columns):
        d = self.pl.scan_csv(files)
        d = d.select(self.pl.col(columns).sum()) if columns else d
        return d.collect(engine="streaming" if self.lazy else "in-memory")

    def parquet(self, files, columns):
        d = self.pl.scan_parquet(files).select(self.pl.col(columns).mean())
        return d.collect(engine="streaming" if self.lazy else "in-memory")

    def sums(self, d):
        n = d.select(self.pl.selectors.numeric())
        return d.height, [("f" if n[c].dtype.is_float() else "i", n[c].fill_nan(None).sum()) for c in n.columns]


class Duckdb:
    def __init__(self):
        import duckdb

        self.con, self.n = duckdb.connect(config={"threads": THREADS}), 0
        self.version = f"duckdb {duckdb.__version__}"

    def table(self, table):
        self.n += 1
        self.con.register("given", table)
        self.con.execute(f"create table t{self.n} as select * from given")
        return f"t{self.n}"

    def answer(self, text):
        self.con.execute("create or replace table answer as " + text)

    def group(self, x, keys, aggs):
        by = ", ".join(keys)
        if "r2" in aggs:
            made = "power(corr(v1, v2), 2) as r2"
        elif "hi" in aggs:
            made = "max(v1) - min(v2) as range"
        elif aggs.get("v3") == ("v3", "largest2"):
            made = "unnest(max(v3, 2)) as v3"
        else:
            made = ", ".join(f"{'avg' if f == 'mean' else 'stddev' if f == 'std' else f}({c}) as {o}" for o, (c, f) in aggs.items())
        self.answer(f"select {by}, {made} from {x} group by {by}")

    def join(self, x, y, key, how):
        self.answer(f"select x.*, y.v2 from {x} x {how} join {y} y using ({key})")

    def sort(self, x):
        self.answer(f"select * from {x} order by v3")

    set_index = sort  # there is no index

    def csv(self, files, columns):
        made = ", ".join(f"sum({c}) as {c}" for c in columns) if columns else "*"
        self.answer(f"select {made} from read_csv({files!r})")

    def parquet(self, files, columns):
        self.answer(f"select {', '.join(f'avg({c}) as {c}' for c in columns)} from read_parquet({files!r})")

    def sums(self, _):
        columns = self.con.execute("describe answer").fetchall()
        kinds = [(c[0], "f" if "DOUBLE" in c[1] else "i") for c in columns if any(k in c[1] for k in ("INT", "DOUBLE"))]
        row = self.con.execute("select count(*), " + ", ".join(f"sum({c}) filter (not isnan({c}::double))" for c, _ in kinds) + " from answer").fetchone()
        return row[0], [(kind, value or 0) for (_, kind), value in zip(kinds, row[1:])]


def checksum(sums):
    """As `xtask/src/bench/frame/answer.rs`."""
    rows, columns = sums
    total = rows
    for kind, value in columns:
        if kind == "f":
            value = float(value)
            total += round(value / 10.0 ** (math.floor(math.log10(abs(value))) - 5)) if value else 0
        else:
            total += int(value)
    return total & ((1 << 64) - 1)


# ---- one workload of one peer, in this process ------------------------------------------
def measure(peer, name, percent, directory):
    peer = {"pandas": Pandas, "dask": Dask, "polars": Polars, "polars-lazy": lambda: Polars(True), "duckdb": Duckdb}[peer]()
    rows = max(ROWS * percent // 100, 1)
    if name in GROUPS:
        keys, aggs = GROUPS[name]
        columns = sorted({*keys, *(c for c, _ in aggs.values()), *(["v2"] if "r2" in aggs else [])})
        x = peer.table(groups_table(rows, columns))
        work = lambda: peer.group(x, keys, aggs)
    elif name in JOINS:
        key, how = JOINS[name]
        x, y = (peer.table(table) for table in joined_tables(rows, key))
        work = lambda: peer.join(x, y, key, how)
    elif name in ("sort", "set-index"):
        x = peer.table(groups_table(rows, ["id4", "v1", "v3"]))
        work = lambda: peer.sort(x) if name == "sort" else peer.set_index(x)
    elif name == "parquet-2of9":
        work = lambda: peer.parquet(sorted(glob.glob(f"{directory}/*.parquet")), ["v1", "v3"])
    else:
        columns = ["v1", "v3"] if name == "csv-2of9" else None
        work = lambda: peer.csv(sorted(glob.glob(f"{directory}/*.csv")), columns)
    answer, seconds, cpu = work(), [], time.process_time()
    while len(seconds) < 5 and sum(seconds) < 30:
        start = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - start)
    cpu = (time.process_time() - cpu) / len(seconds)
    figures = sorted(s * 1e3 for s in seconds)
    status = open("/proc/self/status").read()
    print(json.dumps({
        "area": "frame", "workload": name, "system": peer.version, "size": rows, "threads": THREADS, "unit": "ms",
        "median": statistics.median(figures), "min": figures[0], "max": figures[-1], "cpu_s": cpu,
        "peak_bytes": int(status.split("VmHWM:")[1].split()[0]) * 1024, "checksum": checksum(peer.sums(answer)),
    }), flush=True)


def write_files(directory, percent):
    """Files of the same rows, 16 of each kind."""
    import pyarrow.csv
    import pyarrow.parquet

    table = groups_table(max(ROWS * percent // 100, 1), ["id1", "id2", "id3", "id4", "id5", "id6", "v1", "v2", "v3"])
    rows = -(-len(table) // 16)
    for at in range(16):
        part = table.slice(at * rows, rows)
        pyarrow.csv.write_csv(part, f"{directory}/{at:02}.csv", pyarrow.csv.WriteOptions(quoting_style="none"))
        pyarrow.parquet.write_table(part, f"{directory}/{at:02}.parquet")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("percent", type=int, nargs="?", default=100)
    parser.add_argument("--only", type=lambda text: text.split(","), default=WORKLOADS)
    parser.add_argument("--peers", type=lambda text: text.split(","), default=PEERS)
    parser.add_argument("--here", nargs=3, metavar=("PEER", "NAME", "DIRECTORY"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        peer, name, directory = given.here
        return measure(peer, name, given.percent, directory)
    with tempfile.TemporaryDirectory() as directory:
        if any(name.startswith(("csv", "parquet")) for name in given.only):
            write_files(directory, given.percent)
        for name in given.only:
            for peer in given.peers:
                command = [sys.executable, __file__, str(given.percent), "--here", peer, name, directory]
                done = subprocess.run(command, capture_output=True, text=True)
                lines = done.stderr.strip().splitlines()
                print(done.stdout.strip() or f"# {name} {peer}: {lines[-1] if lines else 'killed'}", flush=True)


if __name__ == "__main__":
    main()
