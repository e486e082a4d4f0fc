//! Decompositions of matrices, by the crate faer. Always in f64, whatever the dtype, and on the CPU: they start adapters, once, and are no part of a step.

use candle_core::Tensor;
use faer::{Mat, MatRef};

use super::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::float;
use crate::memory::Pooled;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;
use crate::storage::Buffer;

/// Row-major values, as many as the output has.
type Parts = Vec<Vec<f64>>;

/// Rows and columns of the matrix, and the smaller of the two.
fn sizes(context: &ShapeContext<'_>) -> Result<[usize; 3]> {
    context.same_float(&[0])?;
    match *context.shape(0).dims() {
        [m, n] if m > 0 && n > 0 => Ok([m, n, m.min(n)]),
        _ => Err(context.shape_error("a matrix (m, n) with at least one row and one column")),
    }
}

fn metas<const N: usize>(context: &ShapeContext<'_>, shapes: [&[usize]; N]) -> Metas {
    let dtype = context.dtype(0);
    Metas::from_iter(shapes.map(|dims| Meta::new(Shape::new(dims), dtype)))
}

/// `svd(x)`: x (m, n) → U (m, k), S (k), V (n, k), where k = min(m, n).
pub fn svd_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let [m, n, k] = sizes(context)?;
    Ok(metas(context, [&[m, k], &[k], &[n, k]]))
}

/// `qr(x)`: x (m, n) → Q (m, k), R (k, n).
pub fn qr_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let [m, n, k] = sizes(context)?;
    Ok(metas(context, [&[m, k], &[k, n]]))
}

/// CPU forward of `svd`.
pub fn svd(exec: &mut Exec<'_>) -> Result<Outputs> {
    let parts = run(exec, svd_parts)?;
    float!(exec.dtype(0), T => Ok(outputs([narrow::<T>(exec, &parts, 0)?, narrow::<T>(exec, &parts, 1)?, narrow::<T>(exec, &parts, 2)?])))
}

/// CPU forward of `qr`.
pub fn qr(exec: &mut Exec<'_>) -> Result<Outputs> {
    let parts = run(exec, qr_parts)?;
    float!(exec.dtype(0), T => Ok(outputs([narrow::<T>(exec, &parts, 0)?, narrow::<T>(exec, &parts, 1)?])))
}

/// Twin of `svd`: the host computes it too.
pub fn svd_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    on_host(twin, svd_parts)
}

/// Twin of `qr`.
pub fn qr_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    on_host(twin, qr_parts)
}

fn run(exec: &mut Exec<'_>, parts: fn(MatRef<'_, f64>) -> Result<Parts>) -> Result<Parts> {
    let dims = exec.shape(0).dims();
    let x: Vec<f64> = float!(exec.dtype(0), T => {
        Ok(exec.read::<T>(0)?.iter().map(|&value| value.widened()).collect())
    })?;
    of_finite(&x, dims, exec.signature.name, parts)
}

fn on_host(twin: &Twin<'_>, parts: fn(MatRef<'_, f64>) -> Result<Parts>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let values = x.to_dtype(candle_core::DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    let made = of_finite(&values, x.dims(), twin.signature.name, parts)?;
    let tensors = made.into_iter().enumerate().map(|(i, part)| {
        let on_host = Tensor::from_vec(part, twin.out(i).shape.dims(), &candle_core::Device::Cpu)?;
        Ok(on_host.to_dtype(x.dtype())?.to_device(twin.device())?)
    });
    tensors.collect()
}

fn of_finite(x: &[f64], dims: &[usize], name: &str, parts: fn(MatRef<'_, f64>) -> Result<Parts>) -> Result<Parts> {
    if let Some(place) = x.iter().position(|value| !value.is_finite()) {
        return Err(
            Error::new(Code::NonFinite, format!("{name}: the matrix has no decomposition"))
                .expected("finite numbers")
                .received(format!("{} at flat index {place}", x[place]))
                .hint("look at the weights that the matrix comes from"),
        );
    }
    parts(MatRef::from_row_major_slice(x, dims[0], dims[1]))
}

fn svd_parts(x: MatRef<'_, f64>) -> Result<Parts> {
    let found = x.thin_svd().map_err(|_| {
        Error::new(Code::NonFinite, "svd: the iteration found no end")
            .expected("a matrix whose singular values converge")
            .received(format!("({}, {})", x.nrows(), x.ncols()))
            .hint("scale the matrix to numbers near 1")
    })?;
    let s = found.S().column_vector().iter().copied().collect();
    Ok(vec![row_major(found.U()), s, row_major(found.V())])
}

fn qr_parts(x: MatRef<'_, f64>) -> Result<Parts> {
    let found = x.qr();
    let q: Mat<f64> = found.compute_thin_Q();
    Ok(vec![row_major(q.as_ref()), row_major(found.thin_R())])
}

fn row_major(x: MatRef<'_, f64>) -> Vec<f64> {
    (0..x.nrows())
        .flat_map(|i| (0..x.ncols()).map(move |j| x[(i, j)]))
        .collect()
}

/// Output `i` in its dtype.
fn narrow<T: Pooled + Rounded>(exec: &mut Exec<'_>, parts: &Parts, i: usize) -> Result<Buffer> {
    let mut out = exec.alloc::<T>(i)?;
    for (to, &value) in out.iter_mut().zip(&parts[i]) {
        *to = T::rounded(value);
    }
    Ok(T::wrap(out))
}

/// A float that widens to f64, and that an f64 is rounded to.
trait Rounded: Copy {
    fn widened(self) -> f64;
    fn rounded(value: f64) -> Self;
}

impl Rounded for f32 {
    fn widened(self) -> f64 {
        self.into()
    }

    fn rounded(value: f64) -> Self {
        value as f32
    }
}

impl Rounded for f64 {
    fn widened(self) -> f64 {
        self
    }

    fn rounded(value: f64) -> Self {
        value
    }
}

/// Bytes beside the results of a decomposition: the matrix, its factors and work space, all in f64.
pub fn bytes(shapes: &super::cost::Shapes<'_>) -> u64 {
    shapes.numel(0).map_or(0, |numel| 8 * 8 * numel as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn matrix(m: usize, n: usize) -> Vec<f64> {
        (0..m * n)
            .map(|i| ((i * 7919 + 13) % 101) as f64 / 50.0 - 1.0)
            .collect()
    }

    fn product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
        (0..m * n)
            .map(|at| (0..k).map(|l| a[at / n * k + l] * b[l * n + at % n]).sum())
            .collect()
    }

    fn transposed(a: &[f64], m: usize, n: usize) -> Vec<f64> {
        (0..m * n).map(|at| a[at % m * n + at / m]).collect()
    }

    fn farthest(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0, |most, (x, y)| f64::max(most, (x - y).abs()))
    }

    fn identity(k: usize) -> Vec<f64> {
        (0..k * k).map(|i| if i % (k + 1) == 0 { 1.0 } else { 0.0 }).collect()
    }

    const SHAPES: [(usize, usize); 6] = [(1, 1), (3, 17), (17, 3), (64, 64), (129, 20), (5, 1)];

    #[test]
    fn svd_is_orthonormal_ordered_and_gives_the_matrix_back() {
        for (m, n) in SHAPES {
            let (x, k) = (matrix(m, n), m.min(n));
            let parts = of_finite(&x, &[m, n], "svd", svd_parts).unwrap();
            let (u, s, v) = (&parts[0], &parts[1], &parts[2]);
            assert!(s.windows(2).all(|pair| pair[0] >= pair[1]) && s.iter().all(|&value| value >= 0.0));
            let scaled: Vec<f64> = u.iter().enumerate().map(|(i, value)| value * s[i % k]).collect();
            assert!(farthest(&product(&scaled, &transposed(v, n, k), [m, k, n]), &x) < 1e-12);
            assert!(farthest(&product(&transposed(u, m, k), u, [k, m, k]), &identity(k)) < 1e-12);
            assert!(farthest(&product(&transposed(v, n, k), v, [k, n, k]), &identity(k)) < 1e-12);
        }
    }

    #[test]
    fn qr_is_orthonormal_triangular_and_gives_the_matrix_back() {
        for (m, n) in SHAPES {
            let (x, k) = (matrix(m, n), m.min(n));
            let parts = of_finite(&x, &[m, n], "qr", qr_parts).unwrap();
            let (q, r) = (&parts[0], &parts[1]);
            assert!(farthest(&product(q, r, [m, k, n]), &x) < 1e-12);
            assert!(farthest(&product(&transposed(q, m, k), q, [k, m, k]), &identity(k)) < 1e-12);
            assert!((0..k * n).all(|at| at / n <= at % n || r[at] == 0.0));
        }
    }

    #[test]
    fn a_matrix_with_nan_or_infinity_is_refused() {
        for bad in [f64::NAN, f64::INFINITY] {
            let error = of_finite(&[1.0, bad], &[1, 2], "svd", svd_parts).unwrap_err();
            assert_eq!(error.code(), Code::NonFinite);
        }
    }
}
