//! Philox4x64-10, and the stream of random numbers of one element.

use std::convert::Infallible;

use rand::TryRng;

const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
const ROUNDS: usize = 10;

/// Four random numbers of a key and a counter.
#[inline]
pub(super) fn philox(mut key: [u64; 2], mut counter: [u64; 4]) -> [u64; 4] {
    let wide = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        ((product >> 64) as u64, product as u64)
    };
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let (high0, low0) = wide(MULTIPLIERS[0], counter[0]);
        let (high1, low1) = wide(MULTIPLIERS[1], counter[2]);
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
    }
    counter
}

/// The numbers of one element: the first is one of the four that neighbours share, all others are of counters that
/// no other element has.
pub(super) struct Stream {
    key: [u64; 2],
    element: u64,
    first: Option<u64>,
    own: [u64; 4],
    taken: u64,
}

impl Stream {
    #[inline]
    fn next(&mut self) -> u64 {
        match self.first.take() {
            Some(first) => first,
            None => self.next_own(),
        }
    }

    #[inline(never)]
    fn next_own(&mut self) -> u64 {
        let lane = (self.taken % 4) as usize;
        if lane == 0 {
            self.own = philox(self.key, [self.taken / 4, self.element, 1, 0]);
        }
        self.taken += 1;
        self.own[lane]
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Draws the elements from `first` on, each of its own stream.
#[inline]
pub(super) fn fill<A>(key: [u64; 2], first: u64, out: &mut [A], mut draw: impl FnMut(&mut Stream) -> A) {
    let mut element = first;
    let mut out = out.iter_mut();
    while out.len() > 0 {
        // Counters begin with 1, as numpy's do.
        let lanes = philox(key, [element / 4 + 1, 0, 0, 0]);
        let skipped = (element % 4) as usize;
        for (&lane, out) in lanes[skipped..].iter().zip(out.by_ref().take(4 - skipped)) {
            let mut stream = Stream { key, element, first: Some(lane), own: [0; 4], taken: 0 };
            *out = draw(&mut stream);
            element += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_numpy() {
        // numpy.random.Philox(key=1).random_raw(5)
        let expected = [
            5599841837815857887,
            15655913098571550255,
            2880178291573394738,
            573812481542357666,
            16607021752199172844,
        ];
        let mut out = [0; 5];
        fill([1, 0], 0, &mut out, Stream::next);
        assert_eq!(out, expected);
        fill([1, 0], 2, &mut out[..3], Stream::next);
        assert_eq!(out[..3], expected[2..]);
    }

    #[test]
    fn streams_of_elements_are_their_own() {
        let mut seen = std::collections::HashSet::new();
        let mut out = [(); 40];
        fill([7, 8], 3, &mut out, |stream| {
            for _ in 0..9 {
                assert!(seen.insert(stream.next()), "a number came twice");
            }
        });
    }
}
