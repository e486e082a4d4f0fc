//! Two operands: arithmetic, comparisons, choice. All broadcast.

use candle_core::Tensor;
use kernels::cpu::elementwise::{self as kernel, BinaryOp, CompareOp, Operand};

use super::create::one;
use super::row::{Meta, Metas, Needs, Save, ShapeContext};
use super::table;
use super::twins::{broadcast_pair, full_like, truth};
use crate::dtype::Dtype;
use crate::entry::Id;
use crate::error::Result;
use crate::exec::{Exec, Outputs, Twin, output};
use crate::shape::broadcast;
use crate::tape::Back;
use crate::{any, float};

// ---- shape rules --------------------------------------------------------------------------------------------------------

/// Numbers of one dtype, broadcast; no arithmetic on truth values.
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

/// Two operands of one dtype give truth values.
pub fn compare_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same(&[0, 1])?;
    Ok(one(Meta::new(
        broadcast(context.shape(0), context.shape(1))?,
        Dtype::Bool,
    )))
}

/// Truth values in, truth values out.
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

/// `maskedFill(x, mask, value)`: the mask broadcasts to `x`, never the other way.
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

// ---- backward -------------------------------------------------------------------------------------------------------------

/// `da = dy`, `db = dy`, summed over broadcast dimensions.
pub fn add_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    for i in 0..2 {
        if back.needs(i) {
            back.set_reduced(i, dy)?;
        }
    }
    Ok(())
}

/// `da = dy`, `db = -dy`.
pub fn sub_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    if back.needs(0) {
        back.set_reduced(0, dy)?;
    }
    if back.needs(1) {
        let shape = back.shape(1);
        let sum = back.reduce_to(dy, &shape)?;
        let negative = back.affine(sum, -1.0, 0.0)?;
        back.set(1, negative);
    }
    Ok(())
}

/// `da = dy · b`, `db = dy · a`.
pub fn mul_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    for (i, other) in [(0, 1), (1, 0)] {
        if back.needs(i) {
            let factor = wide(back, back.input(other))?;
            let product = back.op(&table::MUL, &[dy, factor], &[])?;
            back.set_reduced(i, product)?;
        }
    }
    Ok(())
}

/// `da = dy / b`, `db = -dy · a / b²`.
pub fn div_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    let b = wide(back, back.input(1))?;
    let da = back.op(&table::DIV, &[dy, b], &[])?;
    if back.needs(0) {
        back.set_reduced(0, da)?;
    }
    if back.needs(1) {
        let a = wide(back, back.input(0))?;
        let product = back.op(&table::MUL, &[da, a], &[])?;
        let quotient = back.op(&table::DIV, &[product, b], &[])?;
        let negative = back.affine(quotient, -1.0, 0.0)?;
        back.set_reduced(1, negative)?;
    }
    Ok(())
}

/// `da = dy · b · a^(b-1)`, `db = dy · y · ln a`.
pub fn pow_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    let (a, b) = (wide(back, back.input(0))?, wide(back, back.input(1))?);
    if back.needs(0) {
        let lower = back.affine(b, 1.0, -1.0)?;
        let power = back.op(&table::POW, &[a, lower], &[])?;
        let slope = back.op(&table::MUL, &[b, power], &[])?;
        let da = back.op(&table::MUL, &[dy, slope], &[])?;
        back.set_reduced(0, da)?;
    }
    if back.needs(1) {
        let y = wide(back, back.output(0))?;
        let log = back.op(&table::LOG, &[a], &[])?;
        let slope = back.op(&table::MUL, &[y, log], &[])?;
        let db = back.op(&table::MUL, &[dy, slope], &[])?;
        // 0 to any power is 0: the slope in b is 0 there, not 0 · -inf.
        let y_zero = zeros_like(back, y)?;
        let is_zero = back.op(&table::EQ, &[y, y_zero], &[])?;
        let masked = back.op(&table::MASKED_FILL, &[db, is_zero], &[0.0])?;
        back.set_reduced(1, masked)?;
    }
    Ok(())
}

fn zeros_like(back: &mut Back<'_>, id: Id) -> Result<Id> {
    let meta = back.recorder.values.meta(id).clone();
    let mut attrs = vec![meta.shape.rank() as f64];
    attrs.extend(meta.shape.dims().iter().map(|&d| d as f64));
    attrs.extend([0.0, f64::from(meta.dtype as u8)]);
    back.op(&table::FULL, &[], &attrs)
}

/// The winner gets the gradient; a tie gives half to each.
pub fn maximum_backward(back: &mut Back<'_>) -> Result<()> {
    extreme_backward(back, [&table::GT, &table::LT])
}

/// As [`maximum_backward`].
pub fn minimum_backward(back: &mut Back<'_>) -> Result<()> {
    extreme_backward(back, [&table::LT, &table::GT])
}

fn extreme_backward(back: &mut Back<'_>, wins: [&'static super::row::OpRow; 2]) -> Result<()> {
    let dy = back.dy();
    let dtype = f64::from(back.grad_dtype(0) as u8);
    let (a, b) = (back.input(0), back.input(1));
    let tie = back.op(&table::EQ, &[a, b], &[])?;
    let tie = back.op(&table::CAST, &[tie], &[dtype])?;
    let half = back.affine(tie, 0.5, 0.0)?;
    for (i, win) in wins.into_iter().enumerate() {
        if back.needs(i) {
            let won = back.op(win, &[a, b], &[])?;
            let won = back.op(&table::CAST, &[won], &[dtype])?;
            let share = back.op(&table::ADD, &[won, half], &[])?;
            let grad = back.op(&table::MUL, &[dy, share], &[])?;
            back.set_reduced(i, grad)?;
        }
    }
    Ok(())
}

/// `da` where the condition holds, `db` elsewhere.
pub fn where_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    let cond = back.input(0);
    for i in [1, 2] {
        if back.needs(i) {
            let zero = scalar(back, 0.0, i)?;
            let pair = if i == 1 { [cond, dy, zero] } else { [cond, zero, dy] };
            let grad = back.op(&table::WHERE, &pair, &[])?;
            back.set_reduced(i, grad)?;
        }
    }
    Ok(())
}

fn scalar(back: &mut Back<'_>, value: f64, like: usize) -> Result<Id> {
    let dtype = f64::from(back.grad_dtype(like) as u8);
    back.op(&table::FULL, &[], &[0.0, value, dtype])
}

/// Filled places get none.
pub fn masked_fill_backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, mask) = (back.dy(), back.input(1));
    let dx = back.op(&table::MASKED_FILL, &[dy, mask], &[0.0])?;
    back.set(0, dx);
    Ok(())
}

/// A saved half-precision operand, widened to meet its f32 gradient.
pub fn wide(back: &mut Back<'_>, id: Id) -> Result<Id> {
    let dtype = back.recorder.values.meta(id).dtype;
    if dtype.is_half() {
        back.op(&table::CAST, &[id], &[f64::from(dtype.wide() as u8)])
    } else {
        Ok(id)
    }
}

// ---- twins ----------------------------------------------------------------------------------------------------------------

macro_rules! twins {
    ($($name:ident = $method:ident;)*) => {$(
        #[doc = concat!("Twin of `", stringify!($method), "`.")]
        pub fn $name(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
            let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
            Ok(vec![a.$method(&b)?])
        }
    )*};
}
twins! {
    add_twin = add;
    sub_twin = sub;
    mul_twin = mul;
    div_twin = div;
    maximum_twin = maximum;
    minimum_twin = minimum;
    eq_twin = eq;
    ne_twin = ne;
    lt_twin = lt;
    le_twin = le;
    gt_twin = gt;
    ge_twin = ge;
}

/// Twin of `pow`: candle's own is `e^(b ln a)` and knows neither negative bases nor 0 to the power 0.
pub fn pow_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
    let (a, b) = (a.contiguous()?, b.contiguous()?);
    let size = (&b * a.abs()?.log()?)?.exp()?;
    let half = b.affine(0.5, 0.0)?;
    let (whole, even) = (b.floor()?.eq(&b)?, half.floor()?.eq(&half)?);
    let signed = even.where_cond(&size, &size.neg()?)?;
    let of_negative = whole.where_cond(&signed, &full_like(&a, f64::NAN)?)?;
    let y = a.lt(0.0)?.where_cond(&of_negative, &size)?;
    Ok(vec![b.eq(0.0)?.where_cond(&full_like(&a, 1.0)?, &y)?])
}

/// Twin of `logicalAnd`.
pub fn logical_and_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
    Ok(vec![a.minimum(&b)?])
}

/// Twin of `logicalOr`.
pub fn logical_or_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
    Ok(vec![a.maximum(&b)?])
}

/// Twin of `where`.
pub fn where_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let dims = twin.out(0).shape.dims();
    let cond = truth(twin.tensor(0))?.broadcast_as(dims)?.contiguous()?;
    let a = twin.tensor(1).broadcast_as(dims)?.contiguous()?;
    let b = twin.tensor(2).broadcast_as(dims)?.contiguous()?;
    Ok(vec![cond.where_cond(&a, &b)?])
}

/// Twin of `maskedFill`.
pub fn masked_fill_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let mask = truth(twin.tensor(1))?.broadcast_as(x.shape())?.contiguous()?;
    Ok(vec![mask.where_cond(&full_like(x, twin.reader().number())?, x)?])
}
