//! The executable as it lies in memory: functions named by where they are in it.
//!
//! The one module of the crate with `unsafe`: it makes functions of numbers. What makes that sound:
//!
//! 1. The number was a function of just this type in another process, which ran the same executable:
//!    [`Sent`](SentOp) numbers have no constructor but [`Image::send_op`] and its like, they are
//!    made functions only by [`SameBuild`], which exists only for a peer that has shown the identity of its
//!    executable, and each carries a checksum over the number, what it is for, and that identity.
//! 2. In this process that function is at the same distance from the beginning of the executable, which is
//!    mapped as a whole, wherever that is.
//! 3. The address lies in a segment of this executable that can be executed (checked each time).
//!
//! Clause 1 trusts the peer to send what it got from these constructors: a peer is a process that this one has
//! started or was started by, or one that its user has vouched for. Against accidents (a foreign build, a
//! damaged message) there are the identity, the checksum and the range.

#![expect(unsafe_code, reason = "a function that was named in another process is made from its address")]

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::mem::transmute;
use std::ops::Range;
use std::sync::OnceLock;

use dask_graph::{PackedOp, ReadBlob, Unpack, Witnesses};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// The identity of an executable: a hash of all that is loaded of it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildId(u128);

impl fmt::Debug for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The executable of this process, as it lies in memory.
#[derive(Debug)]
pub struct Image {
    /// The address of its first byte.
    base: usize,
    /// Where its code is.
    text: Vec<Range<usize>>,
    build: BuildId,
}

/// What cannot be named, or is not what it is said to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The executable of this process could not be found or read.
    #[error("cannot read this process's own executable: {0}")]
    Unknown(#[source] io::Error),
    /// A function that is not in the executable.
    #[error(
        "a function is not part of the executable itself but of a library that was loaded, where other processes \
         may have it elsewhere: link that library statically"
    )]
    Elsewhere,
    /// A message that names a function and is damaged.
    #[error("a function was named that cannot be one: the message is damaged")]
    Damaged,
    /// The other process runs another executable.
    #[error(
        "the other process runs another build ({theirs:?}) than this one ({ours:?}): ops can be sent only between \
         processes of the same executable"
    )]
    ForeignBuild {
        /// Of this process.
        ours: BuildId,
        /// Of the other.
        theirs: BuildId,
    },
}

/// Proof that somebody else runs the same executable, and so means the same by a number.
#[derive(Debug, Clone, Copy)]
pub struct SameBuild(&'static Image);

/// An op on its way: what [`PackedOp`] holds, with numbers for functions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SentOp {
    functions: Vec<u64>,
    marks: Vec<u64>,
    check: u64,
}

/// The function that reads a blob, on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentReader {
    function: u64,
    check: u64,
}

/// Functions that tell types how they leave the process ([`dask_graph::portable_types`]), on their way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SentTypes {
    functions: Vec<u64>,
    check: u64,
}

impl Image {
    /// The image of this process, found once.
    ///
    /// # Errors
    ///
    /// - When the system does not tell, as it does in `/proc/self/maps` and `/proc/self/exe`.
    pub fn of_this_process() -> Result<&'static Self, ImageError> {
        static IMAGE: OnceLock<Image> = OnceLock::new();
        if let Some(image) = IMAGE.get() {
            return Ok(image);
        }
        let found = Self::find().map_err(ImageError::Unknown)?;
        Ok(IMAGE.get_or_init(|| found))
    }

    fn find() -> io::Result<Self> {
        let maps = fs::read_to_string("/proc/self/maps")?;
        let own = own_mappings(&maps, Self::find as fn() -> io::Result<Self> as usize);
        let not_found = || io::Error::new(io::ErrorKind::NotFound, "its code is not in /proc/self/maps");
        let first = own.iter().find(|mapping| mapping.offset == 0).ok_or_else(not_found)?;
        let text = own.iter().filter(|m| m.is_code).map(|m| m.addresses.clone()).collect();
        let loaded = own.iter().map(|m| m.offset + m.addresses.len() as u64).max().unwrap_or(0);
        Ok(Image { base: first.addresses.start, text, build: hash_of("/proc/self/exe", loaded)? })
    }

    /// The identity of this executable.
    pub fn build(&self) -> BuildId {
        self.build
    }

    /// Compares the identity that another process has shown.
    ///
    /// # Errors
    ///
    /// - When it is another one.
    pub fn recognise(&'static self, theirs: BuildId) -> Result<SameBuild, ImageError> {
        if theirs == self.build {
            Ok(SameBuild(self))
        } else {
            Err(ImageError::ForeignBuild { ours: self.build, theirs })
        }
    }

    /// Makes an op ready to be sent; its bytes ([`PackedOp::bytes`]) are sent beside it.
    ///
    /// # Errors
    ///
    /// - When one of its functions is not in the executable.
    pub fn send_op(&self, op: &PackedOp) -> Result<SentOp, ImageError> {
        let functions = op.functions().map(|unpack| self.number_of(unpack as usize));
        let functions = functions.collect::<Result<Vec<u64>, _>>()?;
        let marks = op.witnesses().marks().to_vec();
        let check = self.check(b"op", functions.iter().chain(&marks));
        Ok(SentOp { functions, marks, check })
    }

    /// Makes the function that reads a blob ready to be sent.
    ///
    /// # Errors
    ///
    /// - When it is not in the executable.
    pub fn send_reader(&self, read: ReadBlob) -> Result<SentReader, ImageError> {
        let function = self.number_of(read as usize)?;
        Ok(SentReader { function, check: self.check(b"reader", [&function]) })
    }

    /// Makes what types were told ready to be sent.
    ///
    /// # Errors
    ///
    /// - When one of the functions is not in the executable.
    pub fn send_types(&self, types: &[fn()]) -> Result<SentTypes, ImageError> {
        let functions = types.iter().map(|&tell| self.number_of(tell as usize));
        let functions = functions.collect::<Result<Vec<u64>, _>>()?;
        let check = self.check(b"types", &functions);
        Ok(SentTypes { functions, check })
    }

    fn number_of(&self, address: usize) -> Result<u64, ImageError> {
        if !self.is_code(address) {
            return Err(ImageError::Elsewhere);
        }
        Ok((address - self.base) as u64)
    }

    fn is_code(&self, address: usize) -> bool {
        self.text.iter().any(|text| text.contains(&address))
    }

    /// The address that a number stands for, if it is one of code.
    fn address_of(&self, number: u64) -> Result<usize, ImageError> {
        let address = usize::try_from(number).ok().and_then(|offset| self.base.checked_add(offset));
        address.filter(|&address| self.is_code(address)).ok_or(ImageError::Damaged)
    }

    fn check<'n>(&self, purpose: &[u8], numbers: impl IntoIterator<Item = &'n u64>) -> u64 {
        let mut bytes = self.build.0.to_ne_bytes().to_vec();
        bytes.extend_from_slice(purpose);
        numbers.into_iter().for_each(|number| bytes.extend_from_slice(&number.to_ne_bytes()));
        xxh3_64(&bytes)
    }
}

impl SameBuild {
    /// The op that was sent.
    ///
    /// # Errors
    ///
    /// - When the message is damaged.
    pub fn op(&self, sent: SentOp, bytes: Vec<u8>) -> Result<PackedOp, ImageError> {
        let SentOp { functions, marks, check } = sent;
        if check != self.0.check(b"op", functions.iter().chain(&marks)) {
            return Err(ImageError::Damaged);
        }
        let functions = functions.into_iter().map(|number| self.unpack(number));
        let functions = functions.collect::<Result<Vec<Unpack>, _>>()?;
        // SAFETY: the marks were those of witnesses in a process of the same executable: `SentOp` has no other
        // maker (clause 1 at the head of the module), and the checksum says that they are still the same.
        let witnesses = unsafe { Witnesses::from_marks(marks) };
        PackedOp::from_parts(&functions, witnesses, bytes).ok_or(ImageError::Damaged)
    }

    fn unpack(&self, number: u64) -> Result<Unpack, ImageError> {
        let address = self.0.address_of(number)?;
        // SAFETY: `address` is where this process has a function that was an `Unpack` in another: clauses 1 and 2
        // at the head of the module, with the checksum tested by the caller, and clause 3 by `address_of`.
        Ok(unsafe { transmute::<usize, Unpack>(address) })
    }

    /// The functions that were sent.
    ///
    /// # Errors
    ///
    /// - When the message is damaged.
    pub fn types(&self, sent: &SentTypes) -> Result<Vec<fn()>, ImageError> {
        if sent.check != self.0.check(b"types", &sent.functions) {
            return Err(ImageError::Damaged);
        }
        sent.functions.iter().map(|&number| self.tell(number)).collect()
    }

    fn tell(&self, number: u64) -> Result<fn(), ImageError> {
        let address = self.0.address_of(number)?;
        // SAFETY: `address` is where this process has a function that was a `fn()` in another: clauses 1 and 2 at
        // the head of the module, with the checksum tested by the caller, and clause 3 by `address_of`.
        Ok(unsafe { transmute::<usize, fn()>(address) })
    }

    /// The function that was sent.
    ///
    /// # Errors
    ///
    /// - When the message is damaged.
    pub fn reader(&self, sent: SentReader) -> Result<ReadBlob, ImageError> {
        if sent.check != self.0.check(b"reader", [&sent.function]) {
            return Err(ImageError::Damaged);
        }
        let address = self.0.address_of(sent.function)?;
        // SAFETY: `address` is where this process has a function that was a `ReadBlob` in another: clauses 1 and 2
        // at the head of the module, with the checksum tested above, and clause 3 by `address_of`.
        Ok(unsafe { transmute::<usize, ReadBlob>(address) })
    }
}

/// A line of `/proc/self/maps`.
#[derive(Debug, PartialEq)]
struct Mapping<'m> {
    addresses: Range<usize>,
    is_code: bool,
    /// Where in the file it begins.
    offset: u64,
    /// Device, inode and path.
    file: &'m str,
}

/// The mappings of the file in which `function` is.
fn own_mappings(maps: &str, function: usize) -> Vec<Mapping<'_>> {
    let all: Vec<Mapping<'_>> = maps.lines().filter_map(mapping).collect();
    let file = all.iter().find(|m| m.addresses.contains(&function)).map_or("", |m| m.file);
    all.into_iter().filter(|m| m.file == file).collect()
}

fn mapping(line: &str) -> Option<Mapping<'_>> {
    let (addresses, rest) = line.split_once(' ')?;
    let (permissions, rest) = rest.split_once(' ')?;
    let (offset, file) = rest.split_once(' ')?;
    let (start, end) = addresses.split_once('-')?;
    let hex = |text| usize::from_str_radix(text, 16).ok();
    Some(Mapping {
        addresses: hex(start)?..hex(end)?,
        is_code: permissions.as_bytes().get(2) == Some(&b'x'),
        offset: hex(offset)? as u64,
        file,
    })
}

/// A hash of the first `length` bytes of a file, which may be shorter.
fn hash_of(path: &str, length: u64) -> io::Result<BuildId> {
    let mut file = File::open(path)?.take(length);
    let (mut hasher, mut buffer) = (Xxh3::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(BuildId(hasher.digest128())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::{Args, Value, op};

    fn same() -> SameBuild {
        let image = Image::of_this_process().unwrap();
        image.recognise(image.build()).unwrap()
    }

    #[test]
    fn an_op_comes_back() {
        let packed = PackedOp::of(&*op(|x: i64| x + 1)).unwrap();
        let sent = Image::of_this_process().unwrap().send_op(&packed).unwrap();
        let again = same().op(sent, packed.bytes().to_vec()).unwrap().unpack().unwrap();
        let mut slots = [Some(Value::new(41_i64))];
        assert_eq!(again.call(Args::new(&mut slots)).unwrap().get(), Ok(&42_i64));
    }

    #[test]
    fn a_reader_comes_back() {
        let value = Value::new(7_i64);
        let (_, read) = value.to_blob().unwrap().unwrap();
        let sent = Image::of_this_process().unwrap().send_reader(read).unwrap();
        assert_eq!(same().reader(sent).unwrap() as usize, read as usize);
    }

    #[test]
    fn functions_that_tell_types_come_back() {
        fn tell() {}
        let sent = Image::of_this_process().unwrap().send_types(&[tell]).unwrap();
        let again = same().types(&sent).unwrap();
        assert_eq!(again.iter().map(|&tell| tell as usize).collect::<Vec<_>>(), [tell as fn() as usize]);
    }

    #[test]
    fn a_foreign_build_is_refused() {
        let image = Image::of_this_process().unwrap();
        let foreign = BuildId(image.build().0 ^ 1);
        let error = image.recognise(foreign).unwrap_err();
        assert!(matches!(error, ImageError::ForeignBuild { theirs, .. } if theirs == foreign), "{error}");
    }

    #[test]
    fn what_was_changed_on_the_way_is_refused() {
        let image = Image::of_this_process().unwrap();
        let packed = PackedOp::of(&*op(|x: i64| x + 1)).unwrap();
        let sent = image.send_op(&packed).unwrap();
        let mut other = sent.clone();
        other.functions[0] += 1;
        assert!(matches!(same().op(other, vec![]), Err(ImageError::Damaged)));
        let mut other = sent.clone();
        other.marks[0] ^= 1;
        assert!(matches!(same().op(other, vec![]), Err(ImageError::Damaged)));
        // What is meant for one purpose does not serve another.
        let reader = SentReader { function: sent.functions[0], check: sent.check };
        assert!(matches!(same().reader(reader), Err(ImageError::Damaged)));
    }

    /// With a checksum that fits: the range alone decides.
    #[test]
    fn an_address_outside_the_code_is_refused() {
        let image = Image::of_this_process().unwrap();
        let data = &raw const DATA as usize - image.base;
        for function in [0, data as u64, u64::MAX, u64::MAX - image.base as u64 + 1] {
            let reader = SentReader { function, check: image.check(b"reader", [&function]) };
            assert!(matches!(same().reader(reader), Err(ImageError::Damaged)), "{function:x}");
            let functions = vec![function];
            let check = image.check(b"op", &functions);
            let sent = SentOp { functions, marks: vec![], check };
            assert!(matches!(same().op(sent, vec![]), Err(ImageError::Damaged)), "{function:x}");
            let functions = vec![function];
            let sent = SentTypes { check: image.check(b"types", &functions), functions };
            assert!(matches!(same().types(&sent), Err(ImageError::Damaged)), "{function:x}");
        }
        static DATA: u64 = 7;
    }

    #[test]
    fn functions_of_libraries_have_no_number() {
        let image = Image::of_this_process().unwrap();
        let beyond = image.text.iter().map(|text| text.end).max().unwrap();
        assert!(matches!(image.number_of(beyond), Err(ImageError::Elsewhere)));
        assert!(matches!(image.number_of(0), Err(ImageError::Elsewhere)));
    }

    #[test]
    fn mappings_are_read() {
        let maps = "\
55f4-55f6 r--p 00000000 fe:00 30   /a b
55f6-55fa r-xp 00000002 fe:00 30   /a b
7f00-7f10 r-xp 00000000 fe:00 31   /lib/c.so
7f20-7f30 rw-p 00000000 00:00 0 ";
        let own = own_mappings(maps, 0x55f7);
        let expected: Vec<_> = maps.lines().take(2).filter_map(mapping).collect();
        assert_eq!(own, expected);
        assert_eq!((own[1].addresses.clone(), own[1].is_code, own[1].offset), (0x55f6..0x55fa, true, 2));
        assert!(own_mappings(maps, 1).is_empty());
    }

    #[test]
    fn the_identity_is_that_of_what_is_loaded() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        fs::write(path, b"code and symbols").unwrap();
        let of_code = hash_of(path, 4).unwrap();
        fs::write(path, b"code").unwrap();
        assert_eq!(hash_of(path, 4).unwrap(), of_code);
        assert_eq!(hash_of(path, 100).unwrap(), of_code);
        fs::write(path, b"Code").unwrap();
        assert_ne!(hash_of(path, 4).unwrap(), of_code);
    }
}
