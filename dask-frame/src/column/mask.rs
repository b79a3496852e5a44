//! A bit a row: validity, or what a filter keeps.

use arrow2::bitmap::Bitmap;

/// A packed sequence of bits, shared on clone.
#[derive(Clone, Debug)]
pub(crate) struct Mask(Bitmap);

impl Mask {
    pub(super) fn from_bitmap(bits: Bitmap) -> Self {
        Self(bits)
    }

    pub(super) fn into_bitmap(self) -> Bitmap {
        self.0
    }

    pub(super) fn bitmap(&self) -> &Bitmap {
        &self.0
    }

    /// Packs `bit(0), bit(1), …`.
    pub(crate) fn from_fn(len: usize, bit: impl Fn(usize) -> bool) -> Self {
        let mut bytes = Vec::with_capacity(len.div_ceil(8));
        let whole = len / 8;
        // Eight at a time, branch-free: the inner loop unrolls into compares and shifts.
        for byte in 0..whole {
            let mut packed = 0u8;
            for i in 0..8 {
                packed |= u8::from(bit(byte * 8 + i)) << i;
            }
            bytes.push(packed);
        }
        if !len.is_multiple_of(8) {
            let mut packed = 0u8;
            for i in 0..len % 8 {
                packed |= u8::from(bit(whole * 8 + i)) << i;
            }
            bytes.push(packed);
        }
        Self(Bitmap::from_u8_vec(bytes, len))
    }

    pub(crate) fn all(len: usize, bit: bool) -> Self {
        Self(Bitmap::from_u8_vec(vec![if bit { 0xff } else { 0 }; len.div_ceil(8)], len))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the bytes that hold the bits, the lowest first, and how many bits come before the first.
    #[cfg(feature = "parquet")]
    pub(crate) fn bytes(&self) -> (&[u8], usize) {
        let (bytes, first, _) = self.0.as_slice();
        (bytes, first)
    }

    pub(crate) fn get(&self, i: usize) -> bool {
        self.0.get_bit(i)
    }

    /// Returns how many bits are set.
    pub(crate) fn count(&self) -> usize {
        self.0.len() - self.0.unset_bits()
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(&self.0 & &other.0)
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        Self(&self.0 | &other.0)
    }

    pub(crate) fn not(&self) -> Self {
        Self(!&self.0)
    }

    /// Joins two validities, in which `None` means that all is valid.
    pub(crate) fn both(a: Option<&Self>, b: Option<&Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.and(b)),
            (one, None) | (None, one) => one.cloned(),
        }
    }
}
