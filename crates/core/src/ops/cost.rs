//! The cost of a call, from its shapes: multiplications by the rule in the op's row, and bytes.

use super::twins::CHUNK_BYTES;
use crate::meta::Meta;

/// Shapes and dtypes of a call's inputs and outputs.
pub struct Shapes<'a> {
    /// `None` for an input that is missing or has failed.
    pub inputs: &'a [Option<Meta>],
    /// All outputs, including hidden ones.
    pub outputs: &'a [Meta],
}

impl<'a> Shapes<'a> {
    /// Input `i`.
    pub fn input(&self, i: usize) -> Option<&'a Meta> {
        self.inputs.get(i)?.as_ref()
    }

    /// Sizes of input `i`.
    pub fn dims(&self, i: usize) -> Option<&'a [usize]> {
        self.input(i).map(|meta| meta.shape.dims())
    }

    /// Number of elements of input `i`.
    pub fn numel(&self, i: usize) -> Option<f64> {
        self.input(i).map(|meta| meta.shape.numel() as f64)
    }

    /// Last size of input `i`.
    pub fn last(&self, i: usize) -> Option<f64> {
        self.dims(i)?.last().map(|&n| n as f64)
    }

    /// Number of elements of the first output.
    pub fn out(&self) -> Option<f64> {
        self.outputs.first().map(|meta| meta.shape.numel() as f64)
    }

    /// Multiplications and additions, by the rule of the op's row.
    pub fn flops(&self, products: Option<fn(&Shapes<'_>) -> Option<f64>>) -> Option<f64> {
        let multiplications = products?(self)?;
        (multiplications.is_finite() && multiplications > 0.0).then_some(2.0 * multiplications)
    }

    /// Bytes of inputs and outputs, each counted once.
    pub fn bytes(&self) -> u64 {
        self.inputs.iter().flatten().chain(self.outputs).map(Meta::bytes).sum()
    }
}

/// Bytes beside the results of a twin that reads a weight, the largest input, where it lies, and works by chunks.
pub fn beside_weight(shapes: &Shapes<'_>) -> u64 {
    let wide = |meta: &Meta| (meta.shape.numel() * meta.dtype.wide().size()) as u64;
    let (mut all, mut largest, mut next) = (0, 0, 0);
    for bytes in shapes.inputs.iter().flatten().map(wide) {
        all += bytes;
        (largest, next) = (largest.max(bytes), next.max(bytes.min(largest)));
    }
    let results: u64 = shapes.outputs.iter().map(wide).sum();
    // A chunk of a weight, or of what an input makes with another: scores, logits. None is larger than each number of the one with each of the other.
    let chunk = largest.saturating_mul(next.max(1)).min(CHUNK_BYTES as u64);
    4 * (all - largest) + 2 * results + 6 * chunk
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::Dtype;
    use crate::ops::table::TABLE;
    use crate::shape::Shape;

    fn count(name: &str, inputs: &[&[usize]], output: &[usize]) -> Option<f64> {
        let row = TABLE
            .iter()
            .find(|row| row.signature.name == name)
            .expect("an op of the table");
        let meta = |dims: &[usize]| Meta::new(Shape::new(dims), Dtype::F32);
        let inputs: Vec<Option<Meta>> = inputs.iter().map(|d| (!d.is_empty()).then(|| meta(d))).collect();
        let outputs = [meta(output)];
        let shapes = Shapes {
            inputs: &inputs,
            outputs: &outputs,
        };
        shapes.flops(row.products)
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
