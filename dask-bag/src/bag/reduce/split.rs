//! Partial results by key that are joined in several partitions, each of which has keys of its own.

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Op, OpError, Packer, Refused, Token, Unpack, Unpacked, Value, make_pair_portable,
};
use dask_graph_shuffle::Directory;

use super::groups::Groups;
use crate::bag::Bag;
use crate::bag::shuffle::{Gather, Records, codec_of};
use crate::stream::stored::Stored;
use crate::stream::{Collect, Flow, NEXT, Of, Pipeline, Run, Sink, Stream, for_each, unpacked};

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// The bag of what `last` makes of each key and all its partial results, which `sink` makes of each partition and
    /// `join` joins, in `targets` partitions.
    #[track_caller]
    pub(super) fn reduce_split<K, A, B, J, L>(
        &self,
        label: &str,
        token: Token,
        sink: impl Sink<T, Acc = Groups<K, A>>,
        join: J,
        last: L,
        targets: u32,
    ) -> Bag<B>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
        B: Send + Sync + 'static,
        J: Fn(&mut A, A) + Send + Sync + 'static,
        L: Fn(K, A) -> Option<B> + Send + Sync + 'static,
    {
        make_pair_portable::<K, A>();
        let token = dask_graph::Tokenizer::new("split_out").feed(&token).feed(&targets).finish();
        let partial = format!("{label}-partial");
        let partial: Bag<()> = self.blockwise(&partial, token, Pipeline::op(Stored::new(), sink));
        let split = SplitGroups { targets, groups: Of::<(K, A)>::default() };
        let exchanged = partial.exchanged(label, token, Arc::new(split), targets);
        let stream = Rejoined { entries: Gather::new(0), join: Arc::new(join), last: Arc::new(last) };
        self.gathered(label, token, Pipeline::op(stream, Collect), &[&exchanged])
    }
}

/// Writes the entries of a table by their keys, into the directory that is its last argument.
struct SplitGroups<K, A> {
    targets: u32,
    groups: Of<(K, A)>,
}

impl<K, A> Op for SplitGroups<K, A>
where
    K: Hash + Eq + Send + Sync + 'static,
    A: Send + Sync + 'static,
{
    fn name(&self) -> Cow<'_, str> {
        "split".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let codec = codec_of::<(K, A)>()?;
        let mut records = Records::new(args.get::<Directory>(1)?, self.targets, &codec);
        let groups = args.get::<Groups<K, A>>(0)?;
        let _ = groups.entries().try_for_each(|entry| records.push(&entry.0, entry));
        records.finish()
    }

    fn output_nbytes(&self, _args: &[Arg]) -> Option<u64> {
        Some(8 * u64::from(self.targets))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.targets)?;
        Ok(|from| Ok(Unpacked::op(SplitGroups { targets: from.state()?, groups: Of::<(K, A)>::default() })))
    }
}

/// What is made of gathered entries, those of a key joined.
struct Rejoined<K, A, J, L> {
    entries: Gather<(K, A)>,
    join: Arc<J>,
    last: Arc<L>,
}

impl<K, A, B, J, L> Stream<B> for Rejoined<K, A, J, L>
where
    K: Hash + Eq + Send + Sync + 'static,
    A: Send + Sync + 'static,
    B: 'static,
    J: Fn(&mut A, A) + Send + Sync + 'static,
    L: Fn(K, A) -> Option<B> + Send + Sync + 'static,
{
    fn drive(&self, run: &Run, args: &mut Args<'_>, sink: &mut dyn FnMut(B) -> Flow) -> Result<(), OpError> {
        let mut groups = Groups::new();
        for_each(&self.entries, run, args, |(key, acc)| {
            groups.add(key, acc, &*self.join);
            NEXT
        })?;
        run.at_no_item();
        let mut ends = groups.into_entries().into_iter().filter_map(|(key, acc)| (self.last)(key, acc));
        let _ = ends.try_for_each(sink);
        Ok(())
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<B>>> {
        None
    }

    fn steps(&self) -> usize {
        self.entries.steps() + 1
    }

    fn n_args(&self) -> usize {
        self.entries.n_args()
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("rejoin");
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.function::<fn(&'static mut A, A), J>(&self.join)?;
        to.function::<fn(K, A) -> Option<B>, L>(&self.last)?;
        Ok(|from| {
            let join = Arc::new(from.function::<fn(&'static mut A, A), J>()?);
            let last = Arc::new(from.function::<fn(K, A) -> Option<B>, L>()?);
            Ok(unpacked(Rejoined { entries: Gather::<(K, A)>::new(0), join, last }))
        })
    }

    fn nbytes(&self, _args: &[Arg]) -> Option<u64> {
        None
    }
}
