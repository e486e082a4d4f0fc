//! Twins of [`crate::cpu::embedding`].

use crate::cpu::embedding::{EmbeddingDims, EmbeddingOptions};

/// Twin of `embedding`.
pub fn embedding(dims: EmbeddingDims, weight: &[f64], ids: &[i64]) -> Vec<f64> {
    ids.iter()
        .flat_map(|&id| weight[id as usize * dims.dim..(id as usize + 1) * dims.dim].to_vec())
        .collect()
}

/// Twin of `embedding_t`: the table is (dim, num).
pub fn embedding_t(dims: EmbeddingDims, table: &[f64], ids: &[i64]) -> Vec<f64> {
    ids.iter()
        .flat_map(|&id| (0..dims.dim).map(move |k| table[k * dims.num + id as usize]))
        .collect()
}

/// Twin of `embedding_backward`; transposed, it is the twin of `embedding_t_backward`.
pub fn embedding_backward(dims: EmbeddingDims, ids: &[i64], dy: &[f64], options: EmbeddingOptions) -> Vec<f64> {
    let EmbeddingDims { num, dim } = dims;
    let mut dw = vec![0.0; num * dim];
    for (i, &id) in ids
        .iter()
        .enumerate()
        .filter(|&(_, &id)| Some(id as usize) != options.padding_idx)
    {
        let count = ids.iter().filter(|&&other| other == id).count();
        let divisor = if options.scale_by_freq { count as f64 } else { 1.0 };
        for c in 0..dim {
            dw[id as usize * dim + c] += dy[i * dim + c] / divisor;
        }
    }
    dw
}
