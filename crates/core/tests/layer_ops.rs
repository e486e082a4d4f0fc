//! Dense layers, LoRA, attention and rope through the whole engine: kernels against candle twins, gradients against
//! central differences in f64, half-precision weights, and every choice of inputs that need a gradient.

use std::sync::mpsc;

use engine::Code;
use engine::device::Device;
use engine::dtype::Dtype;
use engine::engine::{Config, Engine};
use engine::entry::Source;
use engine::error::Result;
use engine::ops::row::{Meta, OpRow};
use engine::ops::table;
use engine::recorder::Recorder;
use engine::shape::Shape;
use engine::values::Kind;
use half::bf16;

/// One input: its shape, and what it holds.
#[derive(Clone)]
enum Input {
    /// Numbers from -1 to 1 in the floating type of the run.
    Float(&'static [usize]),
    /// Whole numbers.
    Whole(&'static [usize], Vec<i64>),
    /// Truth values.
    Truth(&'static [usize], Vec<u8>),
    /// Not given.
    Missing,
}
use Input::{Float, Missing, Truth, Whole};

#[derive(Clone)]
struct Case {
    name: &'static str,
    row: &'static OpRow,
    inputs: Vec<Input>,
    attrs: Vec<f64>,
    /// Inputs that can learn.
    learns: Vec<usize>,
}

fn case(name: &'static str, row: &'static OpRow, inputs: &[Input], attrs: &[f64], learns: &[usize]) -> Case {
    Case {
        name,
        row,
        inputs: inputs.to_vec(),
        attrs: attrs.to_vec(),
        learns: learns.to_vec(),
    }
}

fn cases() -> Vec<Case> {
    let lengths = Whole(&[2], vec![3, 5]);
    let none_allowed: Vec<u8> = (0..2 * 4 * 5).map(|i| u8::from(i >= 5 && i % 3 != 0)).collect();
    let positions = Whole(&[2, 3], vec![4, 0, 2, 1, 1, 3]);
    let ids = Whole(&[2, 3], vec![4, 0, 4, 1, 4, 2]);
    vec![
        case(
            "linear",
            &table::LINEAR,
            &[Float(&[2, 3, 4]), Float(&[5, 4]), Float(&[5])],
            &[0.0],
            &[0, 1, 2],
        ),
        case(
            "linear, (in, out)",
            &table::LINEAR,
            &[Float(&[3, 4]), Float(&[4, 5]), Missing],
            &[1.0],
            &[0, 1],
        ),
        case(
            "linear of a vector",
            &table::LINEAR,
            &[Float(&[4]), Float(&[5, 4]), Float(&[5])],
            &[0.0],
            &[0, 1, 2],
        ),
        case(
            "linear of no rows",
            &table::LINEAR,
            &[Float(&[0, 4]), Float(&[5, 4]), Float(&[5])],
            &[0.0],
            &[0, 1, 2],
        ),
        lora("lora linear", 0.0, 0.0),
        lora("lora linear, dropout", 0.4, 0.0),
        lora("lora linear, all dropped", 1.0, 0.0),
        lora("lora linear, (in, out)", 0.4, 1.0),
        case(
            "merged linear, blocks out of order",
            &table::LORA_LINEAR,
            &[
                Float(&[2, 3, 4]),
                Float(&[6, 4]),
                Float(&[6]),
                Float(&[4, 4]),
                Float(&[4, 2]),
            ],
            &[0.5, 0.3, 0.0, 4.0, 4.0, 2.0, 0.0, 2.0],
            &[0, 1, 2, 3, 4],
        ),
        case(
            "lora linear without blocks",
            &table::LORA_LINEAR,
            &[Float(&[3, 4]), Float(&[6, 4]), Missing, Float(&[0, 4]), Float(&[0, 2])],
            &[0.5, 0.3, 0.0, 0.0],
            &[0, 1],
        ),
        case(
            "lora update",
            &table::LORA_UPDATE,
            &[Float(&[2, 3, 6]), Float(&[2, 3, 4]), Float(&[4, 4]), Float(&[4, 2])],
            &[0.5, 4.0, 4.0, 2.0, 0.0, 2.0],
            &[0, 1, 2, 3],
        ),
        lora_embedding("lora embedding", ids.clone(), -1.0, 0.0),
        lora_embedding("lora embedding, padding, by frequency", ids, 4.0, 1.0),
        lora_embedding("lora embedding of nothing", Whole(&[0], vec![]), 4.0, 1.0),
        case(
            "lora merge",
            &table::LORA_MERGE,
            &[Float(&[6, 4]), Float(&[4, 4]), Float(&[4, 2])],
            &[0.5, 0.0, 4.0, 4.0, 2.0, 0.0, 2.0],
            &[],
        ),
        case(
            "lora merge, embedding",
            &table::LORA_MERGE,
            &[Float(&[5, 4]), Float(&[2, 5]), Float(&[4, 2])],
            &[0.5, 1.0, 2.0, 0.0, 4.0],
            &[],
        ),
        attention("attention", [Missing, Missing], 0.0, 0.0, 0.0),
        attention("attention, tokens first", [Missing, Missing], 1.0, 0.0, 1.0),
        attention(
            "attention, causal at the last, dropout",
            [Missing, Missing],
            2.0,
            0.3,
            0.0,
        ),
        attention(
            "attention, mask hides a whole row",
            [Truth(&[2, 1, 4, 5], none_allowed), Missing],
            0.0,
            0.0,
            0.0,
        ),
        attention(
            "attention, bias and lengths",
            [Float(&[4, 1, 5]), lengths.clone()],
            2.0,
            0.3,
            1.0,
        ),
        attention("attention, lengths", [Missing, lengths], 1.0, 0.0, 0.0),
        attention(
            "attention, an empty sequence",
            [Missing, Whole(&[2], vec![0, 4])],
            0.0,
            0.0,
            0.0,
        ),
        case(
            "attention without keys",
            &table::SDPA,
            &[
                Float(&[2, 4, 3, 2]),
                Float(&[2, 2, 0, 2]),
                Float(&[2, 2, 0, 2]),
                Missing,
                Missing,
            ],
            &[0.7, 0.0, 0.0, 0.0],
            &[0, 1, 2],
        ),
        rope("rope", Missing, 0.0, 0.0),
        rope("rope, tokens first, interleaved", positions.clone(), 1.0, 1.0),
        rope("rope, positions", positions, 0.0, 0.0),
    ]
}

fn lora(name: &'static str, p: f64, layout: f64) -> Case {
    let weight: &'static [usize] = if layout == 0.0 { &[5, 4] } else { &[4, 5] };
    let inputs = [
        Float(&[2, 3, 4]),
        Float(weight),
        Float(&[5]),
        Float(&[2, 4]),
        Float(&[5, 2]),
    ];
    case(
        name,
        &table::LORA_LINEAR,
        &inputs,
        &[0.5, p, layout, 2.0, 0.0, 5.0],
        &[0, 1, 2, 3, 4],
    )
}

fn lora_embedding(name: &'static str, ids: Input, padding: f64, by_frequency: f64) -> Case {
    let inputs = [Float(&[5, 4]), ids, Float(&[2, 5]), Float(&[4, 2])];
    case(
        name,
        &table::LORA_EMBEDDING,
        &inputs,
        &[0.5, padding, by_frequency],
        &[0, 2, 3],
    )
}

fn attention(name: &'static str, [mask, lengths]: [Input; 2], causal: f64, p: f64, layout: f64) -> Case {
    let [q, k]: [&'static [usize]; 2] = if layout == 0.0 {
        [&[2, 4, 4, 3], &[2, 2, 5, 3]]
    } else {
        [&[2, 4, 4, 3], &[2, 5, 2, 3]]
    };
    case(
        name,
        &table::SDPA,
        &[Float(q), Float(k), Float(k), mask, lengths],
        &[0.7, causal, p, layout],
        &[0, 1, 2],
    )
}

fn rope(name: &'static str, positions: Input, layout: f64, interleaved: f64) -> Case {
    let x: &'static [usize] = if layout == 0.0 { &[2, 2, 3, 4] } else { &[2, 3, 2, 4] };
    case(
        name,
        &table::ROPE,
        &[Float(x), Float(&[5, 2]), Float(&[5, 2]), positions],
        &[layout, interleaved, 0.0],
        &[0],
    )
}

// ---- running --------------------------------------------------------------------------------------------------------

fn engine(candle: bool) -> Engine {
    Engine::start(Config {
        device: Device::Cpu,
        candle,
        threads: 2,
        debug: 0,
        nice: false,
    })
    .expect("starts")
}

fn values(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| (((i + 1) * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0)
        .collect()
}

fn bytes(numbers: &[f64], dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::F64 => bytemuck::cast_slice(numbers).to_vec(),
        Dtype::Bf16 => numbers.iter().flat_map(|&x| bf16::from_f64(x).to_le_bytes()).collect(),
        _ => numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect(),
    }
}

fn put(recorder: &mut Recorder, shape: &[usize], dtype: Dtype, bytes: Vec<u8>) -> u64 {
    recorder
        .put(
            Meta::new(Shape::new(shape), dtype),
            Source::Host(bytes),
            Kind::Activation,
        )
        .expect("fits")
}

fn read(recorder: &mut Recorder, id: u64) -> Vec<f64> {
    let (sender, receiver) = mpsc::channel();
    recorder
        .read(&[id], Box::new(move |result| sender.send(result).expect("waits")))
        .expect("lives");
    let host = receiver.recv().expect("answers").expect("computes").remove(0);
    let bytes = &host.bytes;
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
struct Run {
    /// Dtype of input i.
    dtypes: fn(&Case, usize) -> Dtype,
    /// Bit i: input i learns.
    needs: u32,
    /// An element of an input is moved by this much.
    nudge: Option<(usize, usize, f64)>,
}

fn all(dtype: fn(&Case, usize) -> Dtype, needs: u32) -> Run {
    Run {
        dtypes: dtype,
        needs,
        nudge: None,
    }
}

fn f64s(_: &Case, _: usize) -> Dtype {
    Dtype::F64
}

fn f32s(_: &Case, _: usize) -> Dtype {
    Dtype::F32
}

/// bf16 weights below f32 activations and factors.
fn bf16_weights(case: &Case, i: usize) -> Dtype {
    let weight = match case.row.name {
        "linear" | "loraLinear" => i == 1 || i == 2,
        "loraEmbedding" | "loraMerge" => i == 0,
        _ => false,
    };
    if weight { Dtype::Bf16 } else { Dtype::F32 }
}

/// Everything but factors and tables in bf16.
fn bf16s(case: &Case, i: usize) -> Dtype {
    let wide = match case.row.name {
        "loraLinear" => i >= 3,
        "loraUpdate" | "loraEmbedding" => i >= 2,
        "loraMerge" | "rope" => i >= 1,
        _ => false,
    };
    if wide { Dtype::F32 } else { Dtype::Bf16 }
}

/// The result, and the gradients of what learns under a fixed gradient of the result.
fn run(engine: &Engine, case: &Case, how: &Run) -> (Vec<f64>, Vec<Option<Vec<f64>>>) {
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

fn close(got: &[f64], want: &[f64], tolerance: f64, context: &str) {
    assert_eq!(got.len(), want.len(), "{context}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!(
            (g - w).abs() <= tolerance * (1.0 + w.abs()),
            "{context}: element {i} is {g}, expected {w}"
        );
    }
}

fn mask_of(case: &Case) -> u32 {
    case.learns.iter().fold(0, |mask, i| mask | 1 << i)
}

/// Every choice of inputs that learn.
fn choices(case: &Case) -> impl Iterator<Item = u32> {
    let mask = mask_of(case);
    (0..=mask).filter(move |m| m & !mask == 0)
}

// ---- tests ----------------------------------------------------------------------------------------------------------

#[test]
fn gradients_are_the_slopes() {
    let cpu = engine(false);
    for case in cases().iter().filter(|c| !c.learns.is_empty()) {
        let (y, grads) = run(&cpu, case, &all(f64s, mask_of(case)));
        let dy = values(y.len(), 99);
        let loss = |nudge| {
            let (y, _) = run(
                &cpu,
                case,
                &Run {
                    dtypes: f64s,
                    needs: 0,
                    nudge: Some(nudge),
                },
            );
            y.iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>()
        };
        // Padding and frequencies change the gradient on purpose; the twin checks those.
        if case.row.name == "loraEmbedding" && case.attrs[1] >= 0.0 {
            continue;
        }
        for (i, grad) in grads.iter().enumerate() {
            let Some(grad) = grad else { continue };
            let step = 1e-5;
            let slopes: Vec<f64> = (0..grad.len())
                .map(|e| (loss((i, e, step)) - loss((i, e, -step))) / (2.0 * step))
                .collect();
            close(grad, &slopes, 1e-7, &format!("{}: slope of input {i}", case.name));
        }
    }
}

#[test]
fn kernels_meet_the_twins_for_every_choice_of_gradients() {
    let (cpu, candle) = (engine(false), engine(true));
    for case in &cases() {
        for (dtypes, tolerance) in [
            (f64s as fn(&Case, usize) -> Dtype, 1e-10),
            (f32s, 1e-5),
            (bf16_weights, 1e-5),
            (bf16s, 0.02),
        ] {
            for needs in choices(case) {
                let how = all(dtypes, needs);
                let (got, want) = (run(&cpu, case, &how), run(&candle, case, &how));
                let context = format!("{} (learning {needs:b}, tolerance {tolerance})", case.name);
                close(&got.0, &want.0, tolerance, &context);
                for (i, (got, want)) in got.1.iter().zip(&want.1).enumerate() {
                    if let (Some(got), Some(want)) = (got, want) {
                        close(got, want, tolerance, &format!("{context}: gradient of input {i}"));
                    }
                }
            }
        }
    }
}

#[test]
fn a_gradient_does_not_depend_on_what_else_learns() {
    let cpu = engine(false);
    for case in cases().iter().filter(|c| !c.learns.is_empty()) {
        let (_, whole) = run(&cpu, case, &all(f32s, mask_of(case)));
        for needs in choices(case) {
            let (_, grads) = run(&cpu, case, &all(f32s, needs));
            for (i, grad) in grads.iter().enumerate().filter(|(_, g)| g.is_some()) {
                assert_eq!(*grad, whole[i], "{} (learning {needs:b}): input {i}", case.name);
            }
        }
    }
}

#[test]
fn misfits_are_refused_when_recorded() {
    let cpu = engine(false);
    let mut recorder = cpu.recorder(1);
    let mut tensor = |shape: &[usize], dtype: Dtype| {
        let bytes = vec![0; shape.iter().product::<usize>() * dtype.size()];
        put(&mut recorder, shape, dtype, bytes)
    };
    let (x, narrow, double) = (
        tensor(&[2, 4], Dtype::F32),
        tensor(&[2, 3], Dtype::F32),
        tensor(&[2, 4], Dtype::F64),
    );
    let (w, bias, long_bias) = (
        tensor(&[6, 4], Dtype::F32),
        tensor(&[6], Dtype::F32),
        tensor(&[7], Dtype::F32),
    );
    let (a, b, b_half) = (
        tensor(&[2, 4], Dtype::F32),
        tensor(&[6, 2], Dtype::F32),
        tensor(&[6, 2], Dtype::Bf16),
    );
    let (heads, odd) = (tensor(&[1, 4, 3, 2], Dtype::F32), tensor(&[1, 3, 3, 2], Dtype::F32));
    let (mask, keys) = (tensor(&[2, 3], Dtype::Bool), tensor(&[1, 4, 5, 2], Dtype::F32));
    let short_table = tensor(&[2, 1], Dtype::F32);
    let lora = [0.5, 0.0, 0.0, 2.0, 0.0, 6.0];
    let wrong: &[(&'static OpRow, &[u64], &[f64], Code)] = &[
        (&table::LINEAR, &[narrow, w, 0], &[0.0], Code::Shape),
        (&table::LINEAR, &[double, w, 0], &[0.0], Code::Dtype),
        (&table::LINEAR, &[x, w, long_bias], &[0.0], Code::Shape),
        (&table::LINEAR, &[x, w, bias], &[2.0], Code::Option),
        (&table::LORA_LINEAR, &[x, w, 0, b, a], &lora, Code::Shape),
        (&table::LORA_LINEAR, &[x, w, 0, a, b_half], &lora, Code::Dtype),
        (
            &table::LORA_LINEAR,
            &[x, w, 0, a, b],
            &[0.5, 1.5, 0.0, 2.0, 0.0, 6.0],
            Code::Option,
        ),
        (
            &table::LORA_LINEAR,
            &[x, w, 0, a, b],
            &[0.5, 0.0, 0.0, 2.0, 1.0, 6.0],
            Code::Option,
        ),
        (&table::LORA_MERGE, &[w, a, a], &[0.5, 0.0, 2.0, 0.0, 6.0], Code::Shape),
        (&table::LORA_EMBEDDING, &[w, x, a, b], &[0.5, -1.0, 0.0], Code::Dtype),
        (
            &table::SDPA,
            &[heads, odd, odd, 0, 0],
            &[1.0, 0.0, 0.0, 0.0],
            Code::Shape,
        ),
        (
            &table::SDPA,
            &[heads, keys, keys, mask, 0],
            &[1.0, 0.0, 0.0, 0.0],
            Code::Shape,
        ),
        (
            &table::SDPA,
            &[heads, keys, keys, 0, 0],
            &[1.0, 3.0, 0.0, 0.0],
            Code::Option,
        ),
        (
            &table::ROPE,
            &[heads, short_table, short_table, 0],
            &[0.0, 0.0, 0.0],
            Code::Shape,
        ),
    ];
    for (row, inputs, attrs, code) in wrong {
        assert_eq!(
            recorder.record(row, inputs, attrs).expect_err("does not fit").code(),
            *code,
            "{} {inputs:?} {attrs:?}",
            row.name
        );
    }
}

#[test]
fn constants_that_ask_for_a_gradient_are_refused() -> Result<()> {
    let cpu = engine(false);
    let mut recorder = cpu.recorder(1);
    let zeros = |n: usize| bytes(&vec![0.0; n], Dtype::F32);
    let q = put(&mut recorder, &[1, 2, 3, 2], Dtype::F32, zeros(12));
    let mask = put(&mut recorder, &[3, 3], Dtype::F32, zeros(9));
    let cos = put(&mut recorder, &[3, 1], Dtype::F32, zeros(3));
    recorder.set_requires_grad(mask, true)?;
    recorder.set_requires_grad(cos, true)?;
    let attended = recorder.record(&table::SDPA, &[q, q, q, mask, 0], &[1.0, 0.0, 0.0, 0.0])?[0];
    let turned = recorder.record(&table::ROPE, &[q, cos, cos, 0], &[0.0, 0.0, 0.0])?[0];
    for y in [attended, turned] {
        let dy = put(&mut recorder, &[1, 2, 3, 2], Dtype::F32, zeros(12));
        let mut walk = recorder.backward_begin(y, dy, false)?;
        assert_eq!(
            recorder
                .backward_run(&mut walk)
                .map(|_| ())
                .expect_err("has no rule")
                .code(),
            Code::NoGrad
        );
    }
    Ok(())
}
