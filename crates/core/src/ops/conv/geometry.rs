//! The options of a convolution, checked, and the sizes for the kernel.

use kernels::cpu::conv::{Problem, SPATIAL};
use smallvec::SmallVec;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::ops::attrs::AttrReader;
use crate::ops::context::ShapeContext;
use crate::shape::{Shape, show_sizes};

type Sizes = SmallVec<[usize; SPATIAL]>;

/// The options of a convolution, one number for each spatial dimension.
pub(super) struct Options {
    pub stride: Sizes,
    /// Zeros in front of and behind each dimension.
    pub padding: SmallVec<[usize; 2 * SPATIAL]>,
    pub dilation: Sizes,
    pub groups: usize,
}

impl Options {
    /// Reads `[stride, padding, dilation, groups]`.
    pub fn read(attrs: &mut AttrReader<'_>) -> Result<Self> {
        let (stride, padding) = (sizes("stride", attrs.dims(), 1)?, sizes("padding", attrs.dims(), 0)?);
        Options::rest(attrs, stride, padding)
    }

    /// The options behind stride and padding.
    pub fn rest(attrs: &mut AttrReader<'_>, stride: Sizes, padding: SmallVec<[usize; 6]>) -> Result<Self> {
        let (dilation, groups) = (sizes("dilation", attrs.dims(), 1)?, attrs.size()?);
        let n = stride.len();
        if (1..=SPATIAL).contains(&n) && padding.len() == 2 * n && dilation.len() == n && groups > 0 {
            return Ok(Options {
                stride,
                padding,
                dilation,
                groups,
            });
        }
        Err(
            Error::new(Code::Option, "the options of a convolution do not fit each other")
                .expected("stride and dilation of 1 to 3 numbers, two paddings for each, at least one group")
                .received(format!(
                    "stride {stride:?}, padding {padding:?}, dilation {dilation:?}, groups {groups}"
                ))
                .hint("give one number for all dimensions, or one for each"),
        )
    }

    pub fn spatial(&self) -> usize {
        self.stride.len()
    }
}

/// A list of sizes. Anything above 2^31 is a mistake, and would overflow the sums below.
pub(super) fn sizes<A: smallvec::Array<Item = usize>>(name: &str, list: &[f64], least: usize) -> Result<SmallVec<A>> {
    list.iter()
        .map(|&x| {
            if x >= least as f64 && x.fract() == 0.0 && x <= f64::from(i32::MAX) {
                return Ok(x as usize);
            }
            Err(
                Error::new(Code::Option, format!("{name} of a convolution is out of range"))
                    .expected(format!("whole numbers from {least}"))
                    .received(show_sizes(list))
                    .hint("a stride or dilation is 1 or more, a padding 0 or more"),
            )
        })
        .collect()
}

/// Sizes of a call.
pub(super) struct Geometry {
    pub problem: Problem,
    spatial: usize,
}

impl Geometry {
    /// From the shapes of the input and the weight (checked by [`check_layer`]).
    pub fn forward(options: &Options, x: &Shape, weight: &Shape) -> Result<Self> {
        Geometry::new(options, x.dims()[0], &x.dims()[2..], weight.dims(), None)
    }

    /// From the weight and the spatial sizes of both sides: what a gradient knows.
    pub fn gradient(
        options: &Options,
        batch: usize,
        input: &[usize],
        weight: &[usize],
        output: &[usize],
    ) -> Result<Self> {
        Geometry::new(options, batch, input, weight, Some(output))
    }

    fn new(
        options: &Options,
        batch: usize,
        input: &[usize],
        weight: &[usize],
        output: Option<&[usize]>,
    ) -> Result<Self> {
        let n = options.spatial();
        let mut p = Problem {
            batch,
            groups: options.groups,
            inner: weight[1],
            outer: weight[0] / options.groups,
            input: [1; SPATIAL],
            kernel: [1; SPATIAL],
            output: [1; SPATIAL],
            stride: [1; SPATIAL],
            pad: [0; SPATIAL],
            dilation: [1; SPATIAL],
        };
        for i in 0..n {
            let d = SPATIAL - n + i;
            p.input[d] = input[i];
            p.kernel[d] = weight[2 + i];
            p.stride[d] = options.stride[i];
            p.pad[d] = options.padding[2 * i];
            p.dilation[d] = options.dilation[i];
            p.output[d] = match output {
                Some(output) => output[i],
                None => output_size(options, i, input[i], weight[2 + i])?,
            };
        }
        Ok(Geometry { problem: p, spatial: n })
    }

    pub fn in_channels(&self) -> usize {
        self.problem.groups * self.problem.inner
    }

    pub fn out_channels(&self) -> usize {
        self.problem.groups * self.problem.outer
    }

    /// (N, C, *input).
    pub fn x_shape(&self) -> Result<Shape> {
        self.shape(self.in_channels(), &self.problem.input)
    }

    /// (N, out, *output).
    pub fn y_shape(&self) -> Result<Shape> {
        self.shape(self.out_channels(), &self.problem.output)
    }

    fn shape(&self, channels: usize, spatial: &[usize; SPATIAL]) -> Result<Shape> {
        let mut dims: SmallVec<[usize; 5]> = SmallVec::from_slice(&[self.problem.batch, channels]);
        dims.extend_from_slice(&spatial[SPATIAL - self.spatial..]);
        if Shape::checked_numel(&dims).is_none() {
            return Err(Error::new(Code::Memory, "the result of this convolution cannot exist")
                .received(format!("{:?}", dims.as_slice()))
                .expected("a result whose elements can be counted")
                .hint("use less padding or a larger stride"));
        }
        Ok(Shape::new(&dims))
    }
}

/// Positions of a kernel in a padded input.
fn output_size(options: &Options, i: usize, input: usize, kernel: usize) -> Result<usize> {
    let padded = input + options.padding[2 * i] + options.padding[2 * i + 1];
    let reach = options.dilation[i].saturating_mul(kernel - 1).saturating_add(1);
    if reach <= padded {
        return Ok((padded - reach) / options.stride[i] + 1);
    }
    Err(Error::new(Code::Shape, "the kernel is larger than the padded input")
        .expected(format!("at least {reach} elements along spatial dimension {i}"))
        .received(format!("{input}, {padded} with padding"))
        .hint("feed a larger input, or use more padding or a smaller kernel or dilation"))
}

/// Checks ranks and channels of a convolution: the weight (out, C / groups, *kernel) sees the channels of x.
pub(super) fn check_layer(context: &ShapeContext<'_>, options: &Options) -> Result<()> {
    check_ranks(context, options)?;
    let own = context.shape(1).dims()[1].saturating_mul(options.groups);
    check_channels(context, options, own)
}

/// The same for a transposed one, whose weight (C, out / groups, *kernel) has the channels of x first.
pub(super) fn check_transposed(context: &ShapeContext<'_>, options: &Options) -> Result<()> {
    check_ranks(context, options)?;
    check_channels(context, options, context.shape(1).dims()[0])
}

fn names(options: &Options) -> &'static str {
    ["L", "H, W", "D, H, W"][options.spatial() - 1]
}

fn check_ranks(context: &ShapeContext<'_>, options: &Options) -> Result<()> {
    let (x, weight, n) = (context.shape(0), context.shape(1), options.spatial());
    if x.rank() != n + 2 || weight.rank() != n + 2 {
        let names = names(options);
        return Err(context.shape_error(format!("x (N, C, {names}) and a weight with {n} kernel sizes")));
    }
    if weight.numel() == 0 {
        return Err(context.shape_error("a weight with at least one channel and one tap"));
    }
    if !weight.dims()[0].is_multiple_of(options.groups) {
        let groups = options.groups;
        return Err(context.shape_error(format!(
            "a weight whose first size is a multiple of the {groups} groups"
        )));
    }
    Ok(())
}

fn check_channels(context: &ShapeContext<'_>, options: &Options, own: usize) -> Result<()> {
    let (x, weight) = (context.shape(0), context.shape(1));
    if x.dims()[1] == own {
        return Ok(());
    }
    Err(
        Error::new(Code::Shape, "the channels of the input do not fit the convolution")
            .expected(format!("x (N, {own}, {})", names(options)))
            .received(format!("x {x} with weight {weight} and groups {}", options.groups))
            .hint("channels come second: permute an image in (N, H, W, C) order with .permute(0, 3, 1, 2)"),
    )
}

/// The bias has one value for each output channel.
pub(super) fn check_bias(context: &ShapeContext<'_>, channels: usize) -> Result<()> {
    match context.inputs[2] {
        Some(bias) if bias.shape.dims() != [channels] => {
            Err(Error::new(Code::Shape, "the bias does not fit the convolution")
                .expected(format!("bias ({channels},)"))
                .received(format!("bias {} {}", bias.shape, bias.dtype))
                .hint("a bias has one number for each output channel"))
        }
        _ => Ok(()),
    }
}
