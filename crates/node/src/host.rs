//! Large host data, passed in pieces so that the event loop runs in between.

use std::cell::RefCell;

use engine::code::Code;
use engine::error::Error;
use engine::recorder::{HostTensor, Reply};
use napi::Env;
use napi::bindgen_prelude::{Object, Uint8ArraySlice};
use napi_derive::napi;

use crate::error::to_napi;
use crate::state::with;
use crate::tensor::put_bytes;

/// Bytes on their way between JavaScript and the engine.
#[napi]
pub struct NativeBytes {
    bytes: RefCell<Vec<u8>>,
}

#[napi]
impl NativeBytes {
    /// A buffer of so many bytes.
    #[napi(factory, catch_unwind)]
    pub fn with_room(length: f64) -> napi::Result<Self> {
        let bytes = engine::memory::host_vec(length as usize, "a copy of this data").map_err(to_napi)?;
        Ok(NativeBytes {
            bytes: RefCell::new(bytes),
        })
    }

    /// Adds a piece at the end.
    #[napi(catch_unwind)]
    pub fn append(&self, piece: &[u8]) {
        self.bytes.borrow_mut().extend_from_slice(piece);
    }

    /// Makes a tensor of the bytes, which are moved out.
    #[napi(catch_unwind)]
    pub fn put(&self, dtype: u32, shape: &[f64], kind: u32) -> napi::Result<f64> {
        put_bytes(dtype, shape, self.bytes.take(), kind)
    }

    /// Number of bytes.
    #[napi(catch_unwind)]
    pub fn size(&self) -> f64 {
        self.bytes.borrow().len() as f64
    }

    /// Copies the piece at `from` that fills `into`.
    #[napi(catch_unwind)]
    pub fn copy_to(&self, from: f64, mut into: Uint8ArraySlice<'_>) -> napi::Result<()> {
        // SAFETY: as in `tensor::writable`: the call is synchronous, and the array is no SharedArrayBuffer (src/native/host.ts makes it).
        let into = unsafe { into.as_mut() };
        let bytes = self.bytes.borrow();
        let from = from as usize;
        let piece = bytes
            .get(from..from + into.len())
            .ok_or_else(|| to_napi(Error::new(Code::Internal, "a piece lies outside of the data")))?;
        into.copy_from_slice(piece);
        Ok(())
    }
}

/// Copies a tensor to the host, at this position of the queue, to be fetched in pieces.
#[napi(catch_unwind, ts_return_type = "Promise<NativeBytes>")]
pub fn read_large<'env>(env: &'env Env, id: f64) -> napi::Result<Object<'env>> {
    type Resolve = Box<dyn FnOnce(Env) -> napi::Result<NativeBytes>>;
    let (deferred, promise) = env.create_deferred::<NativeBytes, Resolve>()?;
    let reply: Reply<Vec<HostTensor>> = Box::new(move |outcome| match outcome {
        Ok(mut tensors) => deferred.resolve(Box::new(move |_| {
            let bytes = tensors.pop().map(|t| t.bytes.into_vec()).unwrap_or_default();
            Ok(NativeBytes {
                bytes: RefCell::new(bytes),
            })
        })),
        Err(error) => deferred.reject(to_napi(error)),
    });
    with(|state| state.recorder.read(&[id as u64], reply))?;
    Ok(promise)
}
