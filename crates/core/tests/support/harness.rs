//! An engine of its own with a recorder, and blocking ways to put, read and wait.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use engine::config::{Config, Priority};
use engine::device::Device;
use engine::dtype::Dtype;
use engine::error::Result;
use engine::executor::Engine;
use engine::meta::{Id, Meta};
use engine::ops::row::OpRow;
use engine::recorder::{Generator, HostTensor, Kind, Recorder, Source};
use engine::shape::Shape;
use half::{bf16, f16};

/// An engine with one recorder. Dropping it waits for what is queued.
pub struct Lab {
    pub rec: Recorder,
    pub engine: Engine,
}

/// Numbers on the host, of any dtype, as f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

impl Host {
    pub fn new(dtype: Dtype, shape: &[usize], data: Vec<f64>) -> Host {
        assert_eq!(data.len(), shape.iter().product::<usize>(), "data of shape {shape:?}");
        Host {
            dtype,
            shape: shape.to_vec(),
            data,
        }
    }

    pub fn f32(shape: &[usize], data: &[f64]) -> Host {
        Host::new(Dtype::F32, shape, data.to_vec())
    }

    pub fn f64(shape: &[usize], data: &[f64]) -> Host {
        Host::new(Dtype::F64, shape, data.to_vec())
    }

    pub fn i64(shape: &[usize], data: &[i64]) -> Host {
        Host::new(Dtype::I64, shape, data.iter().map(|&x| x as f64).collect())
    }

    /// The little-endian bytes of the dtype.
    pub fn bytes(&self) -> Vec<u8> {
        self.data.iter().flat_map(|&x| element(self.dtype, x)).collect()
    }
}

fn element(dtype: Dtype, x: f64) -> Vec<u8> {
    match dtype {
        Dtype::F32 => (x as f32).to_le_bytes().to_vec(),
        Dtype::F64 => x.to_le_bytes().to_vec(),
        Dtype::Bf16 => bf16::from_f64(x).to_le_bytes().to_vec(),
        Dtype::F16 => f16::from_f64(x).to_le_bytes().to_vec(),
        Dtype::I64 => (x as i64).to_le_bytes().to_vec(),
        Dtype::U8 => vec![x as u8],
        Dtype::Bool => vec![u8::from(x != 0.0)],
        blocks => panic!("{blocks} has no single elements"),
    }
}

/// What a read gave, as f64.
pub fn numbers(tensor: &HostTensor) -> Vec<f64> {
    let one = |bytes: &[u8]| -> f64 {
        let two = || [bytes[0], bytes[1]];
        match tensor.dtype {
            Dtype::F32 => f64::from(f32::from_le_bytes(bytes.try_into().expect("four bytes"))),
            Dtype::F64 => f64::from_le_bytes(bytes.try_into().expect("eight bytes")),
            Dtype::Bf16 => bf16::from_le_bytes(two()).to_f64(),
            Dtype::F16 => f16::from_le_bytes(two()).to_f64(),
            Dtype::I64 => i64::from_le_bytes(bytes.try_into().expect("eight bytes")) as f64,
            _ => f64::from(bytes[0]),
        }
    };
    tensor
        .bytes
        .as_ref()
        .chunks_exact(tensor.dtype.size())
        .map(one)
        .collect()
}

impl Lab {
    /// An engine on the CPU's kernels, or on the candle twins.
    pub fn new(candle: bool, threads: usize) -> Lab {
        let config = Config {
            device: Device::Cpu,
            candle,
            threads,
            debug: 0,
            log: 0,
            trace: None,
            priority: Priority::Normal,
        };
        let engine = Engine::start(config).expect("the engine starts");
        Lab {
            rec: engine.recorder(7),
            engine,
        }
    }

    pub fn put(&mut self, host: &Host) -> Id {
        self.put_as(host, Kind::Activation)
    }

    pub fn put_as(&mut self, host: &Host, kind: Kind) -> Id {
        let meta = Meta::new(Shape::new(&host.shape), host.dtype);
        self.rec
            .put(meta, Source::Host(host.bytes()), kind)
            .expect("the tensor fits")
    }

    /// A leaf that requires a gradient.
    pub fn leaf(&mut self, host: &Host) -> Id {
        let id = self.put_as(host, Kind::Adapter);
        self.rec.set_requires_grad(id, true).expect("a float leaf");
        id
    }

    /// Records an op that gives one tensor.
    pub fn op(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Id {
        self.try_op(row, inputs, attrs)
            .unwrap_or_else(|e| panic!("{}: {e}", row.signature.name))
    }

    pub fn try_op(&mut self, row: &'static OpRow, inputs: &[Id], attrs: &[f64]) -> Result<Id> {
        Ok(self.rec.record(row, inputs, attrs)?.first().copied().unwrap_or(0))
    }

    pub fn meta(&self, id: Id) -> Meta {
        self.rec.meta(id).expect("a live tensor").clone()
    }

    pub fn try_read_all(&mut self, ids: &[Id]) -> Result<Vec<HostTensor>> {
        let (sender, receiver) = mpsc::channel();
        self.rec.read(
            ids,
            Box::new(move |outcome| sender.send(outcome).expect("the reader waits")),
        )?;
        receiver.recv().expect("a reply")
    }

    pub fn try_read(&mut self, id: Id) -> Result<Vec<f64>> {
        Ok(numbers(&self.try_read_all(&[id])?[0]))
    }

    pub fn read(&mut self, id: Id) -> Vec<f64> {
        self.try_read(id).unwrap_or_else(|e| panic!("reading #{id}: {e}"))
    }

    /// The raw bytes, for comparisons of bits.
    pub fn bits(&mut self, id: Id) -> Vec<u8> {
        self.try_read_all(&[id])
            .unwrap_or_else(|e| panic!("reading #{id}: {e}"))
            .remove(0)
            .bytes
            .into_vec()
    }

    /// Waits for what was recorded in the current stream; the first failure that has not been reported.
    pub fn wait(&mut self) -> Result<()> {
        self.fence(false)
    }

    pub fn fence(&mut self, step: bool) -> Result<()> {
        let (sender, receiver) = mpsc::channel();
        self.rec.fence(
            step,
            Some(Box::new(move |outcome| sender.send(outcome).expect("the fence waits"))),
        );
        receiver.recv().expect("a reply")
    }

    /// Backward to its end; the walk must not pause.
    pub fn backward_with(&mut self, root: Id, grad: Id, retain: bool) -> Result<()> {
        let mut walk = self.rec.backward_begin(root, grad, retain)?;
        let pause = self.rec.backward_run(&mut walk)?;
        assert!(pause.is_none(), "no callback in this graph");
        Ok(())
    }

    pub fn backward(&mut self, root: Id) {
        self.backward_with(root, 0, false)
            .unwrap_or_else(|e| panic!("backward: {e}"));
    }

    /// The gradient of a tensor, if there is one.
    pub fn grad(&mut self, id: Id) -> Option<Vec<f64>> {
        let grad = self.rec.grad(id).expect("a live tensor");
        if grad == 0 {
            return None;
        }
        let numbers = self.read(grad);
        self.rec.release(grad);
        Some(numbers)
    }

    pub fn release(&mut self, ids: &[Id]) {
        ids.iter().for_each(|&id| self.rec.release(id));
    }

    /// Makes random ops of the current stream draw from the start again.
    pub fn reset_generator(&mut self, seed: u64) {
        *self.rec.generator_mut(0).expect("a stream has one") = Generator { seed, counter: 0 };
    }

    pub fn live_values(&mut self) -> u64 {
        self.settle();
        self.engine.counters().live_values.load(Ordering::Relaxed)
    }

    pub fn live_bytes(&mut self) -> u64 {
        self.settle();
        self.engine.counters().live_bytes.load(Ordering::Relaxed)
    }

    /// Live bytes of one kind, as the recorder counts them.
    pub fn bytes_of(&self, kind: Kind) -> u64 {
        self.rec.memory()[kind as usize].1
    }

    fn settle(&mut self) {
        // A failure is for whoever asks for it; here only the end of the work counts.
        let _ = self.wait();
    }
}

/// Random numbers for tests, the same on every machine.
pub struct Rand(u64);

impl Rand {
    pub fn new(seed: u64) -> Rand {
        Rand(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 (included) to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    pub fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    pub fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }
}

/// Attributes: a list with its length first.
pub fn dims(list: &[isize]) -> Vec<f64> {
    std::iter::once(list.len() as f64)
        .chain(list.iter().map(|&d| d as f64))
        .collect()
}

/// Attributes of `full`, `rand` and `randn` and other mixtures: a list, then numbers.
pub fn dims_and(list: &[usize], rest: &[f64]) -> Vec<f64> {
    std::iter::once(list.len() as f64)
        .chain(list.iter().map(|&d| d as f64))
        .chain(rest.iter().copied())
        .collect()
}

/// Collects failures of many samples, so that one run shows them all.
#[derive(Default)]
pub struct Failures(BTreeMap<String, Vec<String>>);

impl Failures {
    pub fn add(&mut self, op: &str, text: String) {
        self.0.entry(op.to_owned()).or_default().push(text);
    }

    /// Fails with what was collected, four lines an op.
    pub fn check(self, samples: usize) {
        assert!(samples > 0, "no sample was run");
        if self.0.is_empty() {
            return;
        }
        let mut lines: Vec<String> = Vec::new();
        for (op, texts) in &self.0 {
            lines.extend(texts.iter().take(4).map(|text| format!("{op}: {text}")));
            if texts.len() > 4 {
                lines.push(format!("{op}: … and {} more", texts.len() - 4));
            }
        }
        panic!("{} ops fail in {samples} samples:\n{}", self.0.len(), lines.join("\n"));
    }
}

/// Attributes of `ADAMW_STEP` for `n` parameters in one group, decoupled, without `amsgrad`.
pub fn adamw_attrs(n: f64, lr: f64, weight_decay: f64, step: f64) -> Vec<f64> {
    let group = [n, lr, 0.9, 0.99, 1e-8, weight_decay, step, 1.0, 0.0, 0.0];
    [&[n, n, n, n, 0.0, group.len() as f64][..], &group].concat()
}
