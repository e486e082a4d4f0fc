//! A dense layer in which each row of the input has its own low-rank update, in one op: the base product is computed once for all rows.

mod call;
mod gradient;
mod segments;

use candle_core::Tensor;
use kernels::cpu::linear::{Layout, LinearWeight};
use kernels::cpu::lora::{self as kernel, GroupedDims, GroupedOperands, GroupedOutputs};

use super::super::elementwise::wide;
use super::super::linear::{Weight, Wide, base_twin, check_layer, rounded, rows, weight_backward};
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::back::Back;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::ops::cost::Shapes;
use crate::ops::row::{Needs, Save};
use crate::shape::Shape;
use crate::storage::Element;

use call::{A, B, BIAS, H, Options, WEIGHT, X, count, options};
pub use gradient::{
    forward as grad, products as grad_products, random as grad_random, shape as grad_shape, twin as grad_twin,
};
use segments::check_factors;

/// `x (..., K)`, weight, bias, of each group `a (R, K)` and `b (N, R)` → `y (..., N)` and, for backward, `h` of all segments.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (x, count) = (context.meta(X), count(&context.lists())?);
    let Options { groups, layout } = options(context.reader(), x.shape.rows(), count)?;
    let (n, k) = check_layer(context, layout)?;
    let ranks = check_factors(context, A, count, x.dtype.wide(), (n, k))?;
    let hidden = groups.segments.iter().map(|s| s.len * ranks[s.group]).sum();
    Ok(Metas::from_iter([
        Meta::new(x.shape.with_last(n), x.dtype),
        Meta::new(Shape::new(&[hidden]), x.dtype.wide()),
    ]))
}

/// Dropout draws over the elements of x, the same for every group.
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    let (x, count) = (context.shape(X), count(&context.lists())?);
    Ok(options(context.reader(), x.rows(), count)?
        .groups
        .random_blocks(x.numel()))
}

/// Multiplications of `loraGrouped`: the layer's product and those of the updates, each row of which has the mean size of a group.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    let (rows, width) = (shapes.numel(X)? / shapes.last(X)?, shapes.last(X)?);
    let n = shapes.out()? / rows;
    let hidden = shapes.outputs.get(H)?.shape.numel() as f64;
    Some(shapes.out()? * width + hidden * (width + n))
}

/// `y = x Wᵀ + bias`, and in each segment of rows `y += scaling · dropout(x) Aᵀ Bᵀ` with the factors of its group.
///
/// Source: Hu et al. 2021, section 4.1; the grouping by rows as in Chen et al. 2023 (Punica).
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (m, k, n) = (exec.shape(X).rows(), exec.shape(X).last(), exec.out(0).shape.last());
    let count = exec.lists()[A];
    let Options { groups, layout } = options(exec.reader(), m, count)?;
    let rng = exec.rng();
    float!(exec.dtype(X).wide(), T => {
        let x = Wide::<T>::read(exec, X)?;
        let bias = if exec.has(BIAS) { Some(Wide::<T>::read(exec, BIAS)?) } else { None };
        let (mut y, mut h) = (exec.alloc::<T>(0)?, exec.alloc::<T>(H)?);
        let weight = Weight::read(exec, WEIGHT)?;
        let factors = groups.read::<T>(exec, A)?;
        let list = groups.kernel(&factors, &groups.ranks(exec, A), rng);
        kernel::lora_grouped(
            GroupedDims { m, k, n, segments: &groups.segments },
            GroupedOperands { x: &x, groups: &list },
            LinearWeight { values: weight.factor(exec.precision()), layout },
            bias.as_deref(),
            GroupedOutputs { h: &mut h, y: &mut y },
        )?;
        drop(list);
        if let Some(bias) = bias {
            bias.give(exec);
        }
        x.give(exec);
        Ok(outputs([rounded(exec, 0, y)?, T::wrap(h)]))
    })
}

/// As in the layer with one update; of the lists all or nothing.
pub fn save(needs: Needs) -> Save {
    let factors = needs.input(X) || needs.input(A) || needs.input(B);
    Save {
        inputs: Needs::when(needs.input(WEIGHT) || needs.input(A), &[X])
            | Needs::when(needs.input(X), &[WEIGHT])
            | Needs::when(factors, &[A, B]),
        outputs: Needs::when(needs.input(B), &[H]),
    }
}

/// `dx = dy W + mask ∘ (dh A)`, and of each group `dA = Σ dhᵀ dropout(x)`, `dB = scaling · Σ dyᵀ h` over its segments, with `dh = scaling · dy B`.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let count = back.lists()[A];
    let m = back.shape(X).rows();
    let layout = if options(back.reader(), m, count)?.layout == Layout::OutIn {
        0.0
    } else {
        1.0
    };
    let dy = wide(back, back.dy())?;
    weight_backward(back, dy, layout)?;
    gradient::record(back, dy, count)
}

/// Twin of `loraGrouped`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = rows(&twin.wide(X)?)?;
    let count = twin.lists()[A];
    let Options { groups, layout } = options(twin.reader(), x.dim(0)?, count)?;
    let mut y = base_twin(twin, layout)?; // (M, N)
    let mut hidden = Vec::new();
    for segment in &groups.segments {
        let (a, b) = (twin.tensor(A + segment.group), twin.tensor(A + count + segment.group));
        let x = groups
            .dropped(&x, segment.group, twin)?
            .narrow(0, segment.start, segment.len)?;
        let h = super::product(&x, &a.t()?)?; // (len, R)
        let update = (super::product(&h, &b.t()?)? * groups.scalings[segment.group])?;
        y = segments::added(&y, &update, segment)?;
        hidden.push(h.flatten_all()?);
    }
    let h = segments::joined(&hidden, &y)?;
    Ok(vec![y.reshape(twin.out(0).shape.dims())?, h])
}
