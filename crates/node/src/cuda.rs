//! Opens NVIDIA's driver and libraries without being linked with them, for the probe of `src/native/cuda.ts`, which calls this in a child process.

use napi_derive::napi;

/// `{version, devices}` of a driver's library, or `{error}`, as JSON. The first use of a driver may crash or take seconds: not for a process that matters.
#[napi(catch_unwind)]
pub fn probe_cuda_driver(path: String) -> String {
    match library::driver(&path) {
        Ok([version, devices]) => serde_json::json!({ "version": version, "devices": devices }),
        Err(error) => serde_json::json!({ "error": error }),
    }
    .to_string()
}

/// Opens libraries in their order, so that what is linked with them finds them; returns the errors, by path.
#[napi(catch_unwind, ts_return_type = "Record<string, string>")]
pub fn open_libraries(paths: Vec<String>) -> std::collections::HashMap<String, String> {
    paths
        .into_iter()
        .filter_map(|path| library::open(&path).err().map(|error| (path, error)))
        .collect()
}

#[cfg(target_os = "linux")]
mod library {
    use std::ffi::{CStr, CString, c_int, c_void};

    /// The handle of a library, which stays open.
    pub fn open(path: &str) -> Result<*mut c_void, String> {
        let path = CString::new(path).map_err(|_| "a path with a zero byte".to_owned())?;
        // SAFETY: the path ends with a zero; the library's own initialisers are what the caller asks for.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        if !handle.is_null() {
            return Ok(handle);
        }
        // SAFETY: after a failure it is a text that ends with a zero, or null.
        let text = unsafe { libc::dlerror() };
        if text.is_null() {
            return Err("the library cannot be opened".into());
        }
        // SAFETY: as above.
        Err(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    }

    /// Version of CUDA and number of devices.
    pub fn driver(path: &str) -> Result<[c_int; 2], String> {
        let handle = open(path)?;
        type Init = unsafe extern "C" fn(u32) -> c_int;
        type Number = unsafe extern "C" fn(*mut c_int) -> c_int;
        let symbol = |name: &CStr| {
            // SAFETY: the handle is open and the name ends with a zero.
            let symbol = unsafe { libc::dlsym(handle, name.as_ptr()) };
            if symbol.is_null() {
                Err(format!("it is no driver of CUDA: it has no {}", name.to_string_lossy()))
            } else {
                Ok(symbol)
            }
        };
        let (init, version, count) = (
            symbol(c"cuInit")?,
            symbol(c"cuDriverGetVersion")?,
            symbol(c"cuDeviceGetCount")?,
        );
        // SAFETY: this is the signature that CUDA documents for it.
        let init = unsafe { std::mem::transmute::<*mut c_void, Init>(init) };
        // SAFETY: as above, for both.
        let [version, count] = [version, count].map(|f| unsafe { std::mem::transmute::<*mut c_void, Number>(f) });
        // SAFETY: 0 is the one flag that there is.
        done("cuInit", unsafe { init(0) })?;
        let mut numbers = [0; 2];
        // SAFETY: the number is there to be written.
        done("cuDriverGetVersion", unsafe { version(&raw mut numbers[0]) })?;
        // SAFETY: as above.
        done("cuDeviceGetCount", unsafe { count(&raw mut numbers[1]) })?;
        Ok(numbers)
    }

    fn done(name: &str, code: c_int) -> Result<(), String> {
        match code {
            0 => Ok(()),
            100 => Err(format!("{name} found no device (CUDA_ERROR_NO_DEVICE)")),
            803 => Err(format!(
                "{name}: the driver's library does not fit the kernel module (CUDA_ERROR_SYSTEM_DRIVER_MISMATCH); fix: restart after the update of the driver"
            )),
            other => Err(format!("{name} failed with CUDA error {other}")),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod library {
    pub fn open(_path: &str) -> Result<(), String> {
        Err("the CUDA addon is made for Linux".into())
    }

    pub fn driver(path: &str) -> Result<[i32; 2], String> {
        open(path).map(|()| [0; 2])
    }
}
