//! Every environment variable of the engine. docs/env.md lists them with those of TypeScript.

use crate::code::Code;
use crate::config::{Config, Priority};
use crate::device::Device;
use crate::error::{Error, Result};

/// The configuration that the environment asks for.
///
/// | variable           | meaning                                                                                   |
/// |--------------------|-------------------------------------------------------------------------------------------|
/// | `LORALIB_DEVICE`   | `cpu` (default), `cuda`, `cuda:N` or `auto`                                               |
/// | `LORALIB_ISA`      | `avx512`, `avx2`, `neon` or `scalar`: a lower kernel path; `candle`: every op through its twin |
/// | `LORALIB_THREADS`  | compute threads; default: one per core that the process may use                           |
/// | `LORALIB_PRIORITY` | `low` (default), `normal`, `idle`: how compute threads share the cores, [`Priority`]        |
/// | `LORALIB_MEMORY_LIMIT` | bytes, or `4GB`, `512MB`: the most that this process may use                          |
/// | `LORALIB_LOG`      | `error`, `warn`, `info`, `debug` or `trace`: what of LORALIB_DEBUG is printed               |
/// | `LORALIB_TRACE`    | a file for a timeline of what ran                                                          |
/// | `LORALIB_DEBUG`    | 1 backend, 2 each step, 3 each op, 4 finite check after each op                            |
///
/// # Errors
/// [`Code::Option`] for an invalid value, [`Code::Device`] for a device that is not there.
pub fn config() -> Result<Config> {
    let isa = text("LORALIB_ISA");
    let candle = isa.as_deref() == Some("candle");
    if let Some(name) = isa.as_deref().filter(|name| *name != "candle") {
        select_isa(name)?;
    }
    memory_limit()?;
    let debug = number("LORALIB_DEBUG", 0, 4)?.unwrap_or(0) as u8;
    let device = text("LORALIB_DEVICE").map_or(Ok(Device::Cpu), |name| Device::from_name(&name))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Config {
        device,
        candle,
        threads: number("LORALIB_THREADS", 1, 1024)?.unwrap_or(cores),
        debug,
        log: log()?.unwrap_or(debug.min(3)),
        trace: text("LORALIB_TRACE").map(Into::into),
        priority: priority()?,
    })
}

/// LORALIB_PRIORITY.
///
/// # Errors
/// [`Code::Option`] for another value than `low`, `normal` or `idle`.
pub fn priority() -> Result<Priority> {
    match text("LORALIB_PRIORITY").as_deref() {
        None | Some("low") => Ok(Priority::Low),
        Some("normal") => Ok(Priority::Normal),
        Some("idle") => Ok(Priority::Idle),
        Some(value) => Err(Error::new(Code::Option, "LORALIB_PRIORITY is not a priority")
            .expected("low, normal or idle")
            .received(value)
            .hint(
                "use normal for a process that computes beside equally busy ones, idle for one that only takes what others leave; leave it out for the default, low",
            )),
    }
}

/// LORALIB_LOG as a level of LORALIB_DEBUG.
fn log() -> Result<Option<u8>> {
    let Some(value) = text("LORALIB_LOG") else {
        return Ok(None);
    };
    let level = match value.to_ascii_lowercase().as_str() {
        "error" | "warn" => 0,
        "info" => 1,
        "debug" => 2,
        "trace" => 3,
        _ => {
            return Err(Error::new(Code::Option, "LORALIB_LOG is not a level")
                .expected("error, warn, info, debug or trace")
                .received(value));
        }
    };
    Ok(Some(level))
}

/// `LORALIB_MEMORY_LIMIT` in bytes.
///
/// # Errors
/// [`Code::Option`] for a value that is not a size.
pub fn memory_limit() -> Result<Option<u64>> {
    let Some(value) = text("LORALIB_MEMORY_LIMIT") else {
        return Ok(None);
    };
    bytes(&value).filter(|&n| n > 0).map(Some).ok_or_else(|| {
        Error::new(Code::Option, "LORALIB_MEMORY_LIMIT is not a size")
            .expected("a number of bytes, or one with a unit, such as 512MB or 4GB")
            .received(value.clone())
            .hint("set it to what the process may use, or leave it out")
    })
}

/// `1500`, `512MB`, `4GB`, `1.5 GiB`: units are powers of 1024.
fn bytes(value: &str) -> Option<u64> {
    let value = value.trim().to_ascii_lowercase();
    let digits = value
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let shift = match unit.trim().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    Some((number * (1u64 << shift) as f64) as u64)
}

fn select_isa(name: &str) -> Result<()> {
    let wrong = |received: String| {
        Error::new(Code::Option, "LORALIB_ISA names a kernel path that cannot run here")
            .expected("avx512, avx2, neon, scalar or candle, as far as the CPU has it")
            .received(received)
            .hint("leave it out: the best path of this CPU is chosen")
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
                .hint("set it to a number in this range, or leave it out for the default")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_or_none() {
        assert_eq!(bytes("1500"), Some(1500));
        assert_eq!(bytes("512MB"), Some(512 << 20));
        assert_eq!(bytes("1.5 GiB"), Some(3 << 29));
        assert_eq!(bytes("4g"), Some(4 << 30));
        for wrong in ["", "GB", "four", "4 GB and more", "-1", "1e9"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
