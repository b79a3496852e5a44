//! What results are expected to take, as far as it is known before the run.

use std::sync::Arc;

use crate::code::{Step, steps};
use crate::key::Key;
use crate::op::Op;
use crate::task::{Arg, Task};
use crate::value::Value;

/// The size of what code makes: that of data, or what its op says ([`Op::output_nbytes`]); `key` gives the keys of nodes.
pub(super) fn known_nbytes<'k>(
    code: &[u32],
    ops: &[Arc<dyn Op>],
    literals: &[Value],
    key: impl Fn(u32) -> &'k Key,
) -> Option<u64> {
    let mut rest = steps(code);
    if let (Some(Step::Literal(at)), None) = (rest.next(), rest.next()) {
        return Some(literals[at as usize].nbytes());
    }
    let (mut stack, mut known) = (Vec::<Arg>::new(), None);
    for step in steps(code) {
        let mut args = |n: u32| stack.split_off(stack.len() - n as usize);
        let (arg, nbytes) = match step {
            Step::Again(input) | Step::Last(input) => (Arg::Key(key(input).clone()), None),
            Step::Literal(at) => (Arg::Value(literals[at as usize].clone()), None),
            Step::List(n) => (Arg::list(args(n)), None),
            Step::Call { op, n_args } => {
                let (op, args) = (&ops[op as usize], args(n_args));
                let nbytes = op.output_nbytes(&args);
                (Arg::from(Task::new(op.clone(), args)), nbytes)
            }
        };
        stack.push(arg);
        known = nbytes;
    }
    known
}
