//! Reshape: the one op whose result is a view.

use candle_core::Tensor;
use smallvec::SmallVec;

use super::back::Back;
use super::context::{Exec, Output, Outputs, ShapeContext, Twin};
use super::create::one;
use crate::error::Result;
use crate::meta::{Meta, Metas};
use crate::shape::{Shape, show_sizes};

/// One size may be -1: it is computed from the others.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let wanted = context.reader().dims();
    let numel = context.shape(0).numel();
    let unfit = || {
        context.shape_error(format!(
            "a shape of {numel} elements, one size may be -1; asked for {}",
            show_sizes(wanted)
        ))
    };
    let mut dims: SmallVec<[usize; 5]> = SmallVec::new();
    let mut open = None;
    for (i, &d) in wanted.iter().enumerate() {
        match d {
            d if d >= 0.0 && d.fract() == 0.0 => dims.push(d as usize),
            -1.0 if open.is_none() => {
                open = Some(i);
                dims.push(1);
            }
            _ => return Err(unfit()),
        }
    }
    let known = Shape::checked_numel(&dims).ok_or_else(unfit)?;
    if let Some(i) = open {
        if known == 0 || !numel.is_multiple_of(known) {
            return Err(unfit());
        }
        dims[i] = numel / known;
    } else if known != numel {
        return Err(unfit());
    }
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0))))
}

/// A view.
pub fn forward(_: &mut Exec<'_>) -> Result<Outputs> {
    Ok(Outputs::from_iter([Output::Alias(0)]))
}

/// Twin of `reshape` (the executor makes a view without asking).
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![twin.tensor(0).reshape(twin.out(0).shape.dims())?])
}

/// `dx` is `dy` in the old shape.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, shape) = (back.dy(), back.shape(0));
    let dx = back.reshape(dy, &shape)?;
    back.set(0, dx);
    Ok(())
}
