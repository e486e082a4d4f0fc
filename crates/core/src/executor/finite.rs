//! Anomaly mode: finds the first op that produces a NaN or an infinity.

use smallvec::SmallVec;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::ops::row::{Mutates, OpRow};
use crate::recorder::StreamId;
use crate::shape::Shape;
use crate::storage::Value;

use super::call::Call;
use super::changes::Changes;
use super::thread::Executor;

/// Indexes of the first NaN and of the first infinity, with its value.
#[derive(Default)]
struct Found {
    nan: Option<usize>,
    infinity: Option<(usize, f64)>,
}

/// Fails when a visible result, or what an op changed in place, holds a NaN, or an infinity that was neither in its inputs nor in its
/// attributes: a mask filled with -∞ is not an error. `rule` is the op whose gradient this computes, if any.
pub(super) fn check(
    executor: &Executor,
    call: Call<'_>,
    inputs: &[Option<Value>],
    results: &[Value],
    changes: &Changes<'_>,
    rule: Option<&'static str>,
) -> Result<()> {
    let Call { row, attrs, .. } = call;
    // What went in: of what was changed in place, the values before.
    let given: SmallVec<[Option<&Value>; 6]> = inputs
        .iter()
        .enumerate()
        .map(|(i, input)| changes.before(i).or(input.as_ref()))
        .collect();
    let ran = Ran {
        executor,
        row,
        given,
        attrs,
        rule,
    };
    if row.mutates == Mutates::Nothing {
        for (i, value) in results.iter().enumerate().take(row.visible) {
            ran.check(value, &format!("result {i}"))?;
        }
        return Ok(());
    }
    for (i, value) in inputs.iter().enumerate() {
        if let (Some(value), true) = (value, row.is_mutated(i, attrs)) {
            ran.check(value, &format!("input {i}, changed in place,"))?;
        }
    }
    Ok(())
}

/// An op that has run.
struct Ran<'a> {
    executor: &'a Executor,
    row: &'a OpRow,
    given: SmallVec<[Option<&'a Value>; 6]>,
    attrs: &'a [f64],
    rule: Option<&'static str>,
}

impl Ran<'_> {
    fn check(&self, value: &Value, which: &str) -> Result<()> {
        let found = scan(self.executor, value)?;
        let (flat, number) = match (found.nan, found.infinity) {
            (Some(flat), _) => (flat, f64::NAN),
            (None, Some((flat, number))) if !self.attrs.iter().any(|a| a.is_infinite()) => (flat, number),
            _ => return Ok(()),
        };
        let mut source = None;
        for (i, input) in self.given.iter().enumerate() {
            let Some(input) = input else { continue };
            let before = scan(self.executor, input)?;
            if before.infinity.is_some() && !number.is_nan() {
                return Ok(());
            }
            if before.nan.is_some() {
                source.get_or_insert(i);
            }
        }
        let stream = self.executor.frames.borrow().last().map_or(0, |frame| frame.stream);
        Err(report(
            self.row,
            &self.given,
            value,
            self.rule,
            (which, flat, number),
            source,
            stream,
        ))
    }
}

/// The error with op, shape and index; the executor adds the module path.
fn report(
    row: &OpRow,
    inputs: &[Option<&Value>],
    value: &Value,
    rule: Option<&'static str>,
    (which, flat, number): (&str, usize, f64),
    source: Option<usize>,
    stream: StreamId,
) -> Error {
    let kind = if number.is_nan() { "a NaN" } else { "an infinity" };
    let (op, what) = match rule {
        Some(rule) => (rule, format!("the gradient of {rule} made {kind} in backward")),
        None => (
            row.signature.name,
            format!("{} made {kind} in forward", row.signature.name),
        ),
    };
    let from: Vec<String> = inputs
        .iter()
        .flatten()
        .map(|input| format!("{} {}", input.shape, input.dtype))
        .collect();
    let step = if op == row.signature.name {
        String::new()
    } else {
        format!(" of {}", row.signature.name)
    };
    let error = Error::new(Code::NonFinite, what)
        .op(op)
        .expected("finite numbers: anomaly mode checks every result")
        .received(format!(
            "{number} at {} of {which}{step}, shape {} {}, from {}, in stream {stream}",
            index(flat, &value.shape),
            value.shape,
            value.dtype,
            if from.is_empty() {
                "no input".to_owned()
            } else {
                from.join(" and ")
            },
        ));
    match source {
        Some(i) => error.hint(format!(
            "input {i} of this operation holds a NaN that no checked operation produced: check the data, and what ran before anomaly mode was on"
        )),
        None => error.hint("its inputs are free of NaN: a division by zero, a logarithm or root of a number that is not positive, an overflow or a masked row may be the cause"),
    }
}

/// A flat index as one index per dimension.
fn index(flat: usize, shape: &Shape) -> String {
    let mut rest = flat;
    let mut at: Vec<String> = Vec::new();
    for &size in shape.dims().iter().rev() {
        at.push((rest % size.max(1)).to_string());
        rest /= size.max(1);
    }
    at.reverse();
    format!("[{}]", at.join(", "))
}

fn scan(executor: &Executor, value: &Value) -> Result<Found> {
    if !value.dtype.is_float() {
        return Ok(Found::default());
    }
    if value.is_candle() {
        let wide = executor.to_candle(value)?.to_dtype(candle_core::DType::F64)?;
        return Ok(first(wide.flatten_all()?.to_vec1::<f64>()?.into_iter()));
    }
    Ok(match value.dtype {
        Dtype::F64 => first(value.read::<f64>()?.iter().copied()),
        Dtype::Bf16 => first(value.read::<half::bf16>()?.iter().map(|x| x.to_f64())),
        Dtype::F16 => first(value.read::<half::f16>()?.iter().map(|x| x.to_f64())),
        _ => first(value.read::<f32>()?.iter().map(|x| f64::from(*x))),
    })
}

fn first(numbers: impl Iterator<Item = f64>) -> Found {
    let mut found = Found::default();
    for (i, number) in numbers.enumerate() {
        if number.is_nan() {
            found.nan = Some(i);
            return found;
        }
        if number.is_infinite() && found.infinity.is_none() {
            found.infinity = Some((i, number));
        }
    }
    found
}
