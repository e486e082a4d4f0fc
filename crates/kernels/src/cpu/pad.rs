//! Padding: each element of the output is one of the input, or the fill value.

use crate::{Error, Float, Result, par};

/// The input index of an output position along a dimension; [`FILL`] for the fill value.
pub type Source = usize;

/// No element of the input.
pub const FILL: Source = usize::MAX;

/// `y[o] = x[sources(o)]`, dimension by dimension; `value` where one of them has no source.
///
/// Shapes: `x` of sizes `input`; `sources[d]` holds the index in dimension d of x for each index of y. No dimension: one element.
///
/// # Errors
/// When a slice does not have the length of its shape or a source is out of range. `y` is then untouched.
pub fn pad<T: Copy + Send + Sync>(
    x: &[T],
    input: &[usize],
    sources: &[Vec<Source>],
    value: T,
    y: &mut [T],
) -> Result<()> {
    check("pad", x.len(), input, sources, y.len())?;
    let Some((inner, outer)) = sources.split_last() else {
        y.copy_from_slice(x);
        return Ok(());
    };
    let width = input[input.len() - 1];
    par::rows_mut(y, inner.len(), par::grain(inner.len()), |first, chunk| {
        for (row, out) in chunk.chunks_exact_mut(inner.len().max(1)).enumerate() {
            match source_row(first + row, input, outer) {
                None => out.fill(value),
                Some(from) => {
                    let from = &x[from * width..][..width];
                    for (out, &source) in out.iter_mut().zip(inner) {
                        *out = from.get(source).copied().unwrap_or(value);
                    }
                }
            }
        }
    });
    Ok(())
}

/// `dx`: each element of x gets the sum of `dy` at the positions to which it was copied, in order.
///
/// # Errors
/// As [`pad`]. `dx` is then untouched.
pub fn pad_backward<T: Float>(dy: &[T], input: &[usize], sources: &[Vec<Source>], dx: &mut [T]) -> Result<()> {
    check("pad_backward", dx.len(), input, sources, dy.len())?;
    let Some((inner, outer)) = sources.split_last() else {
        dx.copy_from_slice(dy);
        return Ok(());
    };
    let width = input[input.len() - 1];
    // Rows of dy by the row of x that they came from.
    let rows: usize = outer.iter().map(Vec::len).product();
    let mut users: Vec<(usize, usize)> = (0..rows)
        .filter_map(|row| Some((source_row(row, input, outer)?, row)))
        .collect();
    users.sort_unstable();
    par::rows_mut(dx, width, par::grain(width), |first, chunk| {
        for (row, out) in chunk.chunks_exact_mut(width.max(1)).enumerate() {
            out.fill(T::ZERO);
            let start = users.partition_point(|user| user.0 < first + row);
            for (_, user) in users[start..].iter().take_while(|user| user.0 == first + row) {
                let dy = &dy[user * inner.len()..][..inner.len()];
                for (&source, dy) in inner.iter().zip(dy) {
                    if let Some(out) = out.get_mut(source) {
                        *out += *dy;
                    }
                }
            }
        }
    });
    Ok(())
}

/// The row of x (all dimensions but the last) for a row of y.
fn source_row(row: usize, input: &[usize], outer: &[Vec<Source>]) -> Option<usize> {
    let (mut rest, mut from, mut step) = (row, 0, 1);
    for (sources, size) in outer.iter().zip(input).rev() {
        let source = sources[rest % sources.len()];
        if source == FILL {
            return None;
        }
        from += source * step;
        step *= size;
        rest /= sources.len();
    }
    Some(from)
}

fn check(kernel: &'static str, x: usize, input: &[usize], sources: &[Vec<Source>], y: usize) -> Result<()> {
    let (nx, ny): (usize, usize) = (input.iter().product(), sources.iter().map(Vec::len).product());
    let inside = sources
        .iter()
        .zip(input)
        .all(|(sources, &size)| sources.iter().all(|&source| source == FILL || source < size));
    if sources.len() == input.len() && x == nx && y == ny && inside {
        return Ok(());
    }
    Err(Error::new(
        kernel,
        format!("x has {x} values and y {y}, expected {nx} and {ny}, with all sources inside x"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{same_for_any_thread_count, values, wide};

    #[test]
    fn pads_and_brings_the_gradient_back() {
        let sources = [vec![FILL, 0, 1, 1], vec![1, 0, 1, 2, FILL]];
        let x = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut y = [0f32; 20];
        pad(&x, &[2, 3], &sources, 9.0, &mut y).unwrap();
        assert_eq!(y[..5], [9.0; 5]);
        assert_eq!(y[5..10], [2.0, 1.0, 2.0, 3.0, 9.0]);
        assert_eq!(y[10..15], [5.0, 4.0, 5.0, 6.0, 9.0]);
        assert_eq!(y[15..], y[10..15]);
        let dy: Vec<f32> = (0..20).map(|i| i as f32).collect();
        let mut dx = [f32::NAN; 6];
        pad_backward(&dy, &[2, 3], &sources, &mut dx).unwrap();
        assert_eq!(
            dx,
            [6.0, 5.0 + 7.0, 8.0, 11.0 + 16.0, 10.0 + 12.0 + 15.0 + 17.0, 13.0 + 18.0]
        );
    }

    #[test]
    fn a_scalar_has_no_dimension_to_pad() {
        let mut y = [0.0];
        pad(&[3.0], &[], &[], 1.0, &mut y).unwrap();
        assert_eq!(y, [3.0]);
        pad_backward(&[4.0], &[], &[], &mut y).unwrap();
        assert_eq!(y, [4.0]);
    }

    #[test]
    fn gradient_is_the_transpose_and_has_the_same_bits_for_any_thread_count() {
        let sources = [
            (0..40).map(|i| i % 37).collect::<Vec<_>>(),
            (0..700).map(|i| (i * 7) % 600).collect(),
        ];
        let (x, dy) = (values::<f64>(37 * 600, 1), values::<f64>(40 * 700, 2));
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        pad(&x, &[37, 600], &sources, 0.0, &mut y).unwrap();
        pad_backward(&dy, &[37, 600], &sources, &mut dx).unwrap();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        assert!((dot(&y, &wide(&dy)) - dot(&x, &dx)).abs() < 1e-8);
        same_for_any_thread_count(|| {
            let mut dx = vec![0.0; x.len()];
            pad_backward(&dy, &[37, 600], &sources, &mut dx).unwrap();
            dx
        });
    }

    #[test]
    fn wrong_lengths_and_sources_are_refused() {
        let mut y = [0f32; 2];
        assert!(pad(&[1.0], &[1], &[vec![0, 1]], 0.0, &mut y).is_err());
        assert!(pad(&[1.0], &[1], &[vec![0]], 0.0, &mut y).is_err());
        assert!(pad(&[1.0], &[2], &[vec![0, 0]], 0.0, &mut y).is_err());
        assert!(pad(&[1.0], &[1], &[], 0.0, &mut y).is_err());
    }
}
