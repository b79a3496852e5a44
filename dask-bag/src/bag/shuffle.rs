//! Items exchanged between partitions by the hashes of their keys.
//!
//! The files and their tasks are those of `dask-graph-shuffle`; here is what is special to bags. A split is the end
//! of the pass that makes a partition's items, and a gather is the beginning of one: items stream from one into the
//! files and out of them into the other.
//!
//! Where a key belongs follows from what its `Hash` writes, by xxh3: the same in every process and on every run. That
//! is not a hash of the key as it is stored, since keys that are equal need not be stored equally.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Axis, Blockwise, Codec, Graph, Key, Layer, Name, Op, OpError, Packer, Refused, Token, Unpack,
    Unpacked, Value,
};
use dask_graph_shuffle::{Directory, Exchange, Writer, exchange_task, open_task};
use xxhash_rust::xxh3::xxh3_64;

use super::{Bag, PARTITIONS, build};
use crate::error::BagError;
use crate::stream::{Flow, NEXT, Of, Run, STOP, Stream, for_each_lent, unpacked};

/// Records that are in files, and wait to be gathered.
pub(super) struct Exchanged {
    graph: Graph,
    directory: Key,
    exchange: Key,
    targets: u32,
}

impl<T> Bag<T> {
    /// What `split` makes of each partition, its first argument, and of the directory of a shuffle, its last.
    #[track_caller]
    pub(super) fn exchanged(&self, label: &str, token: Token, split: Arc<dyn Op>, targets: u32) -> Exchanged {
        let name = |part: &str| Name::from_token(&format!("{label}-{part}"), token);
        let (open, exchange) = (name("open"), name("exchange"));
        let layer = self.layer(&format!("{label}-split"), token, split).whole(Key::named(&open));
        let split = build(layer);
        let keys: Vec<Key> = (0..self.npartitions).map(|i| Key::new(split.name(), &[i])).collect();
        let split = Graph::with_inputs(split, [&self.graph, &open_task(&open)]);
        let graph = exchange_task(&exchange, &split, keys, targets);
        Exchanged { graph, directory: Key::named(open), exchange: Key::named(exchange), targets }
    }

    /// The bag of what `op` makes of the records of each target of all these exchanges: a directory, an exchange and
    /// the target for each of them.
    #[track_caller]
    pub(super) fn gathered<U>(
        &self,
        label: &str,
        token: Token,
        op: Arc<dyn Op>,
        sides: &[&Exchanged],
    ) -> Bag<U> {
        let targets = sides.iter().map(|side| side.targets).max().unwrap_or(1);
        let axes: [(Axis, u32); 1] = [(PARTITIONS, targets)];
        let mut layer = Blockwise::builder(Name::from_token(label, token), op, &axes);
        for side in sides {
            layer = layer.whole(side.directory.clone()).whole(side.exchange.clone());
            layer = layer.per_block(&axes, |index| Value::new(index[0]));
        }
        let layer = build(layer);
        let name = layer.name().clone();
        self.derived(Graph::with_inputs(layer, sides.iter().map(|side| &side.graph)), name, targets)
    }
}

/// Says where keys belong.
#[derive(Default)]
struct Targets {
    /// What the last key wrote.
    bytes: Bytes,
}

impl Targets {
    fn of(&mut self, key: &impl Hash, targets: u32) -> u32 {
        share((self.hash(key) >> 32) as u32, targets)
    }

    /// One of so many parts of a target, by what of the hash does not decide about the target.
    fn part_of(&mut self, key: &impl Hash, parts: u32) -> u32 {
        share(self.hash(key) as u32, parts)
    }

    fn hash(&mut self, key: &impl Hash) -> u64 {
        self.bytes.0.clear();
        key.hash(&mut self.bytes);
        self.bytes.finish()
    }
}

/// A half of a hash as a share of the targets.
fn share(half: u32, targets: u32) -> u32 {
    ((u64::from(half) * u64::from(targets)) >> 32) as u32
}

/// Collects what a `Hash` writes.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        xxh3_64(&self.0)
    }
}

/// Writes items into the files of a shuffle.
pub(super) struct Records<'c, T> {
    writer: Writer,
    codec: &'c Codec<T>,
    targets: Targets,
    n: u32,
    bytes: Vec<u8>,
    outcome: Result<(), OpError>,
}

impl<'c, T: Send + Sync + 'static> Records<'c, T> {
    pub(super) fn new(directory: &Directory, n: u32, codec: &'c Codec<T>) -> Self {
        let writer = Writer::new(directory, n, Writer::MEMORY);
        Self { writer, codec, targets: Targets::default(), n, bytes: Vec::new(), outcome: Ok(()) }
    }

    /// Writes an item for the target of its key; stops after a failure.
    pub(super) fn push(&mut self, key: &impl Hash, item: &T) -> Flow {
        self.bytes.clear();
        let encoded = self.codec.encode(item, &mut self.bytes).map_err(OpError::failed);
        let target = self.targets.of(key, self.n);
        self.outcome = encoded.and_then(|()| self.writer.push(target, &self.bytes).map_err(OpError::failed));
        if self.outcome.is_ok() { NEXT } else { STOP }
    }

    /// What stands for the file.
    pub(super) fn finish(self) -> Result<Value, OpError> {
        self.outcome?;
        self.writer.finish().map(Value::sized).map_err(OpError::failed)
    }
}

/// How items go into files; an error if nobody has told.
pub(super) fn codec_of<T: Send + Sync + 'static>() -> Result<Codec<T>, OpError> {
    let type_name = std::any::type_name::<T>();
    Codec::of().ok_or_else(|| OpError::failed(BagError::CannotBeStored { type_name }))
}

/// Writes the items of a stream by their keys, into the directory that is the argument after those of the stream.
pub(super) struct Split<T, K, F> {
    pub(super) stream: Arc<dyn Stream<T>>,
    pub(super) key: Arc<F>,
    pub(super) targets: u32,
    pub(super) keys: Of<K>,
}

impl<T, K, F> Op for Split<T, K, F>
where
    T: Send + Sync + 'static,
    K: Hash + 'static,
    F: Fn(&T) -> K + Send + Sync + 'static,
{
    fn name(&self) -> Cow<'_, str> {
        let mut names = Vec::new();
        self.stream.label(&mut names);
        names.push("split");
        names.join("+").into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let directory = args.get::<Directory>(self.stream.n_args())?.clone();
        let codec = codec_of::<T>()?;
        let mut records = Records::new(&directory, self.targets, &codec);
        let run = Run::new();
        run.pass(|| {
            for_each_lent(&*self.stream, &run, &mut args, |item| records.push(&(self.key)(item), item))
        })?;
        run.result()?;
        records.finish()
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, _n_producer_args: usize) -> Option<Arc<dyn Op>> {
        if at != 0 {
            return None;
        }
        let stream = self.stream.absorb(producer, self.stream.steps())?;
        Some(Arc::new(Self {
            stream,
            key: Arc::clone(&self.key),
            targets: self.targets,
            keys: Of::default(),
        }))
    }

    fn is_producer(&self) -> bool {
        self.stream.is_producer()
    }

    fn output_nbytes(&self, _args: &[Arg]) -> Option<u64> {
        Some(8 * u64::from(self.targets))
    }

    fn working_nbytes(&self, _args: &[Arg]) -> Option<u64> {
        Some(Writer::MEMORY as u64)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.stream.pack(to))?;
        to.state(&self.targets)?;
        to.function::<fn(&'static T) -> K, F>(&self.key)?;
        Ok(|from| {
            let (stream, targets) = (from.part()?, from.state()?);
            let key = Arc::new(from.function::<fn(&'static T) -> K, F>()?);
            Ok(Unpacked::op(Split::<T, K, F> { stream, key, targets, keys: Of::default() }))
        })
    }
}

/// The items of one target: the task's arguments are a directory, an exchange, and the target.
pub(super) struct Gather<T> {
    /// Position of the first of them.
    at: usize,
    items: Of<T>,
}

impl<T> Gather<T> {
    pub(super) fn new(at: usize) -> Self {
        Self { at, items: Of::default() }
    }
}

impl<T: Send + Sync + 'static> Gather<T> {
    /// The items once more in files, in parts of about `most` bytes, each with keys of its own; `None` if they are no
    /// more than that.
    pub(super) fn divided<K: Hash>(
        &self,
        run: &Run,
        args: &Args<'_>,
        most: u64,
        key: impl Fn(&T) -> K,
    ) -> Result<Option<Divided<T>>, OpError> {
        let directory = args.get::<Directory>(self.at)?;
        let (exchange, target) = (args.get::<Exchange>(self.at + 1)?, *args.get::<u32>(self.at + 2)?);
        let parts = exchange.bytes(target).div_ceil(most.max(1)).min(MOST_PARTS) as u32;
        if parts <= 1 {
            return Ok(None);
        }
        let codec = codec_of::<T>()?;
        let (mut targets, mut writer) = (Targets::default(), Writer::new(directory, parts, Writer::MEMORY));
        let mut records = exchange.read(directory, target);
        for n in 0.. {
            let Some(record) = records.next_record().map_err(OpError::failed)? else { break };
            run.at(n);
            let item = codec.decode(&mut &record[..]).map_err(OpError::failed)?;
            writer.push(targets.part_of(&key(&item), parts), record).map_err(OpError::failed)?;
        }
        run.at_no_item();
        let written = writer.finish().map_err(OpError::failed)?;
        let exchange = Exchange::of([written], parts).map_err(OpError::failed)?;
        Ok(Some(Divided { directory: directory.clone(), exchange, parts, codec }))
    }
}

/// A target is divided into no more parts than this: each has a place in the memory of its writer.
const MOST_PARTS: u64 = 4096;

/// The items of one target in parts.
pub(super) struct Divided<T> {
    directory: Directory,
    exchange: Exchange,
    parts: u32,
    codec: Codec<T>,
}

impl<T: Send + Sync + 'static> Divided<T> {
    /// The number of parts.
    pub(super) fn parts(&self) -> u32 {
        self.parts
    }

    /// The items of a part.
    pub(super) fn items(&self, part: u32) -> impl Iterator<Item = Result<T, OpError>> {
        let mut records = self.exchange.read(&self.directory, part);
        std::iter::from_fn(move || {
            let record = records.next_record().map_err(OpError::failed).transpose()?;
            Some(record.and_then(|mut record| self.codec.decode(&mut record).map_err(OpError::failed)))
        })
    }
}

impl<T: Send + Sync + 'static> Stream<T> for Gather<T> {
    fn drive(&self, run: &Run, args: &mut Args<'_>, sink: &mut dyn FnMut(T) -> Flow) -> Result<(), OpError> {
        let directory = args.get::<Directory>(self.at)?;
        let exchange = args.get::<Exchange>(self.at + 1)?;
        let mut records = exchange.read(directory, *args.get::<u32>(self.at + 2)?);
        let codec = codec_of::<T>()?;
        let mut n = 0;
        while let Some(mut record) = records.next_record().map_err(OpError::failed)? {
            run.at(n);
            n += 1;
            if sink(codec.decode(&mut record).map_err(OpError::failed)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<T>>> {
        None
    }

    fn steps(&self) -> usize {
        1
    }

    fn n_args(&self) -> usize {
        self.at + 3
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("gather");
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn len(&self, args: &Args<'_>) -> Result<Option<u64>, OpError> {
        let target = *args.get::<u32>(self.at + 2)?;
        Ok(Some(args.get::<Exchange>(self.at + 1)?.records(target)))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.at)?;
        Ok(|from| Ok(unpacked(Gather::<T>::new(from.state()?))))
    }

    fn nbytes(&self, _args: &[Arg]) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_belong_where_they_have_always_belonged() {
        let mut targets = Targets::default();
        // Texts with the byte 0xff after them, which is what `str` writes; numbers in the order of the machine.
        assert_eq!(targets.of(&"tea", u32::MAX), (((xxh3_64(b"tea\xff") >> 32) * 0xffff_ffff) >> 32) as u32);
        assert_eq!(targets.of(&String::from("tea"), 7), targets.of(&"tea", 7));
        assert_eq!(targets.of(&7_u64, 1), 0);
        let mut seen = [0; 10];
        (0_u64..10_000).for_each(|key| seen[targets.of(&key, 10) as usize] += 1);
        assert!(seen.iter().all(|n| (850..1150).contains(n)), "{seen:?}");
    }
}
