//! Arithmetic, comparisons and selection in candle's tensor operations.

use candle_core::Tensor;

use crate::error::Result;
use crate::ops::context::Twin;
use crate::ops::twins::{broadcast_pair, full_like, kept, truth};

macro_rules! twins {
    ($($name:ident = $method:ident;)*) => {$(
        #[doc = concat!("Twin of `", stringify!($method), "`.")]
        pub fn $name(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
            let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
            Ok(vec![a.$method(&b)?])
        }
    )*};
}
twins! {
    add_twin = add;
    sub_twin = sub;
    mul_twin = mul;
    div_twin = div;
    maximum_twin = maximum;
    minimum_twin = minimum;
    eq_twin = eq;
    ne_twin = ne;
    lt_twin = lt;
    le_twin = le;
    gt_twin = gt;
    ge_twin = ge;
}

/// Twin of `pow`: candle's own is `e^(b ln a)` and handles neither negative bases nor 0 to the power 0.
pub fn pow_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
    let (a, b) = (a.contiguous()?, b.contiguous()?);
    let size = (&b * a.abs()?.log()?)?.exp()?;
    let half = b.affine(0.5, 0.0)?;
    let (whole, even) = (b.floor()?.eq(&b)?, half.floor()?.eq(&half)?);
    let signed = even.where_cond(&size, &size.neg()?)?;
    let of_negative = whole.where_cond(&signed, &full_like(&a, f64::NAN)?)?;
    let y = a.lt(0.0)?.where_cond(&of_negative, &size)?;
    Ok(vec![b.eq(0.0)?.where_cond(&full_like(&a, 1.0)?, &y)?])
}

/// Twin of `logicalAnd`.
pub fn logical_and_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
    Ok(vec![a.minimum(&b)?])
}

/// Twin of `logicalOr`.
pub fn logical_or_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (a, b) = broadcast_pair(twin.tensor(0), twin.tensor(1))?;
    Ok(vec![a.maximum(&b)?])
}

/// Twin of `where`.
pub fn where_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let dims = twin.out(0).shape.dims();
    let cond = truth(twin.tensor(0))?.broadcast_as(dims)?.contiguous()?;
    let a = twin.tensor(1).broadcast_as(dims)?.contiguous()?;
    let b = twin.tensor(2).broadcast_as(dims)?.contiguous()?;
    Ok(vec![cond.where_cond(&a, &b)?])
}

/// Twin of `maskedFill`.
pub fn masked_fill_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    Ok(vec![kept(&twin.tensor(1).eq(0u8)?, x, twin.reader().number())?])
}
