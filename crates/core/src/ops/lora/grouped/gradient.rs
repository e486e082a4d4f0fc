//! The gradients of a layer in which each row has its own update.

use candle_core::Tensor;
use kernels::cpu::linear::LinearWeight;
use kernels::cpu::lora::{self as kernel, GroupedDims, GroupedGradients, GroupedOperands};
use smallvec::SmallVec;

use super::super::super::linear::{Weight, Wide, out_in, rows, times};
use super::super::super::table;
use super::super::product;
use super::call::{self, Options, count, options};
use super::segments::{added, check_factors};
use crate::error::Result;
use crate::float;
use crate::meta::{Id, Meta, Metas};
use crate::ops::attrs::AttrReader;
use crate::ops::back::Back;
use crate::ops::context::{Exec, Output, Outputs, ShapeContext, Twin};
use crate::ops::cost::Shapes;
use crate::shape::Shape;
use crate::storage::Element;

const DY: usize = 0;
const X: usize = 1;
const H: usize = 2;
/// The weight of the base; given when dx is wanted.
const WEIGHT: usize = 3;
const A: usize = 4;

/// Bits of the `needs` attribute for each group; that of dx is whether the weight was given.
const DA: u32 = 1;
const DB: u32 = 2;

/// Records the gradient op of a layer with `count` groups, and sets the gradients.
pub(super) fn record(back: &mut Back<'_>, dy: Id, count: usize) -> Result<()> {
    let (first_a, first_b) = (call::A, call::A + count);
    let wants_a: SmallVec<[bool; 8]> = (0..count).map(|g| back.needs(first_a + g)).collect();
    let wants_b: SmallVec<[bool; 8]> = (0..count).map(|g| back.needs(first_b + g)).collect();
    let [some_a, some_b] = [&wants_a, &wants_b].map(|wants| wants.contains(&true));
    let wants_x = back.needs(call::X);
    if !wants_x && !some_a && !some_b {
        return Ok(());
    }
    let mut inputs: SmallVec<[Id; 8]> = SmallVec::from_slice(&[
        dy,
        if some_a { back.input(call::X) } else { 0 },
        if some_b { back.output(call::H) } else { 0 },
        if wants_x { back.input(call::WEIGHT) } else { 0 },
    ]);
    inputs.extend((0..2 * count).map(|i| back.input(first_a + i)));
    // The lengths of the lists and all attributes of the forward op, then what is wanted of each group.
    let mut attrs = back.attrs();
    attrs.push(count as f64);
    let bit = |wanted: bool, bit: u32| if wanted { bit } else { 0 };
    attrs.extend((0..count).map(|g| f64::from(bit(wants_a[g], DA) | bit(wants_b[g], DB))));
    let grads = back.replay(&table::LORA_GROUPED_BACKWARD, &inputs, &attrs, back.rng())?;
    if wants_x {
        back.set(call::X, grads[0]);
    }
    for g in 0..count {
        if wants_a[g] {
            back.set(first_a + g, grads[1 + g]);
        }
        if wants_b[g] {
            back.set(first_b + g, grads[1 + count + g]);
        }
    }
    Ok(())
}

/// Reads the attributes: those of the forward op, then the needs of each group.
fn wanted(attrs: AttrReader<'_>, m: usize, count: usize) -> Result<(Options, SmallVec<[u32; 8]>)> {
    let mut rest = attrs;
    for _ in 0..3 {
        rest.numbers();
    }
    rest.number();
    Ok((
        options(attrs, m, count)?,
        rest.numbers().iter().map(|&bits| bits as u32).collect(),
    ))
}

/// `dx (..., K)`, then `da` (R, K) and then `db` (N, R) of each group; what is not wanted is empty.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dy, count) = (context.meta(DY), count(&context.lists()[1..])?);
    let (_, needs) = wanted(context.reader(), dy.shape.rows(), count)?;
    let (n, k) = (dy.shape.last(), context.shape(A).last());
    let dtype = dy.dtype.wide();
    check_factors(context, A, count, dtype, (n, k))?;
    let meta =
        |is_wanted: bool, shape: &Shape| Meta::new(if is_wanted { shape.clone() } else { Shape::new(&[0]) }, dtype);
    let mut metas = Metas::from_iter([meta(context.inputs[WEIGHT].is_some(), &dy.shape.with_last(k))]);
    metas.extend((0..count).map(|g| meta(needs[g] & DA != 0, context.shape(A + g))));
    metas.extend((0..count).map(|g| meta(needs[g] & DB != 0, context.shape(A + count + g))));
    Ok(metas)
}

/// The random blocks of the forward pass.
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    let (rows, count) = (context.shape(DY).rows(), count(&context.lists()[1..])?);
    let (options, _) = wanted(context.reader(), rows, count)?;
    Ok(options.groups.random_blocks(rows * context.shape(A).last()))
}

/// Multiplications of `loraGroupedBackward`: the product over the weight, and four over the factors of each row, of the mean size of a group.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    let rows = shapes.numel(DY)? / shapes.last(DY)?;
    let factors: f64 = (A..shapes.inputs.len()).filter_map(|i| shapes.numel(i)).sum();
    let count = ((shapes.inputs.len() - A) / 2).max(1) as f64;
    Some(rows * (shapes.numel(WEIGHT).unwrap_or(0.0) + 2.0 * factors / count))
}

/// Only what is wanted is computed. x may be missing when no dA is wanted, h when no dB is.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (m, n, k) = (exec.shape(DY).rows(), exec.shape(DY).last(), exec.shape(A).last());
    let count = exec.lists()[4];
    let (Options { groups, layout }, needs) = wanted(exec.reader(), m, count)?;
    let rng = exec.rng();
    float!(exec.out(0).dtype, T => {
        let dy = exec.read::<T>(DY)?;
        let x = Wide::<T>::read_or_blank(exec, X, m * k)?;
        let factors = groups.read::<T>(exec, A)?;
        let list = groups.kernel(&factors, &groups.ranks(exec, A), rng);
        let dims = GroupedDims { m, k, n, segments: &groups.segments };
        let h = Wide::<T>::read_or_blank(exec, H, dims.hidden(&list))?;
        let mut all = (0..=2 * count).map(|i| exec.alloc::<T>(i)).collect::<Result<Vec<_>>>()?;
        let (dx, rest) = all.split_first_mut().expect("dx comes first");
        let (da, db) = rest.split_at_mut(count);
        let some = |bit: u32| needs.iter().map(move |needs| needs & bit != 0);
        let gradients = GroupedGradients {
            dx: exec.has(WEIGHT).then_some(&mut dx[..]),
            da: da.iter_mut().zip(some(DA)).map(|(da, wanted)| wanted.then_some(&mut da[..])).collect(),
            db: db.iter_mut().zip(some(DB)).map(|(db, wanted)| wanted.then_some(&mut db[..])).collect(),
        };
        let weight = if exec.has(WEIGHT) { Some(Weight::read(exec, WEIGHT)?) } else { None };
        let weight = weight.as_ref().map(|weight| LinearWeight { values: weight.factor(exec.precision()), layout });
        kernel::lora_grouped_backward(dims, GroupedOperands { x: &x, groups: &list }, weight, &h, &dy, gradients)?;
        drop(list);
        x.give(exec);
        h.give(exec);
        Ok(all.into_iter().map(|grad| Output::New(T::wrap(grad))).collect())
    })
}

/// Twin of `loraGroupedBackward`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let dy = rows(&twin.wide(DY)?)?; // (M, N)
    let count = twin.lists()[4];
    let (Options { groups, layout }, needs) = wanted(twin.reader(), dy.dim(0)?, count)?;
    let mut dx = match twin.optional(WEIGHT) {
        Some(weight) => Some(times(&dy, &out_in(weight, layout)?)?),
        None => None,
    };
    let nothing = Tensor::zeros(&[0], dy.dtype(), dy.device())?;
    let start = |i: usize, bit: u32, g: usize| -> Result<Tensor> {
        Ok(if needs[g] & bit != 0 {
            twin.tensor(i).zeros_like()?
        } else {
            nothing.clone()
        })
    };
    let mut da = (0..count).map(|g| start(A + g, DA, g)).collect::<Result<Vec<_>>>()?;
    let mut db = (0..count)
        .map(|g| start(A + count + g, DB, g))
        .collect::<Result<Vec<_>>>()?;
    let mut at = 0;
    for segment in &groups.segments {
        let g = segment.group;
        let (a, b, scaling) = (twin.tensor(A + g), twin.tensor(A + count + g), groups.scalings[g]);
        let own = dy.narrow(0, segment.start, segment.len)?; // (len, N)
        let dh = (product(&own, b)? * scaling)?; // (len, R)
        if needs[g] & DB != 0 {
            let len = segment.len * a.dim(0)?;
            let h = twin.wide(H)?.narrow(0, at, len)?.reshape((segment.len, a.dim(0)?))?;
            db[g] = (&db[g] + (product(&own.t()?, &h)? * scaling)?)?;
        }
        at += segment.len * a.dim(0)?;
        if needs[g] & DA != 0 {
            let x = groups.dropped(&rows(&twin.wide(X)?)?, g, twin)?;
            da[g] = (&da[g] + product(&dh.t()?, &x.narrow(0, segment.start, segment.len)?)?)?;
        }
        if let Some(so_far) = dx {
            // The mask is that of all rows.
            let all = added(&so_far.zeros_like()?, &product(&dh, a)?, segment)?;
            dx = Some((so_far + groups.dropped(&all, g, twin)?)?);
        }
    }
    let dx = match dx {
        Some(dx) => dx.reshape(twin.out(0).shape.dims())?,
        None => nothing,
    };
    Ok([vec![dx], da, db].concat())
}
