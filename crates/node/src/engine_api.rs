//! The engine as a whole: what runs, streams, generators, module paths, memory.

use std::sync::{Mutex, PoisonError};

use engine::code::Code;
use engine::error::Error;
use engine::precision::Precision;
use engine::recorder::Kind;
use napi::Env;
use napi::bindgen_prelude::{Function, Unknown};
use napi_derive::napi;

use crate::error::to_napi;
use crate::state::{engine, with};

/// What the engine runs on, as JSON. Starts it.
#[napi(catch_unwind)]
pub fn backend() -> napi::Result<String> {
    let engine = engine().map_err(to_napi)?;
    let config = engine.config();
    let isa = if config.candle || !config.device.is_cpu() {
        "candle"
    } else {
        kernels_isa()
    };
    let memory = engine::memory::MemoryLimit::get();
    Ok(serde_json::json!({
        "device": config.device.to_string(),
        "isa": isa,
        "bf16Products": isa != "candle" && engine::precision::has_bf16_products(),
        "amx": isa != "candle" && engine::precision::has_amx(),
        "threads": config.threads,
        "memoryLimitBytes": memory.bytes,
        "memoryLimitSource": if memory.is_set { "LORALIB_MEMORY_LIMIT" } else { "default" },
        "memoryAvailableBytes": memory.available,
        "version": env!("CARGO_PKG_VERSION"),
        "cuda": cfg!(feature = "cuda"),
    })
    .to_string())
}

/// The version of the package that this addon was built for.
#[napi(catch_unwind)]
pub fn package_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Whether this addon has CUDA.
#[napi(catch_unwind)]
pub fn has_cuda() -> bool {
    cfg!(feature = "cuda")
}

/// Why the addon with CUDA was not loaded, for the error of whoever asks for the device.
#[napi(catch_unwind)]
pub fn note_without_cuda(reasons: String) {
    engine::device::note_without_cuda(reasons);
}

/// Whether the processor lacks the vector instructions that every fast kernel needs. `LORALIB_ISA` has no part in it.
#[napi(catch_unwind)]
pub fn lacks_vectors() -> bool {
    engine::precision::lacks_vectors()
}

fn kernels_isa() -> &'static str {
    engine::precision::isa_name()
}

/// Sets whether layers with a bf16 weight round activations to bf16 in what is recorded from here on; returns the previous mode.
#[napi(catch_unwind)]
pub fn set_medium_precision(on: bool) -> napi::Result<bool> {
    let precision = if on { Precision::Medium } else { Precision::Highest };
    with(|state| Ok(state.recorder.set_precision(precision) == Precision::Medium))
}

/// Whether layers with a bf16 weight round activations to bf16.
#[napi(catch_unwind)]
pub fn medium_precision() -> napi::Result<bool> {
    with(|state| Ok(state.recorder.precision() == Precision::Medium))
}

/// Waits until what has run is in the timeline of LORALIB_TRACE.
#[napi(catch_unwind)]
pub fn flush_trace() {
    if let Some(engine) = engine::executor::Engine::started() {
        engine.flush_trace();
    }
}

/// Begins the environment of this JavaScript thread; when it ends, what it left queued is closed.
#[napi(catch_unwind)]
pub fn begin_environment(env: &Env) -> napi::Result<()> {
    reset();
    env.add_env_cleanup_hook((), |()| reset())?;
    Ok(())
}

/// Forgets what this thread holds: its environment ends, or a new one begins on the same thread.
fn reset() {
    crate::guard::reset();
    crate::state::reset();
}

static ONE_THREAD: Mutex<()> = Mutex::new(());

/// Calls `part` while no other JavaScript thread of the process is in such a call: what belongs to the process, such as V8's flags, can be changed
/// and restored. `part` must be short, as others wait for it, and must not call this again.
#[napi(catch_unwind, ts_args_type = "part: () => void")]
pub fn one_thread_at_a_time(part: Function<'_, (), Unknown<'_>>) -> napi::Result<()> {
    let _held = ONE_THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    part.call(()).map(drop)
}

/// Opens a stream; returns its number.
#[napi(catch_unwind)]
pub fn open_stream(priority: i32, seed_low: u32, seed_high: u32) -> napi::Result<u32> {
    let number = engine().map_err(to_napi)?.new_stream();
    with(|state| {
        state.recorder.open_stream(number, priority, join(seed_low, seed_high));
        Ok(number)
    })
}

/// Chooses the stream to record into (0: the default one); returns the previous one.
#[napi(catch_unwind)]
pub fn set_stream(stream: u32) -> napi::Result<u32> {
    with(|state| state.recorder.set_stream(stream))
}

/// Closes a stream behind what is queued in it.
#[napi(catch_unwind)]
pub fn close_stream(stream: u32) -> napi::Result<()> {
    with(|state| {
        state.recorder.close_stream(stream);
        Ok(())
    })
}

/// Skips what is queued in a stream; its results reject with `ERR_LORA_ABORTED`.
#[napi(catch_unwind)]
pub fn abort_stream(stream: u32, reason: String) -> napi::Result<()> {
    with(|state| {
        state.recorder.abort_stream(
            stream,
            Error::new(Code::Aborted, "the work of this stream was aborted")
                .received(reason)
                .expected("work that runs to its end")
                .hint("record it again; what other streams do is not touched"),
        );
        Ok(())
    })
}

/// Makes a generator; number 0 is the stream's own.
#[napi(catch_unwind)]
pub fn new_generator(seed_low: u32, seed_high: u32) -> napi::Result<u32> {
    with(|state| Ok(state.recorder.new_generator(join(seed_low, seed_high))))
}

/// Forgets a generator that nothing can reach any more.
#[napi(catch_unwind)]
pub fn drop_generator(number: u32) -> napi::Result<()> {
    with(|state| {
        state.recorder.drop_generator(number);
        Ok(())
    })
}

/// Number of generators, without those of the streams.
#[napi(catch_unwind)]
pub fn generator_count() -> napi::Result<u32> {
    with(|state| Ok(state.recorder.generator_count() as u32))
}

/// Chooses the generator that random ops draw from; returns the previous one.
#[napi(catch_unwind)]
pub fn set_generator(number: u32) -> napi::Result<u32> {
    with(|state| state.recorder.set_generator(number))
}

/// `[seed low, seed high, counter low, counter high]`.
#[napi(catch_unwind)]
pub fn generator_state(number: u32) -> napi::Result<Vec<u32>> {
    with(|state| {
        let generator = *state.recorder.generator_mut(number)?;
        Ok([generator.seed, generator.counter]
            .iter()
            .flat_map(|x| [*x as u32, (*x >> 32) as u32])
            .collect())
    })
}

/// Restores what `generator_state` returned.
#[napi(catch_unwind)]
pub fn set_generator_state(
    number: u32,
    seed_low: u32,
    seed_high: u32,
    counter_low: u32,
    counter_high: u32,
) -> napi::Result<()> {
    with(|state| {
        let generator = state.recorder.generator_mut(number)?;
        generator.seed = join(seed_low, seed_high);
        generator.counter = join(counter_low, counter_high);
        Ok(())
    })
}

/// Updates that failed and changed nothing, by the numbers of the stacks that recorded them.
#[napi(catch_unwind)]
pub fn take_failed_updates() -> napi::Result<Vec<f64>> {
    with(|state| Ok(state.recorder.take_failed_updates().iter().map(|&n| n as f64).collect()))
}

fn join(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The number of a module path.
#[napi(catch_unwind)]
pub fn intern_path(name: String) -> napi::Result<u32> {
    with(|state| Ok(state.recorder.intern(&name)))
}

/// Sets the module path that errors name; returns the previous one.
#[napi(catch_unwind)]
pub fn set_path(path: u32) -> napi::Result<u32> {
    with(|state| Ok(state.recorder.set_path(path)))
}

/// Sets the number of the JavaScript stack that run-time errors show.
#[napi(catch_unwind)]
pub fn set_stack(stack: f64) -> napi::Result<()> {
    with(|state| {
        state.recorder.set_stack(stack as u64);
        Ok(())
    })
}

/// `[tensors, bytes]` for each kind, then nodes of the graph and live values; then of the executor: live values, bytes of values in
/// buffers and in mapped files, live bytes, peak bytes and pool bytes.
#[napi(catch_unwind)]
pub fn memory() -> napi::Result<Vec<f64>> {
    use std::sync::atomic::Ordering::Relaxed;
    let engine = engine().map_err(to_napi)?;
    let c = engine.counters();
    with(|state| {
        let mut numbers: Vec<f64> = state
            .recorder
            .memory()
            .iter()
            .flat_map(|(n, bytes)| [*n as f64, *bytes as f64])
            .collect();
        debug_assert_eq!(numbers.len(), 2 * Kind::ALL.len());
        numbers.push(state.recorder.tape_nodes() as f64);
        numbers.push(state.recorder.value_count() as f64);
        for counter in [
            &c.live_values,
            &c.number_bytes,
            &c.mapped_bytes,
            &c.live_bytes,
            &c.peak_bytes,
            &c.pool_bytes,
            &c.read_backs,
        ] {
            numbers.push(counter.load(Relaxed) as f64);
        }
        Ok(numbers)
    })
}

/// What was done so far, for the proof that it does not grow with the number of tensors and streams: entries recorded, tensors listed, and uses of
/// tensors looked at in this thread; streams and positions looked at by the executor.
#[napi(catch_unwind)]
pub fn work_counts() -> napi::Result<Vec<f64>> {
    let engine = engine().map_err(to_napi)?;
    let looked = engine.counters().looked.load(std::sync::atomic::Ordering::Relaxed);
    with(|state| {
        Ok(state
            .recorder
            .work()
            .into_iter()
            .chain([looked])
            .map(|n| n as f64)
            .collect())
    })
}

/// Bytes of inputs, results and what the graph saved of them: what forgotten handles and graphs of JavaScript hold.
#[napi(catch_unwind)]
pub fn activation_bytes() -> napi::Result<f64> {
    with(|state| Ok(state.recorder.activation_bytes() as f64))
}

/// Tells V8 by how many bytes the memory that only handles keep alive has changed.
#[napi(catch_unwind)]
pub fn adjust_external_memory(env: &Env, change: i64) -> napi::Result<i64> {
    env.adjust_external_memory(change)
}
