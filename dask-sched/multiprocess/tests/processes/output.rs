//! What workers print.

use dask_graph::{Collection, Delayed, delayed};
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::Trial;

use crate::{programs, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("what tasks print comes before the answer, with a prefix", || {
        let output = programs::run("output", "");
        let printed = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 22, "{printed}");
        let is_from_worker = |line: &str| line.starts_with("[worker 0] ") || line.starts_with("[worker 1] ");
        for i in 0..20 {
            let said = lines[..20].iter().filter(|line| line.ends_with(&format!("] task {i} of twenty")));
            assert_eq!(said.filter(|line| is_from_worker(line)).count(), 1, "{printed}");
        }
        assert_eq!(lines[20..], ["the sum is 190", "[worker 0] without an end"]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors.lines().any(|line| is_from_worker(line) && line.ends_with("to the other")),
            "{errors}"
        );
    })]
}

pub(crate) fn program() {
    let processes = Multiprocess::with_workers(2);
    let say = delayed(|i: u64| {
        print!("task {i} ");
        println!("of twenty");
        eprintln!("to the other");
        i
    });
    let said: Vec<Delayed<u64>> = (0..20).map(|i| say.call((i,))).collect();
    let sum = delayed(|all: Vec<u64>| all.iter().sum::<u64>()).call((said,));
    println!("the sum is {}", sum.compute_with(&processes).unwrap());
    let mumble = delayed(|x: u64| {
        print!("without an end");
        x
    });
    mumble.call((1_u64,)).compute_with(&Multiprocess::with_workers(1)).unwrap();
}
