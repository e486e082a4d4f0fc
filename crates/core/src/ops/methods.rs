//! Methods of TypeScript's `Tensor` that record one op, beside the op table: the truth from which `src/generated/tensor-methods.ts` is written.
//! What needs more than one op, or a check of its own, is written by hand in `src/tensor`.
#![cfg_attr(rustfmt, rustfmt_skip)]

use super::row::OpRow;
use super::table::*;

/// One method. The tensor itself is the first input of the op.
pub struct Method {
    /// Name in TypeScript: PyTorch's in camelCase. One that changes its tensor ends in `_`.
    pub name: &'static str,
    /// The op that it records.
    pub op: &'static OpRow,
    /// Parameters, in the order in which users write them.
    pub params: &'static [Param],
    /// Inputs and attributes of the op that the method sets itself: name and value.
    pub fixed: &'static [(&'static str, &'static str)],
    /// What it computes; `x` is the tensor itself. Empty: the line of the op says it.
    pub doc: &'static str,
    /// Shapes in and out.
    pub shapes: &'static str,
    /// Errors at the call: class, code and cause.
    pub errors: &'static [&'static str],
}

/// One parameter of a method.
pub struct Param {
    /// The input or attribute of the op that it fills.
    pub fills: &'static str,
    /// Its name in TypeScript.
    pub name: &'static str,
    /// What users may pass.
    pub kind: ParamKind,
}

/// What users may pass for a parameter, and how an op gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// A tensor.
    Tensor,
    /// A tensor, or a number that becomes a scalar of the tensor's dtype.
    Operand,
    /// A number.
    Number,
    /// A truth value, false when it is left out.
    Flag,
    /// A lower bound; null, or left out, is none.
    Lower,
    /// An upper bound; null, or left out, is none.
    Upper,
    /// A dimension or a list of them.
    Dims,
    /// The same; null, or left out, means all.
    AllDims,
    /// Whole numbers, one by one or in an array.
    Sizes,
}

macro_rules! name {
    ($fills:ident) => { stringify!($fills) };
    ($fills:ident $name:ident) => { stringify!($name) };
}

/// `OP "method" (input or attribute [as name]: kind, …) [fixed = "value", …] "doc" shapes [errors];`
macro_rules! methods {
    ($($op:ident $method:literal ($($fills:ident $(as $name:ident)? : $kind:ident),*) [$($fixed:ident = $value:literal),*] $doc:literal $shapes:tt [$($error:expr),*];)*) => {
        /// Every generated method, in the order of the generated file.
        pub static METHODS: &[Method] = &[$(Method {
            name: $method,
            op: &$op,
            params: &[$(Param { fills: stringify!($fills), name: name!($fills $($name)?), kind: ParamKind::$kind }),*],
            fixed: &[$((stringify!($fixed), $value)),*],
            doc: $doc,
            shapes: $shapes,
            errors: &[$($error),*],
        }),*];
    };
}

// ---- shapes that many methods share -----------------------------------------------------------------------------------------
const SAME: &str = "`x (...)` → `(...)`, as `x`.";
const BROADCAST: &str = "`x` and `other` broadcast to the shape of the result.";
const REDUCED: &str = "`dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.";
const IN_PLACE: &str = "`x` keeps its shape.";
const ROWS: &str = "`x (..., N, ...)` with N along `dim`, `index (K)`, `source (..., K, ...)` → as `x`.";

// ---- errors that many methods share -----------------------------------------------------------------------------------------
const FLOAT: &str = "{DtypeError} `ERR_LORA_DTYPE` for integers and truth values.";
const FLOATS: &str = "{DtypeError} `ERR_LORA_DTYPE` when the dtypes differ, and for integers and truth values.";
const NUMBERS: &str = "{DtypeError} `ERR_LORA_DTYPE` when the dtypes differ, and for truth values.";
const SAME_DTYPE: &str = "{DtypeError} `ERR_LORA_DTYPE` when the dtypes differ.";
const TRUTHS: &str = "{DtypeError} `ERR_LORA_DTYPE` unless both are bool.";
const NO_BROADCAST: &str = "{ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.";
const NOT_ONTO: &str = "{ShapeError} `ERR_LORA_SHAPE` when the other tensor does not broadcast to the shape of `x`.";
const NO_DIM: &str = "{IndexError} `ERR_LORA_INDEX` when there is no such dimension.";
const TWICE: &str = "{OptionError} `ERR_LORA_OPTION` when a dimension is named twice.";
const NOTHING: &str = "{ShapeError} `ERR_LORA_SHAPE` when a reduced dimension has size 0.";
const NO_FIT: &str = "{ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit each other.";
const INDEX: &str = "{DtypeError} `ERR_LORA_DTYPE` when `index` is not i64.";
const INDEX_AND_FLOATS: &str = "{DtypeError} `ERR_LORA_DTYPE` when `index` is not i64, when the dtypes of `x` and `source` differ, and for integers and truth values.";
const OUTSIDE: &str = "{IndexError} `ERR_LORA_INDEX` when there is no such dimension; for an index outside `x`, when a result is read.";
const LEAF: &str = "{GradError} `ERR_LORA_GRAD` for a leaf that requires a gradient, unless it is called in `noGrad`; for one whose numbers a view shares, while gradients are recorded.";
const OVERWRITTEN: &str = "{GradError} `ERR_LORA_NO_GRAD` when backward needs the numbers that it overwrites.";
const NO_VALUE: &str = "{DtypeError} `ERR_LORA_DTYPE` when the dtype cannot hold `value`: a fraction among integers.";

methods! {
    // ---- two operands, broadcast ------------------------------------------------------------------------------------------
    DIV "div" (b as other: Operand) [] "`x / other`, element by element. A number counts as a tensor of the dtype of `x`." BROADCAST [NO_BROADCAST, FLOATS];
    MAXIMUM "maximum" (b as other: Operand) [] "The larger of `x` and `other`, element by element. Equal ones share the gradient." BROADCAST [NO_BROADCAST, NUMBERS];
    MINIMUM "minimum" (b as other: Operand) [] "The smaller of `x` and `other`, element by element. Equal ones share the gradient." BROADCAST [NO_BROADCAST, NUMBERS];
    EQ "eq" (b as other: Operand) [] "`x == other`, element by element, as bool. NaN equals nothing." BROADCAST [NO_BROADCAST, SAME_DTYPE];
    NE "ne" (b as other: Operand) [] "`x != other`, element by element, as bool. NaN differs from everything." BROADCAST [NO_BROADCAST, SAME_DTYPE];
    LT "lt" (b as other: Operand) [] "`x < other`, element by element, as bool." BROADCAST [NO_BROADCAST, SAME_DTYPE];
    LE "le" (b as other: Operand) [] "`x <= other`, element by element, as bool." BROADCAST [NO_BROADCAST, SAME_DTYPE];
    GT "gt" (b as other: Operand) [] "`x > other`, element by element, as bool." BROADCAST [NO_BROADCAST, SAME_DTYPE];
    GE "ge" (b as other: Operand) [] "`x >= other`, element by element, as bool." BROADCAST [NO_BROADCAST, SAME_DTYPE];
    LOGICAL_AND "logicalAnd" (b as other: Tensor) [] "True where both are true." BROADCAST [NO_BROADCAST, TRUTHS];
    LOGICAL_OR "logicalOr" (b as other: Tensor) [] "True where at least one is true." BROADCAST [NO_BROADCAST, TRUTHS];
    LOGICAL_NOT "logicalNot" () [] "True where `x` is 0 or false; of any dtype." SAME [];
    MATMUL "matmul" (b as other: Tensor) [transA = "false", transB = "false"] "Matrix product over the last two dimensions; those in front of them broadcast. A vector counts as one row on the left and as one column on the right."
        "`x (..., M, K)`, `other (..., K, N)` → `(..., M, N)`; the dimension of a vector is dropped again." [NO_FIT, FLOATS];
    // ---- functions of each element ----------------------------------------------------------------------------------------
    NEG "neg" () [] "" SAME [FLOAT];
    EXP "exp" () [] "" SAME [FLOAT];
    LOG "log" () [] "" SAME [FLOAT];
    LOG1P "log1p" () [] "" SAME [FLOAT];
    SQRT "sqrt" () [] "" SAME [FLOAT];
    RSQRT "rsqrt" () [] "" SAME [FLOAT];
    SQUARE "square" () [] "" SAME [FLOAT];
    ABS "abs" () [] "" SAME [FLOAT];
    SIGN "sign" () [] "The sign of each element: -1, 0 or 1. Has no gradient." SAME [FLOAT];
    RECIP "reciprocal" () [] "" SAME [FLOAT];
    SIN "sin" () [] "" SAME [FLOAT];
    COS "cos" () [] "" SAME [FLOAT];
    TANH "tanh" () [] "" SAME [FLOAT];
    SIGMOID "sigmoid" () [] "" SAME [FLOAT];
    RELU "relu" () [] "" SAME [FLOAT];
    SILU "silu" () [] "" SAME [FLOAT];
    ERF "erf" () [] "" SAME [FLOAT];
    FLOOR "floor" () [] "The largest whole number that is not above each element. Has no gradient." SAME [FLOAT];
    CEIL "ceil" () [] "The smallest whole number that is not below each element. Has no gradient." SAME [FLOAT];
    ROUND "round" () [] "The whole number nearest to each element, halves to the even one. Has no gradient." SAME [FLOAT];
    CLAMP "clamp" (min: Lower, max: Upper) [] "`x` held between two bounds; null leaves a side open. The gradient is 1 inside, bounds included, and 0 outside." SAME [FLOAT];
    CLAMP "clampMin" (min: Number) [max = "Infinity"] "`x`, but nothing below `min`." SAME [FLOAT];
    CLAMP "clampMax" (max: Number) [min = "-Infinity"] "`x`, but nothing above `max`." SAME [FLOAT];
    NE "isnan" () [b = "this"] "True where `x` is NaN; never, for integers and truth values." SAME [];
    MASKED_FILL "maskedFill" (mask: Tensor, value: Number) [] "" "`mask` broadcasts to the shape of `x`, which is that of the result."
        ["{ShapeError} `ERR_LORA_SHAPE` when `mask` does not broadcast to the shape of `x`.", "{DtypeError} `ERR_LORA_DTYPE` when `mask` is not bool, or the dtype of `x` cannot hold `value`."];
    CLONE "clone" () [] "An independent copy. It is part of the graph: gradients flow through it to `x`." SAME [];
    // ---- in place ---------------------------------------------------------------------------------------------------------
    DIV_INPLACE "div_" (y as other: Operand) [] "Divides by `other`; returns `x`." "`other` broadcasts to the shape of `x`." [NOT_ONTO, FLOATS, LEAF];
    COPY_INPLACE "copy_" (src as source: Tensor) [] "Overwrites the numbers with those of `source`, converted to the dtype of `x`; returns `x`." "`source` broadcasts to the shape of `x`." [NOT_ONTO, LEAF];
    FILL_INPLACE "fill_" (value: Number) [] "Sets every element to `value`; returns `x`." IN_PLACE [NO_VALUE, LEAF];
    FILL_INPLACE "zero_" () [value = "0"] "Sets every element to 0; returns `x`." IN_PLACE [LEAF];
    CLAMP_INPLACE "clamp_" (min: Lower, max: Upper) [] "Holds the numbers between two bounds; null leaves a side open. Returns `x`." IN_PLACE [FLOAT, LEAF, OVERWRITTEN];
    // ---- shapes -----------------------------------------------------------------------------------------------------------
    RESHAPE "reshape" (shape: Sizes) [] "The same numbers under another shape, shared with `x`. One size may be -1: it is what the others leave." "`x (...)` → `shape`."
        ["{ShapeError} `ERR_LORA_SHAPE` when the sizes do not hold as many elements as `x`."];
    RESHAPE "view" (shape: Sizes) [] "The same as `reshape`: every tensor is contiguous." "`x (...)` → `shape`."
        ["{ShapeError} `ERR_LORA_SHAPE` when the sizes do not hold as many elements as `x`."];
    EXPAND "expand" (shape: Sizes) [] "Repeats dimensions of size 1 to the given sizes; -1 keeps a size. Sizes in front of those of `x` add dimensions." "`x (...)` → `shape`."
        ["{ShapeError} `ERR_LORA_SHAPE` when `x` does not broadcast to `shape`."];
    PERMUTE "permute" (dims: Sizes) [] "The dimensions in another order, each named once." "Dimension `i` of the result is dimension `dims[i]` of `x`."
        ["{ShapeError} `ERR_LORA_SHAPE` unless `dims` names each dimension once.", NO_DIM];
    // ---- by index ---------------------------------------------------------------------------------------------------------
    GATHER "gather" (dim: Number, index: Tensor) [] "Values picked along a dimension: for a matrix and `dim` 0, `y[i][j] = x[index[i][j]][j]`." "`index` has the sizes of `x`, but for `dim` → as `index`." [NO_FIT, INDEX, OUTSIDE];
    INDEX_SELECT "indexSelect" (dim: Number, index: Tensor) [] "The slices of `x` along a dimension that `index` names, in its order; one may come more than once." "`x (..., N, ...)` with N along `dim`, `index (K)` → `(..., K, ...)`." [NO_FIT, INDEX, OUTSIDE];
    SCATTER_ADD "scatterAdd" (dim: Number, index: Tensor, src as source: Tensor) [] "A copy of `x` to which `source` is added at `index` along a dimension: for a matrix and `dim` 0, `y[index[i][j]][j] += source[i][j]`."
        "`index` and `source` are alike, with the sizes of `x` but for `dim` → as `x`." [NO_FIT, INDEX_AND_FLOATS, OUTSIDE];
    INDEX_ADD "indexAdd" (dim: Number, index: Tensor, src as source: Tensor) [] "A copy of `x` to whose slices along a dimension those of `source` are added: slice k at `index[k]`." ROWS [NO_FIT, INDEX_AND_FLOATS, OUTSIDE];
    // ---- along dimensions -------------------------------------------------------------------------------------------------
    SUM "sum" (dims: AllDims, keepdim: Flag) [] "Sum over dimensions, or over all. That of integers and truth values is i64." REDUCED [NO_DIM, TWICE];
    MEAN "mean" (dims: AllDims, keepdim: Flag) [] "Mean over dimensions, or over all." REDUCED [FLOAT, NO_DIM, TWICE];
    AMAX "max" (dims: AllDims, keepdim: Flag) [] "The largest over dimensions, or over all; the same as `amax`. Equal ones share the gradient." REDUCED [FLOAT, NO_DIM, TWICE, NOTHING];
    AMIN "min" (dims: AllDims, keepdim: Flag) [] "The smallest over dimensions, or over all; the same as `amin`. Equal ones share the gradient." REDUCED [FLOAT, NO_DIM, TWICE, NOTHING];
    AMAX "amax" (dims: AllDims, keepdim: Flag) [] "The largest over dimensions, or over all. Equal ones share the gradient." REDUCED [FLOAT, NO_DIM, TWICE, NOTHING];
    AMIN "amin" (dims: AllDims, keepdim: Flag) [] "The smallest over dimensions, or over all. Equal ones share the gradient." REDUCED [FLOAT, NO_DIM, TWICE, NOTHING];
    LOGSUMEXP "logsumexp" (dims: Dims, keepdim: Flag) [] "" "`dims` are dropped, or kept with size 1 when `keepdim` is true." [FLOAT, NO_DIM, TWICE];
    SOFTMAX "softmax" (dim: Number) [] "`exp(x)` along a dimension, scaled to a sum of 1." SAME [FLOAT, NO_DIM];
    LOG_SOFTMAX "logSoftmax" (dim: Number) [] "The logarithm of `softmax(dim)`, exact for small values too." SAME [FLOAT, NO_DIM];
    CUMSUM "cumsum" (dim: Number) [reverse = "false"] "Running sum along a dimension. That of integers and truth values is i64." SAME [NO_DIM];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::row::Mutates;

    #[test]
    fn each_method_fills_each_argument_of_its_op_once() {
        for method in METHODS {
            let op = &method.op.signature;
            let wanted = op.inputs.iter().skip(1).map(|i| i.name).chain(op.attrs.iter().map(|a| a.name));
            let mut wanted: Vec<_> = wanted.collect();
            let mut filled: Vec<_> = method.params.iter().map(|p| p.fills).chain(method.fixed.iter().map(|f| f.0)).collect();
            wanted.sort_unstable();
            filled.sort_unstable();
            assert_eq!(wanted, filled, "{}", method.name);
        }
    }

    #[test]
    fn names_are_told_apart_and_say_what_changes_in_place() {
        for (i, method) in METHODS.iter().enumerate() {
            assert!(METHODS[..i].iter().all(|other| other.name != method.name), "{} stands twice", method.name);
            assert_eq!(method.name.ends_with('_'), method.op.mutates == Mutates::First, "{}", method.name);
            assert!(method.op.public, "{}: TypeScript has no function of this op", method.name);
        }
    }
}
