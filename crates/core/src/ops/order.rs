//! Sorting of rows.

use candle_core::{D, DType, Tensor};
use kernels::cpu::sort::{self as kernel, Ordered};

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use super::row::{Needs, Save};
use super::{index, own, table};
use crate::code::Code;
use crate::dtype::{Dtype, wrong_dtype};
use crate::error::{Error, Result};
use crate::memory::Pooled;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;
use crate::storage::Element;

/// `sort(x, k, descending)`: the first `k` of each row; -1 stands for all of them.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let x = context.shape(0);
    let Some((&n, rest)) = x.dims().split_last() else {
        return Err(context.shape_error("x with at least one dimension"));
    };
    let k = context.reader().number();
    if !(k == -1.0 || (k >= 0.0 && k.fract() == 0.0 && k <= n as f64)) {
        return Err(Error::new(Code::Option, "a row has fewer values than asked for")
            .expected(format!("a whole number from 0 to {n}"))
            .received(k.to_string())
            .hint("take no more values than the row has"));
    }
    let k = if k < 0.0 { n } else { k as usize };
    let shape = Shape::new(&[rest, &[k]].concat());
    Ok(Metas::from_iter([
        Meta::new(shape.clone(), context.dtype(0)),
        Meta::new(shape, Dtype::I64),
    ]))
}

/// The indexes.
pub fn save(_: Needs) -> Save {
    Save {
        inputs: 0,
        outputs: 0b10,
    }
}

/// CPU forward of `sort`.
pub fn sort(exec: &mut Exec<'_>) -> Result<Outputs> {
    match exec.dtype(0) {
        Dtype::F32 => run::<f32>(exec),
        Dtype::F64 => run::<f64>(exec),
        Dtype::I64 => run::<i64>(exec),
        Dtype::U8 | Dtype::Bool => run::<u8>(exec),
        other => Err(wrong_dtype(other)),
    }
}

fn run<T: Ordered + Pooled>(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (_, descending) = (attrs.number(), attrs.bool());
    let last = |shape: &Shape| shape.dims().last().copied().unwrap_or(1);
    let (n, k) = (last(exec.shape(0)), last(&exec.out(0).shape));
    let rows = exec.shape(0).numel() / n.max(1);
    let (mut values, mut indexes) = (exec.alloc::<T>(0)?, exec.alloc::<i64>(1)?);
    kernel::sort(&exec.read::<T>(0)?, rows, n, k, descending, &mut values, &mut indexes)?;
    Ok(outputs([T::wrap(values), <i64 as Element>::wrap(indexes)]))
}

/// `dx` is `dy` at the indexes that the values came from, else 0.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let (zeros, indexes, dy) = (index::zeros(back, 0)?, back.output(1), back.dy());
    let dx = back.op(&table::SCATTER_ADD, &[zeros, indexes, dy], &[-1.0])?;
    back.set(0, dx);
    Ok(())
}

/// Twin of `sort`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (_, descending) = (attrs.number(), attrs.bool());
    let (x, out) = (twin.tensor(0).contiguous()?, &twin.out(0).shape);
    if out.numel() == 0 {
        let empty = |dtype| Tensor::zeros(out.dims(), dtype, x.device());
        return Ok(vec![empty(x.dtype())?, empty(DType::I64)?]);
    }
    let k = out.dims().last().copied().unwrap_or(0);
    let places = own::order(&x, k, descending)?;
    Ok(vec![x.gather(&places, D::Minus1)?, places])
}
