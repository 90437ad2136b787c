//! Decides what is drawn from a seed: one independent stream for each concern, so that a change of the one (a new fault,
//! another workload) leaves what the others draw as it was.

/// A stream of numbers: SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The stream of a concern under a seed.
    pub fn of(seed: u64, concern: &str, number: u64) -> Rng {
        let mut state = mix(seed.wrapping_add(0x5851_F42D_4C95_7F2D));
        for byte in concern.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Rng(mix(state ^ number))
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// A signed number from `-bound` to `bound`.
    pub fn around(&mut self, bound: i64) -> i64 {
        let drawn = self.below(bound.unsigned_abs() * 2 + 1);
        i64::try_from(drawn).unwrap_or(0) - bound
    }

    /// Returns true this number of times in ten thousand.
    pub fn chance(&mut self, per_myriad: u32) -> bool {
        per_myriad > 0 && self.below(10_000) < u64::from(per_myriad)
    }

    /// An index into something of this length, which is not empty.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("an index is below a length")
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// Random bytes.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
