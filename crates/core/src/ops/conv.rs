//! Convolutions over one to three dimensions, their gradients and the transposed convolution.
//!
//! The twin writes out the columns of x with one `index_select` and multiplies; the kernel makes them tile by tile.

mod geometry;
pub mod gradient;
pub mod transpose;
mod twin;

use candle_core::Tensor;
use kernels::cpu::conv as kernel;

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::cost::Shapes;
use super::create::one;
use super::elementwise::wide;
use super::row::{Needs, Save};
use super::table;
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;
use geometry::{Geometry, Options};

const X: usize = 0;
const WEIGHT: usize = 1;
const BIAS: usize = 2;

/// `x (N, C, *spatial)`, `weight (out, C / groups, *kernel)`, `bias (out)` → `y (N, out, *output)` in x's dtype, with
/// `output = (spatial + low + high - dilation · (kernel - 1) - 1) / stride + 1`, rounded down.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    super::linear::check_dtypes(context)?;
    let options = Options::read(&mut context.reader())?;
    geometry::check_layer(context, &options)?;
    let geometry = Geometry::forward(&options, context.shape(X), context.shape(WEIGHT))?;
    geometry::check_bias(context, geometry.out_channels())?;
    Ok(one(Meta::new(geometry.y_shape()?, context.dtype(X))))
}

/// The input for the gradient of the weight, the weight for that of the input: a frozen layer keeps no activation.
pub fn save(needs: Needs) -> Save {
    super::linear::save(needs)
}

/// Multiplications of `conv`: a filter for each element of the result.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.out()? * shapes.numel(WEIGHT)? / *shapes.dims(WEIGHT)?.first()? as f64)
}

/// CPU forward of `conv`.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let options = Options::read(&mut exec.reader())?;
    let geometry = Geometry::forward(&options, exec.shape(X), exec.shape(WEIGHT))?;
    float!(exec.dtype(X), T => {
        let mut y = exec.alloc::<T>(0)?;
        let bias = exec.read_optional::<T>(BIAS)?;
        kernel::conv(&geometry.problem, &exec.read::<T>(X)?, &exec.read::<T>(WEIGHT)?, bias.as_deref(), &mut y)?;
        Ok(output(y))
    })
}

/// `dx`, `dW` by their own ops, `dbias = Σ dy` over images and positions.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let dy = wide(back, back.dy())?;
    if back.needs(X) {
        let attrs = with_spatial(back.attrs(), &back.shape(X));
        let dx = back.op(&table::CONV_DX, &[dy, back.input(WEIGHT)], &attrs)?;
        back.set(X, dx);
    }
    if back.needs(WEIGHT) {
        let attrs = with_spatial(back.attrs(), &back.shape(WEIGHT));
        let dw = back.op(&table::CONV_DW, &[dy, back.input(X)], &attrs)?;
        back.set(WEIGHT, dw);
    }
    bias_backward(back, dy)
}

/// The gradient of a bias (C) of `dy (N, C, *)`.
fn bias_backward(back: &mut Back<'_>, dy: u64) -> Result<()> {
    if !back.needs(BIAS) {
        return Ok(());
    }
    let rank = back.out_shape(0).rank();
    let dims: Vec<f64> = (0..rank).filter(|&d| d != 1).map(|d| d as f64).collect();
    let mut attrs = vec![dims.len() as f64];
    attrs.extend(dims);
    attrs.push(0.0);
    let dbias = back.op(&table::SUM, &[dy], &attrs)?;
    back.set(BIAS, dbias);
    Ok(())
}

/// Attributes followed by the spatial sizes of a tensor, as a list.
fn with_spatial(attrs: impl IntoIterator<Item = f64>, shape: &Shape) -> Vec<f64> {
    let mut attrs: Vec<f64> = attrs.into_iter().collect();
    attrs.push(shape.rank() as f64 - 2.0);
    attrs.extend(shape.dims()[2..].iter().map(|&d| d as f64));
    attrs
}

/// Twin of `conv`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let options = Options::read(&mut twin.reader())?;
    let (x, weight) = (twin.tensor(X), twin.tensor(WEIGHT));
    let geometry = Geometry::forward(&options, &Shape::new(x.dims()), &Shape::new(weight.dims()))?;
    let y = twin::conv(&geometry, x, weight)?;
    Ok(vec![
        twin::biased(y, twin.optional(BIAS))?.reshape(twin.out(0).shape.dims())?,
    ])
}
