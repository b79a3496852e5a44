//! How a file with one data set is laid out: superblock, one object header for each group, that of the data set, and
//! the elements behind them.
//!
//! The data set is cut into chunks without filters, all of them allocated. The format has an index for just this case,
//! the "implicit" one, which is none: chunks lie one after the other in row-major order of their positions, those at
//! the end of an axis in full size, so that the place of each follows from its position. It is read by HDF5 1.10 and
//! later. An array without axes or without elements is stored without chunks.
//!
//! Reference: HDF5 File Format Specification, version 3.0: II.A (superblock, version 2), IV.A.1.b (object headers,
//! version 2) and IV.A.2 (messages).

use super::datatype;
use super::lookup3::checksum;
use crate::element::DType;

/// Where everything is.
pub(super) struct Layout {
    /// All bytes before the elements.
    pub(super) head: Vec<u8>,
    /// Bytes of the whole file.
    pub(super) len: u64,
}

/// The layout of a file with a data set `names`: its groups' names and its own. Nothing if its size cannot be counted.
pub(super) fn layout(names: &[&str], dtype: DType, shape: &[usize], chunks: &[usize]) -> Option<Layout> {
    let chunk_bytes = chunks.iter().try_fold(dtype.itemsize() as u64, |n, &len| n.checked_mul(len as u64))?;
    let mut n_chunks = shape.iter().zip(chunks).map(|(&n, &chunk)| n.div_ceil(chunk) as u64);
    let nbytes = n_chunks.try_fold(chunk_bytes, u64::checked_mul)?;

    // Groups first; their lengths do not depend on the addresses in them.
    let mut headers: Vec<Vec<u8>> = names.iter().map(|name| group(name, 0)).collect();
    headers.push(dataset(dtype, shape, chunks, 0, nbytes));
    let mut end = SUPERBLOCK;
    for (name, header) in names.iter().zip(&mut headers) {
        end += header.len() as u64;
        *header = group(name, end);
    }
    let last = headers.last_mut()?;
    let data = (end + last.len() as u64).next_multiple_of(ALIGN);
    *last = dataset(dtype, shape, chunks, data, nbytes);
    let len = data.checked_add(nbytes)?;
    let mut head = superblock(len);
    head.extend(headers.concat());
    head.resize(data as usize, 0);
    Some(Layout { head, len })
}

/// Bytes of the superblock.
const SUPERBLOCK: u64 = 48;
/// Elements begin at a multiple of this.
const ALIGN: u64 = 512;
/// The address of what there is not.
const UNDEFINED: [u8; 8] = [0xff; 8];

/// The beginning of a file of `len` bytes, the root group of which follows.
fn superblock(len: u64) -> Vec<u8> {
    let mut block = b"\x89HDF\r\n\x1a\n".to_vec();
    // Version; addresses and lengths take 8 bytes; nobody has the file open.
    block.extend([2, 8, 8, 0]);
    block.extend(0_u64.to_le_bytes());
    block.extend(UNDEFINED);
    block.extend(len.to_le_bytes());
    block.extend(SUPERBLOCK.to_le_bytes());
    summed(block)
}

/// A group with one link.
fn group(name: &str, address: u64) -> Vec<u8> {
    let mut link_info = vec![0, 0];
    link_info.extend([UNDEFINED, UNDEFINED].concat());
    // Version 1; the character set and two bytes for the length of the name are given; UTF-8.
    let mut link = vec![1, 0x11, 1];
    link.extend((name.len() as u16).to_le_bytes());
    link.extend(name.as_bytes());
    link.extend(address.to_le_bytes());
    object_header(&[(0x02, link_info), (0x0a, vec![0, 0]), (0x06, link)])
}

fn dataset(dtype: DType, shape: &[usize], chunks: &[usize], address: u64, nbytes: u64) -> Vec<u8> {
    // Version 2, without greatest lengths; a scalar has no axes.
    let mut dataspace = vec![2, shape.len() as u8, 0, u8::from(!shape.is_empty())];
    dataspace.extend(shape.iter().flat_map(|&n| (n as u64).to_le_bytes()));
    // Version 3; space is allocated early, and filled with zeros if anybody asks.
    let fill = vec![3, 1 | 2 << 2];
    let mut layout = vec![4];
    if is_chunked(shape) {
        let lengths: Vec<u64> = chunks.iter().copied().chain([dtype.itemsize()]).map(|n| n as u64).collect();
        // Each takes as many bytes as the largest needs, and no more: HDF5 checks that.
        let bits = lengths.iter().map(|n| u64::BITS - n.leading_zeros()).max().unwrap_or(1);
        let width = bits.div_ceil(8) as usize;
        layout.extend([2, 0, shape.len() as u8 + 1, width as u8]);
        layout.extend(lengths.iter().flat_map(|n| n.to_le_bytes().into_iter().take(width)));
        layout.push(2);
        layout.extend(address.to_le_bytes());
    } else {
        layout.push(1);
        layout.extend(if nbytes == 0 { UNDEFINED } else { address.to_le_bytes() });
        layout.extend(nbytes.to_le_bytes());
    }
    object_header(&[(0x01, dataspace), (0x03, datatype::message(dtype)), (0x05, fill), (0x08, layout)])
}

/// Whether an array of this shape is stored in chunks.
fn is_chunked(shape: &[usize]) -> bool {
    !shape.is_empty() && !shape.contains(&0)
}

fn object_header(messages: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, message) in messages {
        body.push(*kind);
        body.extend((message.len() as u16).to_le_bytes());
        body.push(0);
        body.extend(message);
    }
    // Version 2; four bytes for the length.
    let mut header = b"OHDR\x02\x02".to_vec();
    header.extend((body.len() as u32).to_le_bytes());
    header.extend(body);
    summed(header)
}

fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}
