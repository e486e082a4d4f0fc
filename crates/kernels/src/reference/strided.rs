//! Twin of [`crate::cpu::strided`]: the element indices of a strided window, one by one.

/// `offset + Σ index·strides` for every index of `shape`, in row-major order.
pub fn indices(offset: usize, strides: &[isize], shape: &[usize]) -> Vec<usize> {
    let mut out = vec![offset as isize];
    for (&n, &stride) in shape.iter().zip(strides) {
        out = out
            .iter()
            .flat_map(|&start| (0..n as isize).map(move |i| start + i * stride))
            .collect();
    }
    out.into_iter().map(|i| i as usize).collect()
}
