//! Running sums.

use candle_core::{DType, Tensor};
use kernels::cpu::axis::AxisDims;
use kernels::cpu::scan as kernel;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::table;
use crate::dtype::Dtype;
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;

/// `cumsum(x, dim, reverse)`; sums of integers and booleans are i64.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (shape, dtype) = (context.shape(0), context.dtype(0));
    shape.dim(context.reader().number())?;
    let dtype = if dtype.is_float() { dtype } else { Dtype::I64 };
    Ok(one(Meta::new(shape.clone(), dtype)))
}

/// CPU forward of `cumsum`.
pub fn cumsum(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (dim, reverse) = (exec.shape(0).dim(attrs.number())?, attrs.bool());
    let (outer, n, inner) = exec.shape(0).split_at(dim);
    let dims = AxisDims { outer, n, inner };
    match exec.dtype(0) {
        Dtype::I64 => {
            let mut y = exec.alloc::<i64>(0)?;
            kernel::cumsum_integers(dims, &exec.read::<i64>(0)?, reverse, &mut y)?;
            Ok(output(y))
        }
        Dtype::U8 | Dtype::Bool => {
            let mut y = exec.alloc::<i64>(0)?;
            kernel::cumsum_integers(dims, &exec.read::<u8>(0)?, reverse, &mut y)?;
            Ok(output(y))
        }
        dtype => float!(dtype, T => {
            let mut y = exec.alloc::<T>(0)?;
            kernel::cumsum(dims, &exec.read::<T>(0)?, reverse, &mut y)?;
            Ok(output(y))
        }),
    }
}

/// `dx` is the running sum of `dy` from the other end.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let mut attrs = back.reader();
    let (dim, reverse) = (attrs.number(), attrs.bool());
    let dy = back.dy();
    let dx = back.op(&table::CUMSUM, &[dy], &[dim, f64::from(u8::from(!reverse))])?;
    back.set(0, dx);
    Ok(())
}

/// Twin of `cumsum`, in f64, or in i64 for integers.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let x = twin.tensor(0);
    let (dim, reverse) = (Shape::new(x.dims()).dim(attrs.number())?, attrs.bool());
    let dtype = twin.out(0).dtype.wide().candle();
    if x.rank() == 0 || x.elem_count() == 0 {
        return Ok(vec![x.to_dtype(dtype)?]);
    }
    let exact = if dtype == DType::I64 { DType::I64 } else { DType::F64 };
    Ok(vec![running(&x.to_dtype(exact)?, dim, reverse)?.to_dtype(dtype)?])
}

/// Sums from the start of a dimension, or from its end, in as many additions as the length has binary digits: after each, an element holds the sum of twice as many.
pub(super) fn running(x: &Tensor, dim: usize, reverse: bool) -> Result<Tensor> {
    let (mut sums, n, mut reach) = (x.contiguous()?, x.dim(dim)?, 1);
    while reach < n {
        let rest = n - reach;
        let (kept, from, to) = if reverse { (rest, reach, 0) } else { (0, 0, reach) };
        let added = (sums.narrow(dim, to, rest)? + sums.narrow(dim, from, rest)?)?;
        let kept = sums.narrow(dim, kept, reach)?;
        let parts = if reverse { [added, kept] } else { [kept, added] };
        sums = Tensor::cat(&parts, dim)?;
        reach *= 2;
    }
    Ok(sums)
}
