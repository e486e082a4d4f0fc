//! Dense layers, LoRA, attention and rope through the whole engine: kernels against candle twins, gradients against
//! central differences in f64, half-precision weights, and every choice of inputs that need a gradient.

mod cases;
mod run;

use cases::{Case, cases};
use engine::Code;
use engine::dtype::Dtype;
use engine::error::Result;
use engine::ops::row::OpRow;
use engine::ops::table;
use run::{Run, all, bf16_weights, bf16s, bytes, choices, close, engine, f32s, f64s, mask_of, put, run, values};

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
        if case.row.signature.name == "loraEmbedding" && case.attrs[1] >= 0.0 {
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
            &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            Code::Shape,
        ),
        (
            &table::SDPA,
            &[heads, keys, keys, mask, 0],
            &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            Code::Shape,
        ),
        (
            &table::SDPA,
            &[heads, keys, keys, 0, 0],
            &[1.0, 3.0, 0.0, 0.0, 0.0, 0.0],
            Code::Option,
        ),
        (
            &table::SDPA,
            &[heads, keys, keys, 0, 0],
            &[1.0, 1.0, 0.0, 0.0, 1.5, 0.0],
            Code::Option,
        ),
        (
            &table::SDPA,
            &[heads, keys, keys, 0, 0],
            &[1.0, 1.0, 0.0, 0.0, 0.0, -1.0],
            Code::Option,
        ),
        // 4 rows of 3 heads: offsets with 5 rows, falling ones, and more sequences than the others.
        (
            &table::SDPA_PACKED,
            &[heads, heads, heads],
            &[2.0, 0.0, 4.0, 2.0, 0.0, 5.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            Code::Shape,
        ),
        (
            &table::SDPA_PACKED,
            &[heads, heads, heads],
            &[3.0, 0.0, 4.0, 2.0, 2.0, 0.0, 4.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            Code::Option,
        ),
        (
            &table::SDPA_PACKED,
            &[heads, heads, heads],
            &[3.0, 0.0, 2.0, 4.0, 2.0, 0.0, 4.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            Code::Shape,
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
            row.signature.name
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
    let attended = recorder.record(&table::SDPA, &[q, q, q, mask, 0], &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(attended.expect_err("the mask is a constant").code(), Code::NoGrad);
    let turned = recorder.record(&table::ROPE, &[q, cos, cos, 0], &[0.0, 0.0, 0.0]);
    assert_eq!(turned.expect_err("the tables are constants").code(), Code::NoGrad);
    Ok(())
}
