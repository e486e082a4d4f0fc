//! Weight files: opened and checked off the main thread, tensors made on it, written on a separate thread.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use engine::code::Code;
use engine::error::{Error, Result};

use engine::io::gguf::{HeadRows, reorder_heads};
use engine::io::{Layout, WeightFile, Weights};
use engine::meta::Meta;
use engine::recorder::{HostTensor, Kind, Reply, Source};
use engine::shape::Shape;
use engine::storage::{SharedBytes, Window};
use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::error::to_napi;
use crate::state::{ids, with};

/// An open weight file, or an index with its shards.
#[napi]
pub struct NativeWeights {
    file: RefCell<Option<Arc<Weights>>>,
    mapped: bool,
}

impl NativeWeights {
    fn open_file(&self) -> napi::Result<Arc<Weights>> {
        let closed = || to_napi(Error::new(Code::Internal, "a weight file is read after it was closed"));
        self.file.borrow().clone().ok_or_else(closed)
    }
}

#[napi]
impl NativeWeights {
    /// `{tensors: [{name, dtype, shape}], metadata: {…}}` of a safetensors file in the order of the file, as JSON; null for other files.
    #[napi(catch_unwind)]
    pub fn header(&self) -> napi::Result<Option<String>> {
        let opened = self.open_file()?;
        let Weights::File(WeightFile::Safetensors(file)) = &*opened else {
            return Ok(None);
        };
        let header = file.header();
        let tensors: Vec<_> = header
            .entries
            .iter()
            .map(|e| serde_json::json!({ "name": e.name, "dtype": e.dtype.dtype().name(), "fileDtype": e.dtype.name(), "shape": e.shape }))
            .collect();
        let metadata: serde_json::Map<_, _> = header
            .metadata
            .iter()
            .map(|(k, v)| (k.clone(), v.clone().into()))
            .collect();
        Ok(Some(
            serde_json::json!({ "tensors": tensors, "metadata": metadata }).to_string(),
        ))
    }

    /// `{version, alignment, tensors: […], metadata: {KEY: {type, value}}}` of a GGUF file, as JSON; null for other files.
    #[napi(catch_unwind)]
    pub fn gguf(&self) -> napi::Result<Option<String>> {
        match &*self.open_file()? {
            Weights::File(WeightFile::Gguf(file)) => file.json().map(Some).map_err(to_napi),
            _ => Ok(None),
        }
    }

    /// What the file holds: nodes, inner ones first, and the root, as JSON. Tensors stand in it by number.
    #[napi(catch_unwind)]
    pub fn object(&self) -> napi::Result<String> {
        self.open_file().map(|file| file.object())
    }

    /// Releases the file; tensors in it keep what they need. Without this its bytes would stay until a collection.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.file.replace(None);
    }

    /// Makes tensor number `index` of the file: a window of the mapping for a base, otherwise a copy.
    #[napi(catch_unwind)]
    pub fn tensor(&self, index: u32) -> napi::Result<f64> {
        let file = self.open_file()?;
        with(|state| {
            let tensor = file.tensor(index as usize)?;
            let meta = Meta::new(Shape::new(&tensor.shape), tensor.dtype);
            let (source, kind) = match self.mapped {
                true if tensor.in_file => (Source::Mapped(tensor.window), Kind::Base),
                true => (Source::Copied(tensor.window), Kind::Base),
                false => (Source::Copied(tensor.window), Kind::Activation),
            };
            state.recorder.put(meta, source, kind).map(|id| id as f64)
        })
    }
}

#[napi]
impl NativeWeights {
    /// Makes tensor number `index`, the projection of queries or keys of so many heads, with its rows in the order of Hugging Face: a copy.
    #[napi(catch_unwind)]
    pub fn head_rows(&self, index: u32, heads: u32) -> napi::Result<f64> {
        let file = self.open_file()?;
        with(|state| {
            let tensor = file.tensor(index as usize)?;
            let rows = tensor.shape.first().copied().unwrap_or(0);
            let bytes = reorder_heads(tensor.window.bytes(), rows, heads as usize, HeadRows::Halves);
            tensor.window.check()?;
            tensor.window.leave();
            let bytes: SharedBytes = Arc::new(bytes?);
            let len = (*bytes).as_ref().len();
            let window = Window::new(bytes, 0, len, tensor.dtype)?;
            let kind = if self.mapped { Kind::Base } else { Kind::Activation };
            let meta = Meta::new(Shape::new(&tensor.shape), tensor.dtype);
            state
                .recorder
                .put(meta, Source::Copied(window), kind)
                .map(|id| id as f64)
        })
    }
}

/// Works on files on a separate thread: a disk is slow, and libuv's few threads belong to the application. The thread has a lower priority than the
/// event loop, as the compute threads have. When no thread can be started the caller does the work.
pub(crate) fn off_thread(work: impl FnOnce() + Send + 'static) {
    let shared = Arc::new(std::sync::Mutex::new(Some(work)));
    let job = shared.clone();
    let run = move || {
        if let Some(work) = job.lock().ok().and_then(|mut slot| slot.take()) {
            work();
        }
    };
    let lowered = {
        let run = run.clone();
        move || {
            engine::platform::lower_thread_priority();
            run();
        }
    };
    if std::thread::Builder::new()
        .name("loralib-io".into())
        .spawn(lowered)
        .is_err()
    {
        run();
    }
}

/// A panic must not end the thread without an answer.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(
            Code::Internal,
            "an internal error of loralib while it worked on a file",
        ))
    })
}

/// Opens a weight file: safetensors, torch, GGUF, or an index of shards. A mapped one (a base) stays in place and must not be rewritten while it is used.
#[napi(catch_unwind, ts_return_type = "Promise<NativeWeights>")]
pub fn open_weights(env: &Env, path: String, mapped: bool) -> napi::Result<Object<'_>> {
    type Resolve = Box<dyn FnOnce(Env) -> napi::Result<NativeWeights>>;
    let (deferred, promise) = env.create_deferred::<NativeWeights, Resolve>()?;
    let path = PathBuf::from(path);
    off_thread(move || match caught(|| Weights::open(&path, mapped)) {
        Ok(file) => deferred.resolve(Box::new(move |_| {
            Ok(NativeWeights {
                file: RefCell::new(Some(Arc::new(file))),
                mapped,
            })
        })),
        Err(error) => deferred.reject(to_napi(error)),
    });
    Ok(promise)
}

/// Writes a snapshot of tensors, taken at this position of the queue, as a safetensors file. `metadata` is a flat list of pairs; without `sync` nothing waits
/// for the disk.
///
/// The tensors are copied one after the other in the order of the file, and what was copied is written meanwhile.
#[napi(catch_unwind, ts_return_type = "Promise<void>")]
pub fn save_weights<'env>(
    env: &'env Env,
    path: String,
    names: Vec<String>,
    list: &[f64],
    metadata: Vec<String>,
    sync: bool,
) -> napi::Result<Object<'env>> {
    type Resolve = Box<dyn FnOnce(Env) -> napi::Result<()>>;
    let pairs: Vec<(String, String)> = metadata.chunks_exact(2).map(|p| (p[0].clone(), p[1].clone())).collect();
    let (sender, copied) = mpsc::channel();
    let layout = with(|state| {
        let ids = ids(list);
        let metas = ids.iter().map(|&id| state.recorder.meta(id).cloned());
        let layout = Layout::new(names, metas.collect::<Result<Vec<_>>>()?, pairs)?;
        for group in groups(&layout) {
            let sender = sender.clone();
            // A caller that has failed already receives nothing more.
            let reply: Reply<Vec<HostTensor>> = Box::new(move |outcome| drop(sender.send(outcome)));
            let group: Vec<_> = group.iter().map(|&i| ids[i]).collect();
            state.recorder.read_where_they_lie(&group, reply)?;
        }
        Ok(layout)
    })?;
    let (deferred, promise) = env.create_deferred::<(), Resolve>()?;
    off_thread(move || {
        // The queue may be long: before the first tensor arrives there is no temporary file that could be left behind.
        let mut first = (!layout.order().is_empty()).then(|| copied.recv());
        // Nobody waits for an answer when the environment, and with it its queue, has ended.
        let mut ended = false;
        let mut group = Vec::new().into_iter();
        let next = || {
            if group.len() == 0 {
                let Ok(tensors) = first.take().unwrap_or_else(|| copied.recv()) else {
                    ended = true;
                    return Err(nothing_read());
                };
                group = tensors?.into_iter();
            }
            group.next().map(|tensor| tensor.bytes).ok_or_else(nothing_read)
        };
        let outcome = caught(|| layout.write(Path::new(&path), sync, next));
        match outcome {
            _ if ended => {}
            Ok(replaced) => {
                deferred.resolve(Box::new(|_| Ok(())));
                drop(replaced);
            }
            Err(error) => deferred.reject(to_napi(error)),
        }
    });
    Ok(promise)
}

/// Tensors that are read by one entry of the queue, in the order of the file: an entry for each of a thousand small ones would hold up the event loop,
/// and one for all would have everything copied before the first is written.
fn groups(layout: &Layout) -> impl Iterator<Item = &[usize]> {
    const TENSORS: usize = 64;
    const BYTES: u64 = 4 << 20;
    let mut rest = layout.order();
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |&&i: &&usize| {
            let before = bytes;
            bytes += layout.bytes(i);
            before < BYTES
        };
        let n = rest.iter().take(TENSORS).take_while(fits).count();
        let group;
        (group, rest) = rest.split_at(n);
        (n > 0).then_some(group)
    })
}

fn nothing_read() -> Error {
    Error::new(Code::Internal, "a tensor to be saved was not read")
}
