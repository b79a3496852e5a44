//! Element types in HDF5's notation.
//!
//! Bools and complex numbers have none of their own there: they are what h5py makes of them, an enumeration of `FALSE`
//! and `TRUE` and a compound of `r` and `i`.

use hdf5_pure::{Datatype, DatatypeByteOrder};

use crate::element::DType;

/// If elements of this type are found: whether their bytes have to be swapped.
pub(super) fn swapped(found: &Datatype, expected: DType) -> Option<bool> {
    match (found, expected) {
        (Datatype::Enumeration { base_type, members, size: 1 }, DType::Bool) => {
            let is_number = matches!(**base_type, Datatype::FixedPoint { .. });
            let values: Vec<_> = members.iter().map(|member| (&*member.name, &member.value[..])).collect();
            (is_number && values == [("FALSE", &[0_u8][..]), ("TRUE", &[1])]).then_some(false)
        }
        (Datatype::Compound { size, members }, DType::C64 | DType::C128) => {
            let part = if expected == DType::C64 { DType::F32 } else { DType::F64 };
            let [re, im] = &members[..] else { return None };
            let places = (re.byte_offset, im.byte_offset, u64::from(*size));
            let is_dense = places == (0, part.itemsize() as u64, 2 * part.itemsize() as u64);
            let is_named = matches!((&*re.name, &*im.name), ("r", "i") | ("real", "imag"));
            let orders = (swapped(&re.datatype, part)?, swapped(&im.datatype, part)?);
            (is_dense && is_named && orders.0 == orders.1).then_some(orders.0)
        }
        (Datatype::FloatingPoint { layout, byte_order, .. }, DType::F16 | DType::F32 | DType::F64) => {
            let Ieee { bits, exponent, mantissa, bias } = Ieee::new(expected.itemsize());
            let is_whole = layout.bit_offset == 0 && layout.bit_precision == bits;
            let has_exponent = (layout.exponent_location, layout.exponent_size) == (mantissa, exponent);
            let has_mantissa = (layout.mantissa_location, layout.mantissa_size) == (0, mantissa);
            let is_ieee = is_whole && has_exponent && has_mantissa && layout.exponent_bias == bias;
            is_ieee.then(|| is_swapped(byte_order))?
        }
        (Datatype::FixedPoint { size, byte_order, layout }, _) => {
            let signed = match expected {
                DType::I8 | DType::I16 | DType::I32 | DType::I64 => true,
                DType::U8 | DType::U16 | DType::U32 | DType::U64 => false,
                _ => return None,
            };
            let is_whole = layout.bit_offset == 0 && u32::from(layout.bit_precision) == 8 * size;
            let is_same = layout.signed == signed && *size as usize == expected.itemsize();
            (is_whole && is_same).then(|| is_swapped(byte_order))?
        }
        _ => None,
    }
}

fn is_swapped(order: &DatatypeByteOrder) -> Option<bool> {
    match order {
        DatatypeByteOrder::LittleEndian => Some(cfg!(target_endian = "big")),
        DatatypeByteOrder::BigEndian => Some(cfg!(target_endian = "little")),
        DatatypeByteOrder::Vax => None,
    }
}

/// The type as a datatype message, in the byte order of this machine.
pub(super) fn message(dtype: DType) -> Vec<u8> {
    match dtype {
        DType::Bool => {
            let mut message = head(3, ENUMERATION, [2, 0, 0], 1);
            message.extend(fixed_point(1, true));
            message.extend(b"FALSE\0TRUE\0\x00\x01");
            message
        }
        DType::C64 | DType::C128 => {
            let size = dtype.itemsize() / 2;
            let mut message = head(3, COMPOUND, [2, 0, 0], 2 * size);
            for (name, offset) in [("r", 0), ("i", size)] {
                message.extend(name.as_bytes());
                // One byte counts up to the end of the type.
                message.extend([0, offset as u8]);
                message.extend(floating_point(size));
            }
            message
        }
        DType::F16 | DType::F32 | DType::F64 => floating_point(dtype.itemsize()),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => fixed_point(dtype.itemsize(), true),
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => fixed_point(dtype.itemsize(), false),
    }
}

const FIXED_POINT: u8 = 0;
const FLOATING_POINT: u8 = 1;
const COMPOUND: u8 = 6;
const ENUMERATION: u8 = 8;

/// Class and version, the class' bits, and the size of an element.
fn head(version: u8, class: u8, bits: [u8; 3], size: usize) -> Vec<u8> {
    let mut head = vec![version << 4 | class];
    head.extend(bits);
    head.extend((size as u32).to_le_bytes());
    head
}

const ORDER: u8 = cfg!(target_endian = "big") as u8;

fn fixed_point(size: usize, signed: bool) -> Vec<u8> {
    let mut message = head(1, FIXED_POINT, [ORDER | u8::from(signed) << 3, 0, 0], size);
    message.extend([0, 0]);
    message.extend((8 * size as u16).to_le_bytes());
    message
}

/// How IEEE 754 makes a floating-point number: the mantissa lowest, then the exponent, and the sign.
struct Ieee {
    bits: u16,
    exponent: u8,
    /// The first bit of the mantissa is left out.
    mantissa: u8,
    bias: u32,
}

impl Ieee {
    /// A number of 2, 4 or 8 bytes.
    fn new(size: usize) -> Self {
        let exponent = match size {
            2 => 5,
            4 => 8,
            _ => 11,
        };
        let bits = 8 * size as u16;
        Self { bits, exponent, mantissa: bits as u8 - 1 - exponent, bias: (1 << (exponent - 1)) - 1 }
    }
}

fn floating_point(size: usize) -> Vec<u8> {
    let Ieee { bits, exponent, mantissa, bias } = Ieee::new(size);
    // The first bit of the mantissa is left out; the sign is the highest bit.
    let mut message = head(1, FLOATING_POINT, [ORDER | 2 << 4, bits as u8 - 1, 0], size);
    message.extend([0, 0]);
    message.extend(bits.to_le_bytes());
    message.extend([mantissa, exponent, 0, mantissa]);
    message.extend(bias.to_le_bytes());
    message
}
