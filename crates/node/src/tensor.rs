//! Recording ops, making, reading and releasing tensors.

use engine::code::Code;
use engine::dtype::Dtype;
use engine::error::{Error, Result};
use engine::meta::Meta;
use engine::ops::table::TABLE;
use engine::recorder::{HostTensor, Kind, Reply, Source};
use engine::shape::Shape;
use napi::Env;
use napi::bindgen_prelude::{BufferSlice, Float64ArraySlice, Object};
use napi_derive::napi;

use crate::error::to_napi;
use crate::state::{ids, with};

fn broken_call() -> Error {
    Error::new(
        Code::Internal,
        "the TypeScript side and the addon are of different versions",
    )
    .hint("build both: npm run build")
}

/// The caller's scratch buffer, to write results into.
pub fn writable<'a>(scratch: &'a mut Float64ArraySlice<'_>) -> &'a mut [f64] {
    // SAFETY: the call is synchronous and JavaScript has one thread here, so nobody else sees the buffer meanwhile; it is no
    // SharedArrayBuffer (src/native/record.ts makes it).
    unsafe { scratch.as_mut() }
}

/// Records an op. `scratch` holds `[inputs, id…, attributes, attribute…]` and gets `[outputs, (id, dtype, rank, size…)…]`.
#[napi(catch_unwind)]
pub fn record(op: u32, mut scratch: Float64ArraySlice<'_>) -> napi::Result<()> {
    let scratch = writable(&mut scratch);
    with(|state| {
        let row = TABLE.get(op as usize).ok_or_else(broken_call)?;
        let inputs = scratch.first().map_or(0, |n| *n as usize);
        let ids = ids(scratch.get(1..1 + inputs).ok_or_else(broken_call)?);
        let attrs = scratch.get(1 + inputs).map_or(0, |n| *n as usize);
        let attrs = scratch
            .get(2 + inputs..2 + inputs + attrs)
            .ok_or_else(broken_call)?
            .to_vec();
        let outputs = state.recorder.record(row, &ids, &attrs)?;
        if row.mutates != engine::ops::row::Mutates::Nothing {
            scratch[0] = 0.0;
            return Ok(());
        }
        scratch[0] = outputs.len() as f64;
        let mut at = 1;
        for id in outputs {
            at = describe_into(state.recorder.meta(id)?, id, scratch, at)?;
        }
        Ok(())
    })
}

fn describe_into(meta: &Meta, id: u64, scratch: &mut [f64], at: usize) -> Result<usize> {
    let end = at + 3 + meta.shape.rank();
    let slot = scratch.get_mut(at..end).ok_or_else(broken_call)?;
    slot[0] = id as f64;
    slot[1] = f64::from(meta.dtype as u8);
    slot[2] = meta.shape.rank() as f64;
    for (slot, &size) in slot[3..].iter_mut().zip(meta.shape.dims()) {
        *slot = size as f64;
    }
    Ok(end)
}

/// Writes `(id, dtype, rank, size…)` of a tensor into `scratch`.
#[napi(catch_unwind)]
pub fn describe(id: f64, mut scratch: Float64ArraySlice<'_>) -> napi::Result<()> {
    let scratch = writable(&mut scratch);
    with(|state| describe_into(state.recorder.meta(id as u64)?, id as u64, scratch, 0).map(|_| ()))
}

/// Makes a tensor from bytes; `kind` is what it is for. Bytes are copied.
#[napi(catch_unwind)]
pub fn put(dtype: u32, shape: &[f64], bytes: &[u8], kind: u32) -> napi::Result<f64> {
    let copy = engine::memory::host_copy(bytes, "a copy of this data").map_err(to_napi)?;
    put_bytes(dtype, shape, copy, kind)
}

/// As [`put`], from bytes that were copied before.
pub fn put_bytes(dtype: u32, shape: &[f64], bytes: Vec<u8>, kind: u32) -> napi::Result<f64> {
    with(|state| {
        let dtype = Dtype::from_number(f64::from(dtype))?;
        let dims: Vec<usize> = shape.iter().map(|&d| d as usize).collect();
        let units = Shape::checked_numel(&dims).and_then(|n| dtype.checked_units(n));
        let fits = units.and_then(|n| n.checked_mul(dtype.size())) == Some(bytes.len());
        if !fits {
            return Err(Error::new(Code::Shape, "the data does not fill the shape")
                .expected(format!("{} {dtype}", Shape::new(&dims)))
                .received(format!("{} bytes", bytes.len()))
                .hint("please report this"));
        }
        let kind = Kind::ALL.get(kind as usize).copied().unwrap_or(Kind::Activation);
        state
            .recorder
            .put(Meta::new(Shape::new(&dims), dtype), Source::Host(bytes), kind)
            .map(|id| id as f64)
    })
}

/// Copies tensors to the host, at this position of the queue: their bytes, in order.
#[napi(catch_unwind, ts_return_type = "Promise<Array<Uint8Array>>")]
pub fn read<'env>(env: &'env Env, list: &[f64]) -> napi::Result<Object<'env>> {
    type Resolve = Box<dyn FnOnce(Env) -> napi::Result<Vec<BufferSlice<'static>>>>;
    let (deferred, promise) = env.create_deferred::<Vec<BufferSlice<'static>>, Resolve>()?;
    let reply: Reply<Vec<HostTensor>> = Box::new(move |outcome| match outcome {
        // Always a copy into memory that V8 owns: Electron forbids anything else, and nothing can change under the reader.
        Ok(tensors) => deferred.resolve(Box::new(move |env| {
            // V8 ends the process when it cannot allocate a buffer.
            let bytes: usize = tensors.iter().map(|t| t.bytes.as_ref().len()).sum();
            engine::memory::check_host(bytes as u64, "the numbers that were read").map_err(to_napi)?;
            tensors
                .into_iter()
                .map(|t| BufferSlice::copy_from(&env, t.bytes))
                .collect()
        })),
        Err(error) => deferred.reject(to_napi(error)),
    });
    with(|state| state.recorder.read(&ids(list), reply))?;
    Ok(promise)
}

/// Resolves when everything recorded in the current stream is done; rejects with the first error that has not been reported.
#[napi(catch_unwind, ts_return_type = "Promise<void>")]
pub fn fence<'env>(env: &'env Env, step: bool) -> napi::Result<Object<'env>> {
    type Resolve = Box<dyn FnOnce(Env) -> napi::Result<()>>;
    let (deferred, promise) = env.create_deferred::<(), Resolve>()?;
    let reply: Reply<()> = Box::new(move |outcome| match outcome {
        Ok(()) => deferred.resolve(Box::new(|_| Ok(()))),
        Err(error) => deferred.reject(to_napi(error)),
    });
    with(|state| {
        state.recorder.fence(step, Some(reply));
        Ok(())
    })?;
    Ok(promise)
}

/// Ends a training step that nobody awaits; it counts for the back-pressure.
#[napi(catch_unwind)]
pub fn end_step() -> napi::Result<()> {
    with(|state| {
        state.recorder.fence(true, None);
        Ok(())
    })
}

/// Throws the unreported error of the current stream.
#[napi(catch_unwind)]
pub fn check_failure() -> napi::Result<()> {
    with(|state| state.recorder.check_failure())
}

/// Drops a handle of each tensor, once per mention.
#[napi(catch_unwind)]
pub fn release(list: &[f64]) -> napi::Result<()> {
    with(|state| {
        for id in ids(list) {
            state.recorder.release(id);
        }
        Ok(())
    })
}

/// Sends what was recorded to the executor at once.
#[napi(catch_unwind)]
pub fn flush() -> napi::Result<()> {
    with(|state| {
        state.recorder.flush();
        Ok(())
    })
}

/// How often a tensor has been changed in place.
#[napi(catch_unwind)]
pub fn version(id: f64) -> napi::Result<u32> {
    with(|state| state.recorder.version(id as u64))
}

/// What a tensor is for, by number.
#[napi(catch_unwind)]
pub fn kind(id: f64) -> napi::Result<u32> {
    with(|state| Ok(state.recorder.kind(id as u64)? as u32))
}

/// Number of the storage of a tensor: views share it.
#[napi(catch_unwind)]
pub fn storage(id: f64) -> napi::Result<f64> {
    with(|state| Ok(state.recorder.storage(id as u64)? as f64))
}

/// Sets what a tensor is for, as `memory()` counts it.
#[napi(catch_unwind)]
pub fn set_kind(id: f64, kind: u32) -> napi::Result<()> {
    with(|state| {
        state.recorder.set_kind(
            id as u64,
            Kind::ALL.get(kind as usize).copied().unwrap_or(Kind::Activation),
        );
        Ok(())
    })
}
