//! What each part may cost, beside what.

/// What is wanted of one figure.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub(super) what: &'static str,
    pub(super) area: &'static str,
    pub(super) workload: &'static str,
    pub(super) system: &'static str,
    pub(super) threads: Threads,
    pub(super) wanted: Wanted,
    /// Why it is missed, for as long as it is.
    pub(super) why: &'static str,
}

/// Which of the records of one system counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    One,
    /// The one on most threads.
    Most,
}

/// How a figure is judged: at the largest size, but for the first two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wanted {
    /// At most so many of its unit, at every size.
    AtMost(f64),
    /// At most so many times the time of any smaller size.
    Flat(f64),
    /// At most so many times the time of the same system on one thread.
    OfOneThread(f64),
    /// At most so many times the time of this system.
    OfSystem(&'static str, f64),
    /// At most so many times the time of the fastest peer.
    OfFastestPeer(f64),
    /// At least this share of what the machine can do.
    OfLimit(f64),
    /// At most so many bytes of memory.
    Memory(u64),
}

/// All budgets, in the order of the table.
pub(super) fn budgets() -> impl Iterator<Item = Budget> {
    let questions = QUESTIONS.iter().flat_map(|&(workload, why)| {
        [frame(workload), beside("polars", 1.5, workload), beside("dask", 0.2, workload)]
            .map(|budget| Budget { why, ..budget })
    });
    BUDGETS.iter().copied().chain(questions)
}

const TEXTS: &str = "most of the time looks up the number of each row's text";

const NEW_MEMORY: &str =
    "the first answers touch new memory, which takes a good part of their time: see the least";

/// The questions of the db-benchmark, and why some take longer than those that are fastest.
const QUESTIONS: &[(&str, &str)] = &[
    ("group-q1", TEXTS),
    ("group-q2", ""),
    ("group-q3", TEXTS),
    ("group-q4", ""),
    ("group-q5", ""),
    ("group-q6", "all rows go to the partition of their key, and are copied twice on the way"),
    ("group-q7", TEXTS),
    (
        "group-q8",
        "most of the time looks at the best of each row's group so far, which may be anywhere in memory",
    ),
    ("group-q9", "half of the time looks up the number of each row's text, the rest adds up products"),
    ("group-q10", ""),
    ("join-q1", NEW_MEMORY),
    ("join-q2", NEW_MEMORY),
    ("join-q3", ""),
    ("join-q4", NEW_MEMORY),
    ("join-q5", NEW_MEMORY),
];

const BUDGETS: &[Budget] = &[
    task("empty tasks: independent", "independent"),
    task("empty tasks: chain", "chain"),
    task("empty tasks: tree", "tree"),
    task("empty tasks: random", "random"),
    flat("independent"),
    flat("chain"),
    flat("tree"),
    flat("random"),
    all_threads("independent"),
    all_threads("chain"),
    all_threads("tree"),
    all_threads("random"),
    alone("independent"),
    alone("chain"),
    alone("tree"),
    alone("random"),
    planned("build by hand: random", "random: build", 500.0),
    Budget {
        why: "in lowering and in ordering each task looks at three others, which may be anywhere in memory",
        ..planned("cull, lower and order: random", "random: plan", 500.0)
    },
    planned("build by hand, fuse, lower and order: chain", "chain: build, fuse and plan", 1000.0),
    planned("build by hand, fuse, lower and order: tree", "tree: build, fuse and plan", 1000.0),
    planned("build by hand, fuse, lower and order: random", "random: build, fuse and plan", 1000.0),
    flat_plan("chain: build, fuse and plan"),
    flat_plan("tree: build, fuse and plan"),
    flat_plan("random: build, fuse and plan"),
    planned("memory of a plan, bytes a task: random", "random: plan in memory", 200.0),
    pass("blocks: cull"),
    pass("blocks: fuse_linear"),
    pass("blocks: fuse"),
    pass("blocks: fuse, width 2"),
    pass("blocks: inline"),
    pass("blocks: inline_constants"),
    pass("blocks: inline_functions"),
    pass("blocks: remove_aliases"),
    pass("blocks: merge_equal"),
    pass("random: fuse, width 2"),
    pass("crossing: fuse, width 2"),
    pass("crossing: merge_equal"),
    flat_pass("blocks: cull"),
    flat_pass("blocks: fuse"),
    flat_pass("blocks: inline"),
    flat_pass("blocks: merge_equal"),
    flat_pass("chain: fuse"),
    flat_pass("random: cull"),
    flat_pass("random: fuse"),
    flat_pass("random: fuse, width 2"),
    flat_pass("random: inline"),
    flat_pass("random: merge_equal"),
    flat_pass("crossing: cull"),
    flat_pass("crossing: fuse"),
    flat_pass("crossing: inline"),
    Budget {
        what: "thousand layers of a million blocks, fused",
        wanted: Wanted::AtMost(10_000.0),
        ..pass("fuse comb, 1000000 blocks")
    },
    beside_dask("blocks: cull"),
    beside_dask("blocks: fuse_linear"),
    beside_dask("blocks: fuse"),
    beside_dask("blocks: fuse, width 2"),
    beside_dask("blocks: inline"),
    beside_dask("blocks: inline_constants"),
    beside_dask("blocks: inline_functions"),
    beside_dask("random: fuse"),
    beside_dask("random: fuse, width 2"),
    beside_dask("random: inline"),
    beside_dask("chain: fuse"),
    Budget {
        what: "empty tasks in worker processes, a round trip each",
        area: "multiprocess",
        workload: "tasks: chain",
        system: "multiprocess",
        threads: Threads::Most,
        wanted: Wanted::AtMost(50.0),
        why: "",
    },
    Budget {
        wanted: Wanted::OfSystem("loop by hand", 1.3),
        why: "a program's instructions go over a tile one after the other; a loop by hand hides all of them behind its square roots",
        ..array("fused expression and sum", "fused")
    },
    Budget { wanted: Wanted::OfSystem("numpy", 1.0 / 3.0), ..array("fused expression and sum", "fused") },
    Budget {
        wanted: Wanted::OfSystem("numpy", 1.0 / 0.9),
        why: "the kernel is matrixmultiply's, and numpy's OpenBLAS",
        ..array("product of matrices in blocks", "matmul")
    },
    Budget {
        wanted: Wanted::OfSystem("ndarray, a share of the rows each", 1.0 / 0.9),
        why: "each block of the product is added up from four products, and put into place",
        ..array("product of matrices in blocks", "matmul")
    },
    beside_numpy("mean in blocks", "mean over axis 0"),
    beside_numpy("mean in blocks", "mean over axis 1"),
    beside_numpy("deviation in blocks", "std over axis 0"),
    beside_numpy("deviation in blocks", "std over axis 1"),
    array("singular values of tall blocks", "svd"),
    array("blocks of rows to blocks of columns", "rechunk"),
    Budget {
        wanted: Wanted::OfLimit(0.5),
        why: "a row of a piece is a short copy, for which the processor first reads what is overwritten",
        ..array("blocks of rows to blocks of columns", "rechunk")
    },
    array("mean of five neighbours", "stencil"),
    Budget {
        wanted: Wanted::OfSystem("dask", 1.0 / 3.0),
        why: "one thread puts the blocks into the answer and adds it up, which is half of the time",
        ..array("mean of five neighbours", "stencil")
    },
    Budget { wanted: Wanted::AtMost(50.0), ..array("twenty operations on 10⁵ blocks, built", "build") },
    Budget {
        why: "a number follows from its place alone, which takes ten rounds of two wide products for four; dask's generator takes one product to go on",
        ..array("uniform numbers", "random uniform")
    },
    array("normal numbers", "random normal"),
    Budget {
        what: "array from a file, added up",
        wanted: Wanted::OfLimit(0.8),
        why: "a block goes through main memory to be added up, and the limit is reading alone",
        ..io("dask-array", "npy-sum")
    },
    Budget { why: "", ..io("dask-frame", "csv") },
    io("dask-frame", "csv-2of9"),
    io("dask-frame", "csv-write"),
    io("dask-frame", "json"),
    Budget {
        why: "half of the time bytes are read and copied, and memory for them is cleared; the rest decodes and adds up",
        ..io("dask-frame", "parquet-2of9")
    },
    Budget {
        why: "nearly all of the time is the parquet crate's: dictionaries, copies and compression",
        ..io("dask-frame", "parquet-write")
    },
    Budget {
        what: "five steps that know nothing of each other",
        area: "bag",
        wanted: Wanted::OfSystem("iterators by hand", 1.5),
        why: "each step is a call through a pointer; batches would run steps on items that nobody takes",
        ..of_peers("dask-bag", "chain")
    },
    Budget {
        what: "memory of five steps, whose items would take 76 MiB",
        area: "bag",
        wanted: Wanted::Memory(32 << 20),
        ..of_peers("dask-bag", "chain")
    },
    Budget {
        what: "words of text, counted",
        area: "bag",
        wanted: Wanted::OfSystem("dask", 1.0 / 20.0),
        why: "a program by hand that does this alone is not 20 times as fast either",
        ..of_peers("dask-bag", "words")
    },
    Budget {
        what: "words of text, counted",
        area: "bag",
        wanted: Wanted::OfSystem("program by hand", 1.3),
        why: "words are counted by a call through a pointer each, and every partition counts into a table of its own",
        ..of_peers("dask-bag", "words")
    },
    Budget {
        what: "groups of 10⁷ items by 10⁶ keys",
        area: "bag",
        wanted: Wanted::Memory(512 << 20),
        ..of_peers("dask-bag", "groupby")
    },
    Budget {
        what: "lines of JSON, filtered and folded by key",
        area: "bag",
        why: "most of the time serde_json reads the lines, in a program by hand, too",
        ..of_peers("dask-bag", "json")
    },
    frame("sort"),
    frame("set-index"),
    limited("standardise", "dask-array"),
    Budget {
        wanted: Wanted::OfLimit(0.8),
        why: "it is read twice and keeps both cores busy, and the rate of the disk, the limit, changes from run to run",
        ..limited("standardise", "dask-array")
    },
    limited("group-limit", "dask-frame"),
    limited("join-limit", "dask-frame"),
    Budget { wanted: Wanted::Memory(256 << 20), ..limited("standardise", "dask-array") },
    Budget { wanted: Wanted::Memory(1 << 30), ..limited("group-limit", "dask-frame") },
    Budget { wanted: Wanted::Memory(1 << 30), ..limited("join-limit", "dask-frame") },
];

const fn of_peers(system: &'static str, workload: &'static str) -> Budget {
    Budget {
        what: workload,
        area: "",
        workload,
        system,
        threads: Threads::Most,
        wanted: Wanted::OfFastestPeer(1.0),
        why: "",
    }
}

const fn task(what: &'static str, workload: &'static str) -> Budget {
    Budget {
        what,
        area: "sched",
        threads: Threads::One,
        wanted: Wanted::AtMost(150.0),
        ..of_peers("sync", workload)
    }
}

const fn flat(workload: &'static str) -> Budget {
    Budget {
        what: "the same from 10³ tasks to the most",
        why: "what is alive of a large graph is in memory, and not in the caches of the processor",
        wanted: Wanted::Flat(1.5),
        ..task("", workload)
    }
}

const fn all_threads(workload: &'static str) -> Budget {
    Budget {
        what: "empty tasks on all threads",
        area: "sched",
        wanted: Wanted::OfOneThread(1.0),
        why: "the cores would only fetch results from each other's caches",
        ..of_peers("threaded", workload)
    }
}

const fn alone(workload: &'static str) -> Budget {
    Budget {
        what: "empty tasks on one thread of the threaded scheduler",
        wanted: Wanted::AtMost(150.0),
        why: "the smallest runs: a sleeping thread is woken, and the one that waits for it",
        threads: Threads::One,
        ..all_threads(workload)
    }
}

const fn pass(workload: &'static str) -> Budget {
    Budget {
        what: "pass over tasks",
        area: "optimize",
        threads: Threads::One,
        wanted: Wanted::AtMost(500.0),
        why: "tasks of two layers that need each other, at a million: keys are looked up where layers meet",
        ..of_peers("dask-optimize", workload)
    }
}

const fn flat_pass(workload: &'static str) -> Budget {
    Budget {
        what: "the same from 10³ nodes to the most",
        wanted: Wanted::Flat(1.5),
        why: "a million nodes are in memory, and not in the caches of the processor",
        ..pass(workload)
    }
}

const fn beside_dask(workload: &'static str) -> Budget {
    Budget {
        wanted: Wanted::OfSystem("dask", 0.02),
        why: "the way to the dense form and back is half of it, and the rest goes over memory a few times",
        ..pass(workload)
    }
}

const fn planned(what: &'static str, workload: &'static str, at_most: f64) -> Budget {
    Budget {
        what,
        area: "sched",
        threads: Threads::One,
        wanted: Wanted::AtMost(at_most),
        ..of_peers("dask-graph", workload)
    }
}

const fn flat_plan(workload: &'static str) -> Budget {
    Budget {
        wanted: Wanted::Flat(1.5),
        why: "each task looks at three others, which may be anywhere in memory",
        ..planned("the same from 10³ tasks to the most", workload, 0.0)
    }
}

const fn array(what: &'static str, workload: &'static str) -> Budget {
    Budget { what, area: "array", ..of_peers("dask-array", workload) }
}

const fn beside_numpy(what: &'static str, workload: &'static str) -> Budget {
    Budget { wanted: Wanted::OfSystem("numpy", 1.0 / 1.5), ..array(what, workload) }
}

const fn io(system: &'static str, workload: &'static str) -> Budget {
    Budget { area: "io", ..of_peers(system, workload) }
}

const fn frame(workload: &'static str) -> Budget {
    Budget { area: "frame", ..of_peers("dask-frame", workload) }
}

const fn beside(system: &'static str, times: f64, workload: &'static str) -> Budget {
    Budget { wanted: Wanted::OfSystem(system, times), ..frame(workload) }
}

const fn limited(workload: &'static str, system: &'static str) -> Budget {
    Budget { area: "memory", ..of_peers(system, workload) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_budget_is_of_an_area_that_is_measured() {
        for budget in budgets() {
            let is_known = crate::bench::AREAS.iter().any(|area| area.name == budget.area);
            assert!(is_known && !budget.what.is_empty(), "{}: {}", budget.area, budget.workload);
        }
    }
}
