//! The kernels of `cuda/own.cu`, and products by cuBLAS.

use std::sync::OnceLock;

use candle_core::cuda_backend::cudarc::cublas::{Gemm, GemmConfig, sys::cublasOperation_t};
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, LaunchConfig, PushKernelArg};
use candle_core::cuda_backend::cudarc::nvrtc::compile_ptx;
use candle_core::cuda_backend::{CudaStorage, CudaStorageSlice as Slice, WrapErr};
use candle_core::{CudaDevice, Layout, Result, Shape, Storage, Tensor, builder_arg};
use kernels::cpu::attention::Causal;
use kernels::cpu::dropout::Dropout;
use kernels::rng::drop_threshold;

use super::parts::{Hide, Order, range};
use crate::dtype::Dtype;
use crate::rng::Rng;

const SOURCE: &str = include_str!("../../../cuda/own.cu");

/// Bytes of keys and places that are sorted at a time.
const ORDER_BYTES: usize = 256 << 20;

fn unsupported(what: &'static str) -> candle_core::Error {
    candle_core::Error::Msg(format!("{what} does not take this dtype on CUDA"))
}

/// The source as PTX, compiled once for all devices.
fn ptx() -> Result<&'static str> {
    static PTX: OnceLock<std::result::Result<String, String>> = OnceLock::new();
    let compile = || {
        compile_ptx(SOURCE)
            .map(|ptx| ptx.to_src())
            .map_err(|e| format!("{e:?}"))
    };
    match PTX.get_or_init(compile) {
        Ok(ptx) => Ok(ptx),
        Err(error) => Err(candle_core::Error::Msg(format!(
            "NVRTC could not compile own.cu: {error}"
        ))),
    }
}

/// A kernel of the source. candle does not name the type.
macro_rules! kernel {
    ($device:expr, $name:expr) => {
        $device.get_or_load_custom_func($name, "loralib_own", ptx()?)?
    };
}

/// One thread an element.
fn threads(n: usize) -> LaunchConfig {
    LaunchConfig {
        grid_dim: (n.div_ceil(256) as u32, 1, 1),
        block_dim: (256, 1, 1),
        shared_mem_bytes: 0,
    }
}

/// Number of elements of a storage, where it is known.
pub fn elements(storage: &CudaStorage) -> Option<usize> {
    Some(match &storage.slice {
        Slice::U8(s) => s.len(),
        Slice::U32(s) => s.len(),
        Slice::I64(s) => s.len(),
        Slice::BF16(s) => s.len(),
        Slice::F16(s) => s.len(),
        Slice::F32(s) => s.len(),
        Slice::F64(s) => s.len(),
        _ => return None,
    })
}

pub fn dropout(x: &mut CudaStorage, layout: &Layout, dropout: Dropout, first: u64) -> Result<()> {
    let ((start, end), device) = (range(layout)?, x.device.clone());
    let (n, scale) = (end - start, 1.0 / (1.0 - dropout.p));
    let threshold = drop_threshold(dropout.p);
    macro_rules! run {
        ($x:expr, $name:literal, $scale:expr) => {{
            let f = kernel!(device, $name);
            let mut x = $x.slice_mut(start..end);
            let mut launch = f.builder();
            launch.arg(&mut x);
            builder_arg!(
                launch,
                n as u64,
                first,
                dropout.seed,
                dropout.counter,
                threshold,
                $scale
            );
            // SAFETY: the arguments are those of the kernel, which checks its index against `n`.
            unsafe { launch.launch(threads(n)) }.w()?;
        }};
    }
    match &mut x.slice {
        Slice::F32(x) => run!(x, "drop_f32", scale as f32),
        Slice::F64(x) => run!(x, "drop_f64", scale),
        _ => return Err(unsupported("dropout")),
    }
    Ok(())
}

/// A tensor whose elements one of two kernels makes of two numbers.
fn filled(
    device: &CudaDevice,
    (f32_kernel, f64_kernel): (&str, &str),
    rng: Rng,
    dims: &[usize],
    (a, b): (f64, f64),
    dtype: Dtype,
) -> Result<Tensor> {
    let n: usize = dims.iter().product();
    let launch_f32 = |y: &mut CudaSlice<f32>| -> Result<()> {
        let f = kernel!(device, f32_kernel);
        let mut launch = f.builder();
        launch.arg(y);
        builder_arg!(launch, n as u64, rng.seed, rng.counter, a as f32, b as f32);
        // SAFETY: as in `dropout`.
        unsafe { launch.launch(threads(n)) }.w()?;
        Ok(())
    };
    let launch_f64 = |y: &mut CudaSlice<f64>| -> Result<()> {
        let f = kernel!(device, f64_kernel);
        let mut launch = f.builder();
        launch.arg(y);
        builder_arg!(launch, n as u64, rng.seed, rng.counter, a, b);
        // SAFETY: as in `dropout`.
        unsafe { launch.launch(threads(n)) }.w()?;
        Ok(())
    };
    let storage = if dtype.wide() == Dtype::F64 {
        let mut y = device.alloc_zeros::<f64>(n)?;
        if n > 0 {
            launch_f64(&mut y)?;
        }
        CudaStorage::wrap_cuda_slice(y, device.clone())
    } else {
        let mut y = device.alloc_zeros::<f32>(n)?;
        if n > 0 {
            launch_f32(&mut y)?;
        }
        CudaStorage::wrap_cuda_slice(y, device.clone())
    };
    let none = candle_core::op::BackpropOp::none();
    Ok(Tensor::from_storage(Storage::Cuda(storage), dims, none, false))
}

pub fn uniform(device: &CudaDevice, rng: Rng, dims: &[usize], (low, high): (f64, f64), dtype: Dtype) -> Result<Tensor> {
    filled(
        device,
        ("uniform_f32", "uniform_f64"),
        rng,
        dims,
        (low, high - low),
        dtype,
    )
}

pub fn normal(device: &CudaDevice, rng: Rng, dims: &[usize], numbers: (f64, f64), dtype: Dtype) -> Result<Tensor> {
    filled(device, ("normal_f32", "normal_f64"), rng, dims, numbers, dtype)
}

pub fn hide(
    scores: &mut CudaStorage,
    layout: &Layout,
    hide: Hide,
    lengths: Option<(&CudaStorage, &Layout)>,
) -> Result<()> {
    let ((start, end), device) = (range(layout)?, scores.device.clone());
    let n = end - start;
    let lengths = match lengths {
        Some((lengths, layout)) => {
            let (start, end) = range(layout)?;
            Some(lengths.as_cuda_slice::<i64>()?.slice(start..end))
        }
        None => None,
    };
    let causal: u32 = match hide.causal {
        Causal::None => 0,
        Causal::TopLeft => 1,
        Causal::BottomRight => 2,
    };
    macro_rules! run {
        ($scores:expr, $name:literal) => {{
            let f = kernel!(device, $name);
            let mut scores = $scores.slice_mut(start..end);
            let mut launch = f.builder();
            launch.arg(&mut scores);
            builder_arg!(launch, n as u64);
            match &lengths {
                Some(lengths) => launch.arg(lengths),
                None => launch.arg(&0u64),
            };
            let Hide {
                start,
                rows,
                tq,
                tk,
                window,
                ..
            } = hide;
            builder_arg!(launch, start as u64, rows as u64, tq as u64, tk as u64);
            builder_arg!(launch, causal, window.unwrap_or(0) as u64);
            // SAFETY: as in `dropout`; a pointer of 0 means no lengths.
            unsafe { launch.launch(threads(n)) }.w()?;
        }};
    }
    match &mut scores.slice {
        Slice::F32(scores) => run!(scores, "hide_f32"),
        Slice::F64(scores) => run!(scores, "hide_f64"),
        _ => return Err(unsupported("attention")),
    }
    Ok(())
}

pub fn order(order: &Order, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
    let ((start, _), device) = (range(layout)?, x.device.clone());
    let (rows, n, shape) = order.sizes(layout);
    let (k, width) = (order.k, n.next_power_of_two());
    let mut out = device.alloc_zeros::<i64>(rows * k)?;
    let together = (ORDER_BYTES / (12 * width)).max(1);
    for first in (0..rows).step_by(together) {
        let some = together.min(rows - first);
        let count = some * width;
        let mut keys = device.alloc_zeros::<u64>(count)?;
        let mut places = device.alloc_zeros::<u32>(count)?;
        macro_rules! keys {
            ($x:expr, $name:literal) => {{
                let f = kernel!(device, $name);
                let x = $x.slice(start + first * n..start + (first + some) * n);
                let mut launch = f.builder();
                launch.arg(&x);
                builder_arg!(
                    launch,
                    count as u64,
                    n as u64,
                    width as u64,
                    u32::from(order.descending)
                );
                launch.arg(&mut keys);
                launch.arg(&mut places);
                // SAFETY: as in `dropout`.
                unsafe { launch.launch(threads(count)) }.w()?;
            }};
        }
        match &x.slice {
            Slice::F32(x) => keys!(x, "keys_f32"),
            Slice::F64(x) => keys!(x, "keys_f64"),
            Slice::I64(x) => keys!(x, "keys_i64"),
            Slice::U8(x) => keys!(x, "keys_u8"),
            _ => return Err(unsupported("sort")),
        }
        let f = kernel!(device, "order_step");
        let mut run = 2;
        while run <= width {
            let mut distance = run / 2;
            while distance > 0 {
                let mut launch = f.builder();
                launch.arg(&mut keys);
                launch.arg(&mut places);
                builder_arg!(launch, count as u64, width as u64, run as u64, distance as u64);
                // SAFETY: as in `dropout`; no two threads have the same pair.
                unsafe { launch.launch(threads(count)) }.w()?;
                distance /= 2;
            }
            run *= 2;
        }
        let f = kernel!(device, "first_places");
        let mut part = out.slice_mut(first * k..(first + some) * k);
        let mut launch = f.builder();
        launch.arg(&places);
        builder_arg!(launch, (some * k) as u64, width as u64, k as u64);
        launch.arg(&mut part);
        // SAFETY: as in `dropout`.
        unsafe { launch.launch(threads(some * k)) }.w()?;
    }
    Ok((CudaStorage::wrap_cuda_slice(out, device), shape))
}

/// `c += aᵀ b`. cuBLAS counts in columns: it multiplies `bᵀ` by `a` into `cᵀ`.
pub fn add_product(
    (c, c_layout): (&mut CudaStorage, &Layout),
    (a, a_layout): (&CudaStorage, &Layout),
    (b, b_layout): (&CudaStorage, &Layout),
) -> Result<()> {
    let ((m, n), k) = (a_layout.shape().dims2()?, b_layout.shape().dims2()?.1);
    let ranges = [range(c_layout)?, range(a_layout)?, range(b_layout)?];
    let blas = c.device.cublas_handle();
    macro_rules! run {
        ($c:expr, $type:ty) => {{
            let config = GemmConfig::<$type> {
                transa: cublasOperation_t::CUBLAS_OP_N,
                transb: cublasOperation_t::CUBLAS_OP_T,
                m: k as i32,
                n: n as i32,
                k: m as i32,
                alpha: 1.0,
                lda: k as i32,
                ldb: n as i32,
                beta: 1.0,
                ldc: k as i32,
            };
            let a = a.as_cuda_slice::<$type>()?.slice(ranges[1].0..ranges[1].1);
            let b = b.as_cuda_slice::<$type>()?.slice(ranges[2].0..ranges[2].1);
            let mut c = $c.slice_mut(ranges[0].0..ranges[0].1);
            // SAFETY: the sizes are those of the three matrices.
            unsafe { blas.gemm(config, &b, &a, &mut c) }.w()?;
        }};
    }
    match &mut c.slice {
        Slice::F32(c) => run!(c, f32),
        Slice::F64(c) => run!(c, f64),
        _ => return Err(unsupported("a product")),
    }
    Ok(())
}
