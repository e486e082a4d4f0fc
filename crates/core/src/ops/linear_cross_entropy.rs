//! A linear head fused with the cross entropy of its logits, which are never in memory as a whole.
//!
//! Rows of `hidden Wᵀ + bias` are computed a chunk at a time; in the chunk the logits are replaced by their gradient, which is multiplied at once. So
//! the gradients are hidden outputs of forward, and backward only scales them. The caller knows which ones are wanted and passes them in `needs`.

use candle_core::Tensor;
use kernels::Float;
use kernels::cpu::linear::Layout;
use kernels::cpu::linear_cross_entropy as kernel;
use kernels::cpu::linear_cross_entropy::{Gradients, Head, Labels};

use super::attrs::AttrReader;
use super::back::Back;
use super::context::{Exec, Output, Outputs, ShapeContext, Twin, outputs};
use super::cost::Shapes;
use super::create::one;
use super::cross_entropy::{Options, Rows as CrossEntropyRows, check_options, check_target_dtype};
use super::linear::{Real, Weight, Wide, check_layer, times};
use super::row::{Needs, Save};
use super::twins::{CHUNK_BYTES, chunks, kept, overwrite, wide};
use super::{own, table};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;
use crate::storage::Element;

const HIDDEN: usize = 0;
const WEIGHT: usize = 1;
const BIAS: usize = 2;
const TARGET: usize = 3;

/// The inputs that may need a gradient, each with its bit of `needs`; the gradient of the i-th is output i + 1.
const LEARNS: [(usize, u32); 3] = [(HIDDEN, 1), (WEIGHT, 2), (BIAS, 4)];

/// How the losses of the rows become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reduction {
    None,
    Mean,
    Sum,
}

struct Attrs {
    options: Options,
    reduction: Reduction,
    needs: u32,
}

impl Attrs {
    fn read(mut attrs: AttrReader<'_>) -> Self {
        let options = Options {
            ignore: attrs.number() as i64,
            smoothing: attrs.number(),
        };
        let reduction = match attrs.number() {
            0.0 => Reduction::None,
            1.0 => Reduction::Mean,
            _ => Reduction::Sum,
        };
        Attrs {
            options,
            reduction,
            needs: attrs.number() as u32,
        }
    }

    fn wants(&self, i: usize) -> bool {
        self.needs & LEARNS[i].1 != 0
    }

    /// The gradient of the result with respect to the loss of a row.
    fn dloss(&self, counted: usize) -> f64 {
        match self.reduction {
            Reduction::Mean => 1.0 / counted as f64,
            Reduction::None | Reduction::Sum => 1.0,
        }
    }
}

/// `hidden (M, K)`, `weight (N, K)`, `bias (N)`, `target (M)` → the loss, (M) without reduction and () with one, and three gradients, empty
/// where they are not wanted.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (classes, _) = check_layer(context, Layout::OutIn)?;
    let (hidden, weight) = (context.meta(HIDDEN), context.meta(WEIGHT));
    let &[rows, _] = hidden.shape.dims() else {
        return Err(context.shape_error("hidden (N, C)"));
    };
    if context.shape(TARGET).dims() != [rows] || (classes == 0 && rows > 0) {
        return Err(context.shape_error("hidden (N, C), weight (V, C) with V at least 1, target (N)"));
    }
    check_target_dtype(context, TARGET)?;
    check_options(context.reader())?;
    let attrs = Attrs::read(context.reader());
    if attrs.reduction == Reduction::None && (attrs.wants(1) || attrs.wants(2)) {
        return Err(
            Error::new(Code::Option, "linearCrossEntropy: weight and bias need a single loss")
                .expected("the reduction mean or sum")
                .received("a loss for each row")
                .hint("reduce the losses here, or compose linear and crossEntropy"),
        );
    }
    let dtype = hidden.dtype.wide();
    let loss = match attrs.reduction {
        Reduction::None => Shape::new(&[rows]),
        Reduction::Mean | Reduction::Sum => Shape::new(&[]),
    };
    let gradients = [hidden.shape.clone(), weight.shape.clone(), Shape::new(&[classes])];
    let wanted = gradients
        .into_iter()
        .enumerate()
        .map(|(i, shape)| if attrs.wants(i) { shape } else { Shape::new(&[0]) });
    Ok([loss]
        .into_iter()
        .chain(wanted)
        .map(|shape| Meta::new(shape, dtype))
        .collect())
}

/// Multiplications of `linearCrossEntropy`: the product, and one more for each gradient that is wanted.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    let gradients = shapes
        .outputs
        .iter()
        .skip(1)
        .filter(|meta| meta.shape.rank() == 2)
        .count();
    let classes = *shapes.dims(WEIGHT)?.first()? as f64;
    Some(shapes.numel(HIDDEN)? * classes * (1 + gradients) as f64)
}

/// Only the gradients: backward reads neither weight nor input.
pub fn save(needs: Needs) -> Save {
    let outputs = LEARNS.iter().enumerate();
    Save {
        inputs: 0,
        outputs: outputs.fold(0, |mask, (i, &(input, _))| {
            mask | Needs::when(needs.input(input), &[i + 1])
        }),
    }
}

/// CPU forward of `linearCrossEntropy`.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => {
        let hidden = Wide::<T>::read(exec, HIDDEN)?;
        let bias = if exec.has(BIAS) { Some(Wide::<T>::read(exec, BIAS)?) } else { None };
        let results = run(exec, &hidden, bias.as_deref())?;
        hidden.give(exec);
        if let Some(bias) = bias {
            bias.give(exec);
        }
        Ok(results)
    })
}

fn run<T: Real>(exec: &mut Exec<'_>, hidden: &[T], bias: Option<&[T]>) -> Result<Outputs> {
    let attrs = Attrs::read(exec.reader());
    let target = exec.read::<i64>(TARGET)?;
    let labels = Labels {
        target: &target,
        ignore_index: attrs.options.ignore,
        smoothing: attrs.options.smoothing,
    };
    let (rows, width, classes) = (target.len(), exec.shape(HIDDEN).last(), exec.shape(WEIGHT).dims()[0]);
    let counted = labels.counted();
    let mut losses = exec.scratch::<T>(rows)?;
    let mut scratch = exec.scratch::<T>(kernel::scratch_len::<T>(counted, width, classes))?;
    let [mut dx, mut dw, mut db] = [exec.alloc::<T>(1)?, exec.alloc::<T>(2)?, exec.alloc::<T>(3)?];
    let gradients = Gradients {
        dloss: <T as Float>::from_f64(attrs.dloss(counted)),
        hidden: attrs.wants(0).then_some(&mut dx[..]),
        weight: attrs.wants(1).then_some(&mut dw[..]),
        bias: attrs.wants(2).then_some(&mut db[..]),
    };
    let gradients = (attrs.needs != 0).then_some(gradients);
    let weight = Weight::<T>::read(exec, WEIGHT)?;
    let head = Head {
        hidden,
        weight: weight.factor(exec.precision()),
        bias,
        rows,
        width,
        classes,
    };
    kernel::linear_cross_entropy(head, labels, &mut losses, gradients, &mut scratch)?;
    exec.give(scratch);
    let loss = match attrs.reduction {
        Reduction::None => losses,
        Reduction::Mean | Reduction::Sum => {
            let sum: f64 = losses.iter().map(|&loss| Float::to_f64(loss)).sum();
            exec.give(losses);
            let mut loss = exec.alloc::<T>(0)?;
            let divisor = if attrs.reduction == Reduction::Mean {
                counted as f64
            } else {
                1.0
            };
            loss[0] = <T as Float>::from_f64(sum / divisor);
            loss
        }
    };
    Ok(outputs([T::wrap(loss), T::wrap(dx), T::wrap(dw), T::wrap(db)]))
}

/// `dhidden = dloss · dhidden'`, `dW = dloss · dW'`, `dbias = dloss · dbias'` with what forward left for a `dloss` of 1.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let attrs = Attrs::read(back.reader());
    let dloss = back.dy();
    for (i, (input, _)) in LEARNS.into_iter().enumerate() {
        if !back.needs(input) {
            continue;
        }
        if !attrs.wants(i) {
            return Err(Error::new(
                Code::Internal,
                "linearCrossEntropy was recorded without a gradient that backward asks for",
            )
            .expected(format!("bit {} of needs", LEARNS[i].1))
            .received(attrs.needs.to_string()));
        }
        let saved = back.output(i + 1);
        let own = f64::from(u8::from(back.is_last_use(saved)));
        let gradient = back.op(&table::LINEAR_CROSS_ENTROPY_BACKWARD, &[dloss, saved], &[own])?;
        back.set(input, gradient);
    }
    Ok(())
}

/// `dloss` () or (M), and a gradient with M rows → the gradient, scaled.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dloss, saved) = (context.meta(0), context.meta(1));
    let by_row = dloss.shape.rank() == 1 && dloss.shape.dims()[0] == saved.shape.rows();
    if dloss.shape.rank() != 0 && !by_row {
        return Err(context.shape_error("dloss () or (N), saved (N, …)"));
    }
    Ok(one(saved.clone()))
}

/// CPU forward of `linearCrossEntropyBackward`. A gradient that nobody else reads is scaled in i.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (own, width) = (exec.reader().bool(), exec.shape(1).last());
    float!(exec.out(0).dtype, T => {
        let dloss = exec.read::<T>(0)?;
        if own {
            kernel::scale_rows(&mut exec.write::<T>(1)?, width, &dloss)?;
            return Ok(Outputs::from_iter([Output::Alias(1)]));
        }
        let mut scaled = exec.alloc::<T>(0)?;
        kernels::par::copy(&exec.read::<T>(1)?, &mut scaled);
        kernel::scale_rows(&mut scaled, width, &dloss)?;
        Ok(outputs([T::wrap(scaled)]))
    })
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// Twin of `linearCrossEntropy`, some rows at a time: their logits, the losses, and in the place of the logits their gradient, which is multiplied at once.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let attrs = Attrs::read(twin.reader());
    let (hidden, weight, target) = (twin.wide(HIDDEN)?, twin.tensor(WEIGHT), twin.tensor(TARGET));
    let ((rows, _), classes) = (hidden.dims2()?, weight.dim(0)?);
    let bias = twin.optional(BIAS).map(wide).transpose()?;
    let zeros = |i: usize| Tensor::zeros(twin.out(i).shape.dims(), hidden.dtype(), hidden.device());
    let [dx, dw, db] = [zeros(1)?, zeros(2)?, zeros(3)?];
    let losses = Tensor::zeros(rows, hidden.dtype(), hidden.device())?;
    let all = CrossEntropyRows::new(twin, target, classes, None, &attrs.options)?;
    let counted = all.counted(hidden.dtype())?;
    let dloss = match attrs.reduction {
        Reduction::Mean => counted.recip()?,
        Reduction::None | Reduction::Sum => counted.ones_like()?,
    };
    for (start, len) in chunks(rows, classes * hidden.dtype().size_in_bytes(), chunk_bytes(&attrs, &dw)) {
        let part = all.chunk(start, len)?;
        let x = hidden.narrow(0, start, len)?;
        let mut logits = times(&x, &weight.t()?)?; // (len, N)
        if let Some(bias) = &bias {
            logits = logits.broadcast_add(bias)?;
        }
        let [loss, max, ln_sum] = part.losses(&logits)?;
        losses.slice_set(&loss, 0, start)?;
        if attrs.needs == 0 {
            continue;
        }
        let dloss = dloss.broadcast_as(len)?.contiguous()?;
        let dy = part.slopes(logits, &dloss, &max, &ln_sum)?;
        if attrs.wants(0) {
            dx.slice_set(&times(&dy, weight)?, 0, start)?;
        }
        if attrs.wants(1) {
            own::add_product(&dw, &dy, &x)?;
        }
        if attrs.wants(2) {
            overwrite(&db, &(&db + dy.sum(0)?)?)?;
        }
    }
    let loss = match attrs.reduction {
        Reduction::None => losses,
        Reduction::Sum => losses.sum_all()?,
        // 0 / 0 when all targets are ignored, as in torch.
        Reduction::Mean => (losses.sum_all()? / counted)?,
    };
    Ok(vec![loss, dx, dw, db])
}

/// Bytes of the logits of a chunk. Each chunk reads and writes the gradient of the weight once: where there is one, chunks are larger, in proportion.
fn chunk_bytes(attrs: &Attrs, dw: &Tensor) -> usize {
    let weight = if attrs.wants(1) {
        dw.elem_count() * dw.dtype().size_in_bytes()
    } else {
        0
    };
    CHUNK_BYTES.max(weight / 16)
}

/// Twin of `linearCrossEntropyBackward`, in place where nobody else reads the gradient.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (dloss, given) = (twin.tensor(0), twin.tensor(1));
    let scaled = if twin.reader().bool() {
        twin.reuse(1);
        given.clone()
    } else {
        given.force_contiguous()?
    };
    if given.elem_count() == 0 {
        return Ok(vec![scaled]);
    }
    let by_row = dloss.rank() == 1;
    let (rows, width) = if by_row {
        (dloss.elem_count(), given.elem_count() / dloss.elem_count())
    } else {
        (given.elem_count(), 1)
    };
    let flat = scaled.reshape((rows, width))?;
    for (start, len) in chunks(rows, width * flat.dtype().size_in_bytes(), CHUNK_BYTES) {
        let part = flat.narrow(0, start, len)?;
        let dloss = if by_row {
            dloss.narrow(0, start, len)?.unsqueeze(1)?
        } else {
            dloss.clone()
        };
        let product = part.broadcast_mul(&dloss)?;
        flat.slice_set(&kept(&part.ne(0.0)?, &product, 0.0)?, 0, start)?;
    }
    Ok(vec![scaled])
}
