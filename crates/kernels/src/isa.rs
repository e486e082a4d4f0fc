//! The instruction set that the kernels run on: detected at run time, and switchable so that every path can be tested.

use std::sync::atomic::{AtomicU8, Ordering};

use pulp::{Simd, WithSimd};

use crate::error::{Result, fail};

/// An instruction set a kernel can be compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Isa {
    /// What the target triple guarantees (SSE2 on x86-64).
    Scalar = 1,
    /// AVX2 with FMA and F16C (x86-64-v3).
    Avx2 = 2,
    /// AVX-512 F, BW, CD, DQ, VL (x86-64-v4).
    Avx512 = 3,
    /// NEON on arm64.
    Neon = 4,
}

impl Isa {
    /// Every instruction set, lowest first.
    pub const ALL: [Isa; 4] = [Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Neon];

    /// `"scalar"`, `"avx2"`, `"avx512"` or `"neon"`.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        }
    }

    /// The instruction set called `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Isa> {
        Isa::ALL.into_iter().find(|isa| isa.name() == name)
    }

    /// True where this CPU can run it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => pulp::x86::V3::is_available(),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => pulp::x86::V4::is_available(),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => true,
            #[allow(unreachable_patterns, reason = "which names are left over depends on the target")]
            _ => false,
        }
    }

    /// True where `mul_add` is one instruction inside [`dispatch`]; elsewhere it is a slow library call.
    pub fn has_fma(self) -> bool {
        self != Isa::Scalar
    }
}

/// Whether the set in use has instructions for products of bf16: AVX512-BF16 with AVX-512.
pub fn has_bf16_products() -> bool {
    match current() {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => std::arch::is_x86_feature_detected!("avx512bf16"),
        _ => false,
    }
}

/// Whether such products use AMX: the CPU has its tiles, and the system lets this process use them.
pub fn has_amx() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    return has_bf16_products() && amx::is_on();
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    false
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod amx {
    use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Tests switch it off, to try what a CPU without it does.
    pub(crate) static WANTED: AtomicBool = AtomicBool::new(true);

    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| has_tiles() && is_permitted());

    pub(super) fn is_on() -> bool {
        WANTED.load(Ordering::Relaxed) && *AVAILABLE
    }

    /// AMX-TILE and AMX-BF16, and that the system saves the state of tiles.
    fn has_tiles() -> bool {
        const BF16_AND_TILE: u32 = 1 << 22 | 1 << 24;
        const CONFIG_AND_DATA: u64 = 0b11 << 17;
        #[target_feature(enable = "xsave")]
        fn saved() -> u64 {
            // SAFETY: register 0 is there wherever the instruction is.
            unsafe { _xgetbv(0) }
        }
        let has_xsave = std::arch::is_x86_feature_detected!("xsave");
        has_xsave
            && __cpuid(0).eax >= 7
            && __cpuid_count(7, 0).edx & BF16_AND_TILE == BF16_AND_TILE
            // SAFETY: the CPU has xsave.
            && unsafe { saved() } & CONFIG_AND_DATA == CONFIG_AND_DATA
    }

    /// Linux gives a process the state of tiles, 8 KB for each thread, when it asks (from 5.16 on).
    fn is_permitted() -> bool {
        const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
        const XFEATURE_XTILEDATA: libc::c_long = 18;
        // SAFETY: a call with plain numbers, which older systems refuse.
        unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
    }
}

/// 0 until the first use, then the value of an [`Isa`].
static CURRENT: AtomicU8 = AtomicU8::new(0);

/// The best instruction set of this CPU.
pub fn detect() -> Isa {
    Isa::ALL
        .into_iter()
        .rev()
        .find(|isa| isa.is_available())
        .expect("Scalar is always available")
}

/// The instruction set in use: the detected one, unless [`set`] chose another.
#[inline]
pub fn current() -> Isa {
    match CURRENT.load(Ordering::Relaxed) {
        1 => Isa::Scalar,
        2 => Isa::Avx2,
        3 => Isa::Avx512,
        4 => Isa::Neon,
        _ => {
            let isa = detect();
            CURRENT.store(isa as u8, Ordering::Relaxed);
            isa
        }
    }
}

/// Makes every kernel of the process use `isa` from now on.
///
/// # Errors
/// When this CPU lacks it; the choice then stays as it was.
pub fn set(isa: Isa) -> Result<()> {
    if !isa.is_available() {
        return fail(
            "isa",
            format!("this CPU cannot run {}; it runs up to {}", isa.name(), detect().name()),
        );
    }
    CURRENT.store(isa as u8, Ordering::Relaxed);
    Ok(())
}

/// Runs `f` compiled for the current instruction set.
///
/// The closure is compiled once per set. Write `dispatch(#[inline(always)] || …)`, and call only `#[inline(always)]`
/// functions inside: what is not inlined is compiled for the base level. Call it inside each chunk, because closures that
/// rayon runs on other threads do not inherit it.
#[inline(always)]
pub fn dispatch<R>(f: impl FnOnce() -> R) -> R {
    dispatch_registers(Plain(f))
}

/// A closure that the compiler vectorises.
struct Plain<F>(F);

impl<R, F: FnOnce() -> R> WithSimd for Plain<F> {
    type Output = R;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> R {
        (self.0)()
    }
}

/// [`dispatch`] for an `op` that is written in terms of vector registers.
#[inline(always)]
pub(crate) fn dispatch_registers<O: WithSimd>(op: O) -> O::Output {
    #[cfg(target_arch = "x86_64")]
    match current() {
        Isa::Avx512 => {
            if let Some(s) = pulp::x86::V4::try_new() {
                return Simd::vectorize(s, op);
            }
        }
        Isa::Avx2 => {
            if let Some(s) = pulp::x86::V3::try_new() {
                return Simd::vectorize(s, op);
            }
        }
        Isa::Scalar | Isa::Neon => {}
    }
    #[cfg(target_arch = "aarch64")]
    if current() == Isa::Neon
        && let Some(s) = pulp::aarch64::Neon::try_new()
    {
        return Simd::vectorize(s, op);
    }
    Simd::vectorize(pulp::Scalar256b, op)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_set() {
        for isa in Isa::ALL {
            assert_eq!(Isa::from_name(isa.name()), Some(isa));
        }
        assert_eq!(Isa::from_name("sse9"), None);
    }

    #[test]
    fn set_refuses_what_the_cpu_lacks() {
        let foreign = if cfg!(target_arch = "x86_64") {
            Isa::Neon
        } else {
            Isa::Avx2
        };
        assert!(set(foreign).is_err());
    }

    #[test]
    fn dispatch_runs_the_closure_on_each_set() {
        crate::testing::each_isa(|isa| {
            assert_eq!(current(), isa);
            let squares: f32 = dispatch(
                #[inline(always)]
                || (0..10).map(|i| (i * i) as f32).sum(),
            );
            assert_eq!(squares, 285.0);
        });
    }
}
