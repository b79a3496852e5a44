//! The conformance suite: what every scheduler has to do, as tests that any scheduler can call.
//!
//! A crate with a scheduler of its own switches on the feature `testing` under its dev-dependencies and
//! calls [`conformance`] in a test, or each of [`CHECKS`] in a test of its own.
//!
//! ```
//! use dask_graph::testing;
//! use dask_graph::{NodeId, Plan, RunError, RunOptions, Scheduler, Scratch, Value};
//!
//! /// Keeps every result until the end, which is not allowed.
//! struct Hoarder;
//!
//! impl Scheduler for Hoarder {
//!     fn run(&self, plan: &Plan, _: &RunOptions) -> Result<Vec<Value>, RunError> {
//!         let mut done: Vec<Value> = Vec::new();
//!         for node in plan.nodes() {
//!             let value = plan.execute(node, &mut Scratch::default(), |of: NodeId, _| done[of.index()].clone());
//!             done.push(value.map_err(|error| RunError::of_task(plan, node, error))?);
//!         }
//!         Ok(plan.outputs().iter().map(|node| done[node.index()].clone()).collect())
//!     }
//! }
//!
//! let (_, golden) = testing::CHECKS[0];
//! golden(&|| Box::new(Hoarder));
//! # std::panic::set_hook(Box::new(|_| {}));
//! let is_caught = std::panic::catch_unwind(|| testing::conformance(&|| Box::new(Hoarder))).is_err();
//! assert!(is_caught, "the suite finds what the scheduler does wrong");
//! ```

mod errors;
mod golden;
mod graphs;
mod memory;
mod naive;
mod nested;
mod observers;
mod release;
mod results;
mod retries;
mod scale;
mod stopping;
mod travelling;

use crate::scheduler::Scheduler;

pub use golden::{GoldenCase, golden_cases, golden_function};
pub use travelling::Travelling;

/// Makes the scheduler under test, anew for each check.
pub type Make<'a> = dyn Fn() -> Box<dyn Scheduler> + 'a;

/// A check, which panics when the scheduler fails it.
pub type Check = fn(&Make<'_>);

/// All checks by name.
pub const CHECKS: &[(&str, Check)] = &[
    ("golden graphs give dask's values", golden::give_their_values),
    ("requests are answered in their order", results::requests_are_answered_in_their_order),
    ("nested arguments and lists arrive", results::nested_arguments_and_lists_arrive),
    ("results are the same bit for bit", results::results_are_the_same_bit_for_bit),
    ("a scheduler can be used again and at once", results::a_scheduler_can_be_used_again_and_at_once),
    ("a chain holds one result at a time", release::a_chain_holds_one_result_at_a_time),
    ("a shared result goes with its last consumer", release::a_shared_result_goes_with_its_last_consumer),
    ("the last consumer works in place", release::the_last_consumer_works_in_place),
    ("nothing is left after an error", release::nothing_is_left_after_an_error),
    ("an error names the task and keeps its source", errors::an_error_names_the_task_and_keeps_its_source),
    ("a panic becomes an error", errors::a_panic_becomes_an_error),
    ("a wrong type is an error", errors::a_wrong_type_is_an_error),
    ("the first error stops", errors::the_first_error_stops),
    ("a cancelled run does nothing", stopping::a_cancelled_run_does_nothing),
    ("a run is cancelled between tasks", stopping::a_run_is_cancelled_between_tasks),
    ("a deadline stops between tasks", stopping::a_deadline_stops_between_tasks),
    ("observers see each task once", observers::observers_see_each_task_once),
    ("observers see the end of a failed run", observers::observers_see_the_end_of_a_failed_run),
    ("tasks are run again as often as annotated", retries::tasks_are_run_again_as_often_as_annotated),
    ("tasks may run plans", nested::tasks_may_run_plans),
    ("a memory limit holds producers back", memory::a_memory_limit_holds_producers_back),
    ("a memory limit never stops a run", memory::a_memory_limit_never_stops_a_run),
    ("a memory limit never changes results", memory::a_memory_limit_never_changes_results),
    ("the last consumer owns under a memory limit", memory::the_last_consumer_owns_under_a_memory_limit),
    ("a long chain", scale::a_long_chain),
    ("a wide graph", scale::a_wide_graph),
    ("a tree", scale::a_tree),
    ("a random graph", scale::a_random_graph),
];

/// The checks for schedulers whose tasks run in other processes.
///
/// Not all of [`CHECKS`]: those that look into the process of the tasks (what is alive, at which address, how
/// often something ran) cannot, and a chain of a million tasks takes too long.
pub const CHECKS_ACROSS_PROCESSES: &[(&str, Check)] = &[
    ("golden graphs give dask's values", golden::give_their_values),
    ("requests are answered in their order", results::requests_are_answered_in_their_order),
    ("nested arguments and lists arrive", results::nested_arguments_and_lists_arrive),
    ("results are the same bit for bit", results::results_are_the_same_bit_for_bit),
    ("a scheduler can be used again and at once", results::a_scheduler_can_be_used_again_and_at_once),
    ("an error names the task and tells its source", errors::an_error_names_the_task_and_tells_its_source),
    ("a panic becomes an error", errors::a_panic_becomes_an_error),
    ("a wrong type is an error", errors::a_wrong_type_is_an_error),
    ("observers see each task once", observers::observers_see_each_task_once),
    ("observers see the end of a failed run", observers::observers_see_the_end_of_a_failed_run),
    ("a memory limit holds producers back", memory::a_memory_limit_holds_producers_back),
    ("a memory limit never stops a run", memory::a_memory_limit_never_stops_a_run),
    ("a memory limit never changes results", memory::a_memory_limit_never_changes_results),
    ("a wide graph", scale::a_wide_graph),
    ("a tree", scale::a_tree),
    ("a random graph", scale::a_random_graph),
];

/// Runs all [`CHECKS`] on the scheduler that `make` makes.
///
/// # Panics
///
/// - When the scheduler fails a check; the message says which and how.
pub fn conformance(make: &Make<'_>) {
    run_all(CHECKS, make);
}

/// Runs all [`CHECKS_ACROSS_PROCESSES`] on the scheduler that `make` makes.
///
/// # Panics
///
/// - When the scheduler fails a check; the message says which and how.
pub fn conformance_across_processes(make: &Make<'_>) {
    run_all(CHECKS_ACROSS_PROCESSES, make);
}

fn run_all(checks: &[(&str, Check)], make: &Make<'_>) {
    for (name, check) in checks {
        // The message of the check itself has been printed by then.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(make)));
        assert!(outcome.is_ok(), "the scheduler fails the check `{name}`");
    }
}
