//! Optimizer steps, one fused pass over each parameter. Scalars are computed in f64, the elements in their own type.

mod adam;
mod moments;
mod nlg;
mod sgd;

pub use adam::{AdamArgs, adamw};
pub use nlg::{NlgAdamArgs, nlg_adamw};
pub use sgd::{SgdArgs, sgd};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::Float;
    use crate::reference::optimizer as slow;
    use crate::testing::{SIZES, close, each_isa, values, wide};

    const ADAM: AdamArgs = AdamArgs {
        lr: 1e-2,
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-8,
        weight_decay: 0.1,
        bias1: 0.0,
        bias2: 0.0,
        decoupled: true,
        maximize: false,
    };
    const SGD: SgdArgs = SgdArgs {
        lr: 0.1,
        momentum: 0.9,
        dampening: 0.0,
        nesterov: false,
        weight_decay: 0.01,
        maximize: false,
    };

    fn check_adam<T: Float>(n: usize, args: AdamArgs, amsgrad: bool) {
        let (mut p, mut m, mut v, mut vmax) = (values::<T>(n, 1), vec![T::ZERO; n], vec![T::ZERO; n], vec![T::ZERO; n]);
        let mut want = [wide(&p), wide(&m), wide(&v), wide(&vmax)];
        for t in 1..4 {
            let g = values::<T>(n, 10 + t);
            let args = args.at_step(t);
            adamw(&mut p, &g, &mut m, &mut v, amsgrad.then_some(&mut vmax[..]), args).unwrap();
            slow::adamw(&mut want, &wide(&g), amsgrad, args);
        }
        for (got, want) in [&p, &m, &v].into_iter().zip(&want) {
            close(got, want, 2e-6, &format!("{args:?} amsgrad {amsgrad} n {n}"));
        }
    }

    fn check_nlg<T: Float>(n: usize, correct_bias: bool) {
        let (mut p, mut m, mut v) = (values::<T>(n, 1), vec![T::ZERO; n], vec![T::ZERO; n]);
        let mut want = [wide(&p), wide(&m), wide(&v)];
        for step in 1..4 {
            let g = values::<T>(n, 10 + step);
            let args = NlgAdamArgs {
                lr: 1e-2,
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-6,
                weight_decay: 0.1,
                step,
                correct_bias,
            };
            nlg_adamw(&mut p, &g, &mut m, &mut v, args).unwrap();
            slow::nlg_adamw(&mut want, &wide(&g), args);
        }
        for (got, want) in [&p, &m, &v].into_iter().zip(&want) {
            close(got, want, 2e-6, &format!("correct_bias {correct_bias} n {n}"));
        }
    }

    fn check_sgd<T: Float>(n: usize, args: SgdArgs) {
        let (mut p, mut buf) = (values::<T>(n, 1), vec![T::NAN; n]);
        let (mut want_p, mut want_buf) = (wide(&p), wide(&buf));
        for t in 0..3 {
            let g = values::<T>(n, 10 + t);
            sgd(&mut p, &g, (args.momentum != 0.0).then_some(&mut buf[..]), t == 0, args).unwrap();
            slow::sgd(&mut want_p, &mut want_buf, &wide(&g), t == 0, args);
        }
        close(&p, &want_p, 2e-6, &format!("{args:?} n {n}"));
    }

    #[test]
    fn steps_meet_their_twins() {
        each_isa(|_| {
            for n in SIZES.into_iter().chain([40_001]) {
                for (decoupled, amsgrad, maximize) in [(true, false, false), (false, true, false), (true, false, true)]
                {
                    check_adam::<f32>(
                        n,
                        AdamArgs {
                            decoupled,
                            maximize,
                            ..ADAM
                        },
                        amsgrad,
                    );
                    check_adam::<f64>(
                        n,
                        AdamArgs {
                            decoupled,
                            maximize,
                            ..ADAM
                        },
                        amsgrad,
                    );
                }
                check_adam::<f64>(n, AdamArgs { beta1: 0.3, ..ADAM }, false);
                for correct_bias in [false, true] {
                    check_nlg::<f32>(n, correct_bias);
                    check_nlg::<f64>(n, correct_bias);
                }
                for args in [
                    SGD,
                    SgdArgs { momentum: 0.0, ..SGD },
                    SgdArgs { nesterov: true, ..SGD },
                    SgdArgs {
                        dampening: 0.5,
                        maximize: true,
                        ..SGD
                    },
                ] {
                    check_sgd::<f32>(n, args);
                    check_sgd::<f64>(n, args);
                }
            }
        });
    }

    #[test]
    fn a_first_adamw_step_is_the_known_one() {
        // torch.optim.AdamW([1.0], lr 0.1, weight_decay 0.5), gradient 2: 1 · 0.95 − 0.1 · 2 / (2 + 1e-8).
        let (mut p, mut m, mut v) = ([1f64], [0.0], [0.0]);
        let args = AdamArgs {
            lr: 0.1,
            beta2: 0.999,
            weight_decay: 0.5,
            ..ADAM
        }
        .at_step(1);
        adamw(&mut p, &[2.0], &mut m, &mut v, None, args).unwrap();
        assert!((p[0] - (0.95 - 0.1 * 2.0 / (2.0 + 1e-8))).abs() < 1e-15);
        assert!(adamw(&mut p, &[2.0, 3.0], &mut m, &mut v, None, args).is_err());
    }
}
