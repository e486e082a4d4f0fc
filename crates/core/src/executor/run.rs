//! Runs one op: on the CPU kernels, or through its candle twin.

use candle_core::Tensor;
use smallvec::SmallVec;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::memory::{host_copy, host_vec, shared_copy};
use crate::meta::Meta;
use crate::ops::context::{Exec, Output, Twin};
use crate::ops::cost::Shapes;
use crate::ops::row::{Half, Mutates, OpRow};
use crate::ops::table::{CAST, COPY_INPLACE};
use crate::ops::twins::convert;
use crate::platform::Computing;
use crate::precision::Precision;
use crate::storage::{Buffer, Element, Value, Window};

use super::call::{Call, replace};
use super::changes::Changes;
use super::finite;
use super::thread::Executor;

/// Runs an op on `inputs`; the results are what the shape rule promised. In `watched` mode NaN and infinities are errors, which name the op whose
/// gradient this computes, if any. An op that fails has changed nothing.
pub fn op(
    executor: &Executor,
    call: Call<'_>,
    inputs: &[Option<Value>],
    watched: Option<Option<&'static str>>,
) -> Result<SmallVec<[Value; 3]>> {
    let _computing = Computing::begin();
    executor.awake.op_begins();
    let mutates = call.row.mutates != Mutates::Nothing;
    if mutates {
        // Before anything is written.
        check_files(call, inputs)?;
    }
    let changes = Changes::begin(executor, call, inputs, watched.is_some())?;
    let results = compute(executor, call, inputs);
    // A file that has changed meanwhile explains whatever came of it.
    if let Err(error) = check_files(call, inputs) {
        let written = inputs
            .iter()
            .enumerate()
            .filter(|(i, _)| call.row.is_mutated(*i, call.attrs));
        for (i, target) in written {
            if let (Some(target), None) = (target, changes.before(i)) {
                executor.lose(target, &error);
            }
        }
        return Err(error);
    }
    let results = results?;
    if let Some(rule) = watched {
        finite::check(executor, call, inputs, &results, &changes, rule)?;
    }
    changes.hold();
    Ok(results)
}

/// Fails when a file that an input lies in was cut short or rewritten: what was read from it may not be its weights. What is overwritten is not read.
fn check_files(call: Call<'_>, inputs: &[Option<Value>]) -> Result<()> {
    let mut last: Option<Window> = None;
    for (i, value) in inputs.iter().enumerate() {
        if let Some(value) = value
            && let Buffer::Mapped(window) = &*value.storage.borrow()
            && !(call.row.overwrites && call.row.is_mutated(i, call.attrs))
            && !last.as_ref().is_some_and(|last| last.shares_bytes(window))
        {
            window.check()?;
            last = Some(window.clone());
        }
    }
    Ok(())
}

fn compute(executor: &Executor, call: Call<'_>, inputs: &[Option<Value>]) -> Result<SmallVec<[Value; 3]>> {
    let Call { row, metas, .. } = call;
    if executor.candle || inputs.iter().flatten().any(Value::is_candle) {
        return twin(executor, call, inputs);
    }
    let half_input = row.half == Half::Widen && inputs.iter().flatten().any(|v| v.dtype.is_half());
    let half_output =
        row.half == Half::Widen && row.signature.inputs.is_empty() && metas.iter().any(|m| m.dtype.is_half());
    if half_input || half_output {
        return widened(executor, call, inputs);
    }
    direct(executor, call, inputs)
}

fn direct(executor: &Executor, call: Call<'_>, inputs: &[Option<Value>]) -> Result<SmallVec<[Value; 3]>> {
    let Call { row, metas, .. } = call;
    let mut exec = Exec {
        signature: &row.signature,
        inputs,
        attrs: call.attrs,
        rng: call.rng,
        precision: call.precision,
        outs: metas,
        pool: &executor.pool,
    };
    let outputs = (row.forward)(&mut exec)?;
    if row.mutates != Mutates::Nothing {
        return Ok(SmallVec::new());
    }
    Ok(outputs
        .into_iter()
        .zip(metas)
        .map(|(output, meta)| match output {
            Output::New(buffer) => Value::new(buffer, meta.shape.clone(), meta.dtype),
            Output::Alias(i) => {
                let source = inputs[i].as_ref().expect("an alias names an input that was given");
                Value {
                    storage: source.storage.clone(),
                    shape: meta.shape.clone(),
                    dtype: meta.dtype,
                }
            }
        })
        .collect())
}

/// Half types: inputs are widened to f32, the op runs in f32, and each result is rounded once to its promised dtype.
fn widened(executor: &Executor, call: Call<'_>, inputs: &[Option<Value>]) -> Result<SmallVec<[Value; 3]>> {
    let Call { row, metas, attrs, .. } = call;
    let mut wide: SmallVec<[Option<Value>; 6]> = SmallVec::new();
    for value in inputs {
        wide.push(match value {
            Some(v) if v.dtype.is_half() => Some(executor.cast(v, Dtype::F32)?),
            other => other.clone(),
        });
    }
    let wide_metas: SmallVec<[Meta; 3]> = metas
        .iter()
        .map(|m| Meta::new(m.shape.clone(), m.dtype.wide()))
        .collect();
    let wide_call = Call {
        metas: &wide_metas,
        ..call
    };
    // What takes the rounded numbers is allocated before the op runs: when memory is short nothing changes, also not the f32 moments beside a
    // half-precision parameter, which are changed where they lie.
    let mut changed: SmallVec<[(&Value, &Value, Value); 6]> = SmallVec::new();
    for (i, (narrow, wide)) in inputs.iter().zip(&wide).enumerate() {
        if let (Some(narrow), Some(wide)) = (narrow, wide)
            && narrow.dtype.is_half()
            && row.is_mutated(i, attrs)
        {
            changed.push((narrow, wide, empty(executor, narrow)?));
        }
    }
    let results = direct(executor, wide_call, &wide)?;
    for (_, wide, rounded) in &changed {
        let copy = Call {
            row: &COPY_INPLACE,
            metas: &[],
            attrs: &[],
            rng: None,
            precision: Precision::Highest,
        };
        direct(executor, copy, &[Some(rounded.clone()), Some((*wide).clone())])?;
    }
    for (narrow, _, rounded) in changed {
        executor.pool.borrow_mut().give(replace(narrow, take(rounded)?)?);
    }
    let mut rounded = SmallVec::new();
    for (value, meta) in results.into_iter().zip(metas) {
        if meta.dtype.is_half() {
            rounded.push(executor.cast(&value, meta.dtype)?);
            executor.recycle(value);
        } else {
            rounded.push(value);
        }
    }
    for (before, value) in inputs.iter().zip(wide) {
        if let (Some(before), Some(value)) = (before, value)
            && before.dtype.is_half()
        {
            executor.recycle(value);
        }
    }
    Ok(rounded)
}

/// The op's twin in candle's tensor operations.
fn twin(executor: &Executor, call: Call<'_>, inputs: &[Option<Value>]) -> Result<SmallVec<[Value; 3]>> {
    let Call {
        row, metas, attrs, rng, ..
    } = call;
    if row.view {
        let source = inputs[0].as_ref().expect("a view has an input");
        return Ok(SmallVec::from_iter([Value {
            storage: source.storage.clone(),
            shape: metas[0].shape.clone(),
            dtype: metas[0].dtype,
        }]));
    }
    if executor.device.is_cpu() {
        executor
            .pool
            .borrow_mut()
            .check_headroom(twin_bytes(row, inputs, metas))?;
    }
    let mut tensors: SmallVec<[Option<Tensor>; 6]> = SmallVec::new();
    for value in inputs {
        tensors.push(match value {
            Some(v) => {
                let tensor = executor.to_candle(v)?;
                Some(if v.dtype.is_half() {
                    tensor.to_dtype(candle_core::DType::F32)?
                } else {
                    tensor
                })
            }
            None => None,
        });
    }
    let device = executor.device.candle().clone();
    let results = (row.twin)(&Twin {
        signature: &row.signature,
        inputs: &tensors,
        attrs,
        rng,
        outs: metas,
        device: &device,
    })?;
    if row.mutates != Mutates::Nothing {
        let targets = inputs
            .iter()
            .enumerate()
            .filter(|(i, v)| v.is_some() && row.is_mutated(*i, attrs));
        // All are converted before the first is stored: all or nothing.
        let mut changed = Vec::new();
        for ((_, target), tensor) in targets.zip(results) {
            let target = target.as_ref().expect("missing inputs were filtered out");
            let tensor = convert(&tensor, target.dtype)?
                .reshape(target.shape.dims())?
                .contiguous()?;
            changed.push((target, Buffer::Candle(tensor)));
        }
        for (target, buffer) in changed {
            executor.pool.borrow_mut().give(replace(target, buffer)?);
        }
        return Ok(SmallVec::new());
    }
    let mut values = SmallVec::new();
    for (tensor, meta) in results.into_iter().zip(metas) {
        let tensor = tensor.to_dtype(meta.dtype.candle())?.contiguous()?;
        if tensor.dims() != meta.shape.dims() {
            return Err(
                Error::new(Code::Internal, "a candle twin returned another shape than its rule")
                    .op(row.signature.name)
                    .expected(meta.shape.to_string())
                    .received(format!("{:?}", tensor.dims())),
            );
        }
        values.push(Value::new(Buffer::Candle(tensor), meta.shape.clone(), meta.dtype));
    }
    Ok(values)
}

/// Roughly what candle allocates for a twin. Out of memory, candle ends the process, so the memory is checked first. Inputs are copied or widened, and
/// a formula has a few intermediate results; what an op needs beyond that is in its row.
fn twin_bytes(row: &OpRow, inputs: &[Option<Value>], metas: &[Meta]) -> u64 {
    let given: SmallVec<[Option<Meta>; 6]> = inputs.iter().map(|value| value.as_ref().map(Value::meta)).collect();
    let wide = |meta: &Meta| meta.shape.numel() as u64 * meta.dtype.wide().size() as u64;
    let whole: u64 = given.iter().flatten().chain(metas).map(wide).sum();
    let shapes = Shapes {
        inputs: &given,
        outputs: metas,
    };
    4 * whole + row.twin_bytes.map_or(0, |bytes| bytes(&shapes))
}

/// A value of the same shape and dtype, with arbitrary content.
fn empty(executor: &Executor, like: &Value) -> Result<Value> {
    let n = like.shape.numel();
    let buffer = crate::any!(like.dtype, T => T::wrap(executor.pool.borrow_mut().take::<T>(n)?));
    Ok(Value::new(buffer, like.shape.clone(), like.dtype))
}

fn take(value: Value) -> Result<Buffer> {
    std::rc::Rc::try_unwrap(value.storage)
        .map(std::cell::RefCell::into_inner)
        .map_err(|_| Error::new(Code::Internal, "a fresh value has a second owner"))
}

impl Executor {
    /// A copy in another dtype.
    pub(crate) fn cast(&self, value: &Value, dtype: Dtype) -> Result<Value> {
        let meta = [Meta::new(value.shape.clone(), dtype)];
        let attrs = [f64::from(dtype as u8)];
        let input = [Some(value.clone())];
        let call = Call {
            row: &CAST,
            metas: &meta,
            attrs: &attrs,
            rng: None,
            precision: Precision::Highest,
        };
        let mut values = direct(self, call, &input)?;
        Ok(values.remove(0))
    }

    /// The values as a candle tensor on the engine's device; a copy unless candle holds them already.
    pub(crate) fn to_candle(&self, value: &Value) -> Result<Tensor> {
        if let Buffer::Candle(tensor) = &*value.storage.borrow() {
            return Ok(tensor.reshape(value.shape.dims())?);
        }
        drop(host_vec::<u8>(
            value.shape.numel() * value.dtype.size(),
            "a copy for candle",
        )?);
        let cpu = crate::any!(value.dtype, T => {
            let numbers = value.read::<T>()?;
            candle_from_slice(&numbers, &value.shape)
        })?;
        Ok(cpu.to_device(self.device.candle())?)
    }

    /// The value, held by candle.
    pub(crate) fn move_to_candle(&self, value: Value) -> Result<Value> {
        let tensor = self.to_candle(&value)?;
        let candle = Value::new(Buffer::Candle(tensor), value.shape.clone(), value.dtype);
        self.recycle(value);
        Ok(candle)
    }

    /// The values as little-endian bytes.
    pub(crate) fn to_bytes(&self, value: &Value) -> Result<Vec<u8>> {
        if let Buffer::Candle(tensor) = &*value.storage.borrow() {
            return candle_bytes(tensor);
        }
        crate::any!(value.dtype, T => {
            let numbers = value.read::<T>()?;
            shared_copy(bytemuck::cast_slice::<T, u8>(&numbers), "a copy for the reader")
        })
    }

    /// Waits for the device, so that a reply means "done".
    pub(crate) fn synchronize(&self) {
        if !self.device.is_cpu() {
            // A failure is reported by the next operation.
            let _ = self.device.candle().synchronize();
        }
    }
}

fn candle_from_slice<T: crate::ops::twins::CandleElement>(
    numbers: &[T],
    shape: &crate::shape::Shape,
) -> Result<Tensor> {
    Ok(Tensor::from_slice(numbers, shape.dims(), &candle_core::Device::Cpu)?)
}

fn candle_bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    use candle_core::DType;
    if tensor.elem_count() == 0 {
        // candle cannot slice the empty storage of a view that starts past its end.
        return Ok(Vec::new());
    }
    // Memory for candle's copy and ours is checked together: out of memory, candle ends the process.
    let bytes = tensor.elem_count() * tensor.dtype().size_in_bytes();
    drop(host_vec::<u8>(2 * bytes, "a copy for the reader")?);
    let flat = tensor.flatten_all()?.to_device(&candle_core::Device::Cpu)?;
    match flat.dtype() {
        DType::F32 => copy(&flat.to_vec1::<f32>()?),
        DType::F64 => copy(&flat.to_vec1::<f64>()?),
        DType::BF16 => copy(&flat.to_vec1::<half::bf16>()?),
        DType::F16 => copy(&flat.to_vec1::<half::f16>()?),
        DType::I64 => copy(&flat.to_vec1::<i64>()?),
        DType::U8 => Ok(flat.to_vec1::<u8>()?),
        other => Err(
            Error::new(Code::Dtype, "candle holds a dtype that the engine does not have")
                .received(format!("{other:?}")),
        ),
    }
}

fn copy<T: bytemuck::Pod>(numbers: &[T]) -> Result<Vec<u8>> {
    host_copy(bytemuck::cast_slice(numbers), "a copy for the reader")
}
