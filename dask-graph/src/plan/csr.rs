//! Lists of lists in two flat arrays.

use std::ops::Range;

/// Rows of items of varying length: compressed sparse rows.
#[derive(Clone)]
pub(crate) struct Csr<T> {
    /// Row `r` is `items[ends[r] .. ends[r + 1]]`.
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Csr<T> {
    pub(crate) fn new() -> Self {
        Self { ends: vec![0], items: Vec::new() }
    }

    pub(crate) fn with_capacity(rows: usize, items: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { ends, items: Vec::with_capacity(items) }
    }

    pub(crate) fn n_items(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.items[self.ends[row] as usize..self.ends[row + 1] as usize]
    }

    /// Where the items of a row are.
    pub(crate) fn range(&self, row: usize) -> Range<u32> {
        self.ends[row]..self.ends[row + 1]
    }

    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }

    /// All items; those that are added belong to the row that is being written.
    pub(crate) fn items_mut(&mut self) -> &mut Vec<T> {
        &mut self.items
    }

    /// The items of the row that is being written.
    pub(crate) fn open_row(&mut self) -> &mut [T] {
        let start = self.ends[self.ends.len() - 1] as usize;
        &mut self.items[start..]
    }

    /// Ends the row that is being written; `None` when there are 2^32 items.
    pub(crate) fn end_row(&mut self) -> Option<()> {
        self.ends.push(u32::try_from(self.items.len()).ok()?);
        Some(())
    }

    /// The same rows of other items.
    pub(crate) fn map<U>(self, f: impl Fn(T) -> U) -> Csr<U> {
        Csr { ends: self.ends, items: self.items.into_iter().map(f).collect() }
    }

    pub(crate) fn nbytes(&self) -> usize {
        size_of_val(&self.ends[..]) + size_of_val(&self.items[..])
    }
}

impl Csr<u32> {
    /// As many rows turned around: row `i` of the result lists the rows that hold `i`, in ascending order.
    pub(crate) fn turned<R: Iterator<Item = u32>>(n_rows: usize, rows: impl Fn(usize) -> R) -> Self {
        // One ahead: what ends a row is first where its next item goes, and at last behind them all.
        let mut ends = vec![0_u32; n_rows + 2];
        for row in 0..n_rows {
            for item in rows(row) {
                ends[item as usize + 2] += 1;
            }
        }
        for row in 2..ends.len() {
            ends[row] += ends[row - 1];
        }
        let mut items = vec![0; ends[n_rows + 1] as usize];
        for row in 0..n_rows {
            for item in rows(row) {
                let place = &mut ends[item as usize + 1];
                items[*place as usize] = row as u32;
                *place += 1;
            }
        }
        ends.truncate(n_rows + 1);
        Self { ends, items }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_transpose() {
        let mut csr = Csr::new();
        for row in [&[1_u32, 2][..], &[], &[1]] {
            csr.items_mut().extend(row);
            csr.end_row().unwrap();
        }
        assert_eq!((csr.n_items(), csr.row(0)), (3, &[1, 2][..]));
        let turned = Csr::turned(3, |row| csr.row(row).iter().copied());
        assert_eq!([0, 1, 2].map(|row| turned.row(row).to_vec()), [vec![], vec![0, 2], vec![0]]);
    }
}
