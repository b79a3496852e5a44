//! Running folds: every result on the way, in the order of the bag.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Graph, Key, List, Materialized, Name, Node, Op, OpError, Packer, Refused, Task, Token,
    Tokenizer, Unpack, Unpacked, Value, make_option_portable,
};

use super::Bag;
use crate::codec;
use crate::partition::Partition;
use crate::stream::{Of, Run};

/// # Running results
///
/// A partition begins with what the one before has ended with, so partitions are gone through one after the
/// other; what they are made of is made in parallel.
impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// A bag of the results of folding by `binop` after each item; the first item is the first result.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let steps = Bag::from_sequence([1, 2, 3, 4], Partitions::count(2));
    /// let places = steps.accumulate(|place, step| place + step);
    /// assert_eq!(places.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [1, 3, 6, 10]);
    /// ```
    #[track_caller]
    pub fn accumulate(&self, binop: impl Fn(&T, T) -> T + Send + Sync + 'static) -> Self {
        self.scanned(None, move |before: Option<&T>, item| {
            Some(match before {
                Some(before) => binop(before, item),
                None => item,
            })
        })
    }

    /// A bag of `init` and of the results of folding by `binop` after each item, starting from `init`: one item
    /// more than this bag has.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let words = Bag::from_sequence(["to", "be", "or"], Partitions::count(2));
    /// let ends = words.accumulate_from(0, |end, word| end + word.len());
    /// assert_eq!(ends.compute_with(&dask_sched_sync::Sync::new()).unwrap(), [0, 2, 4, 6]);
    /// ```
    #[track_caller]
    pub fn accumulate_from<A>(&self, init: A, binop: impl Fn(&A, T) -> A + Send + Sync + 'static) -> Bag<A>
    where
        A: Clone + Send + Sync + 'static,
    {
        self.scanned(Some(init), move |before: Option<&A>, item| before.map(|before| binop(before, item)))
    }

    /// The bag of what `step` makes of the result before, if there is one, and each item.
    #[track_caller]
    fn scanned<A>(
        &self,
        init: Option<A>,
        step: impl Fn(Option<&A>, T) -> Option<A> + Send + Sync + 'static,
    ) -> Bag<A>
    where
        A: Clone + Send + Sync + 'static,
    {
        make_option_portable::<A>();
        let token = Token::unique();
        let scan = Name::from_token("accumulate-scan", token);
        let op: Arc<dyn Op> = Arc::new(Scan { init, step, items: Of::<T>::default() });
        let mut layer = Materialized::new(&scan);
        for i in 0..self.npartitions {
            let before = i.checked_sub(1).map(|before| Arg::Key(Key::new(&scan, &[before])));
            let task = Task::new(op.clone(), std::iter::once(Arg::Key(self.key(i))).chain(before));
            layer.insert(Key::new(&scan, &[i]), Node::Task(task));
        }
        let graph = Graph::with_inputs(layer, [&self.graph]);
        let scans = self.derived::<A>(graph, scan, self.npartitions);
        scans.blockwise("accumulate", Tokenizer::new("accumulate").feed(&token).finish(), Arc::new(Results))
    }
}

/// Folds the partition that is its first argument, from where its second, the scan before, has ended.
///
/// Gives a list: the partition of all results, and the last of them or of those before.
struct Scan<T, A, F> {
    init: Option<A>,
    step: F,
    items: Of<T>,
}

impl<T, A, F> Op for Scan<T, A, F>
where
    T: Clone + Send + Sync + 'static,
    A: Clone + Send + Sync + 'static,
    F: Fn(Option<&A>, T) -> Option<A> + Send + Sync + 'static,
{
    fn name(&self) -> Cow<'_, str> {
        "accumulate".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let mut results = Vec::new();
        let mut before = None;
        if args.len() > 1 {
            let end = args.take_list(1)?.pop().ok_or(OpError::MissingArgument { at: 1, given: 0 })?;
            before = end.into_inner().map_err(|source| OpError::Argument { at: 1, source })?;
        } else {
            results.extend(self.init.clone());
        }
        let partition: Partition<T> = args.take(0)?;
        let run = Run::new();
        run.pass(|| {
            for (n, item) in (0..).zip(partition.into_items()) {
                run.at(n);
                results.extend((self.step)(results.last().or(before.as_ref()), item));
            }
        });
        let end = results.last().cloned().or(before);
        Ok(Value::sized(List(vec![Partition::new(results).into_value(), Value::new(end)])))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        codec::pack(to, &self.init)?;
        to.function::<fn(Option<&'static A>, T) -> Option<A>, F>(&self.step)?;
        Ok(|from| {
            let init = codec::unpack(from)?;
            let step = from.function::<fn(Option<&'static A>, T) -> Option<A>, F>()?;
            Ok(Unpacked::op(Scan { init, step, items: Of::<T>::default() }))
        })
    }
}

/// The partition of a scan.
struct Results;

impl Op for Results {
    fn name(&self) -> Cow<'_, str> {
        "accumulate".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let mut scan = args.take_list(0)?.into_iter();
        scan.next().ok_or(OpError::MissingArgument { at: 0, given: 0 })
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(Results)))
    }
}
