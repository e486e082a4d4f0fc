//! Twins of [`crate::cpu::optimizer`]: one element at a time, as the papers and torch write it.

use crate::cpu::optimizer::{AdamArgs, NlgAdamArgs, SgdArgs};

/// Twin of `adamw` on [p, m, v, vmax].
pub fn adamw([p, m, v, vmax]: &mut [Vec<f64>; 4], g: &[f64], amsgrad: bool, args: AdamArgs) {
    for i in 0..g.len() {
        let mut g = if args.maximize { -g[i] } else { g[i] };
        if args.decoupled {
            p[i] *= 1.0 - args.lr * args.weight_decay;
        } else {
            g += args.weight_decay * p[i];
        }
        m[i] = args.beta1 * m[i] + (1.0 - args.beta1) * g;
        v[i] = args.beta2 * v[i] + (1.0 - args.beta2) * g * g;
        vmax[i] = vmax[i].max(v[i]);
        let second = if amsgrad { vmax[i] } else { v[i] };
        p[i] -= args.lr / args.bias1 * m[i] / ((second / args.bias2).sqrt() + args.eps);
    }
}

/// Twin of `nlg_adamw` on [p, m, v].
pub fn nlg_adamw([p, m, v]: &mut [Vec<f64>; 3], g: &[f64], args: NlgAdamArgs) {
    for i in 0..g.len() {
        m[i] = args.beta1 * m[i] + (1.0 - args.beta1) * g[i];
        v[i] = args.beta2 * v[i] + (1.0 - args.beta2) * g[i] * g[i];
        let mut step = args.lr;
        if args.correct_bias {
            step *= (1.0 - args.beta2.powi(args.step as i32)).sqrt() / (1.0 - args.beta1.powi(args.step as i32));
        }
        p[i] -= step * m[i] / (v[i].sqrt() + args.eps);
        p[i] -= args.lr * args.weight_decay * p[i];
    }
}

/// Twin of `sgd`.
pub fn sgd(p: &mut [f64], buf: &mut [f64], g: &[f64], first: bool, args: SgdArgs) {
    for i in 0..g.len() {
        let mut g = if args.maximize { -g[i] } else { g[i] } + args.weight_decay * p[i];
        if args.momentum != 0.0 {
            buf[i] = if first {
                g
            } else {
                args.momentum * buf[i] + (1.0 - args.dampening) * g
            };
            g = if args.nesterov {
                g + args.momentum * buf[i]
            } else {
                buf[i]
            };
        }
        p[i] -= args.lr * g;
    }
}
