//! Guards: when V8 collects the wrapper of a tensor, the tensor is released here.
//!
//! JavaScript's own FinalizationRegistry is served by full collections only, and with a large heap one takes half a second. V8's young collections, a
//! few milliseconds each, also clear weak references to objects that an addon's class constructed and that were not changed since, such as a guard.
//! That excludes `napi_wrap`, which writes into the object, so the tensor's id is the data of the finalizer.

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr;

use engine::id_map::IdMap;
use engine::meta::Meta;
use napi::bindgen_prelude::Unknown;
use napi::{Env, Error, Result, Status, sys};
use napi_derive::napi;

use crate::state::{existing, with};

#[derive(Default)]
struct Watched {
    /// Bytes of each tensor that has a guard.
    bytes: IdMap<u64>,
    pinned: u64,
}

impl Watched {
    fn add(&mut self, id: u64, bytes: u64) {
        self.pinned += bytes;
        self.bytes.insert(id, bytes);
    }

    /// Returns whether it was watched until now.
    fn remove(&mut self, id: u64) -> bool {
        let bytes = self.bytes.remove(id);
        self.pinned -= bytes.unwrap_or(0);
        bytes.is_some()
    }
}

thread_local! {
    static WATCHED: RefCell<Box<Watched>> = RefCell::default();
}

/// Forgets what this thread's environment watched.
pub fn reset() {
    WATCHED.take();
}

/// The class of guards: `new Guard(id)` watches a tensor until the guard is collected.
#[napi(catch_unwind, ts_return_type = "new (id: number) => object")]
pub fn guard_class(env: Env) -> Result<Unknown<'static>> {
    let name = c"Guard";
    let mut class = ptr::null_mut();
    // SAFETY: the environment is this thread's, the name ends with a zero, and there are no properties to read.
    check(unsafe {
        let length = name.to_bytes().len() as isize;
        sys::napi_define_class(
            env.raw(),
            name.as_ptr(),
            length,
            Some(construct),
            ptr::null_mut(),
            0,
            ptr::null(),
            &raw mut class,
        )
    })?;
    // SAFETY: the call above made the value in this environment.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), class) })
}

/// Releases a watched tensor; collecting its guard then has no effect.
#[napi(catch_unwind)]
pub fn unwatch(id: f64) -> Result<()> {
    WATCHED.with_borrow_mut(|watched| watched.remove(id as u64));
    with(|state| {
        state.recorder.release(id as u64);
        Ok(())
    })
}

/// Bytes that only guards keep alive.
#[napi(catch_unwind)]
pub fn pinned_bytes() -> f64 {
    WATCHED.with_borrow(|watched| watched.pinned as f64)
}

/// `new Guard(id)`.
unsafe extern "C" fn construct(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut this = ptr::null_mut();
    let (mut given, mut count) = (ptr::null_mut(), 1);
    let mut id = 0.0;
    // SAFETY: V8 calls this with an environment and a call that are alive; a missing argument comes as undefined, which is no number.
    let sound = unsafe {
        let read = sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            &raw mut given,
            &raw mut this,
            ptr::null_mut(),
        );
        read == sys::Status::napi_ok && sys::napi_get_value_double(env, given, &raw mut id) == sys::Status::napi_ok
    };
    if !sound {
        return ptr::null_mut();
    }
    let number = ptr::without_provenance_mut::<c_void>(id as usize);
    // SAFETY: the data is a number and never read as an address; the reference that keeps the finalizer ends with it.
    let status = unsafe { sys::napi_add_finalizer(env, this, number, Some(ended), ptr::null_mut(), ptr::null_mut()) };
    if status == sys::Status::napi_ok {
        let id = id as u64;
        existing(|state| {
            let bytes = state.recorder.meta(id).map_or(0, Meta::bytes);
            WATCHED.with_borrow_mut(|watched| watched.add(id, bytes));
        });
    }
    this
}

/// A guard was collected, or its environment ends.
unsafe extern "C" fn ended(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    let id = data.addr() as u64;
    // A panic must not cross into V8.
    let _ = catch_unwind(|| {
        // Thread-locals may be gone when the thread ends.
        let watched = WATCHED.try_with(|watched| watched.borrow_mut().remove(id));
        if watched == Ok(true) {
            existing(|state| state.recorder.release(id));
        }
    });
}

fn check(status: sys::napi_status) -> Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        other => Err(Error::new(Status::from(other), "the class of guards could not be made")),
    }
}
