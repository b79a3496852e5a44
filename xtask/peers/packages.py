"""pandas, dask, polars and duckdb behind the same few methods, each as its users write it."""

import math

from common import MASK, THREADS


class Pandas:
    def __init__(self):
        import pandas

        self.pd = pandas

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
        return self.pd.DataFrame({c: [d[c].sum()] for c in columns}) if columns else d

    def json(self, files):
        return self.pd.concat([self.pd.read_json(f, lines=True) for f in files])

    def parquet(self, files, columns):
        d = self.pd.concat([self.pd.read_parquet(f, columns=columns) for f in files])
        return d.mean().to_frame().T if columns else d

    def csv_write(self, x, directory):
        x.to_csv(f"{directory}/0.csv", index=False)

    def parquet_write(self, x, directory):
        x.to_parquet(f"{directory}/0.parquet", index=False)

    def grouped_files(self, files, keys):
        d = self.pd.concat([self.pd.read_csv(f) for f in files])
        s = d.groupby(keys, sort=False)["v3"].sum()
        return len(s), s.sum()

    def joined_files(self, left, right):
        x, y = (self.pd.concat([self.pd.read_csv(f) for f in files]) for files in (left, right))
        d = x.merge(y, on="key")
        return len(d), d.v2.sum()

    def sums(self, d):
        n = d.select_dtypes("number")
        return len(d), [(n[c].dtype.kind, n[c].sum()) for c in n.columns]


class Dask(Pandas):
    def __init__(self):
        import dask
        import dask.dataframe
        import pandas

        dask.config.set(scheduler="threads", num_workers=THREADS)
        self.pd, self.dask, self.dd = pandas, dask, dask.dataframe

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
        if not columns:
            return d.compute()
        sums = self.dask.compute(*(d[c].sum() for c in columns))
        return self.pd.DataFrame({c: [s] for c, s in zip(columns, sums)})

    def json(self, files):
        return self.dd.read_json(files, lines=True).compute()

    def parquet(self, files, columns):
        d = self.dd.read_parquet(files)
        return d[columns].mean().compute().to_frame().T if columns else d.compute()

    def csv_write(self, x, directory):
        x.to_csv(f"{directory}/*.csv", index=False)

    def parquet_write(self, x, directory):
        x.to_parquet(directory, write_index=False)

    def grouped_files(self, files, keys):
        d = self.dd.read_csv(files)
        s = d.groupby(keys, sort=False)["v3"].sum(split_out=d.npartitions)
        return tuple(self.dask.compute(s.size, s.sum()))

    def joined_files(self, left, right):
        d = self.dd.read_csv(left).merge(self.dd.read_csv(right), on="key")
        return tuple(self.dask.compute(d.v2.size, d.v2.sum()))


class Polars:
    """Lazy, with the streaming engine."""

    def __init__(self):
        import polars

        self.pl = polars

    def table(self, table):
        return self.pl.from_arrow(table).rechunk().lazy()

    def done(self, d):
        return d.collect(engine="streaming")

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
        return self.done(d.select(self.pl.col(columns).sum()) if columns else d)

    def json(self, files):
        return self.done(self.pl.scan_ndjson(files))

    def parquet(self, files, columns):
        d = self.pl.scan_parquet(files)
        return self.done(d.select(self.pl.col(columns).mean()) if columns else d)

    def csv_write(self, x, directory):
        x.sink_csv(f"{directory}/0.csv")

    def parquet_write(self, x, directory):
        x.sink_parquet(f"{directory}/0.parquet")

    def grouped_files(self, files, keys):
        pl = self.pl
        d = pl.scan_csv(files).group_by(keys).agg(pl.col("v3").sum(), pl.len().alias("n"))
        return self.done(d.select(pl.len().alias("count"), pl.col("v3").sum())).row(0)

    def joined_files(self, left, right):
        pl = self.pl
        d = pl.scan_csv(left).join(pl.scan_csv(right), on="key")
        return self.done(d.select(pl.len(), pl.col("v2").sum())).row(0)

    def sums(self, d):
        n = d.select(self.pl.selectors.numeric())
        return d.height, [("f" if n[c].dtype.is_float() else "i", n[c].fill_nan(None).sum()) for c in n.columns]


class Duckdb:
    def __init__(self):
        import duckdb

        self.con, self.n = duckdb.connect(config={"threads": THREADS}), 0

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

    def json(self, files):
        self.answer(f"select * from read_json({files!r}, format = 'newline_delimited')")

    def parquet(self, files, columns):
        made = ", ".join(f"avg({c}) as {c}" for c in columns) if columns else "*"
        self.answer(f"select {made} from read_parquet({files!r})")

    def csv_write(self, x, directory):
        self.con.execute(f"copy {x} to '{directory}/0.csv' (header)")

    def parquet_write(self, x, directory):
        self.con.execute(f"copy {x} to '{directory}/0.parquet'")

    def grouped_files(self, files, keys):
        by = ", ".join(keys)
        groups = f"select {by}, sum(v3) as v3 from read_csv({files!r}) group by {by}"
        return self.con.execute(f"select count(*), sum(v3) from ({groups})").fetchone()

    def joined_files(self, left, right):
        joined = f"read_csv({left!r}) join read_csv({right!r}) using (key)"
        return self.con.execute(f"select count(*), sum(v2) from {joined}").fetchone()

    def limit(self, nbytes):
        self.con.execute(f"set memory_limit = '{nbytes // (1 << 20)}MiB'")

    def sums(self, _):
        columns = self.con.execute("describe answer").fetchall()
        kinds = [(c[0], "f" if "DOUBLE" in c[1] else "i") for c in columns if any(k in c[1] for k in ("INT", "DOUBLE"))]
        row = self.con.execute("select count(*), " + ", ".join(f"sum({c}) filter (not isnan({c}::double))" for c, _ in kinds) + " from answer").fetchone()
        return row[0], [(kind, value or 0) for (_, kind), value in zip(kinds, row[1:])]


PACKAGES = {"pandas": Pandas, "dask": Dask, "polars": Polars, "duckdb": Duckdb}


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
