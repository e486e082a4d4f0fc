//! Rotary position embedding (RoPE).

use candle_core::{D, Tensor};
use kernels::cpu::rope::{self as kernel, HeadLayout, RopeDims, RopeOperands, RopeOptions};

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::row::{Needs, Save};
use super::table;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;

const X: usize = 0;
const COS: usize = 1;
const SIN: usize = 2;
const POSITIONS: usize = 3;

/// Sizes of x: layout 0 is (B, H, T, D), 1 is (B, T, H, D).
fn dims_of(x: &Shape, layout: HeadLayout) -> RopeDims {
    let s = x.dims();
    match layout {
        HeadLayout::Bhtd => RopeDims {
            batch: s[0],
            heads: s[1],
            tokens: s[2],
            d: s[3],
        },
        HeadLayout::Bthd => RopeDims {
            batch: s[0],
            tokens: s[1],
            heads: s[2],
            d: s[3],
        },
    }
}

fn layout(number: f64) -> Result<HeadLayout> {
    match number {
        0.0 => Ok(HeadLayout::Bhtd),
        1.0 => Ok(HeadLayout::Bthd),
        other => Err(Error::new(Code::Option, "unknown layout of heads")
            .expected("0 for (B, H, T, D), or 1 for (B, T, H, D)")
            .received(other.to_string())
            .hint("please report this")),
    }
}

/// `x` (B, H, T, D) or (B, T, H, D), `cos` and `sin` (P, D/2), positions (B, T) → as `x`.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[X])?;
    for i in [COS, SIN] {
        if context.dtype(i).wide() != dtype.wide() {
            context.want_dtype(i, dtype.wide())?;
        }
    }
    context.want_dtype(POSITIONS, Dtype::I64)?;
    let (x, cos, sin) = (context.shape(X), context.shape(COS), context.shape(SIN));
    let layout = layout(context.reader().number())?;
    if x.rank() != 4 {
        return Err(context.shape_error("x with 4 dimensions: (B, H, T, D) in layout 0, (B, T, H, D) in layout 1"));
    }
    let RopeDims { batch, tokens, d, .. } = dims_of(x, layout);
    if d % 2 != 0 || cos.rank() != 2 || cos.last() != d / 2 || sin != cos {
        return Err(context
            .shape_error(format!(
                "cos and sin (positions, {}) for heads of an even size {d}",
                d / 2
            ))
            .hint("one column per pair of features; a table (P, D) holds each column twice: take its first half"));
    }
    match context.inputs[POSITIONS] {
        Some(positions) if positions.shape.dims() != [batch, tokens] => {
            return Err(context.shape_error(format!("positions ({batch}, {tokens}): one for each token")));
        }
        None if tokens > cos.dims()[0] => {
            return Err(context
                .shape_error(format!("tables of at least {tokens} positions"))
                .hint("the sequence is longer than the tables: build them for more positions"));
        }
        _ => {}
    }
    Ok(one(Meta::new(x.clone(), dtype)))
}

/// Rotates each pair of features by the angle of its position; `inverse` rotates back.
///
/// Pair p is (p, p + D/2), or (2p, 2p + 1) when interleaved. Source: Su et al. 2021.
pub fn rope(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (layout, interleaved, inverse) = (layout(attrs.number())?, attrs.bool(), attrs.bool());
    let dims = dims_of(exec.shape(X), layout);
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        let (x, cos, sin) = (exec.read::<T>(X)?, exec.read::<T>(COS)?, exec.read::<T>(SIN)?);
        let positions = exec.read_optional::<i64>(POSITIONS)?;
        let operands = RopeOperands { x: &x, cos: &cos, sin: &sin, positions: positions.as_deref() };
        kernel::rope(dims, operands, RopeOptions { layout, interleaved, inverse }, &mut y)?;
        Ok(output(y))
    })
}

/// The tables and the positions.
pub fn save(_: Needs) -> Save {
    Save {
        inputs: 1 << COS | 1 << SIN | 1 << POSITIONS,
        outputs: 0,
    }
}

/// The gradient is rotated back, the transposed map. The tables are constants.
pub fn rope_backward(back: &mut Back<'_>) -> Result<()> {
    let mut attrs = back.reader();
    let (layout, interleaved, inverse) = (attrs.number(), attrs.number(), attrs.bool());
    let inputs = [
        back.dy(),
        back.input(COS),
        back.input(SIN),
        back.input_or_none(POSITIONS),
    ];
    let dx = back.op(
        &table::ROPE,
        &inputs,
        &[layout, interleaved, f64::from(u8::from(!inverse))],
    )?;
    back.set(X, dx);
    Ok(())
}

/// Twin of `rope`.
pub fn rope_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (layout, interleaved, inverse) = (layout(attrs.number())?, attrs.bool(), attrs.bool());
    let x = twin.tensor(X);
    if x.elem_count() == 0 {
        return Ok(vec![x.clone()]);
    }
    let half = x.dim(3)? / 2;
    let (cos, sin) = (angles(twin, COS, layout)?, angles(twin, SIN, layout)?);
    let sin = if inverse { sin.neg()? } else { sin };
    let (u, v) = if interleaved {
        let pairs = x.reshape((x.dim(0)?, x.dim(1)?, x.dim(2)?, half, 2))?;
        (pairs.narrow(4, 0, 1)?.squeeze(4)?, pairs.narrow(4, 1, 1)?.squeeze(4)?)
    } else {
        (x.narrow(3, 0, half)?, x.narrow(3, half, half)?)
    };
    let turned_u = (u.broadcast_mul(&cos)? - v.broadcast_mul(&sin)?)?;
    let turned_v = (v.broadcast_mul(&cos)? + u.broadcast_mul(&sin)?)?;
    let y = if interleaved {
        Tensor::stack(&[turned_u, turned_v], D::Minus1)?
    } else {
        Tensor::cat(&[turned_u, turned_v], 3)?
    };
    Ok(vec![y.reshape(x.dims())?])
}

/// The rows of a table that belong to the tokens of x: (B or 1, T, D/2) with the dimension of the heads inserted.
fn angles(twin: &Twin<'_>, i: usize, layout: HeadLayout) -> Result<Tensor> {
    let RopeDims { batch, tokens, .. } = dims_of(&twin.out(0).shape, layout);
    let table = twin.tensor(i);
    let rows = match twin.optional(POSITIONS) {
        Some(positions) => table
            .index_select(&positions.flatten_all()?, 0)?
            .reshape((batch, tokens, ()))?,
        None => table.narrow(0, 0, tokens)?.unsqueeze(0)?,
    };
    Ok(rows.unsqueeze(if layout == HeadLayout::Bhtd { 1 } else { 2 })?)
}
