//! What goes in comes out, in order, whatever the memory.

use dask_graph::{Blob, BlobReader, Payload};
use dask_graph_shuffle::{Directory, Exchange, ShuffleError, Writer, Written};
use proptest::prelude::*;

/// The value as another process would have it.
fn sent<T: Payload>(data: &T) -> T {
    let mut bytes = Vec::new();
    let blob: Blob<'_> = data.to_blob().unwrap().unwrap();
    blob.write_to(&mut bytes).unwrap();
    T::from_blob(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap()
}

pub(super) fn written(
    directory: &Directory,
    records: &[(u32, Vec<u8>)],
    targets: u32,
    memory: usize,
) -> Written {
    let mut writer = Writer::new(directory, targets, memory);
    records.iter().for_each(|(target, record)| writer.push(*target, record).unwrap());
    writer.finish().unwrap()
}

pub(super) fn read(
    exchange: &Exchange,
    directory: &Directory,
    target: u32,
) -> Result<Vec<Vec<u8>>, ShuffleError> {
    let (mut records, mut all) = (exchange.read(directory, target), Vec::new());
    while let Some(record) = records.next_record()? {
        all.push(record.to_vec());
    }
    Ok(all)
}

proptest! {
    #[test]
    fn records_come_out_as_they_went_in(
        splits in prop::collection::vec(
            prop::collection::vec((0_u32..5, prop::collection::vec(any::<u8>(), 0..40)), 0..60), 0..5),
        memory in 0_usize..1500,
    ) {
        let directory = Directory::new(None).unwrap();
        // One target more than has records.
        let written: Vec<Written> =
            splits.iter().map(|records| sent(&written(&directory, records, 6, memory))).collect();
        prop_assert_eq!(
            written.iter().map(Written::records).sum::<u64>(),
            splits.iter().map(Vec::len).sum::<usize>() as u64
        );
        let exchange = sent(&Exchange::of(written, 6).unwrap());
        let elsewhere = sent(&directory);
        for target in 0..6 {
            let expected: Vec<Vec<u8>> =
                splits.iter().flatten().filter(|r| r.0 == target).map(|r| r.1.clone()).collect();
            prop_assert_eq!(exchange.records(target), expected.len() as u64);
            prop_assert_eq!(exchange.bytes(target), expected.concat().len() as u64);
            let mut twice = exchange.clone();
            twice.append(exchange.clone()).unwrap();
            prop_assert_eq!(twice.records(target), 2 * exchange.records(target));
            prop_assert_eq!(twice.bytes(target), 2 * exchange.bytes(target));
            prop_assert_eq!(read(&exchange, &elsewhere, target).unwrap(), expected);
        }
    }
}

#[test]
fn no_record_makes_no_file() {
    let directory = Directory::new(None).unwrap();
    let before = directory.path().read_dir().unwrap().count();
    let exchange = Exchange::of([written(&directory, &[], 2, 100)], 2).unwrap();
    assert_eq!(directory.path().read_dir().unwrap().count(), before);
    assert_eq!(read(&exchange, &directory, 1).unwrap(), [[0_u8; 0]; 0]);
}

#[test]
fn a_writer_makes_one_file_however_little_memory_it_has() {
    let directory = Directory::new(None).unwrap();
    let before = directory.path().read_dir().unwrap().count();
    let records: Vec<(u32, Vec<u8>)> = (0..1000).map(|i| (i % 7, vec![i as u8; 20])).collect();
    let exchange = Exchange::of([written(&directory, &records, 7, 1)], 7).unwrap();
    assert_eq!(directory.path().read_dir().unwrap().count(), before + 1);
    assert_eq!((0..7).map(|target| read(&exchange, &directory, target).unwrap().len()).sum::<usize>(), 1000);
}

#[test]
fn files_of_another_exchange_are_refused() {
    let directory = Directory::new(None).unwrap();
    let error = Exchange::of([written(&directory, &[], 2, 100)], 3).unwrap_err();
    assert!(matches!(error, ShuffleError::Targets { expected: 3, got: 2 }), "{error}");
}
