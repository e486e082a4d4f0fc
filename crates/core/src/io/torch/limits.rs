//! Limits on what a file may ask for. No size that a file claims is allocated; these limits bound what many small claims add up to.
//!
//! They keep what a hostile file costs below 64 MB beyond its own size, JavaScript's objects included, and leave room for a checkpoint of thousands of
//! tensors with the state of its optimizer.

/// Values that may wait on the stack of the pickle machine.
pub(super) const STACK: usize = 500_000;
/// Values that all lists, tuples and dicts together may hold.
pub(super) const ITEMS: usize = 1_000_000;
/// Lists, tuples and dicts, those in between (the arguments of each tensor) among them.
pub(super) const NODES: usize = 500_000;
/// Values that the memo may hold.
pub(super) const MEMO: usize = 500_000;
/// Memo indexes out of order; a pickle counts them up from zero.
pub(super) const MEMO_SPARSE: usize = 1_000;
/// Bytes of one integer.
pub(super) const INTEGER_BYTES: usize = 1_024;
/// Dicts and lists inside each other in what is read.
pub(super) const DEPTH: usize = 500;
/// Lists and dicts in what is read.
pub(super) const CONTAINERS: usize = 30_000;
/// Keys and values in what is read when every shared list and dict is counted wherever it is used, so that walking it is safe.
pub(super) const EXPANDED: usize = 150_000;
/// Records of an archive.
pub(super) const RECORDS: usize = 250_000;
/// Tensors.
pub(super) const TENSORS: usize = 12_000;
/// Dimensions of a tensor.
pub(super) const RANK: usize = 32;
/// Bytes of the key of a storage, or of the name of a device.
pub(super) const NAME_BYTES: usize = 256;
/// Names of devices.
pub(super) const TEXTS: usize = 10_000;

/// Bytes that the object of a pickle of this size may take as JSON. A text that is used many times takes more than the pickle.
pub(super) fn json_bytes(pickle_bytes: usize) -> usize {
    pickle_bytes.saturating_mul(2).saturating_add(8 << 20)
}

/// Bytes that all tensors of a file of this size may take in memory. Views that overlap or repeat numbers (stride 0) take more than the file
/// holds, and so do integers that are widened to i64.
pub(super) fn tensor_bytes(file_bytes: usize) -> usize {
    file_bytes.saturating_mul(8).saturating_add(16 << 20)
}
