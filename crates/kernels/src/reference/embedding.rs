//! Twins of [`crate::cpu::embedding`].

/// Twin of `embedding`.
pub fn embedding(weight: &[f64], dim: usize, ids: &[i64]) -> Vec<f64> {
    ids.iter()
        .flat_map(|&id| weight[id as usize * dim..(id as usize + 1) * dim].to_vec())
        .collect()
}

/// Twin of `embedding_t`: the table is (r, num).
pub fn embedding_t(table: &[f64], r: usize, num: usize, ids: &[i64]) -> Vec<f64> {
    ids.iter()
        .flat_map(|&id| (0..r).map(move |k| table[k * num + id as usize]))
        .collect()
}

/// Twin of `embedding_backward`; transposed, it is the twin of `embedding_t_backward`.
pub fn embedding_backward(
    dy: &[f64],
    ids: &[i64],
    dim: usize,
    num: usize,
    padding_idx: Option<usize>,
    scale_by_freq: bool,
) -> Vec<f64> {
    let mut dw = vec![0.0; num * dim];
    for (i, &id) in ids
        .iter()
        .enumerate()
        .filter(|&(_, &id)| Some(id as usize) != padding_idx)
    {
        let count = ids.iter().filter(|&&other| other == id).count();
        for c in 0..dim {
            dw[id as usize * dim + c] += dy[i * dim + c] / if scale_by_freq { count as f64 } else { 1.0 };
        }
    }
    dw
}
