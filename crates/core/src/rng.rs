//! The random numbers of one op.

/// Random numbers of an op: fixed when it is recorded, so that a replay draws the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng {
    /// Key of the generator.
    pub seed: u64,
    /// First Philox block of this op.
    pub counter: u64,
}
