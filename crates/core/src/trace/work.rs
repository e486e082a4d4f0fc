//! How much an op computes and moves, where its row says it: for GFLOP/s in timelines.

use crate::ops::row::{Meta, OpRow};

/// Bytes of inputs and outputs, each counted once.
pub fn bytes<'a>(metas: impl IntoIterator<Item = &'a Meta>) -> u64 {
    metas.into_iter().map(Meta::bytes).sum()
}

/// Multiplications and additions of the products in an op; `None` for ops without any.
pub fn flops(row: &OpRow, inputs: &[Option<Meta>], outputs: &[Meta]) -> Option<f64> {
    let dims = |i: usize| inputs.get(i)?.as_ref().map(|m| m.shape.dims());
    let numel = |i: usize| dims(i).map(|d| d.iter().product::<usize>() as f64);
    let last = |i: usize| dims(i)?.last().map(|&n| n as f64);
    let out = outputs.first().map(|m| m.shape.numel() as f64);
    let multiplied = match row.name {
        "matmul" | "linear" | "linearDx" => out? * last(0)?,
        "linearDw" => out? * numel(0)? / last(0)?,
        // The product, and one more for each gradient that is wanted.
        "linearCrossEntropy" => {
            let gradients = outputs.iter().skip(1).filter(|m| m.shape.rank() == 2).count();
            numel(0)? * *dims(1)?.first()? as f64 * (1 + gradients) as f64
        }
        "loraLinear" => out? * last(0)? + numel(0)? / last(0)? * (numel(3)? + numel(4)?),
        "loraUpdate" => numel(1)? / last(1)? * (numel(2)? + numel(3)?),
        "loraBackward" => {
            // A layer's dx is two products: over its weight, and over A.
            let (dx, weight) = match dims(5) {
                Some(_) => (1.0, numel(5)?),
                None => (0.0, 0.0),
            };
            numel(0)? / last(0)? * (weight + (1.0 + dx) * numel(2)? + 2.0 * numel(3)?)
        }
        "loraMerge" => numel(0)? * last(2)?,
        "conv" | "convDx" => {
            let of = if row.name == "conv" { out? } else { numel(0)? };
            of * numel(1)? / *dims(1)?.first()? as f64
        }
        "convDw" => numel(0)? * out? / *outputs.first()?.shape.dims().first()? as f64,
        "convTranspose" => numel(0)? * numel(1)? / *dims(1)?.first()? as f64,
        _ => return None,
    };
    (multiplied.is_finite() && multiplied > 0.0).then_some(2.0 * multiplied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Dtype;
    use crate::ops::table::TABLE;
    use crate::shape::Shape;

    fn count(name: &str, inputs: &[&[usize]], output: &[usize]) -> Option<f64> {
        let row = TABLE.iter().find(|row| row.name == name).expect("an op of the table");
        let meta = |dims: &[usize]| Meta::new(Shape::new(dims), Dtype::F32);
        let inputs: Vec<Option<Meta>> = inputs.iter().map(|d| (!d.is_empty()).then(|| meta(d))).collect();
        flops(row, &inputs, &[meta(output)])
    }

    #[test]
    fn products_are_counted() {
        assert_eq!(
            count("matmul", &[&[5, 2, 3], &[3, 4]], &[5, 2, 4]),
            Some(2.0 * 5.0 * 24.0)
        );
        assert_eq!(count("linear", &[&[2, 3], &[4, 3], &[]], &[2, 4]), Some(48.0));
        assert_eq!(count("linearDw", &[&[2, 4], &[2, 3]], &[4, 3]), Some(48.0));
        // x (2, 3), weight (4, 3), a (1, 3), b (4, 1).
        assert_eq!(
            count("loraLinear", &[&[2, 3], &[4, 3], &[], &[1, 3], &[4, 1]], &[2, 4]),
            Some(48.0 + 28.0)
        );
        assert_eq!(
            count("conv", &[&[1, 2, 4, 4], &[3, 2, 3, 3], &[]], &[1, 3, 2, 2]),
            Some(2.0 * 12.0 * 18.0)
        );
        assert_eq!(count("relu", &[&[2, 3]], &[2, 3]), None);
    }
}
