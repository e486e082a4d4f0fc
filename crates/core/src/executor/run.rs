//! Runs one op: on the CPU kernels, or through its candle twin.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, Storage, Tensor};
use kernels::blocks::BlockKind;
use smallvec::SmallVec;

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::memory::{Pool, host_vec, shared_copy};
use crate::meta::Meta;
use crate::ops::blocks::widen_blocks;
use crate::ops::context::{Exec, Output, Twin};
use crate::ops::row::{Half, Mutates};
use crate::ops::table::{CAST, COPY_INPLACE};
use crate::ops::twins::{self, convert};
use crate::ops::{cost::Shapes, own};
use crate::platform::Computing;
use crate::precision::Precision;
use crate::storage::{Buffer, Doubts, Element, Value, Window};

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
        lose_written(executor, call, inputs, &changes, &error);
        return Err(error);
    }
    let results = results.inspect_err(|error| {
        if executor.half_done.take() {
            lose_written(executor, call, inputs, &changes, error);
        }
    })?;
    if let Some(rule) = watched {
        executor.settle_doubts();
        if let Some(error) = results.first().and_then(Value::failure) {
            return Err(error);
        }
        finite::check(executor, call, inputs, &results, &changes, rule)?;
    }
    changes.hold();
    Ok(results)
}

/// What an op was changing when it failed, and nobody has kept, is lost.
fn lose_written(executor: &Executor, call: Call<'_>, inputs: &[Option<Value>], changes: &Changes<'_>, error: &Error) {
    let inputs = inputs.iter().enumerate();
    for (i, target) in inputs.filter(|(i, _)| call.row.is_mutated(*i, call.attrs)) {
        if let (Some(target), None) = (target, changes.before(i)) {
            executor.lose(target, error);
        }
    }
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
    // Blocks are made on the host, whatever the device is.
    let gives_blocks = metas.iter().any(|meta| meta.dtype.blocks().is_some());
    if gives_blocks && inputs.iter().flatten().any(Value::is_candle) {
        let host: Result<SmallVec<[Option<Value>; 6]>> = inputs.iter().map(|v| executor.on_host(v.as_ref())).collect();
        return direct(executor, call, &host?);
    }
    if !gives_blocks && (executor.candle || inputs.iter().flatten().any(Value::is_candle)) {
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
    let mut doubts = open_doubts(inputs);
    if row.view {
        let source = inputs[0].as_ref().expect("a view has an input");
        return Ok(SmallVec::from_iter([Value {
            storage: source.storage.clone(),
            shape: metas[0].shape.clone(),
            dtype: metas[0].dtype,
        }]));
    }
    executor.make_room(twin_bytes(call, inputs))?;
    let mut tensors: SmallVec<[Option<Tensor>; 6]> = SmallVec::new();
    // An op on whole lists widens one tensor after the other, and what is overwritten is not read.
    let widens = row.half == Half::Widen && !row.overwrites && !matches!(row.mutates, Mutates::Lists(_));
    for value in inputs {
        tensors.push(match value {
            Some(v) => {
                let tensor = executor.to_candle(v)?;
                Some(if widens { twins::wide(&tensor)? } else { tensor })
            }
            None => None,
        });
    }
    let (checks, changed, reused) = (RefCell::default(), Cell::new(false), Cell::new(None));
    let device = executor.device.candle().clone();
    let results = (row.twin)(&Twin {
        signature: &row.signature,
        inputs: &tensors,
        attrs,
        rng,
        outs: metas,
        device: &device,
        checks: &checks,
        changed: &changed,
        reused: &reused,
    });
    executor.half_done.set(changed.get() && results.is_err());
    let results = results?;
    for check in checks.into_inner() {
        doubts.push(executor.doubt(row.signature.name, check)?);
    }
    match row.mutates {
        Mutates::Nothing => {}
        Mutates::Lists(_) | Mutates::First => {
            let targets = inputs.iter().enumerate().filter(|(i, _)| row.is_mutated(*i, attrs));
            let mut results = results.into_iter();
            for target in targets.filter_map(|(_, target)| target.as_ref()) {
                // An op on lists has written its targets itself.
                if let Some(result) = results.next() {
                    store(executor, target, &result)?;
                }
                inherit(target, &doubts);
            }
            return Ok(SmallVec::new());
        }
    }
    if let Some(source) = reused.get().and_then(|i: usize| inputs[i].as_ref()) {
        inherit(source, &doubts);
        return Ok(SmallVec::from_iter([Value {
            storage: source.storage.clone(),
            shape: metas[0].shape.clone(),
            dtype: metas[0].dtype,
        }]));
    }
    let mut values: SmallVec<[Value; 3]> = SmallVec::new();
    let mut kept: SmallVec<[Option<Tensor>; 6]> = tensors;
    for (tensor, meta) in results.into_iter().zip(metas) {
        if tensor.dims() != meta.shape.dims() {
            return Err(
                Error::new(Code::Internal, "a candle twin returned another shape than its rule")
                    .op(row.signature.name)
                    .expected(meta.shape.to_string())
                    .received(format!("{:?}", tensor.dims())),
            );
        }
        let tensor = own::owned(tensor.to_dtype(meta.dtype.candle())?, &kept)?;
        kept.push(Some(tensor.clone()));
        let buffer = executor.pool.borrow_mut().hold(tensor, doubts.clone());
        values.push(Value::new(buffer, meta.shape.clone(), meta.dtype));
    }
    Ok(values)
}

/// Puts the numbers in the place of those of a target, unless they were written there.
fn store(executor: &Executor, target: &Value, result: &Tensor) -> Result<()> {
    if let Buffer::Candle(before) = &*target.storage.borrow()
        && own::share(&before.tensor, result)
    {
        return Ok(());
    }
    let tensor = convert(result, target.dtype)?.reshape(target.shape.dims())?;
    let tensor = own::owned(tensor, &[Some(result.clone())])?;
    let buffer = executor.pool.borrow_mut().hold(tensor, Doubts::new());
    let before = replace(target, buffer)?;
    executor.pool.borrow_mut().give(before);
    Ok(())
}

/// What the inputs depend on and the host has not looked at.
fn open_doubts(inputs: &[Option<Value>]) -> Doubts {
    let mut doubts = Doubts::new();
    for value in inputs.iter().flatten() {
        if let Buffer::Candle(held) = &*value.storage.borrow() {
            add_open(&mut doubts, &held.doubts);
        }
    }
    doubts
}

fn add_open(doubts: &mut Doubts, more: &Doubts) {
    for doubt in more {
        if doubt.is_open() && !doubts.iter().any(|known| Rc::ptr_eq(known, doubt)) {
            doubts.push(doubt.clone());
        }
    }
}

/// What was changed in place depends on these, too.
fn inherit(target: &Value, doubts: &Doubts) {
    if let Buffer::Candle(held) = &mut *target.storage.borrow_mut() {
        held.doubts.retain(|doubt| doubt.is_open());
        add_open(&mut held.doubts, doubts);
    }
}

/// Roughly what candle allocates for a twin. Out of memory, candle ends the process, so the memory is checked first. A formula has a few intermediate results
/// of the size of its inputs; an op that reads weights or works by chunks says in its row what it takes, and one on whole lists takes the memory of one tensor.
fn twin_bytes(call: Call<'_>, inputs: &[Option<Value>]) -> u64 {
    let Call { row, metas, .. } = call;
    let wide = |meta: &Meta| meta.shape.numel() as u64 * meta.dtype.wide().size() as u64;
    let given = inputs.iter().map(|value| value.as_ref().map(Value::meta));
    if matches!(row.mutates, Mutates::Lists(_)) {
        let largest = given.flatten().map(|meta| wide(&meta)).max().unwrap_or(0);
        return largest + 8 * largest.min(twins::CHUNK_BYTES as u64);
    }
    let given: SmallVec<[Option<Meta>; 6]> = given.collect();
    let shapes = Shapes {
        inputs: &given,
        outputs: metas,
    };
    let results: u64 = metas.iter().map(wide).sum();
    let inside = || 4 * given.iter().flatten().map(wide).sum::<u64>() + 3 * results;
    results + row.twin_bytes.map_or_else(inside, |bytes| bytes(&shapes))
}

/// A value of the same shape and dtype, with arbitrary content.
fn empty(executor: &Executor, like: &Value) -> Result<Value> {
    let n = like.units();
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
        if let Buffer::Candle(held) = &*value.storage.borrow() {
            return Ok(held.tensor.reshape(value.shape.dims())?);
        }
        if let Some(kind) = value.dtype.blocks() {
            return self.upload_blocks(kind, value);
        }
        crate::any!(value.dtype, T => self.upload(bytemuck::cast_slice::<T, u8>(&value.read::<T>()?), &value.meta()))
    }

    /// The numbers of blocks on the device, in f32: candle's tensors have no blocks, so each use of a weight widens it.
    fn upload_blocks(&self, kind: BlockKind, value: &Value) -> Result<Tensor> {
        let mut wide = self.pool.borrow_mut().take::<f32>(value.shape.numel())?;
        let bytes = value.read::<u8>()?;
        widen_blocks(kind, &bytes, &mut wide);
        let meta = Meta::new(value.shape.clone(), Dtype::F32);
        let tensor = self.upload(bytemuck::cast_slice(&wide), &meta);
        self.pool.borrow_mut().give(f32::wrap(wide));
        tensor
    }

    /// Numbers on the device, from little-endian bytes in any memory: copied once.
    pub(crate) fn upload(&self, bytes: &[u8], meta: &Meta) -> Result<Tensor> {
        self.make_room(bytes.len() as u64)?;
        let (dims, device) = (meta.shape.dims(), self.device.candle());
        crate::any!(meta.dtype, T => Ok(match bytemuck::try_cast_slice::<u8, T>(bytes) {
            Ok(numbers) => Tensor::from_slice(numbers, dims, device)?,
            // A file may hold them unaligned.
            Err(_) => Tensor::from_vec(bytemuck::pod_collect_to_vec::<u8, T>(bytes), dims, device)?,
        }))
    }

    /// Fails when so many bytes are not there for candle, which would end the process on the CPU. CUDA returns an error itself.
    fn make_room(&self, bytes: u64) -> Result<()> {
        if self.device.is_cpu() {
            self.pool.borrow_mut().check_headroom(bytes)?;
        }
        Ok(())
    }

    /// The same value outside of candle.
    fn on_host(&self, value: Option<&Value>) -> Result<Option<Value>> {
        let Some(value) = value.filter(|value| value.is_candle()) else {
            return Ok(value.cloned());
        };
        let bytes = self.to_bytes(value)?;
        let buffer = Pool::copy_of(&self.pool, value.dtype, &bytes)?;
        Ok(Some(Value::new(buffer, value.shape.clone(), value.dtype)))
    }

    /// The values as little-endian bytes.
    pub(crate) fn to_bytes(&self, value: &Value) -> Result<Vec<u8>> {
        if let Buffer::Candle(held) = &*value.storage.borrow() {
            return candle_bytes(&held.tensor);
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

fn candle_bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    if !tensor.device().is_cpu() {
        // Out of memory on the host, candle ends the process.
        drop(host_vec::<u8>(
            tensor.elem_count() * tensor.dtype().size_in_bytes(),
            "a copy for the reader",
        )?);
    }
    let host = tensor.to_device(&candle_core::Device::Cpu)?.contiguous()?;
    let (storage, layout) = host.storage_and_layout();
    let (start, end) = layout.contiguous_offsets().unwrap_or_default();
    let Storage::Cpu(cpu) = &*storage else {
        return Err(Error::new(Code::Internal, "what was copied to the host is not there"));
    };
    match cpu {
        _ if start == end => Ok(Vec::new()),
        CpuStorage::F32(v) => copy(&v[start..end]),
        CpuStorage::F64(v) => copy(&v[start..end]),
        CpuStorage::BF16(v) => copy(&v[start..end]),
        CpuStorage::F16(v) => copy(&v[start..end]),
        CpuStorage::I64(v) => copy(&v[start..end]),
        CpuStorage::U8(v) => copy(&v[start..end]),
        other => Err(
            Error::new(Code::Dtype, "candle holds a dtype that the engine does not have")
                .received(format!("{:?}", other.dtype())),
        ),
    }
}

/// As one piece: what could interrupt it may change the tensor, which is locked.
fn copy<T: bytemuck::Pod>(numbers: &[T]) -> Result<Vec<u8>> {
    kernels::pause::piece(|| shared_copy(bytemuck::cast_slice(numbers), "a copy for the reader"))
}
