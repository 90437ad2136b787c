//! Random bytes.

/// A source of random bytes that are fit for secrets.
pub trait Entropy {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}
