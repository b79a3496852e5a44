//! Requests for many keys, nested as the caller likes; the answer has the same nesting.

use crate::collection::ComputeError;
use crate::graph::Graph;
use crate::key::Key;
use crate::scheduler::{RunOptions, Scheduler};
use crate::value::Value;

/// One thing, or a list of such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nested<T> {
    /// One thing.
    One(T),
    /// A list.
    Many(Vec<Nested<T>>),
}

impl<T> Nested<T> {
    /// A list of things.
    pub fn list(items: impl IntoIterator<Item = impl Into<T>>) -> Self {
        Self::Many(items.into_iter().map(|item| Self::One(item.into())).collect())
    }

    /// All things, first to last, without the nesting.
    pub fn flatten(&self) -> Vec<&T> {
        let mut found = Vec::new();
        let mut rest = vec![self];
        while let Some(nested) = rest.pop() {
            match nested {
                Self::One(item) => found.push(item),
                Self::Many(items) => rest.extend(items.iter().rev()),
            }
        }
        found
    }

    /// The same nesting of other things, which come in the order of [`flatten`](Self::flatten).
    fn refill<U>(&self, items: &mut impl Iterator<Item = U>) -> Option<Nested<U>> {
        // Requests are written by hand: their depth is that of the source code.
        match self {
            Self::One(_) => items.next().map(Nested::One),
            Self::Many(inner) => {
                inner.iter().map(|nested| nested.refill(items)).collect::<Option<_>>().map(Nested::Many)
            }
        }
    }
}

impl From<Key> for Nested<Key> {
    fn from(key: Key) -> Self {
        Self::One(key)
    }
}

impl From<&str> for Nested<Key> {
    fn from(name: &str) -> Self {
        Self::One(name.into())
    }
}

impl<I: Into<Nested<Key>>> From<Vec<I>> for Nested<Key> {
    fn from(items: Vec<I>) -> Self {
        Self::Many(items.into_iter().map(Into::into).collect())
    }
}

impl<I: Into<Nested<Key>>, const N: usize> From<[I; N]> for Nested<Key> {
    fn from(items: [I; N]) -> Self {
        Self::Many(items.into_iter().map(Into::into).collect())
    }
}

impl Graph {
    /// Computes the requested keys in one run; the answer is nested as the request is.
    ///
    /// ```
    /// use dask_graph::{Nested, graph};
    /// # use dask_graph::{NodeId, Plan, RunError, RunOptions, Scheduler, Scratch, Value};
    /// # struct Naive;
    /// # impl Scheduler for Naive {
    /// #     fn run(&self, plan: &Plan, _: &RunOptions) -> Result<Vec<Value>, RunError> {
    /// #         let mut done: Vec<Value> = Vec::new();
    /// #         for node in plan.nodes() {
    /// #             let value = plan.execute(node, &mut Scratch::default(), |of, _| done[of.index()].clone());
    /// #             done.push(value.map_err(|error| RunError::of_task(plan, node, error))?);
    /// #         }
    /// #         Ok(plan.outputs().iter().map(|node| done[node.index()].clone()).collect())
    /// #     }
    /// # }
    ///
    /// let dsk = graph! { "x" => 1_i64, "y" => (|x: i64| x + 1)(@"x") };
    /// let answer = dsk.get([vec!["x"], vec!["y", "x"]], &Naive).unwrap();
    /// let Nested::Many(lists) = answer else { panic!() };
    /// assert_eq!(lists[1].flatten()[0].get::<i64>(), Ok(&2));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Collection::compute`](crate::Collection::compute).
    pub fn get(
        &self,
        request: impl Into<Nested<Key>>,
        scheduler: &dyn Scheduler,
    ) -> Result<Nested<Value>, ComputeError> {
        let request = request.into();
        let keys: Vec<Key> = request.flatten().into_iter().cloned().collect();
        let values = self.values(&keys, scheduler, &RunOptions::default())?;
        match request.refill(&mut values.into_iter()) {
            Some(answer) => Ok(answer),
            None => unreachable!("there is a value for every key"),
        }
    }
}
