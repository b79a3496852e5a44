//! The header of a `.npy` file: magic, version, and a dictionary in Python's notation.

use std::io::Read;
use std::path::Path;

use super::NpyError;
use crate::element::DType;
use crate::storage::file::FileError;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Elements begin at a multiple of this.
const ALIGN: usize = 64;
/// A header longer than this is taken for nonsense rather than read.
const MAX_HEADER: usize = 1 << 20;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The element type in numpy's notation.
    pub(super) descr: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
    /// Where the elements begin.
    pub(super) data_offset: u64,
}

/// Reads the header of a file of `len` bytes, from its beginning on.
pub(super) fn read(mut file: impl Read, len: u64, path: &Path) -> Result<Header, NpyError> {
    let mut read = |bytes: &mut [u8]| file.read_exact(bytes).map_err(FileError::io("read", path));
    let mut start = [0_u8; 10];
    let have = usize::try_from(len).unwrap_or(usize::MAX).min(start.len());
    read(&mut start[..have])?;
    if have < start.len() || &start[..6] != MAGIC {
        return Err(NpyError::Magic { path: path.to_owned(), found: start[..have.min(6)].to_vec() });
    }
    let (major, minor, short) = (start[6], start[7], [start[8], start[9]]);
    let (text_offset, text_len) = match (major, minor) {
        (1, 0) => (10, usize::from(u16::from_le_bytes(short))),
        (2 | 3, 0) if len >= 12 => {
            let mut rest = [0; 2];
            read(&mut rest)?;
            (12, u32::from_le_bytes([short[0], short[1], rest[0], rest[1]]) as usize)
        }
        _ => return Err(NpyError::Version { path: path.to_owned(), major, minor }),
    };
    let data_offset = text_offset + text_len as u64;
    let problem = |problem, header: &str| NpyError::Header {
        path: path.to_owned(),
        problem,
        header: header.chars().take(200).collect(),
    };
    if text_len > MAX_HEADER {
        return Err(problem("it is unreasonably long", ""));
    }
    if data_offset > len {
        let (path, shape) = (path.to_owned(), Vec::new());
        return Err(FileError::Length { path, found: len, expected: data_offset, shape }.into());
    }
    let mut text = vec![0; text_len];
    read(&mut text)?;
    // Versions 1 and 2 are Latin-1, version 3 is UTF-8; only field names could use more than ASCII.
    let text = String::from_utf8_lossy(&text);
    let (descr, fortran_order, shape) = parse(&text).map_err(|what| problem(what, &text))?;
    Ok(Header { descr, fortran_order, shape, data_offset })
}

/// Parses `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, with the keys in any order.
fn parse(text: &str) -> Result<(String, bool, Vec<usize>), &'static str> {
    let mut rest = Rest(text.trim());
    rest.expect('{').ok_or("it is not a dictionary")?;
    let (mut descr, mut order, mut shape) = (None, None, None);
    while !rest.eat('}') {
        let key = rest.quoted().ok_or("a key is not quoted")?;
        rest.expect(':').ok_or("a key has no value")?;
        match key {
            "descr" => {
                descr =
                    Some(rest.quoted().ok_or("'descr' is not a plain type (structured types are not read)")?)
            }
            "fortran_order" => order = Some(rest.truth().ok_or("'fortran_order' is not True or False")?),
            "shape" => shape = Some(rest.tuple().ok_or("'shape' is not a tuple of lengths")?),
            _ => return Err("it has an unknown key"),
        }
        if !rest.eat(',') {
            rest.expect('}').ok_or("it does not end")?;
            break;
        }
    }
    Ok((
        descr.ok_or("'descr' is missing")?.to_owned(),
        order.ok_or("'fortran_order' is missing")?,
        shape.ok_or("'shape' is missing")?,
    ))
}

/// What is left to parse.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn eat(&mut self, c: char) -> bool {
        let found = self.0.strip_prefix(c);
        self.0 = found.unwrap_or(self.0).trim_start();
        found.is_some()
    }

    fn expect(&mut self, c: char) -> Option<()> {
        self.eat(c).then_some(())
    }

    fn quoted(&mut self) -> Option<&'a str> {
        let quote = self.0.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (text, rest) = self.0[1..].split_once(quote)?;
        self.0 = rest.trim_start();
        Some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        for (text, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(text) {
                self.0 = rest.trim_start();
                return Some(value);
            }
        }
        None
    }

    fn tuple(&mut self) -> Option<Vec<usize>> {
        self.expect('(')?;
        let mut items = Vec::new();
        while !self.eat(')') {
            let digits = self.0.len() - self.0.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            items.push(self.0[..digits].parse().ok()?);
            // Python 2 wrote long integers with a letter behind.
            self.0 = self.0[digits..].trim_start_matches('L').trim_start();
            if !self.eat(',') {
                self.expect(')')?;
                break;
            }
        }
        Some(items)
    }
}

/// The header of an array in row-major order.
pub(super) fn write(dtype: DType, shape: &[usize]) -> Vec<u8> {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    let tuple = match &lengths[..] {
        [one] => format!("({one},)"),
        several => format!("({})", several.join(", ")),
    };
    let descr = descr(dtype);
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple}, }}");
    // Room for the first axis to grow to the longest number, as numpy leaves it, so that equal arrays make
    // equal files.
    if let Some(first) = lengths.first() {
        text.push_str(&" ".repeat(21_usize.saturating_sub(first.len())));
    }
    let fits_version_1 = text.len() + 1 + ALIGN <= usize::from(u16::MAX);
    let prefix = if fits_version_1 { 10 } else { 12 };
    let padding = ALIGN - (prefix + text.len() + 1) % ALIGN;
    text.push_str(&" ".repeat(padding % ALIGN));
    text.push('\n');

    let mut header = MAGIC.to_vec();
    if fits_version_1 {
        header.extend([1, 0]);
        header.extend((text.len() as u16).to_le_bytes());
    } else {
        header.extend([2, 0]);
        header.extend((text.len() as u32).to_le_bytes());
    }
    header.extend(text.as_bytes());
    header
}

/// A type in numpy's notation, in the byte order of this machine.
pub(super) fn descr(dtype: DType) -> String {
    let (kind, bytes) = kind(dtype);
    let order = match bytes {
        1 => '|',
        _ if cfg!(target_endian = "little") => '<',
        _ => '>',
    };
    format!("{order}{kind}{bytes}")
}

/// The order of bytes in the file, if the file holds elements of this type: whether they have to be swapped.
pub(super) fn swapped(found: &str, expected: DType) -> Option<bool> {
    let (kind, bytes) = kind(expected);
    let order = found.chars().next()?;
    if found.get(1..)? != format!("{kind}{bytes}") {
        return None;
    }
    match order {
        '|' | '=' => Some(false),
        '<' => Some(bytes > 1 && cfg!(target_endian = "big")),
        '>' => Some(bytes > 1 && cfg!(target_endian = "little")),
        _ => None,
    }
}

fn kind(dtype: DType) -> (char, usize) {
    let kind = match dtype {
        DType::Bool => 'b',
        DType::F16 | DType::F32 | DType::F64 => 'f',
        DType::C64 | DType::C128 => 'c',
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => 'u',
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => 'i',
    };
    (kind, dtype.itemsize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_as_numpy_writes_them() {
        let header = write(DType::F64, &[3, 4]);
        assert_eq!(header.len() % ALIGN, 0);
        assert_eq!(header.last(), Some(&b'\n'));
        let text = String::from_utf8_lossy(&header[10..]).into_owned();
        assert!(text.starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }"));
        assert_eq!(parse(&text), Ok(("<f8".into(), false, vec![3, 4])));
        let text = String::from_utf8_lossy(&write(DType::Bool, &[5])[10..]).into_owned();
        assert_eq!(parse(&text), Ok(("|b1".into(), false, vec![5])));
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let problem = |text: &str| parse(text).unwrap_err();
        assert_eq!(problem("[]"), "it is not a dictionary");
        assert_eq!(problem("{'descr': '<f8'"), "it does not end");
        assert_eq!(problem("{'shape': (), 'fortran_order': True}"), "'descr' is missing");
        assert!(problem("{'descr': [('a', '<f8')]}").contains("structured"));
        assert!(problem("{'shape': (-1,)}").contains("tuple"));
        assert!(problem("{'shape': (99999999999999999999999,)}").contains("tuple"));
        assert_eq!(problem("{'spam': 1}"), "it has an unknown key");
    }

    #[test]
    fn types_are_told_apart() {
        assert_eq!(swapped("<f8", DType::F64), Some(cfg!(target_endian = "big")));
        assert_eq!(swapped(">i4", DType::I32), Some(cfg!(target_endian = "little")));
        assert_eq!(swapped("|u1", DType::U8), Some(false));
        assert_eq!(swapped("<f4", DType::F64), None);
        assert_eq!(swapped(">c8", DType::C64), Some(cfg!(target_endian = "little")));
        assert_eq!(swapped("<c16", DType::C64), None);
        assert_eq!(swapped("<f2", DType::F16), Some(cfg!(target_endian = "big")));
        assert_eq!(swapped("", DType::F64), None);
        assert_eq!(swapped("é", DType::F64), None);
    }
}
