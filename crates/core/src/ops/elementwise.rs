//! Arithmetic, comparisons and selection. All broadcast.

mod gradient;
mod twin;

use kernels::cpu::elementwise::{self as kernel, BinaryOp, CompareOp, Operand};

use super::context::{Exec, Outputs, ShapeContext, output};
use super::create::one;
use super::row::{Needs, Save};
use crate::dtype::Dtype;
use crate::error::Result;
use crate::meta::{Meta, Metas};
use crate::shape::broadcast;
use crate::{any, float};

pub use gradient::*;
pub use twin::*;

// ---- shape rules --------------------------------------------------------------------------------------------------------

/// Numbers of one dtype, broadcast; no arithmetic on booleans.
pub fn arithmetic_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same(&[0, 1])?;
    if dtype == Dtype::Bool {
        context.same_float(&[0])?;
    }
    Ok(one(Meta::new(broadcast(context.shape(0), context.shape(1))?, dtype)))
}

/// Floating-point numbers of one dtype, broadcast.
pub fn float_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0, 1])?;
    Ok(one(Meta::new(broadcast(context.shape(0), context.shape(1))?, dtype)))
}

/// Two operands of one dtype give booleans.
pub fn compare_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same(&[0, 1])?;
    Ok(one(Meta::new(
        broadcast(context.shape(0), context.shape(1))?,
        Dtype::Bool,
    )))
}

/// Booleans in, booleans out.
pub fn logical_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.want_dtype(0, Dtype::Bool)?;
    context.want_dtype(1, Dtype::Bool)?;
    compare_shape(context)
}

/// `where(cond, a, b)`.
pub fn where_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.want_dtype(0, Dtype::Bool)?;
    let dtype = context.same(&[1, 2])?;
    let shape = broadcast(&broadcast(context.shape(0), context.shape(1))?, context.shape(2))?;
    Ok(one(Meta::new(shape, dtype)))
}

/// `maskedFill(x, mask, value)`: the mask broadcasts to `x`, not the other way.
pub fn masked_fill_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.want_dtype(1, Dtype::Bool)?;
    context.dtype(0).check_value(context.reader().number())?;
    let shape = broadcast(context.shape(0), context.shape(1))?;
    if shape != *context.shape(0) {
        return Err(context.shape_error("a mask that broadcasts to x"));
    }
    Ok(one(Meta::new(shape, context.dtype(0))))
}

// ---- what backward needs --------------------------------------------------------------------------------------------------

/// Each operand needs the other.
pub fn save_other(needs: Needs) -> Save {
    Save {
        inputs: Needs::when(needs.input(0), &[1]) | Needs::when(needs.input(1), &[0]),
        outputs: 0,
    }
}

/// `da = dy / b`, `db = -dy · a / b²`.
pub fn save_for_div(needs: Needs) -> Save {
    Save {
        inputs: Needs::when(true, &[1]) | Needs::when(needs.input(1), &[0]),
        outputs: 0,
    }
}

/// `da = dy · b · a^(b-1)`, `db = dy · y · ln a`.
pub fn save_for_pow(needs: Needs) -> Save {
    Save {
        inputs: 0b11,
        outputs: Needs::when(needs.input(1), &[0]),
    }
}

/// Both operands.
pub fn save_both(_: Needs) -> Save {
    Save {
        inputs: 0b11,
        outputs: 0,
    }
}

/// The condition.
pub fn save_cond(_: Needs) -> Save {
    Save {
        inputs: 0b001,
        outputs: 0,
    }
}

/// The mask.
pub fn save_mask(_: Needs) -> Save {
    Save {
        inputs: 0b010,
        outputs: 0,
    }
}

// ---- forward --------------------------------------------------------------------------------------------------------------

fn binary(exec: &mut Exec<'_>, op: BinaryOp) -> Result<Outputs> {
    let shape = &exec.out(0).shape;
    let (sa, sb) = (
        exec.shape(0).broadcast_strides(shape),
        exec.shape(1).broadcast_strides(shape),
    );
    match exec.out(0).dtype {
        Dtype::I64 => {
            let mut y = exec.alloc::<i64>(0)?;
            let (a, b) = (exec.read::<i64>(0)?, exec.read::<i64>(1)?);
            kernel::binary_i64(op, shape.dims(), Operand::new(&a, &sa), Operand::new(&b, &sb), &mut y)?;
            Ok(output(y))
        }
        Dtype::U8 => {
            let mut y = exec.alloc::<u8>(0)?;
            let (a, b) = (widen_u8(&exec.read::<u8>(0)?), widen_u8(&exec.read::<u8>(1)?));
            let mut wide = kernels::alloc::filled(y.len(), 0i64);
            kernel::binary_i64(
                op,
                shape.dims(),
                Operand::new(&a, &sa),
                Operand::new(&b, &sb),
                &mut wide,
            )?;
            y.iter_mut().zip(wide).for_each(|(y, w)| *y = w as u8);
            Ok(output(y))
        }
        dtype => float!(dtype, T => {
            let mut y = exec.alloc::<T>(0)?;
            let (a, b) = (exec.read::<T>(0)?, exec.read::<T>(1)?);
            kernel::binary(op, shape.dims(), Operand::new(&a, &sa), Operand::new(&b, &sb), &mut y)?;
            Ok(output(y))
        }),
    }
}

fn widen_u8(x: &[u8]) -> Vec<i64> {
    let mut wide = kernels::alloc::with_capacity(x.len());
    wide.extend(x.iter().map(|&v| i64::from(v)));
    wide
}

fn compare(exec: &mut Exec<'_>, op: CompareOp) -> Result<Outputs> {
    let shape = &exec.out(0).shape;
    let (sa, sb) = (
        exec.shape(0).broadcast_strides(shape),
        exec.shape(1).broadcast_strides(shape),
    );
    let mut y = exec.alloc::<u8>(0)?;
    any!(exec.dtype(0), T => {
        let (a, b) = (exec.read::<T>(0)?, exec.read::<T>(1)?);
        kernel::compare(op, shape.dims(), Operand::new(&a, &sa), Operand::new(&b, &sb), &mut y)?;
    });
    Ok(output(y))
}

macro_rules! forwards {
    ($($name:ident = $run:ident($op:expr);)*) => {$(
        #[doc = concat!("CPU forward of `", stringify!($name), "`.")]
        pub fn $name(exec: &mut Exec<'_>) -> Result<Outputs> {
            $run(exec, $op)
        }
    )*};
}
forwards! {
    add = binary(BinaryOp::Add);
    sub = binary(BinaryOp::Sub);
    mul = binary(BinaryOp::Mul);
    div = binary(BinaryOp::Div);
    pow = binary(BinaryOp::Pow);
    maximum = binary(BinaryOp::Max);
    minimum = binary(BinaryOp::Min);
    eq = compare(CompareOp::Eq);
    ne = compare(CompareOp::Ne);
    lt = compare(CompareOp::Lt);
    le = compare(CompareOp::Le);
    gt = compare(CompareOp::Gt);
    ge = compare(CompareOp::Ge);
}

/// CPU forward of `logicalAnd`: on 0 and 1 it is the smaller.
pub fn logical_and(exec: &mut Exec<'_>) -> Result<Outputs> {
    logical(exec, |a, b| a & b)
}

/// CPU forward of `logicalOr`: on 0 and 1 it is the larger.
pub fn logical_or(exec: &mut Exec<'_>) -> Result<Outputs> {
    logical(exec, |a, b| a | b)
}

fn logical(exec: &mut Exec<'_>, combine: fn(u8, u8) -> u8) -> Result<Outputs> {
    let shape = &exec.out(0).shape;
    let n = shape.numel();
    let mut y = exec.alloc::<u8>(0)?;
    let mut b_full = exec.scratch::<u8>(n)?;
    expand_bytes(&exec.read::<u8>(0)?, exec.shape(0), shape, &mut y)?;
    expand_bytes(&exec.read::<u8>(1)?, exec.shape(1), shape, &mut b_full)?;
    y.iter_mut().zip(&b_full).for_each(|(y, b)| *y = combine(*y, *b));
    exec.give(b_full);
    Ok(output(y))
}

fn expand_bytes(x: &[u8], from: &crate::shape::Shape, to: &crate::shape::Shape, y: &mut [u8]) -> Result<()> {
    let strides: Vec<isize> = from.broadcast_strides(to).iter().map(|&s| s as isize).collect();
    Ok(kernels::cpu::strided::gather_strided(x, 0, &strides, to.dims(), y)?)
}

/// CPU forward of `where`.
pub fn where_forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let shape = &exec.out(0).shape;
    let strides = |i: usize| exec.shape(i).broadcast_strides(shape);
    let (sc, sa, sb) = (strides(0), strides(1), strides(2));
    any!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        let (c, a, b) = (exec.read::<u8>(0)?, exec.read::<T>(1)?, exec.read::<T>(2)?);
        kernel::where_(shape.dims(), Operand::new(&c, &sc), Operand::new(&a, &sa), Operand::new(&b, &sb), &mut y)?;
        Ok(output(y))
    })
}

/// CPU forward of `maskedFill`.
pub fn masked_fill(exec: &mut Exec<'_>) -> Result<Outputs> {
    let shape = &exec.out(0).shape;
    let strides = |i: usize| exec.shape(i).broadcast_strides(shape);
    let (sx, sm) = (strides(0), strides(1));
    let zero_strides = vec![0; shape.rank()];
    let value = exec.reader().number();
    match exec.out(0).dtype {
        Dtype::I64 => {
            let mut y = exec.alloc::<i64>(0)?;
            kernel::where_(
                shape.dims(),
                Operand::new(&exec.read::<u8>(1)?, &sm),
                Operand::new(&[value as i64], &zero_strides),
                Operand::new(&exec.read::<i64>(0)?, &sx),
                &mut y,
            )?;
            Ok(output(y))
        }
        Dtype::U8 | Dtype::Bool => {
            let mut y = exec.alloc::<u8>(0)?;
            kernel::where_(
                shape.dims(),
                Operand::new(&exec.read::<u8>(1)?, &sm),
                Operand::new(&[value as u8], &zero_strides),
                Operand::new(&exec.read::<u8>(0)?, &sx),
                &mut y,
            )?;
            Ok(output(y))
        }
        dtype => float!(dtype, T => {
            let mut y = exec.alloc::<T>(0)?;
            let (mask, x, value) = (exec.read::<u8>(1)?, exec.read::<T>(0)?, [value as T]);
            kernel::where_(shape.dims(), Operand::new(&mask, &sm), Operand::new(&value, &zero_strides), Operand::new(&x, &sx), &mut y)?;
            Ok(output(y))
        }),
    }
}
