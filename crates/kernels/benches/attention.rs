//! Attention in useful GFLOP/s (a causal mask counts half) and as a share of the multiply-add peak measured in this run, best of
//! several: `cargo bench -p loralib-kernels --bench attention [-- avx2]`.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its result")]

mod calls;
mod peak;

use calls::{best, numbers};
use kernels::cpu::attention::{
    AttnDims, AttnGradients, AttnOperands, AttnOptions, AttnOutputs, AttnSaved, AttnStrides, Causal, attention,
    attention_backward,
};
use kernels::isa::{self, Isa};

fn main() {
    if let Some(isa) = std::env::args().nth(1).as_deref().and_then(Isa::from_name) {
        isa::set(isa).expect("an instruction set of this CPU");
    }
    let peak = peak::Peak::measure().gflops;
    for (batch, heads, kv_heads, tq, tk, d, causal) in [
        (8, 12, 12, 128, 128, 64, true),
        (4, 12, 12, 128, 128, 64, true),
        (4, 9, 3, 256, 256, 64, true),
        (16, 12, 12, 128, 128, 64, false),
        (2, 12, 12, 512, 512, 64, true),
        (1, 12, 12, 1024, 1024, 64, true),
        (1, 12, 12, 1024, 1024, 64, false),
        (1, 12, 12, 1, 1024, 64, false),
        (4, 12, 12, 128, 128, 80, true),
    ] {
        let dims = AttnDims {
            batch,
            heads,
            kv_heads,
            tq,
            tk,
            d,
        };
        attend(dims, causal, peak);
    }
}

fn attend(dims: AttnDims, causal: bool, peak: f64) {
    let AttnDims {
        batch,
        heads,
        kv_heads,
        tq,
        tk,
        d,
    } = dims;
    let strides = AttnStrides::bthd(dims);
    let (queries, keys) = (batch * tq * heads * d, batch * tk * kv_heads * d);
    let [q, dout, k, v] = [queries, queries, keys, keys].map(numbers);
    let (mut out, mut lse) = (vec![0f32; queries], vec![0f32; batch * heads * tq]);
    let [mut dq, mut dk, mut dv] = [queries, keys, keys].map(|n| vec![0f32; n]);
    let options = AttnOptions {
        scale: 0.125,
        causal: if causal { Causal::BottomRight } else { Causal::None },
        window: None,
        softcap: None,
        lens: None,
        mask: None,
        dropout: None,
    };
    let operands = AttnOperands { q: &q, k: &k, v: &v };
    let forward = best(|| {
        let outputs = AttnOutputs {
            out: &mut out,
            lse: &mut lse,
        };
        attention(dims, strides, operands, &options, outputs).expect("fits");
    });
    let saved = AttnSaved { out: &out, lse: &lse };
    let backward = best(|| {
        let gradients = AttnGradients {
            dq: &mut dq,
            dk: &mut dk,
            dv: &mut dv,
        };
        attention_backward(dims, strides, operands, &options, saved, &dout, gradients).expect("fits");
    });
    let gflop = 4e-9 * (batch * heads * tq * tk * d) as f64 * if causal { 0.5 } else { 1.0 };
    let show = |gflop: f64, s: f64| {
        format!(
            "{:7.0} us {:5.0} GFLOP/s {:3.0} %",
            s * 1e6,
            gflop / s,
            100.0 * gflop / s / peak
        )
    };
    println!(
        "B {batch:2} H {heads:2}/{kv_heads:2} T {tq:4}/{tk:4} D {d} {}  forward {}  backward {}",
        if causal { "causal" } else { "full  " },
        show(gflop, forward),
        show(2.5 * gflop, backward)
    );
}
