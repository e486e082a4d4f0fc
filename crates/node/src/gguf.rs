//! GGUF files that are written tensor by tensor.

use std::cell::RefCell;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use engine::code::Code;
use engine::dtype::Dtype;
use engine::error::{Error, Result};
use engine::io::gguf::{HeadRows, reorder_heads};
use engine::io::{GgufLayout, gguf};
use engine::meta::Meta;
use engine::recorder::{HostBytes, HostTensor, Reply};
use engine::shape::Shape;
use engine::storage::Bytes;
use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

use crate::error::to_napi;
use crate::files::{caught, off_thread};
use crate::state::with;

/// What the writing thread receives.
enum Piece {
    /// Rows of the next tensor.
    Rows(Written),
    /// The reading of rows failed.
    Failed(Error),
    /// All tensors are given: the file gets its name.
    Finish,
}

/// Rows of a tensor; whoever gave them is answered when they are written.
struct Written {
    bytes: HostBytes,
    answer: Mutex<Option<Answer>>,
}

type Answer = Box<dyn FnOnce(Result<()>) + Send>;

impl AsRef<[u8]> for Written {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl Bytes for Written {
    fn check(&self) -> Result<()> {
        self.bytes.check()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // When writing them failed, the file's own error comes with the next rows or at the end.
        if let Some(answer) = self.answer.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            answer(Ok(()));
        }
    }
}

/// How the writing ended, and who waits for it.
#[derive(Default)]
struct End {
    outcome: Option<Result<()>>,
    waiting: Option<Answer>,
}

type SharedEnd = Arc<Mutex<End>>;

fn settle(end: &SharedEnd, outcome: Result<()>) {
    let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
    match end.waiting.take() {
        Some(answer) => answer(outcome),
        None => end.outcome = Some(outcome),
    }
}

/// A GGUF file that is being written. Dropped before its end, it leaves nothing behind.
#[napi]
pub struct NativeGgufWriter {
    sender: RefCell<Option<Sender<Piece>>>,
    end: SharedEnd,
}

fn dtype_list(numbers: &[f64]) -> Result<Vec<Dtype>> {
    numbers.iter().map(|&number| Dtype::from_number(number)).collect()
}

#[napi]
impl NativeGgufWriter {
    /// Lays a file out: `fields` is JSON as [`GgufLayout::new`] takes it; `shapes` are the shapes, each behind the number of its dimensions.
    #[napi(factory, catch_unwind)]
    pub fn create(
        path: String,
        fields: String,
        names: Vec<String>,
        dtypes: &[f64],
        shapes: &[f64],
        sync: bool,
    ) -> napi::Result<Self> {
        let layout = layout_of(&fields, names, dtypes, shapes).map_err(to_napi)?;
        let (sender, receiver) = channel();
        let end = SharedEnd::default();
        let shared = end.clone();
        off_thread(move || {
            let outcome = caught(|| write(&layout, Path::new(&path), sync, &receiver));
            // Whoever gives more rows is told.
            drop(receiver);
            settle(&shared, outcome);
        });
        Ok(NativeGgufWriter {
            sender: RefCell::new(Some(sender)),
            end,
        })
    }

    /// Writes a snapshot of rows, taken at this position of the queue, as the next bytes of the file. Answers when they are written. With a number of `heads` they are a
    /// projection of queries or keys, whose rows llama.cpp has in another order; 0 for none.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn write<'env>(&self, env: &'env Env, id: f64, heads: u32) -> napi::Result<Object<'env>> {
        let sender = self.sender.borrow().clone().ok_or_else(|| to_napi(closed()))?;
        let (answer, promise) = answer(env)?;
        let end = self.end.clone();
        with(|state| {
            let reply: Reply<Vec<HostTensor>> = Box::new(move |outcome| {
                give(
                    &sender,
                    &end,
                    outcome.and_then(|tensors| ordered(tensors, heads)),
                    answer,
                )
            });
            state.recorder.read_where_they_lie(&[id as u64], reply)
        })?;
        Ok(promise)
    }

    /// Gives the file its name, after everything was written.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn finish<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let sender = self.sender.borrow_mut().take().ok_or_else(|| to_napi(closed()))?;
        let (answer, promise) = answer(env)?;
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        match end.outcome.take() {
            Some(outcome) => answer(outcome),
            None => end.waiting = Some(answer),
        }
        drop(end);
        // A thread that has ended has said why.
        let _ = sender.send(Piece::Finish);
        Ok(promise)
    }

    /// Ends the writing; the path keeps what it had. Answers when nothing is left of it.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn abort<'env>(&self, env: &'env Env) -> napi::Result<Object<'env>> {
        let (answer, promise) = answer(env)?;
        self.sender.replace(None);
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.outcome.is_some() {
            answer(Ok(()));
        } else {
            end.waiting = Some(Box::new(move |_| answer(Ok(()))));
        }
        Ok(promise)
    }
}

/// The number that `general.file_type` has for matrices of a dtype, or null.
#[napi(catch_unwind)]
pub fn gguf_file_type(dtype: f64) -> napi::Result<Option<u32>> {
    Dtype::from_number(dtype).map(gguf::file_type).map_err(to_napi)
}

fn layout_of(fields: &str, names: Vec<String>, dtypes: &[f64], shapes: &[f64]) -> Result<GgufLayout> {
    let mut rest = shapes.iter().map(|&size| size as usize);
    let mut tensors = Vec::with_capacity(names.len());
    for (name, dtype) in names.into_iter().zip(dtype_list(dtypes)?) {
        let rank = rest.next().unwrap_or(0);
        let shape: Vec<usize> = rest.by_ref().take(rank).collect();
        tensors.push((name, Meta::new(Shape::new(&shape), dtype)));
    }
    GgufLayout::new(fields, &tensors)
}

fn write(layout: &GgufLayout, path: &Path, sync: bool, receiver: &Receiver<Piece>) -> Result<()> {
    let next = || match receiver.recv() {
        Ok(Piece::Rows(rows)) => Ok(rows),
        Ok(Piece::Failed(error)) => Err(error),
        Ok(Piece::Finish) => Err(Error::new(
            Code::Internal,
            "a GGUF file was ended before its last tensor",
        )),
        Err(_) => Err(aborted()),
    };
    let finish = || match receiver.recv() {
        Ok(Piece::Finish) => Ok(()),
        Ok(Piece::Failed(error)) => Err(error),
        Ok(Piece::Rows(_)) => Err(Error::new(
            Code::Internal,
            "a GGUF file was given more than its tensors",
        )),
        Err(_) => Err(aborted()),
    };
    layout.write(path, sync, next, finish).map(drop)
}

/// The bytes of the tensor that was read, its rows in the order of the file.
fn ordered(mut tensors: Vec<HostTensor>, heads: u32) -> Result<HostBytes> {
    let tensor = tensors.pop();
    let tensor = tensor.ok_or_else(|| Error::new(Code::Internal, "a tensor to be written was not read"))?;
    if heads == 0 {
        return Ok(tensor.bytes);
    }
    let rows = tensor.shape.dims().first().copied().unwrap_or(0);
    let bytes = reorder_heads(tensor.bytes.as_ref(), rows, heads as usize, HeadRows::Pairs)?;
    tensor.bytes.check()?;
    Ok(HostBytes::Copied(bytes))
}

/// Passes on what was read to the writing thread, or its error to whoever gave the rows.
fn give(sender: &Sender<Piece>, end: &SharedEnd, outcome: Result<HostBytes>, answer: Answer) {
    let bytes = match outcome {
        Ok(bytes) => bytes,
        Err(error) => {
            let _ = sender.send(Piece::Failed(error.clone()));
            return answer(Err(error));
        }
    };
    let rows = Written {
        bytes,
        answer: Mutex::new(Some(answer)),
    };
    if let Err(unsent) = sender.send(Piece::Rows(rows)) {
        let end = end.lock().unwrap_or_else(PoisonError::into_inner);
        let error = match &end.outcome {
            Some(Err(error)) => error.clone(),
            _ => aborted(),
        };
        drop(end);
        if let Piece::Rows(mut rows) = unsent.0
            && let Some(answer) = rows.answer.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        {
            answer(Err(error));
        }
    }
}

fn answer<'env>(env: &'env Env) -> napi::Result<(Answer, Object<'env>)> {
    type Resolve = Box<dyn FnOnce(Env) -> napi::Result<()>>;
    let (deferred, promise) = env.create_deferred::<(), Resolve>()?;
    let answer = Box::new(move |outcome: Result<()>| match outcome {
        Ok(()) => deferred.resolve(Box::new(|_| Ok(()))),
        Err(error) => deferred.reject(to_napi(error)),
    });
    Ok((answer, promise))
}

fn aborted() -> Error {
    Error::new(
        Code::Aborted,
        "the writing of a GGUF file was ended before the file was whole",
    )
    .expected("all tensors, and then finish()")
    .received("abort(), or an error before it")
    .hint("write the file again")
}

fn closed() -> Error {
    Error::new(Code::Internal, "a GGUF file is written to after its end")
}
