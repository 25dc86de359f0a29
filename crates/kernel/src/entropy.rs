//! Randomness, handed in so that samples and tests can be repeated.

use std::sync::Mutex;

/// A source of random bytes. Keys and nonces come only from [`SystemEntropy`] in production.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

impl dyn Entropy {
    /// A fresh array of random bytes.
    pub fn array<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // A machine without randomness cannot make keys: stopping is the only safe answer.
        #[allow(clippy::expect_used, reason = "without randomness nothing here may go on")]
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}

/// A repeatable sequence for samples and tests (SplitMix64). Never for keys that guard anything.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<u64>);

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^= mixed >> 31;
            for (byte, random) in chunk.iter_mut().zip(mixed.to_le_bytes()) {
                *byte = random;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let first: &dyn Entropy = &SeededEntropy::new(7);
        let again: &dyn Entropy = &SeededEntropy::new(7);
        let other: &dyn Entropy = &SeededEntropy::new(8);
        let bytes = first.array::<33>();
        assert_eq!(bytes, again.array::<33>());
        assert_ne!(bytes, other.array::<33>());
    }
}
