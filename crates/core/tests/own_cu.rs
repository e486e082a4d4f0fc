//! The kernels of `cuda/own.cu` compiled as C++ and run on the CPU, one index after the other, against the engine's own: where there is no GPU, this shows that
//! their arithmetic is right. The test needs a C++ compiler (`c++`), as the build of the dependencies does.
#![cfg(target_os = "linux")]

use std::ffi::{CString, c_void};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use kernels::cpu::dropout::{Dropout, fill_normal, fill_uniform};
use kernels::cpu::sort::sort;
use kernels::rng::drop_threshold;

/// What NVRTC has and C++ does not.
const SHIM: &str = r#"
#include <cmath>
#define __device__
#define __global__
struct Three { unsigned int x, y, z; };
static Three blockIdx, blockDim = {256, 1, 1}, threadIdx;
extern "C" void set_index(unsigned long long i) { blockIdx.x = i / 256; threadIdx.x = i % 256; }
static float sinpif(float x) { return std::sin(x * M_PI); }
static float cospif(float x) { return std::cos(x * M_PI); }
static double sinpi(double x) { return std::sin(x * M_PI); }
static double cospi(double x) { return std::cos(x * M_PI); }
"#;

/// The compiled kernels.
struct Library(*mut c_void);

// SAFETY: the handle is only looked up in, and each test launches kernels under the lock.
unsafe impl Send for Library {}

/// Compiled once, and used by one test at a time: the index of a launch is a global of the library.
fn library() -> MutexGuard<'static, Library> {
    static LIBRARY: OnceLock<Mutex<Library>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| Mutex::new(Library::build()));
    library.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Library {
    fn build() -> Library {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let (source, library) = (folder.join("own.cpp"), folder.join("libown.so"));
        std::fs::write(&source, format!("{SHIM}{}", include_str!("../cuda/own.cu"))).expect("a temporary file");
        let mut compiler = Command::new("c++");
        compiler.args(["-O1", "-shared", "-fPIC", "-ffp-contract=off", "-o"]);
        let built = compiler.arg(&library).arg(&source).output().expect("a C++ compiler");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let path = CString::new(library.to_str().expect("a path in UTF-8")).expect("no zero byte");
        // SAFETY: the library was built here and runs nothing when it is loaded.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "the library loads");
        Library(handle)
    }

    fn symbol(&self, name: &str) -> *mut c_void {
        let name = CString::new(name).expect("no zero byte");
        // SAFETY: the handle is open.
        let symbol = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!symbol.is_null(), "{name:?} is there");
        symbol
    }
}

/// Calls a kernel for every index of whole blocks of threads, as a launch does.
macro_rules! launch {
    ($library:expr, $name:literal, $n:expr, ($($type:ty),*), ($($arg:expr),*)) => {{
        // SAFETY: the types are those of the source, and each call stays within the buffers, which is what the kernel's own check is for.
        unsafe {
            let kernel: extern "C" fn($($type),*) = std::mem::transmute($library.symbol($name));
            let set_index: extern "C" fn(u64) = std::mem::transmute($library.symbol("set_index"));
            for i in 0..($n as u64).next_multiple_of(256) {
                set_index(i);
                kernel($($arg),*);
            }
        }
    }};
}

const SEED: u64 = 0x0123_4567_89ab_cdef;
const COUNTER: u64 = 0xffff_fffe;

#[test]
fn random_numbers_are_those_of_the_engine() {
    let library = library();
    let n = 1003;
    for (p, start) in [(0.3, 0), (0.5, 7), (1.0, 2)] {
        let (mut x, mut y) = (vec![1.5f32; n], vec![1.5f32; n]);
        let dropout = Dropout {
            p,
            seed: SEED,
            counter: COUNTER,
        };
        dropout.apply(start, &mut y);
        let scale = (1.0 / (1.0 - p)) as f32;
        launch!(
            library,
            "drop_f32",
            n,
            (*mut f32, u64, u64, u64, u64, u32, f32),
            (x.as_mut_ptr(), n as u64, start, SEED, COUNTER, drop_threshold(p), scale)
        );
        assert_eq!(x, y, "dropout {p} from {start}");
    }
    let (mut x, mut y) = (vec![0f32; n], vec![0f32; n]);
    fill_uniform(SEED, COUNTER, -1.0, 3.0, &mut y);
    launch!(
        library,
        "uniform_f32",
        n,
        (*mut f32, u64, u64, u64, f32, f32),
        (x.as_mut_ptr(), n as u64, SEED, COUNTER, -1.0, 4.0)
    );
    assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() <= 1e-6), "uniform");
    fill_normal(SEED, COUNTER, 0.5, 2.0, &mut y);
    launch!(
        library,
        "normal_f32",
        n,
        (*mut f32, u64, u64, u64, f32, f32),
        (x.as_mut_ptr(), n as u64, SEED, COUNTER, 0.5, 2.0)
    );
    assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() <= 2e-5), "normal");
    let (mut x, mut y) = (vec![0f64; n], vec![0f64; n]);
    fill_uniform(SEED, COUNTER, -1.0, 3.0, &mut y);
    launch!(
        library,
        "uniform_f64",
        n,
        (*mut f64, u64, u64, u64, f64, f64),
        (x.as_mut_ptr(), n as u64, SEED, COUNTER, -1.0, 4.0)
    );
    assert_eq!(x, y, "uniform f64");
    fill_normal(SEED, COUNTER, 0.5, 2.0, &mut y);
    launch!(
        library,
        "normal_f64",
        n,
        (*mut f64, u64, u64, u64, f64, f64),
        (x.as_mut_ptr(), n as u64, SEED, COUNTER, 0.5, 2.0)
    );
    assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() <= 1e-12), "normal f64");
}

/// Sorts rows as `ops/own/cuda.rs` launches the kernels.
macro_rules! ordered {
    ($library:expr, $keys:literal, $type:ty, $x:expr, $n:expr, $k:expr, $descending:expr) => {{
        let (x, n, k): (&[$type], usize, usize) = ($x, $n, $k);
        let (rows, width) = (x.len() / n, n.next_power_of_two());
        let count = rows * width;
        let (mut keys, mut places, mut out) = (vec![0u64; count], vec![0u32; count], vec![0i64; rows * k]);
        launch!(
            $library,
            $keys,
            count,
            (*const $type, u64, u64, u64, u32, *mut u64, *mut u32),
            (
                x.as_ptr(),
                count as u64,
                n as u64,
                width as u64,
                u32::from($descending),
                keys.as_mut_ptr(),
                places.as_mut_ptr()
            )
        );
        let mut run = 2;
        while run <= width {
            let mut distance = run / 2;
            while distance > 0 {
                launch!(
                    $library,
                    "order_step",
                    count,
                    (*mut u64, *mut u32, u64, u64, u64, u64),
                    (
                        keys.as_mut_ptr(),
                        places.as_mut_ptr(),
                        count as u64,
                        width as u64,
                        run as u64,
                        distance as u64
                    )
                );
                distance /= 2;
            }
            run *= 2;
        }
        launch!(
            $library,
            "first_places",
            rows * k,
            (*const u32, u64, u64, u64, *mut i64),
            (
                places.as_ptr(),
                (rows * k) as u64,
                width as u64,
                k as u64,
                out.as_mut_ptr()
            )
        );
        let (mut values, mut wanted) = (vec![<$type>::default(); rows * k], vec![0i64; rows * k]);
        sort(x, rows, n, k, $descending, &mut values, &mut wanted).expect("the sizes fit");
        assert_eq!(out, wanted, "{} n {n} k {k} descending {}", $keys, $descending);
    }};
}

#[test]
fn rows_of_any_length_get_the_order_of_the_engine() {
    let library = library();
    let mut state = 9u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as i64
    };
    for n in [1usize, 2, 5, 64, 300] {
        // Few different values, so that there are ties, and what has no order by itself.
        let whole: Vec<i64> = (0..3 * n).map(|_| next() % 40 - 20).collect();
        let mut floats: Vec<f32> = whole.iter().map(|&x| x as f32 / 4.0).collect();
        for (i, odd) in [f32::NAN, -0.0, f32::INFINITY, f32::NEG_INFINITY, 0.0, f32::NAN]
            .into_iter()
            .enumerate()
        {
            let at = (i * 7) % floats.len();
            floats[at] = odd;
        }
        let doubles: Vec<f64> = floats.iter().map(|&x| f64::from(x)).collect();
        let bytes: Vec<u8> = whole.iter().map(|&x| x.unsigned_abs() as u8).collect();
        for descending in [false, true] {
            for k in [1, n.div_ceil(2), n] {
                ordered!(library, "keys_f32", f32, &floats, n, k, descending);
                ordered!(library, "keys_f64", f64, &doubles, n, k, descending);
                ordered!(library, "keys_i64", i64, &whole, n, k, descending);
                ordered!(library, "keys_u8", u8, &bytes, n, k, descending);
            }
        }
    }
}

#[test]
fn keys_are_hidden_as_by_the_engine() {
    let library = library();
    let (batch, heads, tq, tk) = (2u64, 2u64, 5u64, 7u64);
    let n = (batch * heads * tq * tk) as usize;
    let lengths = [7i64, 4];
    for causal in 0..3u32 {
        for window in [0u64, 1, 3] {
            for given in [false, true] {
                let mut scores = vec![1f32; n];
                let pointer = if given { lengths.as_ptr() } else { std::ptr::null() };
                launch!(
                    library,
                    "hide_f32",
                    n,
                    (*mut f32, u64, *const i64, u64, u64, u64, u64, u32, u64),
                    (
                        scores.as_mut_ptr(),
                        n as u64,
                        pointer,
                        0,
                        heads * tq,
                        tq,
                        tk,
                        causal,
                        window
                    )
                );
                for (at, score) in scores.iter().enumerate() {
                    let (row, j) = (at as i64 / tk as i64, at as i64 % tk as i64);
                    let (b, i) = (row / (heads * tq) as i64, row % tq as i64);
                    let length = if given { lengths[b as usize] } else { tk as i64 };
                    // The rule, written with signed numbers: the position of the query among the keys.
                    let position = if causal == 2 { length - tq as i64 + i } else { i };
                    let near =
                        window == 0 || (j > position - window as i64 && (causal != 0 || j < position + window as i64));
                    let seen = j < length && (causal == 0 || j <= position) && near;
                    assert_eq!(
                        *score == 1.0,
                        seen,
                        "causal {causal} window {window} lengths {given} row {row} key {j}"
                    );
                }
            }
        }
    }
}
