//! A table indexed by key, and the pairs of rows that a join makes with it.

mod chains;
mod firsts;

use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload};

use crate::column::{Column, Mask, NO_ROW};
use crate::error::{EvalError, FrameError};
use crate::expr::cast_column;
use crate::schema::DataType;
use crate::table::{Table, blob};

use chains::Chains;

/// One side of a join, indexed once and probed by the rows of the other.
pub(crate) struct JoinIndex {
    pub(crate) table: Table,
    /// Names of the key columns, and the types in which keys are compared.
    on: Vec<(Arc<str>, DataType)>,
    keys: Vec<Column>,
    chains: Chains,
}

/// Row numbers of both sides, pair by pair; [`NO_ROW`] where a side has none.
#[derive(Default)]
pub(crate) struct Pairs {
    pub(crate) left: Vec<u32>,
    pub(crate) right: Vec<u32>,
    /// How many pairs at the end have no left row.
    pub(crate) n_right_alone: usize,
}

/// Returns columns of a table by name, brought to the types in which keys are compared.
pub(crate) fn key_columns<'a>(
    table: &Table,
    on: impl IntoIterator<Item = &'a (Arc<str>, DataType)>,
) -> Result<Vec<Column>, EvalError> {
    on.into_iter().map(|(name, dtype)| cast_column(name, table.column(name)?, dtype)).collect()
}

impl JoinIndex {
    /// Indexes a table by some of its columns, brought to the types in which keys are compared.
    pub(crate) fn new(table: Table, on: Vec<(Arc<str>, DataType)>) -> Result<Self, EvalError> {
        let keys = key_columns(&table, &on)?;
        let chains = Chains::new(&keys, table.n_rows());
        Ok(Self { table, on, keys, chains })
    }

    /// Returns the pairs of rows of equal keys, in the order of the left rows and for each in the order of the table; a
    /// missing key equals a missing key. With `keep_left`, a left row without partner is paired with [`NO_ROW`].
    pub(crate) fn pairs(&self, left: &[Column], n_rows: usize, keep_left: bool) -> Result<Pairs, FrameError> {
        let heads = self.look_up(left, n_rows);
        if self.chains.is_unique() {
            return Ok(if keep_left { Pairs::of_all(heads) } else { Pairs::of_partners(heads) });
        }
        let mut pairs =
            Pairs { left: Vec::with_capacity(n_rows), right: Vec::with_capacity(n_rows), n_right_alone: 0 };
        let mut n_pairs = 0;
        for (row, head) in (0..).zip(heads) {
            let mut at = head;
            // Rows beyond what a table can have are counted and not kept.
            while at != NO_ROW {
                n_pairs += 1;
                if n_pairs < u32::MAX as usize {
                    pairs.left.push(row);
                    pairs.right.push(at);
                }
                at = self.chains.next(at);
            }
            if head == NO_ROW && keep_left {
                n_pairs += 1;
                pairs.left.push(row);
                pairs.right.push(NO_ROW);
            }
        }
        if n_pairs < u32::MAX as usize { Ok(pairs) } else { Err(FrameError::TooManyRows { rows: n_pairs }) }
    }

    /// Returns which rows of the indexed table have a partner among the rows of these keys.
    pub(crate) fn matched(&self, others: &[Column], n_rows: usize) -> Mask {
        let mut matched = vec![false; self.table.n_rows()];
        for head in self.look_up(others, n_rows) {
            let mut at = head;
            // A chain is marked as a whole, so a marked head ends the walk.
            while at != NO_ROW && !matched[at as usize] {
                matched[at as usize] = true;
                at = self.chains.next(at);
            }
        }
        Mask::from_fn(matched.len(), |row| matched[row])
    }

    /// Returns which of the rows of these keys have a partner in the indexed table.
    pub(crate) fn has(&self, keys: &[Column], n_rows: usize) -> Mask {
        let heads = self.look_up(keys, n_rows);
        Mask::from_fn(n_rows, |row| heads[row] != NO_ROW)
    }

    /// Calls `f` with each row and the first row of its key, key by key, in the order of the table.
    pub(super) fn for_each_chain(&self, mut f: impl FnMut(u32, u32)) {
        for head in self.chains.heads() {
            let mut at = head;
            while at != NO_ROW {
                f(head, at);
                at = self.chains.next(at);
            }
        }
    }

    pub(crate) fn keys(&self) -> &[Column] {
        &self.keys
    }

    /// Returns for each row of these keys the first row of its key here, or [`NO_ROW`].
    pub(super) fn look_up(&self, others: &[Column], n_rows: usize) -> Vec<u32> {
        self.chains.look_up(&self.keys, others, n_rows)
    }
}

impl Pairs {
    /// Each left row with what was found for it, a row or none.
    fn of_all(found: Vec<u32>) -> Self {
        Self { left: (0..found.len() as u32).collect(), right: found, n_right_alone: 0 }
    }

    /// Each left row for which a row was found, with that.
    fn of_partners(mut found: Vec<u32>) -> Self {
        let (mut left, mut n_pairs) = (vec![0; found.len()], 0);
        // Written always and kept perhaps: whether a row has a partner is hard to foresee.
        for row in 0..found.len() {
            let partner = found[row];
            (left[n_pairs], found[n_pairs]) = (row as u32, partner);
            n_pairs += usize::from(partner != NO_ROW);
        }
        left.truncate(n_pairs);
        found.truncate(n_pairs);
        Self { left, right: found, n_right_alone: 0 }
    }

    /// Turns pairs that were found from the right side around, into the order of the left rows: those with a left row
    /// first.
    pub(crate) fn turned(self, n_left: usize) -> Self {
        let mut ends = vec![0u32; n_left];
        self.right.iter().filter(|row| **row != NO_ROW).for_each(|row| ends[*row as usize] += 1);
        let mut total = 0;
        for end in &mut ends {
            // For now, where its pairs begin; every pair that is put there moves it on.
            (*end, total) = (total, total + *end);
        }
        let n = total as usize;
        let (mut left, mut right) = (vec![NO_ROW; self.left.len()], vec![NO_ROW; self.left.len()]);
        let mut alone = n;
        for (&own, &other) in self.left.iter().zip(&self.right) {
            let at = match other {
                NO_ROW => {
                    alone += 1;
                    alone - 1
                }
                row => {
                    let end = &mut ends[row as usize];
                    *end += 1;
                    *end as usize - 1
                }
            };
            (left[at], right[at]) = (other, own);
        }
        Self { n_right_alone: left.len() - n, left, right }
    }

    /// Adds the right rows that have no partner.
    pub(crate) fn with_right(mut self, matched: &Mask) -> Self {
        let alone = (0..matched.len() as u32).filter(|&row| !matched.get(row as usize));
        let before = self.right.len();
        self.right.extend(alone);
        self.n_right_alone = self.right.len() - before;
        self.left.resize(self.right.len(), NO_ROW);
        self
    }
}

impl Payload for JoinIndex {
    fn nbytes(&self) -> u64 {
        let keys = self.keys.iter().map(Column::nbytes).sum::<u64>();
        self.table.nbytes() + keys + self.chains.nbytes()
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
