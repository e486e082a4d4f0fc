//! Matrix products over the last two dimensions.

use candle_core::Tensor;
use kernels::cpu::gemm::{self, GemmBatch, GemmDims, GemmOperands, GemmOutput};
use smallvec::SmallVec;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::cost::Shapes;
use super::create::one;
use super::elementwise::wide;
use super::{linear, table};
use crate::error::Result;
use crate::float;
use crate::meta::{Id, Meta, Metas};
use crate::shape::{Shape, broadcast};

pub use super::elementwise::save_other;

/// How one product reads its operands: rows, inner size, columns, and the batch.
struct Plan {
    m: usize,
    k: usize,
    n: usize,
    batch: Shape,
    out: Shape,
}

fn plan(context: &ShapeContext<'_>) -> Result<Plan> {
    let mut attrs = context.reader();
    let (ta, tb) = (attrs.bool(), attrs.bool());
    plan_of(context.shape(0), context.shape(1), ta, tb).ok_or_else(|| {
        context
            .shape_error("a (…, M, K) and b (…, K, N), the sizes in front broadcasting; a vector (K,) counts as one row or column")
            .hint("transpose(-1, -2) swaps the last two dimensions")
    })
}

/// Vectors are allowed as in PyTorch: a row on the left, a column on the right; that dimension is dropped from the result.
fn plan_of(a: &Shape, b: &Shape, ta: bool, tb: bool) -> Option<Plan> {
    if a.rank() == 0 || b.rank() == 0 || (a.rank() == 1 && ta) || (b.rank() == 1 && tb) {
        return None;
    }
    let split = |s: &Shape| -> (Shape, usize, usize) {
        let d = s.dims();
        (
            Shape::new(&d[..d.len().saturating_sub(2)]),
            if d.len() > 1 { d[d.len() - 2] } else { 1 },
            d[d.len() - 1],
        )
    };
    let (batch_a, rows_a, cols_a) = split(a);
    let (batch_b, rows_b, cols_b) = if b.rank() == 1 {
        (Shape::default(), b.dims()[0], 1)
    } else {
        split(b)
    };
    let (m, k) = if ta { (cols_a, rows_a) } else { (rows_a, cols_a) };
    let (k2, n) = if tb { (cols_b, rows_b) } else { (rows_b, cols_b) };
    if k != k2 {
        return None;
    }
    let batch = broadcast(&batch_a, &batch_b).ok()?;
    let mut dims: SmallVec<[usize; 5]> = SmallVec::from_slice(batch.dims());
    if a.rank() > 1 {
        dims.push(m);
    }
    if b.rank() > 1 {
        dims.push(n);
    }
    Some(Plan {
        m,
        k,
        n,
        batch,
        out: Shape::new(&dims),
    })
}

/// `(…, M, K) × (…, K, N) → (…, M, N)`.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0, 1])?;
    Ok(one(Meta::new(plan(context)?.out, dtype)))
}

/// Multiplications of `matmul`: K for each element of the result.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.out()? * shapes.last(0)?)
}

/// CPU forward.
pub fn matmul(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (ta, tb) = (attrs.bool(), attrs.bool());
    let (sa, sb) = (exec.shape(0), exec.shape(1));
    let Plan { m, k, n, batch, .. } = plan_of(sa, sb, ta, tb).expect("the shape rule passed");
    let strides_a = if ta { (1, m as isize) } else { (k as isize, 1) };
    let strides_b = if tb { (1, k as isize) } else { (n as isize, 1) };
    let (lead_a, lead_b) = (lead(sa, &batch), lead(sb, &batch));
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        let (a, b) = (exec.read::<T>(0)?, exec.read::<T>(1)?);
        let count = batch.numel();
        let dims = GemmDims { m, k, n };
        let operands = GemmOperands {
            a: &a,
            a_strides: strides_a,
            b: &b,
            b_strides: strides_b,
            alpha: 1.0,
            beta: 0.0,
        };
        let one_b = lead_b.iter().all(|&s| s == 0);
        let plain_a = sa.rank() <= 2 || lead_a.as_slice() == batch.strides().as_slice();
        if count == 1 || (one_b && plain_a && !ta && sa.rank() >= 2) {
            // One right operand for the whole batch: all rows in one product.
            let rows = if count == 1 { m } else { count * m };
            gemm::gemm(GemmDims { m: rows, ..dims }, operands, GemmOutput { c: &mut y, row_stride: n })?;
        } else if uniform(&lead_a, &batch) && uniform(&lead_b, &batch) {
            let step = |lead: &[usize], size: usize| if lead.iter().all(|&s| s == 0) { 0 } else { size };
            let batch = GemmBatch {
                count,
                a_stride: step(&lead_a, m * k),
                b_stride: step(&lead_b, k * n),
                c_stride: m * n,
            };
            gemm::batched_gemm(batch, dims, operands, GemmOutput { c: &mut y, row_stride: n })?;
        } else {
            for i in 0..count {
                let (ia, ib) = (matrix_index(i, &batch, &lead_a) * m * k, matrix_index(i, &batch, &lead_b) * k * n);
                let operands = GemmOperands {
                    a: &a[ia..ia + m * k],
                    b: &b[ib..ib + k * n],
                    ..operands
                };
                let c = &mut y[i * m * n..(i + 1) * m * n];
                gemm::gemm(dims, operands, GemmOutput { c, row_stride: n })?;
            }
        }
        Ok(output(y))
    })
}

/// Strides of an operand's batch dimensions, in matrices, as the joint batch reads them.
fn lead(shape: &Shape, batch: &Shape) -> SmallVec<[usize; 5]> {
    let own = Shape::new(&shape.dims()[..shape.rank().saturating_sub(2)]);
    own.broadcast_strides(batch)
}

/// Whether the batch is read in order, or one matrix is used for all.
fn uniform(lead: &[usize], batch: &Shape) -> bool {
    lead.iter().all(|&s| s == 0) || lead == batch.strides().as_slice()
}

fn matrix_index(mut i: usize, batch: &Shape, lead: &[usize]) -> usize {
    let mut at = 0;
    for d in (0..batch.rank()).rev() {
        at += i % batch.dims()[d] * lead[d];
        i /= batch.dims()[d];
    }
    at
}

/// `da = dy bᵀ`, `db = aᵀ dy`, each in the layout of its operand.
pub fn matmul_backward(back: &mut Back<'_>) -> Result<()> {
    let mut attrs = back.reader();
    let (ta, tb) = (attrs.bool(), attrs.bool());
    let (sa, sb) = (back.shape(0), back.shape(1));
    let dy = matrix_grad(back, &sa, &sb)?;
    if back.needs(0) {
        let b = operand(back, 1, &sb, true)?;
        let da = if ta {
            product(back, b, dy, tb, true)? // (K, N)(N, M)
        } else {
            product(back, dy, b, false, !tb)? // (M, N)(N, K)
        };
        settle(back, 0, da, &sa)?;
    }
    if back.needs(1) {
        let a = operand(back, 0, &sa, false)?;
        let db = if tb {
            product(back, dy, a, true, ta)? // (N, M)(M, K)
        } else {
            product(back, a, dy, !ta, false)? // (K, M)(M, N)
        };
        settle(back, 1, db, &sb)?;
    }
    Ok(())
}

fn product(back: &mut Back<'_>, a: Id, b: Id, ta: bool, tb: bool) -> Result<Id> {
    back.op(
        &table::MATMUL,
        &[a, b],
        &[f64::from(u8::from(ta)), f64::from(u8::from(tb))],
    )
}

/// `dy` with the dropped dimensions of vectors restored.
fn matrix_grad(back: &mut Back<'_>, sa: &Shape, sb: &Shape) -> Result<Id> {
    let dy = back.dy();
    let mut dims: SmallVec<[usize; 5]> = SmallVec::from_slice(back.out_shape(0).dims());
    if sb.rank() == 1 {
        dims.push(1);
    }
    if sa.rank() == 1 {
        let at = dims.len() - 1;
        dims.insert(at, 1);
    }
    back.reshape(dy, &Shape::new(&dims))
}

fn operand(back: &mut Back<'_>, i: usize, shape: &Shape, column: bool) -> Result<Id> {
    let id = wide(back, back.input(i))?;
    match (shape.rank(), column) {
        (1, true) => back.reshape(id, &Shape::new(&[shape.dims()[0], 1])),
        (1, false) => back.reshape(id, &Shape::new(&[1, shape.dims()[0]])),
        _ => Ok(id),
    }
}

/// Sums over broadcast batch dimensions and gives a vector its shape back.
fn settle(back: &mut Back<'_>, i: usize, grad: Id, shape: &Shape) -> Result<()> {
    let grad = if shape.rank() == 1 {
        let matrix = if i == 0 {
            Shape::new(&[1, shape.dims()[0]])
        } else {
            Shape::new(&[shape.dims()[0], 1])
        };
        let summed = back.reduce_to(grad, &matrix)?;
        back.reshape(summed, shape)?
    } else {
        back.reduce_to(grad, shape)?
    };
    back.set(i, grad);
    Ok(())
}

/// Twin of `matmul`.
pub fn matmul_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (ta, tb) = (attrs.bool(), attrs.bool());
    let (mut a, mut b) = (twin.tensor(0).clone(), twin.tensor(1).clone());
    if a.rank() == 1 {
        a = a.unsqueeze(0)?;
    }
    if b.rank() == 1 {
        b = b.unsqueeze(1)?;
    }
    if ta {
        a = a.t()?;
    }
    if tb {
        b = b.t()?;
    }
    if a.elem_count() == 0 || b.elem_count() == 0 {
        return Ok(vec![Tensor::zeros(twin.out(0).shape.dims(), a.dtype(), a.device())?]);
    }
    let equal = a.dims()[..a.rank() - 2] == b.dims()[..b.rank() - 2];
    let y = if equal {
        linear::product(&a, &b)?
    } else if b.rank() == 2 && !ta {
        // One matrix for all: no copy of it for each.
        linear::product(&linear::rows(&a)?, &b)?
    } else {
        a.contiguous()?.broadcast_matmul(&b.contiguous()?)?
    };
    Ok(vec![y.reshape(twin.out(0).shape.dims())?])
}
