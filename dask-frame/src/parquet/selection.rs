//! Which rows can fulfil conditions, by what files tell of the values of row groups and pages.

use std::collections::{BTreeSet, HashMap};

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelector};
use parquet::file::metadata::RowGroupMetaData;

use super::pages::indexed;
use super::rows::{Rows, projection};
use super::source::{ParquetSource, corrupt, metadata};
use super::statistics::Statistics;
use crate::error::ReadError;
use crate::expr::Expr;
use crate::source::{Known, Piece, may_hold};

impl ParquetSource {
    /// Returns a piece without the row groups at its ends in which no row can fulfil a condition.
    pub(crate) fn shortened(&self, piece: Piece, condition: &Expr) -> Piece {
        let Some(metadata) = self.metadata.get(piece.file as usize) else { return piece };
        let groups = &metadata.metadata().row_groups()[piece.start as usize..piece.end as usize];
        let mut columns = HashMap::new();
        condition.for_each_column(&mut |name| {
            columns.entry(&**name).or_insert_with(|| self.known(piece, metadata, groups, name));
        });
        let may_hold = |group: &u64| {
            let at = (group - piece.start) as usize;
            may_hold(condition, &|name| columns.get(name)?.as_ref()?.get(at).cloned())
        };
        let first = (piece.start..piece.end).find(may_hold);
        let last = (piece.start..piece.end).rfind(may_hold);
        match (first, last) {
            (Some(first), Some(last)) => Piece { start: first, end: last + 1, ..piece },
            _ => Piece { end: piece.start, ..piece },
        }
    }

    /// Returns the rows of a piece without those of which is known that they do not fulfil the conditions.
    pub(super) fn rows(
        &self,
        piece: Piece,
        columns: &[usize],
        conditions: &[&Expr],
    ) -> Result<Rows<'_>, ReadError> {
        let at = piece.file as usize;
        let file = &self.files[at];
        let metadata = match self.metadata.get(at) {
            Some(metadata) => metadata.clone(),
            None => metadata(file)?,
        };
        let groups = piece.start as usize..piece.end as usize;
        if conditions.is_empty() {
            return Ok(Rows { file, metadata, groups: groups.collect(), selection: None });
        }
        let stored = columns.iter().filter(|&&at| at < self.n_stored);
        let names = stored.map(|&at| self.schema.fields()[at].name());
        let metadata = projection(&metadata, names)
            .and_then(|mask| indexed(file, &metadata, groups, &mask))
            .map_err(|source| corrupt(file, source))?;
        let (mut groups, mut selectors) = (Vec::new(), Vec::new());
        for group in 0..metadata.metadata().num_row_groups() {
            let chosen = self.chosen(piece, &metadata, group, conditions);
            if chosen.iter().any(|selector| !selector.skip) {
                groups.push(group);
                selectors.extend(chosen);
            }
        }
        let selection = selectors.iter().any(|selector| selector.skip).then(|| selectors.into());
        Ok(Rows { file, metadata, groups, selection })
    }

    /// Returns which rows of a row group may fulfil the conditions, by what is known of its pages.
    fn chosen(
        &self,
        piece: Piece,
        metadata: &ArrowReaderMetadata,
        group: usize,
        conditions: &[&Expr],
    ) -> Vec<RowSelector> {
        let mut columns = HashMap::new();
        for condition in conditions {
            condition.for_each_column(&mut |name| {
                columns.entry(&**name).or_insert_with(|| self.known_pages(piece, metadata, group, name));
            });
        }
        let n_rows = u64::try_from(metadata.metadata().row_group(group).num_rows()).unwrap_or(0);
        // Between these rows each column is on one page.
        let starts = columns.values().flatten().flatten().map(|(first, _)| *first).chain([0]);
        let starts = starts.collect::<BTreeSet<_>>();
        let ends = starts.iter().copied().skip(1).chain([n_rows]);
        let selector = |(&start, end): (&u64, u64)| {
            let known = |name: &str| {
                let pages = columns.get(name)?.as_ref()?;
                let after = pages.partition_point(|(first, _)| *first <= start);
                Some(pages[after.checked_sub(1)?].1.clone())
            };
            let n = usize::try_from(end - start).unwrap_or(0);
            match conditions.iter().all(|condition| may_hold(condition, &known)) {
                true => RowSelector::select(n),
                false => RowSelector::skip(n),
            }
        };
        starts.iter().zip(ends).map(selector).collect()
    }

    /// Returns what is known of a column in each of some row groups.
    fn known(
        &self,
        piece: Piece,
        metadata: &ArrowReaderMetadata,
        groups: &[RowGroupMetaData],
        name: &str,
    ) -> Option<Vec<Known>> {
        let at = self.schema.position(name)?;
        let Some(constant) = at.checked_sub(self.n_stored) else {
            return Statistics::of(metadata, &self.schema.fields()[at])?.of_groups(groups);
        };
        let value = &self.constants[piece.file as usize][constant];
        let known = |group: &RowGroupMetaData| {
            let rows = u64::try_from(group.num_rows()).ok()?;
            Some(match value.is_null() {
                true => Known { min: None, max: None, nulls: Some(rows), rows },
                false => Known { min: Some(value.clone()), max: Some(value.clone()), nulls: Some(0), rows },
            })
        };
        groups.iter().map(known).collect()
    }

    /// Returns what is known of a column in a row group, from which rows on: of each page, or of the whole.
    fn known_pages(
        &self,
        piece: Piece,
        metadata: &ArrowReaderMetadata,
        group: usize,
        name: &str,
    ) -> Option<Vec<(u64, Known)>> {
        let of_group = self.known(piece, metadata, &[metadata.metadata().row_group(group).clone()], name)?;
        let pages = || Statistics::of(metadata, self.schema.field(name).ok()?)?.of_pages(group);
        Some(pages().unwrap_or_else(|| of_group.into_iter().map(|known| (0, known)).collect()))
    }
}
