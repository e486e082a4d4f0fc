//! The gradients of a convolution for its input and its weight, as ops of the tape.

use candle_core::Tensor;
use kernels::cpu::conv as kernel;

use super::super::create::one;
use super::geometry::{Geometry, Options, sizes};
use super::twin as columns;
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::attrs::AttrReader;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, output};
use crate::ops::cost::Shapes;
use crate::shape::Shape;

/// Sizes from `dy (N, out, *output)`, the weight and the attributes, whose last list is the input's spatial sizes.
fn dx_geometry(mut attrs: AttrReader<'_>, dy: &[usize], weight: &[usize]) -> Result<Geometry> {
    let options = Options::read(&mut attrs)?;
    let input = sizes::<[usize; 3]>("input", attrs.dims(), 0)?;
    Geometry::gradient(&options, dy[0], &input, weight, &dy[2..])
}

/// Sizes from `dy`, `x` and the attributes, whose last list is the weight's kernel sizes.
fn dw_geometry(mut attrs: AttrReader<'_>, dy: &[usize], x: &[usize]) -> Result<Geometry> {
    let options = Options::read(&mut attrs)?;
    let mut weight = vec![dy[1], x[1] / options.groups];
    weight.extend(sizes::<[usize; 3]>("kernel", attrs.dims(), 1)?);
    Geometry::gradient(&options, x[0], &x[2..], &weight, &dy[2..])
}

/// `dy (N, out, *output)`, `weight (out, C / groups, *kernel)` → `dx (N, C, *input)`.
pub fn dx_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let geometry = dx_geometry(context.reader(), context.shape(0).dims(), context.shape(1).dims())?;
    Ok(one(Meta::new(geometry.x_shape()?, context.dtype(0).wide())))
}

/// `dy (N, out, *output)`, `x (N, C, *input)` → `dw (out, C / groups, *kernel)`.
pub fn dw_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let mut attrs = context.reader();
    let options = Options::read(&mut attrs)?;
    let mut dims = vec![context.shape(0).dims()[1], context.shape(1).dims()[1] / options.groups];
    dims.extend(sizes::<[usize; 3]>("kernel", attrs.dims(), 1)?);
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0).wide())))
}

/// Multiplications of `convDx`: a filter for each element of `dy`.
pub fn dx_products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.numel(0)? * shapes.numel(1)? / *shapes.dims(1)?.first()? as f64)
}

/// Multiplications of `convDw`: a filter for each element of `dy`.
pub fn dw_products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.numel(0)? * shapes.out()? / *shapes.outputs.first()?.shape.dims().first()? as f64)
}

/// CPU forward of `convDx`.
pub fn dx(exec: &mut Exec<'_>) -> Result<Outputs> {
    let geometry = dx_geometry(exec.reader(), exec.shape(0).dims(), exec.shape(1).dims())?;
    float!(exec.dtype(0), T => {
        let mut dx = exec.alloc::<T>(0)?;
        kernel::conv_dx(&geometry.problem, &exec.read::<T>(0)?, &exec.read::<T>(1)?, &mut dx)?;
        Ok(output(dx))
    })
}

/// CPU forward of `convDw`.
pub fn dw(exec: &mut Exec<'_>) -> Result<Outputs> {
    let geometry = dw_geometry(exec.reader(), exec.shape(0).dims(), exec.shape(1).dims())?;
    float!(exec.dtype(0), T => {
        let mut dw = exec.alloc::<T>(0)?;
        kernel::conv_dw(&geometry.problem, &exec.read::<T>(0)?, &exec.read::<T>(1)?, &mut dw)?;
        Ok(output(dw))
    })
}

/// Twin of `convDx`.
pub fn dx_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (dy, weight) = (twin.tensor(0), twin.tensor(1));
    let geometry = dx_geometry(twin.reader(), dy.dims(), weight.dims())?;
    Ok(vec![
        columns::conv_dx(&geometry, dy, weight)?.reshape(twin.out(0).shape.dims())?,
    ])
}

/// Twin of `convDw`.
pub fn dw_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (dy, x) = (twin.tensor(0), twin.tensor(1));
    let geometry = dw_geometry(twin.reader(), dy.dims(), x.dims())?;
    Ok(vec![
        columns::conv_dw(&geometry, dy, x)?.reshape(twin.out(0).shape.dims())?,
    ])
}
