//! Gradient rules of arithmetic and selection.

use crate::error::Result;
use crate::meta::Id;
use crate::ops::back::Back;
use crate::ops::row::OpRow;
use crate::ops::table;

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
    let meta = back.meta_of(id).clone();
    let mut attrs = vec![meta.shape.rank() as f64];
    attrs.extend(meta.shape.dims().iter().map(|&d| d as f64));
    attrs.extend([0.0, f64::from(meta.dtype as u8)]);
    back.op(&table::FULL, &[], &attrs)
}

/// The selected operand gets the gradient; a tie gives half to each.
pub fn maximum_backward(back: &mut Back<'_>) -> Result<()> {
    extreme_backward(back, [&table::GT, &table::LT])
}

/// As [`maximum_backward`].
pub fn minimum_backward(back: &mut Back<'_>) -> Result<()> {
    extreme_backward(back, [&table::LT, &table::GT])
}

fn extreme_backward(back: &mut Back<'_>, wins: [&'static OpRow; 2]) -> Result<()> {
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

/// Filled elements get no gradient.
pub fn masked_fill_backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, mask) = (back.dy(), back.input(1));
    let dx = back.op(&table::MASKED_FILL, &[dy, mask], &[0.0])?;
    back.set(0, dx);
    Ok(())
}

/// A saved half-precision operand, widened to meet its f32 gradient.
pub fn wide(back: &mut Back<'_>, id: Id) -> Result<Id> {
    let dtype = back.meta_of(id).dtype;
    if dtype.is_half() {
        back.op(&table::CAST, &[id], &[f64::from(dtype.wide() as u8)])
    } else {
        Ok(id)
    }
}
