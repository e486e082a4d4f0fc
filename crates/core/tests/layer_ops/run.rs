//! Runs a call through an engine and reads the result and the gradients.

use std::sync::mpsc;

use engine::config::{Config, Priority};
use engine::device::Device;
use engine::dtype::Dtype;
use engine::executor::Engine;
use engine::meta::Meta;
use engine::recorder::{Kind, Recorder, Source};
use engine::shape::Shape;
use half::bf16;

use crate::cases::Case;
use crate::cases::Input::{Float, Missing, Truth, Whole};

pub fn engine(candle: bool) -> Engine {
    Engine::start(Config {
        device: Device::Cpu,
        candle,
        threads: 2,
        debug: 0,
        log: 0,
        trace: None,
        priority: Priority::Normal,
    })
    .expect("starts")
}

pub fn values(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| (((i + 1) * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0)
        .collect()
}

pub fn bytes(numbers: &[f64], dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F64 => bytemuck::cast_slice(numbers).to_vec(),
        Dtype::Bf16 => numbers.iter().flat_map(|&x| bf16::from_f64(x).to_le_bytes()).collect(),
        _ => numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect(),
    }
}

pub fn put(recorder: &mut Recorder, shape: &[usize], dtype: Dtype, bytes: Vec<u8>) -> u64 {
    recorder
        .put(
            Meta::new(Shape::new(shape), dtype),
            Source::Host(bytes),
            Kind::Activation,
        )
        .expect("fits")
}

pub fn read(recorder: &mut Recorder, id: u64) -> Vec<f64> {
    let (sender, receiver) = mpsc::channel();
    recorder
        .read(&[id], Box::new(move |result| sender.send(result).expect("waits")))
        .expect("lives");
    let host = receiver.recv().expect("answers").expect("computes").remove(0);
    let bytes = host.bytes.as_ref();
    match host.dtype {
        Dtype::F64 => bytes
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().expect("8")))
            .collect(),
        Dtype::Bf16 => bytes
            .chunks_exact(2)
            .map(|b| bf16::from_le_bytes(b.try_into().expect("2")).to_f64())
            .collect(),
        _ => bytes
            .chunks_exact(4)
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().expect("4"))))
            .collect(),
    }
}

/// How a case is run.
#[derive(Clone)]
pub struct Run {
    /// Dtype of input i.
    pub dtypes: fn(&Case, usize) -> Dtype,
    /// Bit i: input i learns.
    pub needs: u32,
    /// An element of an input is moved by this much.
    pub nudge: Option<(usize, usize, f64)>,
}

pub fn all(dtype: fn(&Case, usize) -> Dtype, needs: u32) -> Run {
    Run {
        dtypes: dtype,
        needs,
        nudge: None,
    }
}

pub fn f64s(_: &Case, _: usize) -> Dtype {
    Dtype::F64
}

pub fn f32s(_: &Case, _: usize) -> Dtype {
    Dtype::F32
}

/// bf16 weights below f32 activations and factors.
pub fn bf16_weights(case: &Case, i: usize) -> Dtype {
    let weight = match case.row.signature.name {
        "linear" | "loraLinear" | "loraGrouped" => i == 1 || i == 2,
        "loraEmbedding" | "loraMerge" => i == 0,
        _ => false,
    };
    if weight { Dtype::Bf16 } else { Dtype::F32 }
}

/// Everything but factors and tables in bf16.
pub fn bf16s(case: &Case, i: usize) -> Dtype {
    let wide = match case.row.signature.name {
        "loraLinear" | "loraGrouped" => i >= 3,
        "loraUpdate" | "loraEmbedding" => i >= 2,
        "loraMerge" | "rope" => i >= 1,
        _ => false,
    };
    if wide { Dtype::F32 } else { Dtype::Bf16 }
}

/// The result, and the gradients of what learns under a fixed gradient of the result.
pub fn run(engine: &Engine, case: &Case, how: &Run) -> (Vec<f64>, Vec<Option<Vec<f64>>>) {
    let mut recorder = engine.recorder(7);
    let mut ids = Vec::new();
    for (i, input) in case.inputs.iter().enumerate() {
        ids.push(match input {
            Float(shape) => {
                let mut numbers = values(shape.iter().product(), i);
                if let Some((at, element, by)) = how.nudge
                    && at == i
                {
                    numbers[element] += by;
                }
                let dtype = (how.dtypes)(case, i);
                put(&mut recorder, shape, dtype, bytes(&numbers, dtype))
            }
            Whole(shape, numbers) => put(&mut recorder, shape, Dtype::I64, bytemuck::cast_slice(numbers).to_vec()),
            Truth(shape, numbers) => put(&mut recorder, shape, Dtype::Bool, numbers.clone()),
            Missing => 0,
        });
        if how.needs >> i & 1 == 1 {
            recorder.set_requires_grad(ids[i], true).expect("floats learn");
        }
    }
    let y = recorder.record(case.row, &ids, &case.attrs).expect("fits")[0];
    let result = read(&mut recorder, y);
    if how.needs != 0 {
        let meta = recorder.meta(y).expect("lives").clone();
        let dtype = meta.dtype.wide();
        let dy = put(
            &mut recorder,
            meta.shape.dims(),
            dtype,
            bytes(&values(result.len(), 99), dtype),
        );
        let mut walk = recorder.backward_begin(y, dy, false).expect("has a graph");
        assert!(recorder.backward_run(&mut walk).expect("runs").is_none());
    }
    let grads = (0..ids.len())
        .map(|i| {
            if how.needs >> i & 1 == 0 {
                assert!(
                    ids[i] == 0 || !recorder.has_grad(ids[i]).expect("lives"),
                    "{}: input {i} got a gradient",
                    case.name
                );
                return None;
            }
            let grad = recorder.grad(ids[i]).expect("lives");
            assert_ne!(grad, 0, "{}: input {i} got no gradient", case.name);
            let (grad_meta, meta) = (
                recorder.meta(grad).expect("lives").clone(),
                recorder.meta(ids[i]).expect("lives").clone(),
            );
            assert_eq!(
                (grad_meta.shape, grad_meta.dtype),
                (meta.shape, meta.dtype.wide()),
                "{}",
                case.name
            );
            Some(read(&mut recorder, grad))
        })
        .collect();
    recorder.close();
    (result, grads)
}

pub fn close(got: &[f64], want: &[f64], tolerance: f64, context: &str) {
    assert_eq!(got.len(), want.len(), "{context}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!(
            (g - w).abs() <= tolerance * (1.0 + w.abs()),
            "{context}: element {i} is {g}, expected {w}"
        );
    }
}

pub fn mask_of(case: &Case) -> u32 {
    case.learns.iter().fold(0, |mask, i| mask | 1 << i)
}

/// Every choice of inputs that learn.
pub fn choices(case: &Case) -> impl Iterator<Item = u32> {
    let mask = mask_of(case);
    (0..=mask).filter(move |m| m & !mask == 0)
}
