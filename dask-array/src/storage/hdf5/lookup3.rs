//! The checksum of HDF5's metadata: Bob Jenkins' lookup3 (`hashlittle`), from an initial value of 0.
//!
//! Reference: <https://burtleburtle.net/bob/c/lookup3.c>, which is in the public domain.

pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let [mut a, mut b, mut c] = [start; 3];
    let add = |word: &mut u32, bytes: &[u8]| {
        let mut padded = [0; 4];
        padded[..bytes.len()].copy_from_slice(bytes);
        *word = word.wrapping_add(u32::from_le_bytes(padded));
    };
    let mut rest = bytes;
    // The last twelve bytes, or what is left, are mixed in another way.
    while rest.len() > 12 {
        let (words, behind) = rest.split_at(12);
        add(&mut a, &words[..4]);
        add(&mut b, &words[4..8]);
        add(&mut c, &words[8..]);
        for (from, to, by) in [(2, 0, 4), (0, 1, 6), (1, 2, 8), (2, 0, 16), (0, 1, 19), (1, 2, 4)] {
            let mut words = [a, b, c];
            let third = 3 - from - to;
            words[to] = words[to].wrapping_sub(words[from]) ^ words[from].rotate_left(by);
            words[from] = words[from].wrapping_add(words[third]);
            [a, b, c] = words;
        }
        rest = behind;
    }
    if rest.is_empty() {
        return c;
    }
    let mut words = rest.chunks(4);
    for word in [&mut a, &mut b, &mut c] {
        add(word, words.next().unwrap_or_default());
    }
    for (from, to, by) in [(1, 2, 14), (2, 0, 11), (0, 1, 25), (1, 2, 16), (2, 0, 4), (0, 1, 14), (1, 2, 24)]
    {
        let mut words = [a, b, c];
        words[to] = (words[to] ^ words[from]).wrapping_sub(words[from].rotate_left(by));
        [a, b, c] = words;
    }
    c
}

#[cfg(test)]
mod tests {
    use super::checksum;

    /// The values that the reference's own test prints.
    #[test]
    fn checksums_are_the_references() {
        assert_eq!(checksum(b""), 0xdead_beef);
        assert_eq!(checksum(b"Four score and seven years ago"), 0x1777_0551);
    }
}
