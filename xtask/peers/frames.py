"""What `cargo xtask bench frame` measures: every package starts from its own tables in memory and ends with the whole
answer in memory."""

from common import Question, main, scaled
from packages import PACKAGES, checksum
from tables import ROWS, groups_table, joined_tables

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


def asked(name, peer, rows, work):
    return Question(name, rows, work, lambda answer: checksum(peer.sums(answer)))


def group(name):
    def questions(peer):
        keys, aggs = GROUPS[name]
        columns = sorted({*keys, *(c for c, _ in aggs.values()), *(["v2"] if "r2" in aggs else [])})
        rows, peer = scaled(ROWS), PACKAGES[peer]()
        x = peer.table(groups_table(rows, columns))
        yield asked(name, peer, rows, lambda: peer.group(x, keys, aggs))

    return questions


def join(name):
    def questions(peer):
        key, how = JOINS[name]
        rows, peer = scaled(ROWS), PACKAGES[peer]()
        x, y = (peer.table(table) for table in joined_tables(rows, key))
        yield asked(name, peer, rows, lambda: peer.join(x, y, key, how))

    return questions


def order(name):
    def questions(peer):
        rows, peer = scaled(ROWS), PACKAGES[peer]()
        x = peer.table(groups_table(rows, ["id4", "v1", "v3"]))
        yield asked(name, peer, rows, lambda: peer.sort(x) if name == "sort" else peer.set_index(x))

    return questions


if __name__ == "__main__":
    workloads = {name: group(name) for name in GROUPS} | {name: join(name) for name in JOINS}
    workloads |= {name: order(name) for name in ("sort", "set-index")}
    main("frame", {name: (questions, list(PACKAGES)) for name, questions in workloads.items()})
