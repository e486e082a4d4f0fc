//! The low-rank update on a finished product, for layers with their own dropout of the input.

use candle_core::Tensor;
use kernels::cpu::lora::{self as kernel, LoraDims, LoraFactors, LoraOperands, LoraOutputs};
use smallvec::SmallVec;

use super::super::elementwise::wide;
use super::super::linear::rows;
use super::{blocks, check_factors, gradient, push_blocks, update_twin};
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::back::Back;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::ops::cost::Shapes;
use crate::ops::row::{Needs, Save};
use crate::shape::Shape;
use crate::storage::Element;

const Y: usize = 0;
const X: usize = 1;
const A: usize = 2;
const B: usize = 3;
/// The hidden output for backward.
const H: usize = 1;

/// `y (..., N)`, `x (..., K)`, `a (G·R, K)`, `b (Σlen, R)` → `(..., N)` and, for backward, `h (M, G·R)`.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[Y, X])?;
    let (y, x) = (context.shape(Y), context.shape(X));
    if x.rank() == 0 || y.rank() == 0 || *x != y.with_last(x.last()) {
        return Err(context
            .shape_error("y (..., N) and x (..., K), equal in all dimensions but the last")
            .hint("y is the output of the base layer for this very x"));
    }
    let mut attrs = context.reader();
    attrs.number();
    let blocks = blocks(attrs.dims(), y.last())?;
    check_factors(context, (A, B), X, &blocks, x.last())?;
    let h = Shape::new(&[x.rows(), context.shape(A).dims()[0]]);
    Ok(Metas::from_iter([
        Meta::new(y.clone(), dtype),
        Meta::new(h, dtype.wide()),
    ]))
}

/// Multiplications of `loraUpdate`: those over A and over B.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.numel(X)? / shapes.last(X)? * (shapes.numel(A)? + shapes.numel(B)?))
}

/// `y + scaling · x Aᵀ Bᵀ`, per block of columns.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (x, n) = (exec.shape(X), exec.shape(Y).last());
    let (m, k, r) = (x.rows(), x.last(), exec.shape(B).dims()[1]);
    let mut attrs = exec.reader();
    let (scaling, blocks) = (attrs.number(), blocks(attrs.dims(), n)?);
    float!(exec.out(0).dtype, T => {
        let (mut y, mut h) = (exec.alloc::<T>(0)?, exec.alloc::<T>(H)?);
        kernels::par::copy(&exec.read::<T>(Y)?, &mut y);
        let (x, a, b) = (exec.read::<T>(X)?, exec.read::<T>(A)?, exec.read::<T>(B)?);
        let operands = LoraOperands {
            x: &x,
            factors: LoraFactors { a: &a, b: &b, scaling: scaling as T },
            dropout: None,
        };
        kernel::lora_update(LoraDims { m, k, n, r, blocks: &blocks }, operands, LoraOutputs { h: &mut h, y: &mut y })?;
        Ok(outputs([T::wrap(y), T::wrap(h)]))
    })
}

/// x for dA, h for dB, the factors for both and for dx.
pub fn save(needs: Needs) -> Save {
    let any = needs.input(X) || needs.input(A) || needs.input(B);
    Save {
        inputs: Needs::when(needs.input(A), &[X]) | Needs::when(any, &[A, B]),
        outputs: Needs::when(needs.input(B), &[H]),
    }
}

/// `dy` is passed on to `y`; the rest is as in the dense layer, without its base.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let dy = wide(back, back.dy())?;
    if back.needs(Y) {
        back.set(Y, dy);
    }
    let mut attrs = back.reader();
    let mut given: SmallVec<[f64; 12]> = SmallVec::from_slice(&[attrs.number(), 0.0]);
    push_blocks(&mut given, attrs.dims());
    gradient::record(back, [X, A, B], dy, None, given)
}

/// Twin of `loraUpdate`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let y = rows(twin.tensor(Y))?; // (M, N)
    let mut attrs = twin.reader();
    let (scaling, blocks) = (attrs.number(), blocks(attrs.dims(), y.dim(1)?)?);
    let (h, update) = update_twin(
        &rows(twin.tensor(X))?,
        twin.tensor(A),
        twin.tensor(B),
        &blocks,
        scaling,
        y.dim(1)?,
    )?;
    Ok(vec![(y + update)?.reshape(twin.out(0).shape.dims())?, h])
}
