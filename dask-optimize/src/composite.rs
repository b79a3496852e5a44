//! The op that calls other ops one after the other: what fusion makes of ops that do not know each other.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};
use serde::{Deserialize, Serialize};

/// Several ops as one: each step's arguments are arguments of the whole or results of earlier steps.
///
/// For `add(inc(a), b)`:
///
/// ```text
/// steps   0: inc(arg 0)
///         1: add(step 0, arg 1)
/// ```
///
/// Every result is used by exactly one later step, so the steps hand each other the last reference and work
/// in place where they can.
#[derive(Clone)]
pub struct Composite {
    steps: Vec<Step>,
    n_args: usize,
}

#[derive(Clone)]
struct Step {
    op: Arc<dyn Op>,
    /// Shared, since most steps go unchanged from one composite into the next.
    args: Arc<[Source]>,
}

impl Step {
    fn moved(&self, to: impl Fn(Source) -> Source) -> Self {
        Self { op: self.op.clone(), args: self.args.iter().map(|&source| to(source)).collect() }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Source {
    Arg(usize),
    Step(usize),
}

impl Composite {
    /// Joins `consumer`, which takes `n_consumer_args` arguments, with the `producer` of its argument `at`.
    ///
    /// Ops that know how to absorb each other do so; otherwise one is called after the other.
    pub fn join(
        consumer: &Arc<dyn Op>,
        n_consumer_args: usize,
        at: usize,
        producer: &Arc<dyn Op>,
        n_producer_args: usize,
    ) -> Arc<dyn Op> {
        let (producer, consumer) = (Self::of(producer, n_producer_args), Self::of(consumer, n_consumer_args));
        let n_args = n_consumer_args - 1 + n_producer_args;
        let offset = producer.steps.len();
        // The producer's arguments stand where the consumer's argument `at` stood.
        let in_producer = |source| match source {
            Source::Arg(arg) => Source::Arg(arg + at),
            Source::Step(of) => Source::Step(of),
        };
        let in_consumer = |source| match source {
            Source::Arg(arg) if arg == at => Source::Step(offset - 1),
            Source::Arg(arg) if arg > at => Source::Arg(arg + n_producer_args - 1),
            Source::Arg(arg) => Source::Arg(arg),
            Source::Step(of) => Source::Step(of + offset),
        };
        let mut steps: Vec<Step> = Vec::with_capacity(offset + consumer.steps.len());
        if at == 0 {
            steps.extend_from_slice(&producer.steps);
        } else {
            steps.extend(producer.steps.iter().map(|step| step.moved(in_producer)));
        }
        steps.extend(consumer.steps.iter().map(|step| step.moved(in_consumer)));
        let joined = steps.iter().enumerate().skip(offset).find_map(|(n, step)| {
            Some((n, step.args.iter().position(|&source| source == Source::Step(offset - 1))?))
        });
        let mut whole = Self { steps, n_args };
        if let Some((step, position)) = joined {
            whole.absorb_step(offset - 1, step, position);
        }
        whole.into_op()
    }

    /// An op as steps.
    fn of(op: &Arc<dyn Op>, n_args: usize) -> Cow<'_, Self> {
        let any: &dyn std::any::Any = &**op;
        match any.downcast_ref::<Self>() {
            Some(composite) => Cow::Borrowed(composite),
            None => {
                let step = Step { op: op.clone(), args: (0..n_args).map(Source::Arg).collect() };
                Cow::Owned(Self { steps: vec![step], n_args })
            }
        }
    }

    /// Lets step `consumer` absorb step `producer`, whose result it takes at `position`, if its op can.
    fn absorb_step(&mut self, producer: usize, consumer: usize, position: usize) {
        let (from, to) = (&self.steps[producer], &self.steps[consumer]);
        let Some(op) = to.op.absorb(position, &from.op, from.args.len()) else { return };
        let mut args = to.args.to_vec();
        args.splice(position..=position, from.args.iter().copied());
        self.steps[consumer] = Step { op, args: args.into() };
        self.steps.remove(producer);
        // Only later steps take results of later steps.
        for step in &mut self.steps[producer..] {
            *step = step.moved(|source| match source {
                Source::Step(of) if of > producer => Source::Step(of - 1),
                other => other,
            });
        }
    }

    fn into_op(mut self) -> Arc<dyn Op> {
        let in_order = |step: &Step| step.args.iter().copied().eq((0..self.n_args).map(Source::Arg));
        if self.steps.len() == 1 && in_order(&self.steps[0]) {
            self.steps.remove(0).op
        } else {
            Arc::new(self)
        }
    }
}

impl Op for Composite {
    fn name(&self) -> Cow<'_, str> {
        let names: Vec<_> = self.steps.iter().map(|step| step.op.name()).collect();
        names.join("+").into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        if args.len() != self.n_args {
            return Err(OpError::ArgumentCount { takes: self.n_args, given: args.len() });
        }
        let mut results: Vec<Option<Value>> = Vec::with_capacity(self.steps.len());
        let mut slots: Vec<Option<Value>> = Vec::new();
        for step in &self.steps {
            slots.clear();
            for source in &*step.args {
                slots.push(match *source {
                    Source::Arg(arg) => Some(args.take_value(arg)?),
                    Source::Step(of) => results[of].take(),
                });
            }
            results.push(Some(step.op.call(Args::new(&mut slots))?));
        }
        match results.pop().flatten() {
            Some(value) => Ok(value),
            None => unreachable!("there is at least one step"),
        }
    }

    fn is_producer(&self) -> bool {
        self.steps.iter().any(|step| step.op.is_producer())
    }

    fn is_cheap(&self) -> bool {
        self.steps.iter().all(|step| step.op.is_cheap())
    }

    fn is_pure(&self) -> bool {
        self.steps.iter().all(|step| step.op.is_pure())
    }

    fn is_at_home(&self) -> bool {
        self.steps.iter().any(|step| step.op.is_at_home())
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(self.n_args, self.steps.len()))?;
        for step in &self.steps {
            to.op(&step.op)?;
            to.state(&step.args)?;
        }
        Ok(|from| {
            let (n_args, n_steps): (usize, usize) = from.state()?;
            let step = |_| Ok(Step { op: from.op()?, args: from.state::<Vec<Source>>()?.into() });
            let steps = (0..n_steps).map(step).collect::<Result<_, _>>()?;
            Ok(Unpacked::op(Composite { steps, n_args }))
        })
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        self.sizes(args).pop()?
    }

    /// That of the step that makes most.
    fn working_nbytes(&self, args: &[Arg]) -> Option<u64> {
        self.sizes(args).into_iter().flatten().max()
    }
}

impl Composite {
    /// The size of each step's result: where the op does not know, that of the largest input if all are known.
    fn sizes(&self, args: &[Arg]) -> Vec<Option<u64>> {
        let mut sizes: Vec<Option<u64>> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            // An argument that an earlier step makes is not known before the run: it stands as data.
            let own: Vec<Arg> = step
                .args
                .iter()
                .map(|source| match *source {
                    Source::Arg(arg) => args[arg].clone(),
                    Source::Step(_) => Arg::value(()),
                })
                .collect();
            let largest_input = || {
                let inputs = step.args.iter().map(|source| match *source {
                    Source::Step(of) => sizes[of],
                    Source::Arg(arg) => matches!(args[arg], Arg::Value(_)).then_some(0),
                });
                inputs.collect::<Option<Vec<u64>>>()?.into_iter().filter(|&nbytes| nbytes > 0).max()
            };
            sizes.push(step.op.output_nbytes(&own).or_else(largest_input));
        }
        sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::{PackedOp, op};

    #[test]
    fn a_composite_travels_with_its_steps() {
        let (add, inc) = (op(|a: i64, b: i64| 10 * a + b), op(|a: i64| a + 1));
        let packed = PackedOp::of(&*Composite::join(&add, 2, 1, &inc, 1)).unwrap();
        let mut slots = [1_i64, 2].map(|n| Some(Value::new(n)));
        let called = packed.unpack().unwrap().call(Args::new(&mut slots)).unwrap();
        assert_eq!(called.get(), Ok(&13_i64));
    }

    #[test]
    fn a_composite_stays_if_one_step_stays() {
        let k = 1_i64;
        let (add, captures) = (op(|a: i64, b: i64| a + b), op(move |a: i64| a + k));
        let refused = PackedOp::of(&*Composite::join(&add, 2, 1, &captures, 1)).unwrap_err();
        assert_eq!(refused.op, "closure");
    }
}
