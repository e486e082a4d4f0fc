//! A dense layer with its low-rank update in one op.

use candle_core::Tensor;
use kernels::cpu::linear::{Layout, LinearWeight};
use kernels::cpu::lora::{self as kernel, LoraDims, LoraFactors, LoraOperands, LoraOutputs};
use smallvec::SmallVec;

use super::super::elementwise::wide;
use super::super::linear::{Weight, Wide, base_twin, check_layer, layout, rounded, rows, sizes, weight_backward};
use super::super::own;
use super::{Blocks, blocks, check_factors, dropout, dropout_blocks, gradient, probability, push_blocks, update_twin};
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::attrs::AttrReader;
use crate::ops::back::Back;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::ops::cost::Shapes;
use crate::ops::row::{Needs, Save};
use crate::shape::Shape;
use crate::storage::Element;

const X: usize = 0;
const WEIGHT: usize = 1;
const BIAS: usize = 2;
const A: usize = 3;
const B: usize = 4;
/// The hidden output for backward.
const H: usize = 1;

struct Options {
    scaling: f64,
    p: f64,
    layout: Layout,
    blocks: Blocks,
}

/// Reads the attributes of a layer whose weight has this shape.
fn options(mut attrs: AttrReader<'_>, weight: &Shape) -> Result<Options> {
    let (scaling, p, layout) = (attrs.number(), probability(attrs.number())?, layout(&mut attrs)?);
    let (n, _) = sizes(weight, layout);
    Ok(Options {
        scaling,
        p,
        layout,
        blocks: blocks(attrs.dims(), n)?,
    })
}

/// `x (..., K)`, weight, bias, `a (G·R, K)`, `b (Σlen, R)` → `y (..., N)` and, for backward, `h (M, G·R)`.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let mut attrs = context.reader();
    attrs.number();
    probability(attrs.number())?;
    let (n, k) = check_layer(context, layout(&mut attrs)?)?;
    let blocks = blocks(attrs.dims(), n)?;
    check_factors(context, (A, B), X, &blocks, k)?;
    let x = context.meta(X);
    let h = Shape::new(&[x.shape.rows(), context.shape(A).dims()[0]]);
    Ok(Metas::from_iter([
        Meta::new(x.shape.with_last(n), x.dtype),
        Meta::new(h, x.dtype.wide()),
    ]))
}

/// Dropout draws over the elements of x, the same for every block.
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    let mut attrs = context.reader();
    attrs.number();
    Ok(dropout_blocks(attrs.number(), context.shape(X).numel()))
}

/// Multiplications of `loraLinear`: the layer's product and the two of the update.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    let (rows, width) = (shapes.numel(X)? / shapes.last(X)?, shapes.last(X)?);
    Some(shapes.out()? * width + rows * (shapes.numel(A)? + shapes.numel(B)?))
}

/// `y = x Wᵀ + bias + scaling · dropout(x) Aᵀ Bᵀ`, the update per block of columns.
///
/// Source: Hu et al. 2021, section 4.1; loralib `Linear` and `MergedLinear`.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let Options {
        scaling,
        p,
        layout,
        blocks,
    } = options(exec.reader(), exec.shape(WEIGHT))?;
    let (n, k) = sizes(exec.shape(WEIGHT), layout);
    let (m, r) = (exec.shape(X).rows(), exec.shape(B).dims()[1]);
    let drop = dropout(p, exec.rng());
    float!(exec.dtype(X).wide(), T => {
        let x = Wide::<T>::read(exec, X)?;
        let bias = if exec.has(BIAS) { Some(Wide::<T>::read(exec, BIAS)?) } else { None };
        let (mut y, mut h) = (exec.alloc::<T>(0)?, exec.alloc::<T>(H)?);
        let (weight, a, b) = (Weight::read(exec, WEIGHT)?, exec.read::<T>(A)?, exec.read::<T>(B)?);
        let operands = LoraOperands {
            x: &x,
            factors: LoraFactors { a: &a, b: &b, scaling: scaling as T },
            dropout: drop,
        };
        let weight = LinearWeight { values: weight.factor(exec.precision()), layout };
        let written = LoraOutputs { h: &mut h, y: &mut y };
        kernel::lora_linear(LoraDims { m, k, n, r, blocks: &blocks }, operands, weight, bias.as_deref(), written)?;
        if let Some(bias) = bias {
            bias.give(exec);
        }
        x.give(exec);
        Ok(outputs([rounded(exec, 0, y)?, T::wrap(h)]))
    })
}

/// x only when the weight or A needs a gradient: a layer that trains only B keeps no activation but h.
pub fn save(needs: Needs) -> Save {
    let factors = needs.input(X) || needs.input(A) || needs.input(B);
    Save {
        inputs: Needs::when(needs.input(WEIGHT) || needs.input(A), &[X])
            | Needs::when(needs.input(X), &[WEIGHT])
            | Needs::when(factors, &[A, B]),
        outputs: Needs::when(needs.input(B), &[H]),
    }
}

/// `dx = dy W + mask ∘ (dh A)`, `dA = dhᵀ dropout(x)`, `dB = scaling · dyᵀ h` with `dh = scaling · dy B`.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let mut attrs = back.reader();
    let (scaling, p, layout) = (attrs.number(), attrs.number(), attrs.number());
    let mut given: SmallVec<[f64; 12]> = SmallVec::from_slice(&[scaling, p]);
    push_blocks(&mut given, attrs.dims());
    let dy = wide(back, back.dy())?;
    weight_backward(back, dy, layout)?;

    gradient::record(back, [X, A, B], dy, Some((WEIGHT, layout)), given)
}

/// Twin of `loraLinear`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let Options {
        scaling,
        p,
        layout,
        blocks,
    } = options(twin.reader(), &Shape::new(twin.tensor(WEIGHT).dims()))?;
    let base = base_twin(twin, layout)?; // (M, N)
    let mut x = rows(&twin.wide(X)?)?;
    if p > 0.0 {
        x = own::dropped(&x, p, twin.rng(), 0)?;
    }
    let (h, update) = update_twin(&x, twin.tensor(A), twin.tensor(B), &blocks, scaling, base.dim(1)?)?;
    Ok(vec![(base + update)?.reshape(twin.out(0).shape.dims())?, h])
}
