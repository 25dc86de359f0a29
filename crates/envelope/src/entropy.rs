//! Randomness for production: the generator of AWS-LC, with a small store of nonces per thread.
//!
//! Keys never pass through the store: it holds only what stands in the clear beside a ciphertext.

use std::cell::RefCell;

use aws_lc_rs::rand;
use kernel::Entropy;

/// The longest request, in bytes, that the store of nonces answers.
const NONCE_BYTES: usize = 12;
/// Bytes drawn at once for a thread's store.
const STORE_BYTES: usize = 64 * NONCE_BYTES;

/// Random bytes from AWS-LC's CTR-DRBG (NIST SP 800-90A), seeded by the operating system.
///
/// A nonce costs a copy instead of a run of the generator, because 12 bytes or fewer come from a
/// store that belongs to the thread. Should a copy of the whole process (a resumed snapshot of a
/// virtual machine) repeat one, AES-GCM-SIV gives away only that two equal values are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct CryptoEntropy;

struct Store {
    bytes: [u8; STORE_BYTES],
    used: usize,
}

thread_local! {
    static STORE: RefCell<Store> = const { RefCell::new(Store { bytes: [0; STORE_BYTES], used: STORE_BYTES }) };
}

impl Entropy for CryptoEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() > NONCE_BYTES || STORE.try_with(|store| store.borrow_mut().take(buffer)).is_err() {
            draw(buffer);
        }
    }
}

impl Store {
    fn take(&mut self, buffer: &mut [u8]) {
        if self.used + buffer.len() > STORE_BYTES {
            draw(&mut self.bytes);
            self.used = 0;
        }
        if let Some(fresh) = self.bytes.get_mut(self.used..self.used + buffer.len()) {
            buffer.copy_from_slice(fresh);
            // Handed out once: nothing that is used stays behind.
            fresh.fill(0);
            self.used += buffer.len();
        }
    }
}

fn draw(buffer: &mut [u8]) {
    // A machine without randomness cannot make keys: stopping is the only safe answer.
    #[allow(clippy::expect_used, reason = "without randomness nothing here may go on")]
    rand::fill(buffer).expect("the generator gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_nonce_is_handed_out_twice_by_any_thread() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    let entropy: &dyn Entropy = &CryptoEntropy;
                    (0..1_000).map(|_| entropy.array::<12>()).collect::<Vec<_>>()
                })
            })
            .collect();
        let nonces: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(nonces.iter().collect::<HashSet<_>>().len(), nonces.len());
        assert!(!nonces.contains(&[0; 12]));
    }

    #[test]
    fn requests_of_any_length_are_filled() {
        let entropy: &dyn Entropy = &CryptoEntropy;
        for length in [1, 7, 11, 12, 13, 32, 4_096] {
            // Of 64 tries, one at least sets every position to something else than zero.
            let mut seen = vec![0u8; length];
            for _ in 0..64 {
                let mut bytes = vec![0; length];
                entropy.fill(&mut bytes);
                seen.iter_mut().zip(bytes).for_each(|(seen, byte)| *seen |= byte);
            }
            assert!(seen.iter().all(|byte| *byte != 0));
        }
    }
}
