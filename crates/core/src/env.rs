//! Every environment variable of the engine. docs/env.md lists them with those of TypeScript.

use crate::code::Code;
use crate::device::Device;
use crate::engine::Config;
use crate::error::{Error, Result};

/// How the environment wants the engine to run.
///
/// | variable           | meaning                                                                                   |
/// |--------------------|-------------------------------------------------------------------------------------------|
/// | `LORALIB_DEVICE`   | `cpu` (default), `cuda` or `cuda:N`                                                       |
/// | `LORALIB_ISA`      | `avx512`, `avx2`, `neon` or `scalar`: a lower kernel path; `candle`: every op by its twin  |
/// | `LORALIB_THREADS`  | compute threads; default: one per core that the process may use                           |
/// | `LORALIB_DEBUG`    | 1 backend, 2 each step, 3 each op, 4 finite check after each op                            |
///
/// # Errors
/// [`Code::Option`] for a value that means nothing, [`Code::Device`] for a device that is not there.
pub fn config() -> Result<Config> {
    let isa = text("LORALIB_ISA");
    let candle = isa.as_deref() == Some("candle");
    if let Some(name) = isa.as_deref().filter(|name| *name != "candle") {
        select_isa(name)?;
    }
    let device = text("LORALIB_DEVICE").map_or(Ok(Device::Cpu), |name| Device::from_name(&name))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Config {
        device,
        candle,
        threads: number("LORALIB_THREADS", 1, 1024)?.unwrap_or(cores),
        debug: number("LORALIB_DEBUG", 0, 4)?.unwrap_or(0) as u8,
        nice: true,
    })
}

fn select_isa(name: &str) -> Result<()> {
    let wrong = |received: String| {
        Error::new(Code::Option, "LORALIB_ISA names a kernel path that cannot run here")
            .expected("avx512, avx2, neon, scalar or candle, as far as the CPU has it")
            .received(received)
    };
    let isa = kernels::isa::Isa::from_name(name).ok_or_else(|| wrong(name.to_owned()))?;
    kernels::isa::set(isa).map_err(|e| wrong(e.what))
}

fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn number(name: &str, least: usize, most: usize) -> Result<Option<usize>> {
    let Some(value) = text(name) else { return Ok(None) };
    value
        .parse()
        .ok()
        .filter(|n| (least..=most).contains(n))
        .map(Some)
        .ok_or_else(|| {
            Error::new(Code::Option, format!("{name} is not a number in its range"))
                .expected(format!("{least} to {most}"))
                .received(value)
        })
}
