//! Devices. Without the feature `cuda` a CUDA device is an error that says how to get one.

use std::fmt;
use std::sync::OnceLock;

use crate::code::Code;
use crate::error::{Error, Result};

/// Where tensors live. One per process.
#[derive(Clone, Debug)]
pub enum Device {
    /// Main memory.
    Cpu,
    /// A CUDA device of candle.
    Cuda(candle_core::Device),
}

impl Device {
    /// The device of this name: `cpu`, `cuda`, `cuda:1`, or `auto`, which is the first CUDA device where this build has one, and else the CPU.
    ///
    /// # Errors
    /// [`Code::Device`] for an unknown name, or a device that this build or machine does not have.
    pub fn from_name(name: &str) -> Result<Device> {
        let unknown = || {
            Error::new(Code::Device, "no such device")
                .expected("cpu, cuda, cuda:N or auto")
                .received(name.to_owned())
                .hint("set LORALIB_DEVICE to one of these, or leave it out for cpu")
        };
        match name.split_once(':').unwrap_or((name, "0")) {
            ("cpu", _) => Ok(Device::Cpu),
            ("auto", _) => Ok(open_cuda(0).unwrap_or(Device::Cpu)),
            ("cuda", number) => open_cuda(number.parse().map_err(|_| unknown())?),
            _ => Err(unknown()),
        }
    }

    /// candle's device.
    pub fn candle(&self) -> &candle_core::Device {
        match self {
            Device::Cpu => &candle_core::Device::Cpu,
            Device::Cuda(device) => device,
        }
    }

    /// Whether it is the CPU.
    pub fn is_cpu(&self) -> bool {
        matches!(self, Device::Cpu)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_cpu() { "cpu" } else { "cuda" })
    }
}

#[cfg(feature = "cuda")]
fn open_cuda(number: usize) -> Result<Device> {
    // A stream of our own: the default one means "the stream of the calling thread".
    let opened = std::panic::catch_unwind(|| candle_core::Device::new_cuda_with_stream(number));
    match opened {
        Ok(Ok(device)) => {
            if let candle_core::Device::Cuda(cuda) = &device {
                // SAFETY: one thread and one stream use this device, so no event has to order its work.
                unsafe { cuda.disable_event_tracking() };
                keep_memory(cuda)?;
            }
            Ok(Device::Cuda(device))
        }
        Ok(Err(error)) => Err(Error::new(Code::Device, "the CUDA device cannot be opened")
            .received(format!("cuda:{number}"))
            .source(error)
            .expected("a CUDA device that this process may use")
            .hint("run nvidia-smi: is the driver there, and the number right? LORALIB_DEVICE=cpu always works")),
        Err(_) => Err(Error::new(Code::Device, "the CUDA libraries cannot be loaded")
            .received(format!("cuda:{number}"))
            .expected("the CUDA libraries of the driver and the toolkit")
            .hint("install the CUDA runtime, or set LORALIB_DEVICE=cpu")),
    }
}

/// Keeps what is freed for the next allocation: by default the driver takes it back at every wait for the device.
#[cfg(feature = "cuda")]
fn keep_memory(device: &candle_core::CudaDevice) -> Result<()> {
    use candle_core::cuda_backend::cudarc::driver::{result, sys::CUmemPool_attribute};
    let context = device.cuda_stream().context().clone();
    let mut all = u64::MAX;
    // SAFETY: the device is open, the pool is its own, and the attribute is a 64-bit number.
    let set = unsafe {
        result::device::get_default_mem_pool(context.cu_device()).and_then(|pool| {
            let release = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
            result::mem_pool::set_attribute(pool, release, (&raw mut all).cast())
        })
    };
    set.map_err(|error| {
        Error::new(Code::Device, "the memory pool of the CUDA device cannot be set")
            .received(format!("{error:?}"))
            .expected("a device with memory pools: compute capability 7.5 or higher")
            .hint("LORALIB_DEVICE=cpu always works")
    })
}

#[cfg(feature = "cuda")]
impl Device {
    /// Bytes of the device's memory; of the CPU none is told here.
    pub fn memory(&self) -> Option<u64> {
        let Device::Cuda(candle_core::Device::Cuda(device)) = self else {
            return None;
        };
        let (_, total) = device.cuda_stream().context().mem_get_info().ok()?;
        Some(total as u64)
    }
}

#[cfg(not(feature = "cuda"))]
impl Device {
    /// Bytes of the device's memory; of the CPU none is told here.
    pub fn memory(&self) -> Option<u64> {
        None
    }
}

/// Why the package did not load its CUDA addon, when it was asked to.
static WITHOUT_CUDA: OnceLock<String> = OnceLock::new();

/// Keeps the reasons for the error of whoever asks for the device.
pub fn note_without_cuda(reasons: String) {
    // The first load decides: one process has one addon.
    let _ = WITHOUT_CUDA.set(reasons);
}

#[cfg(not(feature = "cuda"))]
fn open_cuda(number: usize) -> Result<Device> {
    let error =
        Error::new(Code::Device, "CUDA cannot be used").expected("cpu, or the CUDA addon with all that it needs");
    Err(match WITHOUT_CUDA.get() {
        Some(reasons) => error
            .received(format!("cuda:{number}: {reasons}"))
            .hint("mend the first reason, or leave LORALIB_DEVICE out; with LORALIB_DEVICE=auto, lora.backend({ explain: true }) says all that was looked at"),
        None => error
            .received(format!("cuda:{number}, and an addon without CUDA"))
            .hint("in a checkout of the repository, npm run build -- --features cuda builds an addon with CUDA and says how it is used; or leave LORALIB_DEVICE out"),
    })
}
