//! Keys out of seeds: numpy's `SeedSequence` (O'Neill's `seed_seq` alternative, "Developing a seed_seq
//! Alternative", 2015).

const POOL: usize = 4;
const INIT_A: u32 = 0x43b0_d7e5;
const MULT_A: u32 = 0x931e_8875;
const INIT_B: u32 = 0x8b51_f9dd;
const MULT_B: u32 = 0x58f3_8ded;
const MIX_L: u32 = 0xca01_f9dd;
const MIX_R: u32 = 0x4973_f715;
const SHIFT: u32 = 16;

/// The key of array `nth` of a seed.
pub(super) fn key_of(seed: u64, nth: u32) -> [u64; 2] {
    // Where there is a child, the entropy fills the pool first.
    let entropy = [seed as u32, (seed >> 32) as u32, 0, 0, nth];
    let state = state(&pool(&entropy), 4);
    let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    [pair(state[0], state[1]), pair(state[2], state[3])]
}

fn pool(entropy: &[u32]) -> [u32; POOL] {
    let mut constant = INIT_A;
    let mut hash = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(MULT_A);
        let value = value.wrapping_mul(constant);
        value ^ value >> SHIFT
    };
    let mix = |x: u32, y: u32| {
        let mixed = MIX_L.wrapping_mul(x).wrapping_sub(MIX_R.wrapping_mul(y));
        mixed ^ mixed >> SHIFT
    };
    let mut pool = [0; POOL];
    for (at, into) in pool.iter_mut().enumerate() {
        *into = hash(entropy.get(at).copied().unwrap_or(0));
    }
    for from in 0..POOL {
        for into in (0..POOL).filter(|&into| into != from) {
            pool[into] = mix(pool[into], hash(pool[from]));
        }
    }
    for &word in entropy.iter().skip(POOL) {
        for into in &mut pool {
            *into = mix(*into, hash(word));
        }
    }
    pool
}

fn state(pool: &[u32; POOL], n: usize) -> Vec<u32> {
    let mut constant = INIT_B;
    let word = |&word: &u32| {
        let word = word ^ constant;
        constant = constant.wrapping_mul(MULT_B);
        let word = word.wrapping_mul(constant);
        word ^ word >> SHIFT
    };
    pool.iter().cycle().take(n).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_numpy() {
        assert_eq!(state(&pool(&[42]), 4), [3444837047, 2669555309, 2046530742, 3581440988]);
        assert_eq!(state(&pool(&[42, 0, 0, 0, 0]), 4), [2684470948, 3757501821, 1691896351, 1126406280]);
        assert_eq!(key_of(42, 0), [16138347438539916964, 4837878136300915231]);
        assert_eq!(key_of(42, 1), [134183728835869882, 7705234370920869742]);
    }
}
