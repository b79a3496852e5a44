//! Which hashes there are more than once.

/// A set of hashes that knows which of them were added more than once. It takes a few others for such too.
///
/// Most nodes of most graphs are like no other. To find that out here takes two bits a slot, which are in the cache
/// where a table of nodes would not be.
pub(super) struct Repeated {
    /// Two bits for each slot: whether a hash was added, and whether another one was.
    slots: Vec<u64>,
    n_repeated: usize,
}

/// So many slots there are for a hash: of hashes that were added once, one in so many is taken for a repeated one.
const SLOTS: usize = 8;

impl Repeated {
    /// A set for so many hashes.
    pub(super) fn with_capacity(n: usize) -> Self {
        Self { slots: vec![0; (n * SLOTS).div_ceil(32).next_power_of_two()], n_repeated: 0 }
    }

    #[inline]
    pub(super) fn add(&mut self, hash: u64) {
        let (at, bit) = self.slot(hash);
        let slots = &mut self.slots[at];
        let is_repeated = *slots & bit != 0;
        *slots |= bit << u32::from(is_repeated);
        self.n_repeated += usize::from(is_repeated);
    }

    /// Whether the hash was added more than once, or may have been.
    #[inline]
    pub(super) fn contains(&self, hash: u64) -> bool {
        let (at, bit) = self.slot(hash);
        self.slots[at] & (bit << 1) != 0
    }

    /// How often there was a hash already when it was added.
    pub(super) fn n_repeated(&self) -> usize {
        self.n_repeated
    }

    /// Where a slot is, and its first bit there.
    #[inline]
    fn slot(&self, hash: u64) -> (usize, u64) {
        ((hash as usize / 32) & (self.slots.len() - 1), 1 << (hash % 32 * 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_repeated_hash_is_missed(hashes in prop::collection::vec(0_u64..500, 0..100)) {
            let mut repeated = Repeated::with_capacity(hashes.len());
            hashes.iter().for_each(|&hash| repeated.add(hash));
            let n_of = |hash| hashes.iter().filter(|&&other| other == hash).count();
            for &hash in &hashes {
                prop_assert!(repeated.contains(hash) || n_of(hash) == 1);
            }
            let n_contained = hashes.iter().filter(|&&hash| repeated.contains(hash)).count();
            prop_assert!(repeated.n_repeated() <= n_contained && n_contained <= 2 * repeated.n_repeated());
        }
    }

    #[test]
    fn few_are_taken_for_repeated_ones() {
        let hash = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
        let mut repeated = Repeated::with_capacity(1000);
        (0..1000).for_each(|n| repeated.add(hash(n)));
        let n_taken = (0..1000).filter(|&n| repeated.contains(hash(n))).count();
        assert!(n_taken < 250, "{n_taken}");
    }
}
