//! A table indexed by key, and the pairs of rows that a join makes with it.

use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::keys::Keys;
use crate::column::{Column, Mask, NO_ROW};
use crate::error::{EvalError, FrameError};
use crate::expr::cast_column;
use crate::schema::DataType;
use crate::table::{Table, blob};

/// The small side of a join, indexed once and probed by every partition of the other.
pub(crate) struct JoinIndex {
    pub(crate) table: Table,
    /// Names of the key columns, and the types in which keys are compared.
    on: Vec<(Arc<str>, DataType)>,
    keys: Vec<Column>,
    /// The first row of each key.
    heads: HashTable<u32>,
    /// The next row of the same key.
    next: Vec<u32>,
}

/// Row numbers of both sides, pair by pair; [`NO_ROW`] on the right where nothing matches.
pub(crate) struct Pairs {
    pub(crate) left: Vec<u32>,
    pub(crate) right: Vec<u32>,
}

/// Returns columns of a table by name, brought to the types in which keys are compared.
pub(crate) fn key_columns<'a>(
    table: &Table,
    on: impl Iterator<Item = (&'a Arc<str>, DataType)>,
) -> Result<Vec<Column>, EvalError> {
    on.map(|(name, dtype)| cast_column(name, table.column(name)?, dtype)).collect()
}

impl JoinIndex {
    /// Indexes a table by some of its columns, brought to the types in which keys are compared.
    pub(crate) fn new(table: Table, on: Vec<(Arc<str>, DataType)>) -> Result<Self, EvalError> {
        let key_columns = key_columns(&table, on.iter().map(|(name, dtype)| (name, *dtype)))?;
        let keys = Keys::new(&key_columns, table.n_rows());
        let hashes = keys.hashes();
        let mut heads = HashTable::<u32>::new();
        let mut next = vec![NO_ROW; table.n_rows()];
        // Backwards, so that each chain runs forwards.
        for row in (0..table.n_rows()).rev() {
            let hash = |head: &u32| hashes[*head as usize];
            match heads.entry(hashes[row], |head| keys.equal(*head as usize, &keys, row), hash) {
                Entry::Occupied(mut head) => {
                    next[row] = *head.get();
                    *head.get_mut() = row as u32;
                }
                Entry::Vacant(slot) => {
                    slot.insert(row as u32);
                }
            }
        }
        Ok(Self { table, on, keys: key_columns, heads, next })
    }

    /// Returns the pairs of rows of equal keys, in the order of the left rows; a missing key equals a missing
    /// key. With `keep_left`, a left row without partner is paired with [`NO_ROW`].
    pub(crate) fn pairs(&self, left: &[Column], n_rows: usize, keep_left: bool) -> Result<Pairs, FrameError> {
        let mut pairs = Pairs { left: Vec::with_capacity(n_rows), right: Vec::with_capacity(n_rows) };
        self.probe(left, n_rows, |row, head| {
            let mut at = head;
            while at != NO_ROW {
                pairs.left.push(row);
                pairs.right.push(at);
                at = self.next[at as usize];
            }
            if head == NO_ROW && keep_left {
                pairs.left.push(row);
                pairs.right.push(NO_ROW);
            }
        });
        match pairs.left.len() {
            rows if rows < u32::MAX as usize => Ok(pairs),
            rows => Err(FrameError::TooManyRows { rows }),
        }
    }

    /// Returns which rows of the indexed table have a partner among the left rows.
    pub(crate) fn matched(&self, left: &[Column], n_rows: usize) -> Mask {
        let mut matched = vec![false; self.table.n_rows()];
        self.probe(left, n_rows, |_, head| {
            let mut at = head;
            // A chain is marked as a whole, so a marked head ends the walk.
            while at != NO_ROW && !matched[at as usize] {
                matched[at as usize] = true;
                at = self.next[at as usize];
            }
        });
        Mask::from_fn(matched.len(), |row| matched[row])
    }

    pub(crate) fn keys(&self) -> &[Column] {
        &self.keys
    }

    fn probe(&self, left: &[Column], n_rows: usize, mut found: impl FnMut(u32, u32)) {
        let (left, right) = (Keys::new(left, n_rows), Keys::new(&self.keys, self.table.n_rows()));
        for (row, hash) in left.hashes().into_iter().enumerate() {
            let head = self.heads.find(hash, |head| left.equal(row, &right, *head as usize));
            found(row as u32, head.copied().unwrap_or(NO_ROW));
        }
    }
}

impl Payload for JoinIndex {
    fn nbytes(&self) -> u64 {
        let keys = self.keys.iter().map(Column::nbytes).sum::<u64>();
        self.table.nbytes() + keys + 4 * (self.next.len() + 2 * self.heads.capacity()) as u64
    }

    /// The table and what it is indexed by. The index itself is made again where it arrives, so that nothing
    /// in it can point to rows that are not there.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let Blob { header, buffers } = blob::to_blob(&self.table);
        Some(Blob::encoded(&(&self.on, header)).map(|front| Blob { buffers, ..front }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let (on, header): (_, Vec<u8>) = reader.read_encoded()?;
        let table = blob::from_blob(&header, reader).map_err(BlobError::of::<Self>)?;
        Self::new(table, on).map_err(BlobError::of::<Self>)
    }
}
