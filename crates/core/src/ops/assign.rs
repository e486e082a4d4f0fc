//! Many tensors overwritten at once: what a load or a running statistic changes is all there afterwards, or all as it was.

use candle_core::Tensor;

use super::context::{Exec, Outputs, ShapeContext, Twin};
use super::inplace::copy_same;
use crate::any;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::Metas;

/// As many sources as targets, each of the shape of its target.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let lengths = context.lists();
    let count = lengths[0];
    if lengths[1] != count {
        return Err(Error::new(Code::Shape, "assign: the lists differ in length")
            .expected(format!("{count} sources, one for each target"))
            .received(lengths[1].to_string())
            .hint("please report this"));
    }
    for i in 0..count {
        if context.shape(i) != context.shape(count + i) {
            return Err(
                Error::new(Code::Shape, "assign: a source does not have the shape of its target")
                    .expected(context.shape(i).to_string())
                    .received(context.shape(count + i).to_string())
                    .hint("pass a tensor of that shape"),
            );
        }
    }
    Ok(Metas::new())
}

/// CPU forward of `assign`.
pub fn assign(exec: &mut Exec<'_>) -> Result<Outputs> {
    let count = exec.lists()[0];
    // Whatever can fail is tried before the first number changes.
    for i in 0..count {
        any!(exec.dtype(i), T => drop(exec.write::<T>(i)?));
        any!(exec.dtype(count + i), T => drop(exec.read::<T>(count + i)?));
    }
    for i in 0..count {
        copy_same(exec, i, count + i)?;
    }
    Ok(Outputs::new())
}

/// Twin of `assign`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let count = twin.lists()[0];
    for i in 0..count {
        twin.change(i, twin.tensor(count + i))?;
    }
    Ok(Vec::new())
}
