//! Rows on their way: in memory as long as there is room, else in files.

use std::ops::Range;
use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload};
use dask_graph_shuffle::{Directory, Exchange, Room, Writer};

use crate::error::EvalError;
use crate::schema::Schema;
use crate::table::{Table, blob};

/// The most rows of one record: a record's length has 32 bits.
const RECORD_ROWS: usize = 1 << 16;

/// What one partition gives to the new ones, or several in their order.
///
/// When a scheduler moves it out of memory, or to another process, the rows go into files of the shuffle's
/// directory, and what moves says where they are.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Exchanged {
    places: Vec<Place>,
    /// How many rows each new partition gets.
    rows: Vec<u64>,
}

/// Where rows are.
#[derive(Debug, Clone)]
enum Place {
    Memory(Arc<Held>),
    Files(Exchange),
}

/// Rows of one partition in memory, in the order of where they belong.
#[derive(Debug)]
struct Held {
    table: Table,
    /// Where those of each new partition end.
    ends: Vec<usize>,
    /// Where they go when they leave.
    directory: Directory,
    _room: Room,
}

impl Exchanged {
    /// Takes the rows of a table in this order, those that belong to one of the new partitions up to its end.
    pub(super) fn split(
        table: &Table,
        rows: &[u32],
        ends: Vec<usize>,
        directory: &Directory,
    ) -> Result<Self, EvalError> {
        let counts = (0..ends.len()).map(|target| bounds(&ends, target).len() as u64).collect();
        let place = match Room::take(table.nbytes()) {
            Some(room) => {
                let (table, directory) = (table.take(rows), directory.clone());
                Place::Memory(Arc::new(Held { table, ends, directory, _room: room }))
            }
            None => Place::Files(write(&ends, directory, |part| table.take(&rows[part]))?),
        };
        Ok(Self { places: vec![place], rows: counts })
    }

    /// Puts together what several partitions give, to `n` new ones.
    pub(in crate::plan::ops) fn of<'a>(
        parts: impl IntoIterator<Item = &'a Self>,
        n: u32,
    ) -> Result<Self, EvalError> {
        let mut all = Self { places: Vec::new(), rows: vec![0; n as usize] };
        for part in parts {
            all.rows.iter_mut().zip(&part.rows).for_each(|(all, more)| *all += more);
            for place in &part.places {
                match (all.places.last_mut(), place) {
                    (Some(Place::Files(all)), Place::Files(files)) => all.append(files.clone())?,
                    _ => all.places.push(place.clone()),
                }
            }
        }
        Ok(all)
    }

    /// Returns how many rows each new partition gets.
    pub(in crate::plan::ops) fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// Returns the rows of a new partition, counted.
    pub(in crate::plan::ops) fn table(
        &self,
        directory: &Directory,
        partition: u32,
        schema: &Schema,
    ) -> Result<Table, EvalError> {
        let mut parts = Vec::new();
        for place in &self.places {
            match place {
                Place::Memory(held) => parts.push(held.part(bounds(&held.ends, partition as usize))),
                Place::Files(exchange) => {
                    let mut records = exchange.read(directory, partition);
                    while let Some(mut record) = records.next_record()? {
                        let mut reader = BlobReader::new(&mut record).map_err(encode)?;
                        parts.push(Table::from_blob(&mut reader).map_err(EvalError::Encode)?);
                    }
                }
            }
        }
        let table = Table::concat(schema, &parts.iter().collect::<Vec<_>>())?;
        let expected = self.n_rows(partition);
        match table.n_rows() as u64 {
            got if got == expected => Ok(table),
            got => Err(EvalError::RowsLost { partition, expected, got }),
        }
    }

    /// How many rows a new partition has.
    pub(in crate::plan::ops) fn n_rows(&self, partition: u32) -> u64 {
        self.rows.get(partition as usize).copied().unwrap_or_default()
    }

    /// Returns the rows of all new partitions in the order of those that they are from; `None` if some have left memory.
    pub(in crate::plan::ops) fn in_memory(&self, schema: &Schema) -> Result<Option<Table>, EvalError> {
        let tables = self.places.iter().map(|place| match place {
            Place::Memory(held) => Some(&held.table),
            Place::Files(_) => None,
        });
        let tables = tables.collect::<Option<Vec<_>>>();
        Ok(tables.map(|tables| Table::concat(schema, &tables)).transpose()?)
    }

    /// The same, with no rows in memory.
    fn in_files(&self) -> Result<Vec<Exchange>, EvalError> {
        let files = self.places.iter().map(|place| match place {
            Place::Memory(held) => write(&held.ends, &held.directory, |rows| held.part(rows)),
            Place::Files(files) => Ok(files.clone()),
        });
        files.collect()
    }
}

impl Held {
    fn part(&self, rows: Range<usize>) -> Table {
        self.table.slice(rows.start, rows.len())
    }
}

impl Place {
    /// Rows in memory count twice: who gathers them makes a copy, for which there has to be room, too.
    fn nbytes(&self) -> u64 {
        match self {
            Self::Memory(held) => 2 * held.table.nbytes() + size_of_val(&held.ends[..]) as u64,
            Self::Files(exchange) => exchange.nbytes(),
        }
    }
}

/// The rows between the end of what is before and that of its own.
fn bounds(ends: &[usize], target: usize) -> Range<usize> {
    let end = |at: usize| ends.get(at).copied().unwrap_or_default();
    target.checked_sub(1).map_or(0, end)..end(target)
}

/// Writes rows, those that belong to one place up to its end; `part` returns some of them.
fn write(
    ends: &[usize],
    directory: &Directory,
    part: impl Fn(Range<usize>) -> Table,
) -> Result<Exchange, EvalError> {
    let n = ends.len() as u32;
    let mut writer = Writer::new(directory, n, Writer::MEMORY);
    let mut record = Vec::new();
    for target in 0..n {
        let rows = bounds(ends, target as usize);
        for begin in rows.clone().step_by(RECORD_ROWS) {
            record.clear();
            let part = part(begin..rows.end.min(begin + RECORD_ROWS));
            blob::to_blob(&part).write_to(&mut record).map_err(encode)?;
            writer.push(target, &record)?;
        }
    }
    Ok(Exchange::of([writer.finish()?], n)?)
}

fn encode(error: std::io::Error) -> EvalError {
    EvalError::Encode(BlobError::of::<Table>(error))
}

impl Payload for Exchanged {
    fn nbytes(&self) -> u64 {
        self.places.iter().map(Place::nbytes).sum::<u64>() + size_of_val(&self.rows[..]) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let files = self.in_files().map_err(BlobError::of::<Self>);
        Some(files.and_then(|files| Blob::encoded(&(files, &self.rows))))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let (files, rows) = reader.read_encoded::<(Vec<Exchange>, _)>()?;
        Ok(Self { places: files.into_iter().map(Place::Files).collect(), rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Column;
    use dask_graph::Value;

    fn exchanged(directory: &Directory, values: &[i64], ends: &[usize]) -> Exchanged {
        let table = Table::new([("x", Column::from(values.to_vec()))]).unwrap();
        let rows = (0..values.len() as u32).collect::<Vec<_>>();
        Exchanged::split(&table, &rows, ends.to_vec(), directory).unwrap()
    }

    /// As a scheduler does that moves it out of memory and back.
    fn there_and_back(exchanged: &Exchanged) -> Exchanged {
        let value = Value::sized(exchanged.clone());
        let (blob, read) = value.to_blob().unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.write_to(&mut bytes).unwrap();
        read(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap().into_inner().unwrap()
    }

    fn values(exchanged: &Exchanged, directory: &Directory, n: u32) -> Vec<Vec<Option<i64>>> {
        let schema = Table::new([("x", Column::from(vec![0]))]).unwrap().schema().clone();
        let table = |part| exchanged.table(directory, part, &schema).unwrap();
        (0..n).map(|part| table(part).column("x").unwrap().i64s().unwrap().collect()).collect()
    }

    #[test]
    fn rows_come_in_the_order_of_their_partitions_wherever_they_are() {
        let directory = Directory::new(None).unwrap();
        let parts = [(&[1, 2, 3][..], [2, 2, 3]), (&[4, 5], [0, 1, 2]), (&[], [0, 0, 0]), (&[6], [1, 1, 1])];
        let parts = parts.map(|(values, ends)| exchanged(&directory, values, &ends));
        let expected = [vec![Some(1), Some(2), Some(6)], vec![Some(4)], vec![Some(3), Some(5)]];
        for in_files in 0..16 {
            let moved = |at: usize| match in_files >> at & 1 {
                1 => there_and_back(&parts[at]),
                _ => parts[at].clone(),
            };
            let parts = (0..4).map(moved).collect::<Vec<_>>();
            let all = Exchanged::of(&parts, 3).unwrap();
            assert_eq!(values(&all, &directory, 3), expected);
            assert_eq!(values(&there_and_back(&all), &directory, 3), expected);
        }
    }

    #[test]
    fn rows_that_left_weigh_nothing() {
        let directory = Directory::new(None).unwrap();
        let held = exchanged(&directory, &[7; 10_000], &[10_000]);
        assert!(held.nbytes() > 160_000 && there_and_back(&held).nbytes() < 1000);
    }
}
