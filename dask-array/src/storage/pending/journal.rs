//! The blocks of an array that are whole, one line each: `5+4 0+7;` are the elements from 5 on, 4 of them, along the
//! first axis, and 7 from 0 on along the second.
//!
//! A line is appended by one write. It begins with the end of the line before and ends with a semicolon: one that was
//! cut off by the end of a process, and what a later run writes behind it, are told apart.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::storage::file::FileError;
use crate::storage::region::{Region, Span};

pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let file = OpenOptions::new().append(true).open(path).map_err(FileError::io("open", path))?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(super) fn write(&self, offset: &[usize], shape: &[usize]) -> Result<(), FileError> {
        let axes: Vec<String> = offset.iter().zip(shape).map(|(at, n)| format!("{at}+{n}")).collect();
        let line = format!("\n{};", axes.join(" "));
        let written = (&self.file).write_all(line.as_bytes());
        written.map_err(FileError::io("write", &self.path))
    }
}

/// The blocks in a journal of an array of this shape.
pub(super) fn parse(text: &str, shape: &[usize]) -> HashSet<Region> {
    text.lines().filter_map(|line| block(line.strip_suffix(';')?, shape)).collect()
}

fn block(line: &str, shape: &[usize]) -> Option<Region> {
    let axis = |(text, &n): (&str, &usize)| {
        let (start, len) = text.split_once('+')?;
        let span = Span { start: start.parse().ok()?, len: len.parse().ok()?, step: 1 };
        span.start.checked_add(span.len).is_some_and(|end| end <= n).then_some(span)
    };
    let texts: Vec<&str> = line.split_whitespace().collect();
    let axes: Option<Vec<Span>> = texts.iter().copied().zip(shape).map(axis).collect();
    axes.filter(|_| texts.len() == shape.len()).map(|axes| Region { axes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_is_no_block() {
        let blocks = |text: &str, shape: &[usize]| {
            let mut found: Vec<_> = parse(text, shape)
                .into_iter()
                .map(|region| region.axes.iter().map(|span| (span.start, span.len)).collect::<Vec<_>>())
                .collect();
            found.sort();
            found
        };
        let shape = [9, 20];
        assert_eq!(blocks("\n5+4 0+7;\n0+5 0+7;", &shape), [[(0, 5), (0, 7)], [(5, 4), (0, 7)]]);
        // A process ended within the first line.
        assert_eq!(blocks("\n5+4 0+\n0+5 0+7;", &shape), [[(0, 5), (0, 7)]]);
        assert_eq!(blocks("\n5+4 0+7\n", &shape), [[(0, 0); 0]; 0]);
        // Blocks that are none of this array.
        for line in ["5+5 0+7;", "5+4;", "5+4 0+7 0+1;", "18446744073709551615+1 0+1;", ";", "5-4 0+7;"] {
            assert_eq!(blocks(&format!("\n{line}"), &shape), [[(0, 0); 0]; 0], "{line}");
        }
        assert_eq!(parse("\n;", &[]).len(), 1);
    }

    #[test]
    fn what_is_written_is_parsed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks");
        std::fs::write(&path, "\n3+").unwrap();
        let journal = Journal::open(&path).unwrap();
        journal.write(&[0, 6], &[5, 1]).unwrap();
        journal.write(&[5, 6], &[4, 1]).unwrap();
        assert_eq!(parse(&std::fs::read_to_string(&path).unwrap(), &[9, 7]).len(), 2);
    }
}
