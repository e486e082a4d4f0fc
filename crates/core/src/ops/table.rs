//! One row per op: the truth from which TypeScript signatures, docs and test lists are generated.
#![cfg_attr(rustfmt, rustfmt_skip)]

use super::back::Back;
use super::row::{Gradient, Half, Mutates, Needs, OpRow, Save};
use super::signature::{Attr, AttrKind, Input, InputKind, Signature};
use super::{
    assign, attention, batch_norm, conv, cost, create, cross_entropy, dropout, elementwise, embedding, index, inplace, linalg, linear,
    linear_cross_entropy, log1p, lora, matmul, movement, multinomial, norm, optimizer, order, pad, pool, reduce, reshape, rope, scan, silu_mul, softmax, unary,
};

macro_rules! input {
    ($name:ident) => { Input { name: stringify!($name), kind: InputKind::One } };
    (opt $name:ident) => { Input { name: stringify!($name), kind: InputKind::Optional } };
    (list $name:ident) => { Input { name: stringify!($name), kind: InputKind::List } };
}

macro_rules! kind {
    (num) => { AttrKind::Number };
    (bool) => { AttrKind::Bool };
    (dims) => { AttrKind::Dims };
    (nums) => { AttrKind::Numbers };
    (dtype) => { AttrKind::Dtype };
}

/// `NAME "tsName" (inputs) [attrs] { fields… } "doc"`: fields left out take the defaults of a plain differentiable op.
macro_rules! table {
    ($($name:ident $ts:literal ($($($mark:ident)? : $input:ident),*) [$($attr:ident : $akind:ident),*] { $($field:ident : $value:expr),* $(,)? } $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub static $name: OpRow = OpRow {
                $($field: $value,)*
                ..row(Signature {
                    name: $ts,
                    doc: $doc,
                    inputs: &[$(input!($($mark)? $input)),*],
                    attrs: &[$(Attr { name: stringify!($attr), kind: kind!($akind) }),*],
                })
            };
        )*

        /// Every op; its index is the number that crosses to TypeScript.
        pub static TABLE: &[&OpRow] = &[$(&$name),*];
    };
}

/// The defaults of a row. A row without shape, forward and twin fails its first test.
const fn row(signature: Signature) -> OpRow {
    OpRow {
        signature,
        public: true,
        visible: 1,
        mutates: Mutates::Nothing,
        overwrites: false,
        constants: 0,
        random: None,
        shape: create::no_shape,
        forward: create::no_forward,
        twin: create::no_twin,
        gradient: Gradient::None,
        recompute: false,
        narrow: false,
        half: Half::Widen,
        blocks: 0,
        gives_blocks: false,
        view: false,
        products: None,
        twin_bytes: None,
    }
}

/// Saves nothing.
pub(crate) fn nothing(_: Needs) -> Save {
    Save::default()
}

/// A rule.
const fn rule(save: fn(Needs) -> Save, backward: fn(&mut Back<'_>) -> crate::error::Result<()>) -> Gradient {
    Gradient::Rule { save, backward }
}

table! {
    // ---- arithmetic, broadcasting -------------------------------------------------------------------------------------
    ADD "add" (: a, : b) [] { shape: elementwise::arithmetic_shape, forward: elementwise::add, twin: elementwise::add_twin, gradient: rule(nothing, elementwise::add_backward) } "`a + b`, broadcast.";
    SUB "sub" (: a, : b) [] { shape: elementwise::arithmetic_shape, forward: elementwise::sub, twin: elementwise::sub_twin, gradient: rule(nothing, elementwise::sub_backward) } "`a - b`, broadcast.";
    MUL "mul" (: a, : b) [] { shape: elementwise::arithmetic_shape, forward: elementwise::mul, twin: elementwise::mul_twin, gradient: rule(elementwise::save_other, elementwise::mul_backward) } "`a * b`, broadcast.";
    DIV "div" (: a, : b) [] { shape: elementwise::float_shape, forward: elementwise::div, twin: elementwise::div_twin, gradient: rule(elementwise::save_for_div, elementwise::div_backward) } "`a / b`, broadcast.";
    POW "pow" (: a, : b) [] { shape: elementwise::float_shape, forward: elementwise::pow, twin: elementwise::pow_twin, gradient: rule(elementwise::save_for_pow, elementwise::pow_backward) } "`a` to the power `b`, broadcast.";
    MAXIMUM "maximum" (: a, : b) [] { shape: elementwise::arithmetic_shape, forward: elementwise::maximum, twin: elementwise::maximum_twin, gradient: rule(elementwise::save_both, elementwise::maximum_backward) } "The larger of `a` and `b`; a tie shares the gradient.";
    MINIMUM "minimum" (: a, : b) [] { shape: elementwise::arithmetic_shape, forward: elementwise::minimum, twin: elementwise::minimum_twin, gradient: rule(elementwise::save_both, elementwise::minimum_backward) } "The smaller of `a` and `b`; a tie shares the gradient.";
    EQ "eq" (: a, : b) [] { shape: elementwise::compare_shape, forward: elementwise::eq, twin: elementwise::eq_twin, gradient: Gradient::Stop } "`a == b`, a truth value.";
    NE "ne" (: a, : b) [] { shape: elementwise::compare_shape, forward: elementwise::ne, twin: elementwise::ne_twin, gradient: Gradient::Stop } "`a != b`, a truth value.";
    LT "lt" (: a, : b) [] { shape: elementwise::compare_shape, forward: elementwise::lt, twin: elementwise::lt_twin, gradient: Gradient::Stop } "`a < b`, a truth value.";
    LE "le" (: a, : b) [] { shape: elementwise::compare_shape, forward: elementwise::le, twin: elementwise::le_twin, gradient: Gradient::Stop } "`a <= b`, a truth value.";
    GT "gt" (: a, : b) [] { shape: elementwise::compare_shape, forward: elementwise::gt, twin: elementwise::gt_twin, gradient: Gradient::Stop } "`a > b`, a truth value.";
    GE "ge" (: a, : b) [] { shape: elementwise::compare_shape, forward: elementwise::ge, twin: elementwise::ge_twin, gradient: Gradient::Stop } "`a >= b`, a truth value.";
    WHERE "where" (: cond, : a, : b) [] { shape: elementwise::where_shape, forward: elementwise::where_forward, twin: elementwise::where_twin, gradient: rule(elementwise::save_cond, elementwise::where_backward) } "`a` where `cond` is true, else `b`; all broadcast.";
    MASKED_FILL "maskedFill" (: x, : mask) [value: num] { shape: elementwise::masked_fill_shape, forward: elementwise::masked_fill, twin: elementwise::masked_fill_twin, gradient: rule(elementwise::save_mask, elementwise::masked_fill_backward) } "`value` where `mask` is true, else `x`.";
    AFFINE "affine" (: x) [mul: num, add: num] { shape: unary::number_shape, forward: unary::affine, twin: unary::affine_twin, gradient: rule(nothing, unary::affine_backward) } "`mul * x + add`.";
    CLONE "clone" (: x) [] { shape: unary::same_shape, forward: unary::clone, twin: unary::clone_twin, gradient: rule(nothing, unary::clone_backward), half: Half::Native, blocks: 1, gives_blocks: true } "An independent copy.";
    CAST "cast" (: x) [dtype: dtype] { shape: unary::cast_shape, forward: unary::cast, twin: unary::cast_twin, gradient: rule(nothing, unary::cast_backward), half: Half::Native, blocks: 1, gives_blocks: true } "The same numbers in another dtype: floats to integers are cut, anything but 0 is true.";
    // ---- one operand ---------------------------------------------------------------------------------------------------
    NEG "neg" (: x) [] { shape: unary::float_shape, forward: unary::neg, twin: unary::neg_twin, gradient: rule(nothing, unary::neg_backward) } "`-x`.";
    EXP "exp" (: x) [] { shape: unary::float_shape, forward: unary::exp, twin: unary::exp_twin, gradient: rule(unary::save_output, unary::exp_backward) } "`e` to the power `x`.";
    LOG "log" (: x) [] { shape: unary::float_shape, forward: unary::log, twin: unary::log_twin, gradient: rule(unary::save_input, unary::log_backward) } "Natural logarithm.";
    SQRT "sqrt" (: x) [] { shape: unary::float_shape, forward: unary::sqrt, twin: unary::sqrt_twin, gradient: rule(unary::save_output, unary::sqrt_backward) } "Square root.";
    RSQRT "rsqrt" (: x) [] { shape: unary::float_shape, forward: unary::rsqrt, twin: unary::rsqrt_twin, gradient: rule(unary::save_output, unary::rsqrt_backward) } "`1 / sqrt(x)`.";
    SQUARE "square" (: x) [] { shape: unary::float_shape, forward: unary::square, twin: unary::square_twin, gradient: rule(unary::save_input, unary::square_backward) } "`x * x`.";
    ABS "abs" (: x) [] { shape: unary::float_shape, forward: unary::abs, twin: unary::abs_twin, gradient: rule(unary::save_input, unary::abs_backward) } "Absolute value; gradient 0 at 0.";
    SIGN "sign" (: x) [] { shape: unary::float_shape, forward: unary::sign, twin: unary::sign_twin, gradient: Gradient::Stop } "-1, 0 or 1.";
    RECIP "recip" (: x) [] { shape: unary::float_shape, forward: unary::recip, twin: unary::recip_twin, gradient: rule(unary::save_output, unary::recip_backward) } "`1 / x`.";
    SIN "sin" (: x) [] { shape: unary::float_shape, forward: unary::sin, twin: unary::sin_twin, gradient: rule(unary::save_input, unary::sin_backward) } "Sine, radians.";
    COS "cos" (: x) [] { shape: unary::float_shape, forward: unary::cos, twin: unary::cos_twin, gradient: rule(unary::save_input, unary::cos_backward) } "Cosine, radians.";
    TANH "tanh" (: x) [] { shape: unary::float_shape, forward: unary::tanh, twin: unary::tanh_twin, gradient: rule(unary::save_output, unary::tanh_backward) } "Hyperbolic tangent.";
    SIGMOID "sigmoid" (: x) [] { shape: unary::float_shape, forward: unary::sigmoid, twin: unary::sigmoid_twin, gradient: rule(unary::save_output, unary::sigmoid_backward) } "`1 / (1 + e^-x)`.";
    RELU "relu" (: x) [] { shape: unary::float_shape, forward: unary::relu, twin: unary::relu_twin, gradient: rule(unary::save_input, unary::relu_backward), recompute: true } "`max(x, 0)`; gradient 0 at 0.";
    SILU "silu" (: x) [] { shape: unary::float_shape, forward: unary::silu, twin: unary::silu_twin, gradient: rule(unary::save_input, unary::silu_backward), recompute: true, narrow: true } "`x * sigmoid(x)`.";
    HARDSWISH "hardswish" (: x) [] { shape: unary::float_shape, forward: unary::hardswish, twin: unary::hardswish_twin, gradient: rule(unary::save_input, unary::hardswish_backward), recompute: true } "`x * min(max(x + 3, 0), 6) / 6`; gradient 0 at -3 and 1 at 3.";
    GELU "gelu" (: x) [] { shape: unary::float_shape, forward: unary::gelu, twin: unary::gelu_twin, gradient: rule(unary::save_input, unary::gelu_backward), recompute: true, narrow: true } "`x * Phi(x)`, exact.";
    GELU_TANH "geluTanh" (: x) [] { shape: unary::float_shape, forward: unary::gelu_tanh, twin: unary::gelu_tanh_twin, gradient: rule(unary::save_input, unary::gelu_tanh_backward), recompute: true, narrow: true } "GELU with the tanh approximation (gelu_new of GPT-2).";
    ERF "erf" (: x) [] { shape: unary::float_shape, forward: unary::erf, twin: unary::erf_twin, gradient: rule(unary::save_input, unary::erf_backward) } "Error function.";
    FLOOR "floor" (: x) [] { shape: unary::float_shape, forward: unary::floor, twin: unary::floor_twin, gradient: Gradient::Stop } "Largest integer not above.";
    CEIL "ceil" (: x) [] { shape: unary::float_shape, forward: unary::ceil, twin: unary::ceil_twin, gradient: Gradient::Stop } "Smallest integer not below.";
    ROUND "round" (: x) [] { shape: unary::float_shape, forward: unary::round, twin: unary::round_twin, gradient: Gradient::Stop } "Nearest integer, halves to even.";
    POW_SCALAR "powScalar" (: x) [exponent: num] { shape: unary::float_shape, forward: unary::pow_scalar, twin: unary::pow_scalar_twin, gradient: rule(unary::save_input, unary::pow_scalar_backward) } "`x` to a fixed power.";
    CLAMP "clamp" (: x) [min: num, max: num] { shape: unary::float_shape, forward: unary::clamp, twin: unary::clamp_twin, gradient: rule(unary::save_input, unary::clamp_backward) } "`x` held between two bounds; gradient 1 inside, bounds included.";
    UNARY_BACKWARD "unaryBackward" (: saved, : dy) [kind: num, a: num, b: num] { public: false, shape: unary::backward_shape, forward: unary::backward, twin: unary::backward_twin } "Gradient of a one-operand op from what it saved.";
    SILU_MUL "siluMul" (: gate, : up) [] { shape: silu_mul::shape, forward: silu_mul::silu_mul, twin: silu_mul::silu_mul_twin, gradient: rule(silu_mul::save, silu_mul::silu_mul_backward), recompute: true, narrow: true } "`silu(gate) * up`: SwiGLU.";
    SILU_MUL_BACKWARD "siluMulBackward" (: dy, : gate, : up) [] { public: false, visible: 2, shape: silu_mul::backward_shape, forward: silu_mul::grad, twin: silu_mul::grad_twin } "Gradients dgate, dup of siluMul.";
    LOGICAL_NOT "logicalNot" (: a) [] { shape: unary::logical_shape, forward: unary::logical_not, twin: unary::logical_not_twin, gradient: Gradient::Stop } "True where `a` is 0.";
    LOGICAL_AND "logicalAnd" (: a, : b) [] { shape: elementwise::logical_shape, forward: elementwise::logical_and, twin: elementwise::logical_and_twin, gradient: Gradient::Stop } "True where both are not 0.";
    LOGICAL_OR "logicalOr" (: a, : b) [] { shape: elementwise::logical_shape, forward: elementwise::logical_or, twin: elementwise::logical_or_twin, gradient: Gradient::Stop } "True where one is not 0.";
    // ---- moving numbers ------------------------------------------------------------------------------------------------
    RESHAPE "reshape" (: x) [shape: dims] { shape: reshape::shape, forward: reshape::forward, twin: reshape::twin, gradient: rule(nothing, reshape::backward), half: Half::Native, blocks: 1, gives_blocks: true, view: true } "The same numbers under another shape (a view); -1 stands for what is left.";
    PERMUTE "permute" (: x) [dims: dims] { shape: movement::permute_shape, forward: movement::permute, twin: movement::permute_twin, gradient: rule(nothing, movement::permute_backward), half: Half::Native } "Dimensions in another order.";
    EXPAND "expand" (: x) [shape: dims] { shape: movement::expand_shape, forward: movement::expand, twin: movement::expand_twin, gradient: rule(nothing, movement::expand_backward), half: Half::Native } "Repeats dimensions of size 1; -1 keeps a size.";
    SLICE "slice" (: x) [dim: num, start: num, stop: num, step: num] { shape: movement::slice_shape, forward: movement::slice, twin: movement::slice_twin, gradient: rule(nothing, movement::slice_backward), half: Half::Native } "`x[start:stop:step]` along one dimension, Python's rules.";
    SLICE_SCATTER "sliceScatter" (: src) [shape: dims, dim: num, start: num, step: num] { public: false, shape: movement::slice_scatter_shape, forward: movement::slice_scatter, twin: movement::slice_scatter_twin, half: Half::Native } "Zeros of a shape with `src` written into a slice: the gradient of slice.";
    CAT "cat" (list: xs) [dim: num] { shape: movement::cat_shape, forward: movement::cat, twin: movement::cat_twin, gradient: rule(nothing, movement::cat_backward), half: Half::Native } "Joins tensors along a dimension.";
    GATHER "gather" (: x, : index) [dim: num] { shape: index::gather_shape, forward: index::gather, twin: index::gather_twin, gradient: rule(index::save_index, index::gather_backward), half: Half::Native } "`x` at `index` along a dimension, elsewhere at the same place.";
    INDEX_SELECT "indexSelect" (: x, : index) [dim: num] { shape: index::index_select_shape, forward: index::index_select, twin: index::index_select_twin, gradient: rule(index::save_index, index::index_select_backward), half: Half::Native } "Rows of `x` along a dimension, by index.";
    SCATTER_ADD "scatterAdd" (: x, : index, : src) [dim: num] { shape: index::scatter_add_shape, forward: index::scatter_add, twin: index::scatter_add_twin, gradient: rule(index::save_scatter_index, index::scatter_add_backward) } "`x` with `src` added at `index` along a dimension.";
    INDEX_ADD "indexAdd" (: x, : index, : src) [dim: num] { shape: index::index_add_shape, forward: index::index_add, twin: index::index_add_twin, gradient: rule(index::save_scatter_index, index::index_add_backward) } "`x` with rows of `src` added at `index` along a dimension.";
    // ---- reductions ----------------------------------------------------------------------------------------------------
    SUM "sum" (: x) [dims: dims, keepdim: bool] { shape: reduce::sum_shape, forward: reduce::sum, twin: reduce::sum_twin, gradient: rule(nothing, reduce::sum_backward) } "Sum over dimensions; none given means all.";
    MEAN "mean" (: x) [dims: dims, keepdim: bool] { shape: reduce::float_shape, forward: reduce::mean, twin: reduce::mean_twin, gradient: rule(nothing, reduce::mean_backward) } "Mean over dimensions.";
    AMAX "amax" (: x) [dims: dims, keepdim: bool] { shape: reduce::extreme_shape, forward: reduce::amax, twin: reduce::amax_twin, gradient: rule(reduce::save_both, reduce::extreme_backward) } "Largest over dimensions; ties share the gradient evenly.";
    AMIN "amin" (: x) [dims: dims, keepdim: bool] { shape: reduce::extreme_shape, forward: reduce::amin, twin: reduce::amin_twin, gradient: rule(reduce::save_both, reduce::extreme_backward) } "Smallest over dimensions; ties share the gradient evenly.";
    LOGSUMEXP "logsumexp" (: x) [dims: dims, keepdim: bool] { shape: reduce::float_shape, forward: reduce::logsumexp, twin: reduce::logsumexp_twin, gradient: rule(reduce::save_both, reduce::logsumexp_backward) } "`log(sum(exp(x)))` over dimensions, without overflow.";
    VARIANCE "variance" (: x) [dims: dims, correction: num, keepdim: bool] { shape: reduce::float_shape_variance, forward: reduce::variance, twin: reduce::variance_twin, gradient: rule(reduce::save_input, reduce::variance_backward) } "Variance over dimensions; `correction` 1 is the unbiased one.";
    ARGMAX "argmax" (: x) [dim: num, keepdim: bool] { shape: reduce::arg_shape, forward: reduce::argmax, twin: reduce::argmax_twin, gradient: Gradient::Stop } "Place of the largest along a dimension, the first of ties.";
    ARGMIN "argmin" (: x) [dim: num, keepdim: bool] { shape: reduce::arg_shape, forward: reduce::argmin, twin: reduce::argmin_twin, gradient: Gradient::Stop } "Place of the smallest along a dimension, the first of ties.";
    SOFTMAX "softmax" (: x) [dim: num] { shape: softmax::shape, forward: softmax::softmax, twin: softmax::softmax_twin, gradient: rule(softmax::save_output, softmax::softmax_backward) } "Exponentials along a dimension, scaled to sum 1.";
    SOFTMAX_BACKWARD "softmaxBackward" (: y, : dy) [dim: num] { public: false, shape: softmax::backward_shape, forward: softmax::softmax_grad, twin: softmax::softmax_grad_twin } "`y * (dy - sum(y * dy))`.";
    LOG_SOFTMAX "logSoftmax" (: x) [dim: num] { shape: softmax::shape, forward: softmax::log_softmax, twin: softmax::log_softmax_twin, gradient: rule(softmax::save_output, softmax::log_softmax_backward) } "Logarithm of softmax.";
    LOG_SOFTMAX_BACKWARD "logSoftmaxBackward" (: y, : dy) [dim: num] { public: false, shape: softmax::backward_shape, forward: softmax::log_softmax_grad, twin: softmax::log_softmax_grad_twin } "`dy - exp(y) * sum(dy)`.";
    // ---- products ------------------------------------------------------------------------------------------------------
    MATMUL "matmul" (: a, : b) [transA: bool, transB: bool] { shape: matmul::shape, forward: matmul::matmul, twin: matmul::matmul_twin, gradient: rule(matmul::save_other, matmul::matmul_backward), products: Some(matmul::products) } "Matrix product over the last two dimensions, broadcast over the others.";
    LINEAR "linear" (: x, : weight, opt: bias) [layout: num] { shape: linear::shape, forward: linear::linear, twin: linear::linear_twin, gradient: rule(linear::save, linear::linear_backward), half: Half::Native, blocks: 0b10, products: Some(linear::products), twin_bytes: Some(cost::beside_weight) } "`x Wᵀ + bias`; layout 0: weight (out, in), 1: weight (in, out). A bf16 or f16 weight serves an f32 input.";
    LINEAR_DX "linearDx" (: dy, : weight) [layout: num] { public: false, shape: linear::dx_shape, forward: linear::dx, twin: linear::dx_twin, half: Half::Native, blocks: 0b10, products: Some(linear::products), twin_bytes: Some(cost::beside_weight) } "`dy W`.";
    LINEAR_DW "linearDw" (: dy, : x) [layout: num] { public: false, shape: linear::dw_shape, forward: linear::dw, twin: linear::dw_twin, products: Some(linear::dw_products) } "`dyᵀ x`, in the weight's layout.";
    // ---- LoRA ----------------------------------------------------------------------------------------------------------
    LORA_LINEAR "loraLinear" (: x, : weight, opt: bias, : a, : b) [scaling: num, p: num, layout: num, blocks: dims] { visible: 1, shape: lora::linear::shape, forward: lora::linear::forward, twin: lora::linear::twin, random: Some(lora::linear::random), gradient: rule(lora::linear::save, lora::linear::backward), half: Half::Native, blocks: 0b10, products: Some(lora::linear::products), twin_bytes: Some(cost::beside_weight) } "`x Wᵀ + bias + scaling · dropout(x) Aᵀ Bᵀ`, the update per block of output columns.";
    LORA_UPDATE "loraUpdate" (: y, : x, : a, : b) [scaling: num, blocks: dims] { visible: 1, shape: lora::update::shape, forward: lora::update::forward, twin: lora::update::twin, gradient: rule(lora::update::save, lora::update::backward), products: Some(lora::update::products) } "`y + scaling · x Aᵀ Bᵀ`, per block of columns.";
    LORA_BACKWARD "loraBackward" (: dy, opt: x, : a, : b, opt: h, opt: weight) [scaling: num, p: num, blocks: dims, needs: num, layout: num] { public: false, visible: 3, random: Some(lora::gradient::random), shape: lora::gradient::shape, forward: lora::gradient::forward, twin: lora::gradient::twin, half: Half::Native, blocks: 0b10_0000, products: Some(lora::gradient::products), twin_bytes: Some(cost::beside_weight) } "Gradients of the low-rank update: dx (that of the whole layer, when its weight is given), dA, dB.";
    LORA_GROUPED "loraGrouped" (: x, : weight, opt: bias, list: a, list: b) [segments: dims, scalings: nums, p: nums, layout: num] { visible: 1, shape: lora::grouped::shape, forward: lora::grouped::forward, twin: lora::grouped::twin, random: Some(lora::grouped::random), gradient: rule(lora::grouped::save, lora::grouped::backward), half: Half::Native, blocks: 0b10, products: Some(lora::grouped::products), twin_bytes: Some(cost::beside_weight) } "`x Wᵀ + bias`, and in each segment of rows `scaling · dropout(x) Aᵀ Bᵀ` with the factors of its adapter; `segments` holds `start, length, adapter` of each.";
    LORA_GROUPED_BACKWARD "loraGroupedBackward" (: dy, opt: x, opt: h, opt: weight, list: a, list: b) [segments: dims, scalings: nums, p: nums, layout: num, needs: nums] { public: false, visible: 1, random: Some(lora::grouped::grad_random), shape: lora::grouped::grad_shape, forward: lora::grouped::grad, twin: lora::grouped::grad_twin, half: Half::Native, blocks: 0b1000, products: Some(lora::grouped::grad_products), twin_bytes: Some(cost::beside_weight) } "Gradients of the layer: dx when its weight is given, dA and dB of each adapter.";
    LORA_EMBEDDING "loraEmbedding" (: weight, : ids, : a, : b) [scaling: num, paddingIdx: num, scaleGradByFreq: bool] { visible: 1, shape: lora::embedding::shape, forward: lora::embedding::forward, twin: lora::embedding::twin, gradient: rule(lora::embedding::save, lora::embedding::backward), half: Half::Native, blocks: 1, twin_bytes: Some(cost::beside_weight) } "`W[ids] + scaling · Aᵀ[ids] Bᵀ`; A (r, num), B (dim, r).";
    LORA_EMBEDDING_BACKWARD "loraEmbeddingBackward" (: dy, : ids, : b, : h) [scaling: num, paddingIdx: num, scaleGradByFreq: bool, num: num, needs: num] { public: false, visible: 2, shape: lora::embedding::grad_shape, forward: lora::embedding::grad, twin: lora::embedding::grad_twin } "Gradients dA and dB of the LoRA embedding.";
    LORA_MERGE "loraMerge" (: weight, : a, : b) [scaling: num, layout: num, blocks: dims] { shape: lora::merge::shape, forward: lora::merge::forward, twin: lora::merge::twin, half: Half::Native, blocks: 1, gives_blocks: true, products: Some(lora::merge::products) } "`W + scaling · B A` in the weight's dtype, in a second buffer.";
    // ---- layers --------------------------------------------------------------------------------------------------------
    EMBEDDING "embedding" (: weight, : ids) [paddingIdx: num, scaleGradByFreq: bool] { shape: embedding::shape, forward: embedding::embedding, twin: embedding::embedding_twin, gradient: rule(embedding::save, embedding::embedding_backward), half: Half::Native, blocks: 1, twin_bytes: Some(cost::beside_weight) } "Rows of `weight` by id; the padding row gets no gradient.";
    EMBEDDING_BACKWARD "embeddingBackward" (: dy, : ids) [num: num, paddingIdx: num, scaleGradByFreq: bool] { public: false, shape: embedding::backward_shape, forward: embedding::grad, twin: embedding::grad_twin } "Rows of `dy` summed by id.";
    LAYER_NORM "layerNorm" (: x, opt: weight, opt: bias) [eps: num] { shape: norm::layer_norm_shape, forward: norm::layer_norm, twin: norm::layer_norm_twin, gradient: rule(norm::layer_norm_save, norm::layer_norm_backward), recompute: true } "`(x - mean) / sqrt(var + eps) * weight + bias` over the last dimension.";
    LAYER_NORM_BACKWARD "layerNormBackward" (: dy, : x, opt: weight, : mean, : rstd) [needs: num] { public: false, visible: 3, shape: norm::layer_norm_backward_shape, forward: norm::layer_norm_grad, twin: norm::layer_norm_grad_twin } "Gradients dx, dweight, dbias of layer norm.";
    RMS_NORM "rmsNorm" (: x, opt: weight) [eps: num] { shape: norm::rms_norm_shape, forward: norm::rms_norm, twin: norm::rms_norm_twin, gradient: rule(norm::rms_norm_save, norm::rms_norm_backward), recompute: true } "`x / sqrt(mean(x²) + eps) * weight` over the last dimension.";
    RMS_NORM_BACKWARD "rmsNormBackward" (: dy, : x, opt: weight, : rstd) [needs: num] { public: false, visible: 2, shape: norm::rms_norm_backward_shape, forward: norm::rms_norm_grad, twin: norm::rms_norm_grad_twin } "Gradients dx, dweight of RMS norm.";
    DROPOUT "dropout" (: x) [p: num] { shape: dropout::shape, forward: dropout::dropout, twin: dropout::dropout_twin, random: Some(dropout::random), gradient: rule(nothing, dropout::dropout_backward) } "Zeroes elements with probability `p` and scales the rest by `1 / (1 - p)`; no mask is kept.";
    SDPA "sdpa" (: q, : k, : v, opt: mask, opt: lengths) [scale: num, causal: num, p: num, layout: num, window: num, softcap: num] { constants: 0b01000, shape: attention::shape, forward: attention::sdpa, twin: attention::sdpa_twin, random: Some(attention::random), gradient: rule(attention::save, attention::sdpa_backward), twin_bytes: Some(cost::beside_weight) } "`softmax(scale · q kᵀ + mask) v` per head, without the (T, T) matrix; layout 0: (B, H, T, D), 1: (B, T, H, D); causal 0: none, 1: aligned at the first key, 2: at the last; `window` keys up to a query's own place, without causal mask as many behind it; scores pass `softcap · tanh(s / softcap)`; 0 for none of either.";
    SDPA_BACKWARD "sdpaBackward" (: dout, : q, : k, : v, : out, : lse, opt: mask, opt: lengths) [scale: num, causal: num, p: num, layout: num, window: num, softcap: num] { public: false, visible: 3, random: Some(attention::backward_random), shape: attention::backward_shape, forward: attention::grad, twin: attention::grad_twin, twin_bytes: Some(cost::beside_weight) } "Gradients dq, dk, dv of attention.";
    SDPA_PACKED "sdpaPacked" (: q, : k, : v) [queries: dims, keys: dims, scale: num, causal: num, p: num, window: num, softcap: num] { shape: attention::packed_shape, forward: attention::packed, twin: attention::packed_twin, random: Some(attention::packed_random), gradient: rule(attention::packed_save, attention::packed_backward), twin_bytes: Some(cost::beside_weight) } "Attention within sequences that lie one behind the other, q (1, N, H, D), k and v (1, M, Hkv, D): sequence s has the rows `queries[s]..queries[s + 1]` and `keys[s]..keys[s + 1]`; causal, window and softcap as in sdpa.";
    SDPA_PACKED_BACKWARD "sdpaPackedBackward" (: dout, : q, : k, : v, : out, : lse) [queries: dims, keys: dims, scale: num, causal: num, p: num, window: num, softcap: num] { public: false, visible: 3, random: Some(attention::packed_backward_random), shape: attention::backward_shape, forward: attention::packed_grad, twin: attention::packed_grad_twin, twin_bytes: Some(cost::beside_weight) } "Gradients dq, dk, dv of packed attention.";
    ROPE "rope" (: x, : cos, : sin, opt: positions) [layout: num, interleaved: bool, inverse: bool] { constants: 0b0110, shape: rope::shape, forward: rope::rope, twin: rope::rope_twin, gradient: rule(rope::save, rope::rope_backward) } "Rotary positions: pairs of features turned by their position's angle.";
    CROSS_ENTROPY "crossEntropy" (: logits, : target, opt: classWeight) [ignoreIndex: num, labelSmoothing: num] { constants: 0b100, shape: cross_entropy::shape, forward: cross_entropy::cross_entropy, twin: cross_entropy::cross_entropy_twin, gradient: rule(cross_entropy::save, cross_entropy::cross_entropy_backward) } "Loss of each row of `logits` (N, C) against `target` (N); 0 where the target is ignored.";
    CROSS_ENTROPY_BACKWARD "crossEntropyBackward" (: dloss, : logits, : max, : lnSum, : target, opt: classWeight) [ignoreIndex: num, labelSmoothing: num] { public: false, shape: cross_entropy::backward_shape, forward: cross_entropy::grad, twin: cross_entropy::grad_twin } "Gradient of the row losses.";
    LINEAR_CROSS_ENTROPY "linearCrossEntropy" (: hidden, : weight, opt: bias, : target) [ignoreIndex: num, labelSmoothing: num, reduction: num, needs: num] { shape: linear_cross_entropy::shape, forward: linear_cross_entropy::forward, twin: linear_cross_entropy::twin, gradient: rule(linear_cross_entropy::save, linear_cross_entropy::backward), half: Half::Native, blocks: 0b10, products: Some(linear_cross_entropy::products), twin_bytes: Some(cost::beside_weight) } "Cross entropy of `hidden Wᵀ + bias` against `target` without a tensor of logits; reduction 0: a loss for each row, 1: mean, 2: sum; `needs`: 1 hidden, 2 weight, 4 bias, the gradients that forward leaves for backward.";
    LINEAR_CROSS_ENTROPY_BACKWARD "linearCrossEntropyBackward" (: dloss, : saved) [own: bool] { public: false, shape: linear_cross_entropy::backward_shape, forward: linear_cross_entropy::grad, twin: linear_cross_entropy::grad_twin } "A gradient that forward left, times `dloss`; in place when it belongs to the op.";
    // ---- convolutions --------------------------------------------------------------------------------------------------
    CONV "conv" (: x, : weight, opt: bias) [stride: dims, padding: dims, dilation: dims, groups: num] { shape: conv::shape, forward: conv::forward, twin: conv::twin, gradient: rule(conv::save, conv::backward), products: Some(conv::products) } "Convolution over 1 to 3 dimensions: x (N, C, *spatial), weight (out, C / groups, *kernel); padding holds the zeros in front of and behind each dimension.";
    CONV_DX "convDx" (: dy, : weight) [stride: dims, padding: dims, dilation: dims, groups: num, input: dims] { public: false, shape: conv::gradient::dx_shape, forward: conv::gradient::dx, twin: conv::gradient::dx_twin, products: Some(conv::gradient::dx_products) } "Gradient of conv for x, of spatial sizes `input`.";
    CONV_DW "convDw" (: dy, : x) [stride: dims, padding: dims, dilation: dims, groups: num, kernel: dims] { public: false, shape: conv::gradient::dw_shape, forward: conv::gradient::dw, twin: conv::gradient::dw_twin, products: Some(conv::gradient::dw_products) } "Gradient of conv for the weight, of spatial sizes `kernel`.";
    CONV_TRANSPOSE "convTranspose" (: x, : weight, opt: bias) [stride: dims, padding: dims, outputPadding: dims, dilation: dims, groups: num] { shape: conv::transpose::shape, forward: conv::transpose::forward, twin: conv::transpose::twin, gradient: rule(conv::save, conv::transpose::backward), products: Some(conv::transpose::products) } "Transposed convolution: the gradient of conv for its input; weight (C, out / groups, *kernel).";
    PAD "pad" (: x) [padding: dims, mode: num, value: num] { shape: pad::shape, forward: pad::forward, twin: pad::twin, gradient: rule(nothing, pad::backward), half: Half::Native } "Places in front of and behind each dimension; mode 0 a value, 1 reflected, 2 the border repeated, 3 circular; negative sizes cut (mode 0).";
    PAD_BACKWARD "padBackward" (: dy) [padding: dims, mode: num, shape: dims] { public: false, shape: pad::backward_shape, forward: pad::grad, twin: pad::grad_twin } "Sums of `dy` by the place it was copied from.";
    // ---- pooling, resizing ---------------------------------------------------------------------------------------------
    MAX_POOL "maxPool" (: x) [kernelSize: dims, stride: dims, padding: dims, dilation: dims, ceilMode: bool] { visible: 2, shape: pool::max_pool_shape, forward: pool::max_pool, twin: pool::max_pool_twin, gradient: rule(pool::save_indexes, pool::max_pool_backward) } "The largest of each window of `x` (N, C, *spatial), and its flat place in the plane (i64).";
    ADAPTIVE_MAX_POOL "adaptiveMaxPool" (: x) [outputSize: dims] { visible: 2, shape: pool::adaptive_max_pool_shape, forward: pool::adaptive_max_pool, twin: pool::adaptive_max_pool_twin, gradient: rule(pool::save_indexes, pool::max_pool_backward) } "The same, over windows that cut `x` into a given number of pieces.";
    AVG_POOL "avgPool" (: x) [kernelSize: dims, stride: dims, padding: dims, ceilMode: bool, countIncludePad: bool, divisor: num] { shape: pool::avg_pool_shape, forward: pool::avg_pool, twin: pool::avg_pool_twin, gradient: rule(nothing, pool::avg_pool_backward) } "The mean of each window of `x` (N, C, *spatial); `divisor` 0 divides by the window's size.";
    AVG_POOL_BACKWARD "avgPoolBackward" (: dy) [size: dims, kernelSize: dims, stride: dims, padding: dims, ceilMode: bool, countIncludePad: bool, divisor: num] { public: false, shape: pool::backward_shape, forward: pool::avg_pool_grad, twin: pool::avg_pool_grad_twin } "Gradient of the means of windows.";
    ADAPTIVE_AVG_POOL "adaptiveAvgPool" (: x) [outputSize: dims] { shape: pool::adaptive_avg_pool_shape, forward: pool::adaptive_avg_pool, twin: pool::adaptive_avg_pool_twin, gradient: rule(nothing, pool::adaptive_avg_pool_backward) } "The mean of windows that cut `x` into a given number of pieces.";
    ADAPTIVE_AVG_POOL_BACKWARD "adaptiveAvgPoolBackward" (: dy) [size: dims, outputSize: dims] { public: false, shape: pool::backward_shape, forward: pool::adaptive_avg_pool_grad, twin: pool::adaptive_avg_pool_grad_twin } "Gradient of the means of pieces.";
    // ---- norms over channels -------------------------------------------------------------------------------------------
    BATCH_NORM "batchNorm" (: x, opt: weight, opt: bias) [eps: num] { visible: 2, shape: batch_norm::shape, forward: batch_norm::batch_norm, twin: batch_norm::twin, gradient: rule(batch_norm::save, batch_norm::backward) } "`(x - mean) / sqrt(var + eps) * weight + bias` per channel of `x` (N, C, …), and the statistics of the batch, means and variances (2, C).";
    BATCH_NORM_BACKWARD "batchNormBackward" (: dy, : x, opt: weight, : stats) [eps: num, needs: num] { public: false, visible: 3, shape: batch_norm::backward_shape, forward: batch_norm::grad, twin: batch_norm::grad_twin } "Gradients dx, dweight, dbias of batch norm.";
    // ---- order, selection, triangles -----------------------------------------------------------------------------------
    SORT "sort" (: x) [k: num, descending: bool] { visible: 2, shape: order::shape, forward: order::sort, twin: order::twin, gradient: rule(order::save, order::backward) } "The first `k` values of each row in order (-1: all), and their places; equal values keep their order, NaN is the largest.";
    CUMSUM "cumsum" (: x) [dim: num, reverse: bool] { shape: scan::shape, forward: scan::cumsum, twin: scan::twin, gradient: rule(nothing, scan::backward) } "Running sum along a dimension, from its start or from its end.";
    SCATTER "scatter" (: x, : index, : src) [dim: num] { shape: index::scatter_shape, forward: index::scatter, twin: index::scatter_twin, gradient: rule(index::save_scattered, index::scatter_backward), half: Half::Native } "`x` with `src` written at `index` along a dimension; of equal indexes the last stays.";
    MULTINOMIAL "multinomial" (: p) [count: num, replacement: bool] { shape: multinomial::shape, forward: multinomial::multinomial, twin: multinomial::twin, random: Some(multinomial::random), gradient: Gradient::Stop } "`count` categories of each row, drawn by weight.";
    SVD "svd" (: x) [] { visible: 3, shape: linalg::svd_shape, forward: linalg::svd, twin: linalg::svd_twin, twin_bytes: Some(linalg::bytes) } "The factors U (m, k), S (k) and V (n, k) of a matrix `x` (m, n), with x = U diag(S) Vᵀ and k = min(m, n); computed in f64 on the CPU.";
    QR "qr" (: x) [] { visible: 2, shape: linalg::qr_shape, forward: linalg::qr, twin: linalg::qr_twin, twin_bytes: Some(linalg::bytes) } "The factors Q (m, k) and R (k, n) of a matrix `x` (m, n), with x = Q R and k = min(m, n); computed in f64 on the CPU.";
    LOG1P "log1p" (: x) [] { shape: unary::float_shape, forward: log1p::log1p, twin: log1p::twin, gradient: rule(unary::save_input, log1p::backward) } "`log(1 + x)`, exact for small `x` too.";
    // ---- making --------------------------------------------------------------------------------------------------------
    FULL "full" () [shape: dims, value: num, dtype: dtype] { shape: create::full_shape, forward: create::full, twin: create::full_twin, gradient: Gradient::Stop } "A tensor of one value.";
    RAND "rand" () [shape: dims, low: num, high: num, dtype: dtype] { shape: create::random_shape, forward: create::rand, twin: create::rand_twin, random: Some(create::random_blocks), gradient: Gradient::Stop } "Uniform numbers from `low` (included) to `high`.";
    RANDN "randn" () [shape: dims, mean: num, std: num, dtype: dtype] { shape: create::random_shape, forward: create::randn, twin: create::randn_twin, random: Some(create::random_blocks), gradient: Gradient::Stop } "Normal numbers.";
    // ---- in place ------------------------------------------------------------------------------------------------------
    ADD_INPLACE "addInplace" (: x, : y) [] { mutates: Mutates::First, shape: inplace::arithmetic_shape, forward: inplace::add, twin: inplace::add_twin, gradient: rule(nothing, elementwise::add_backward) } "`x += y`.";
    SUB_INPLACE "subInplace" (: x, : y) [] { mutates: Mutates::First, shape: inplace::arithmetic_shape, forward: inplace::sub, twin: inplace::sub_twin, gradient: rule(nothing, elementwise::sub_backward) } "`x -= y`.";
    MUL_INPLACE "mulInplace" (: x, : y) [] { mutates: Mutates::First, shape: inplace::arithmetic_shape, forward: inplace::mul, twin: inplace::mul_twin, gradient: rule(elementwise::save_other, elementwise::mul_backward) } "`x *= y`.";
    DIV_INPLACE "divInplace" (: x, : y) [] { mutates: Mutates::First, shape: inplace::arithmetic_shape, forward: inplace::div, twin: inplace::div_twin, gradient: rule(elementwise::save_for_div, elementwise::div_backward) } "`x /= y`.";
    COPY_INPLACE "copyInplace" (: x, : src) [] { mutates: Mutates::First, overwrites: true, shape: inplace::copy_shape, forward: inplace::copy, twin: inplace::copy_twin, gradient: rule(nothing, inplace::copy_backward), half: Half::Native } "Overwrites `x` with `src`, broadcast and converted.";
    AFFINE_INPLACE "affineInplace" (: x) [mul: num, add: num] { mutates: Mutates::First, shape: inplace::number_shape, forward: inplace::affine, twin: unary::affine_twin, gradient: rule(nothing, unary::affine_backward) } "`x = mul * x + add`.";
    CLAMP_INPLACE "clampInplace" (: x) [min: num, max: num] { mutates: Mutates::First, shape: inplace::number_shape, forward: inplace::clamp, twin: unary::clamp_twin, gradient: rule(unary::save_input, unary::clamp_backward) } "Holds `x` between two bounds.";
    FILL_INPLACE "fillInplace" (: x) [value: num] { mutates: Mutates::First, overwrites: true, shape: inplace::fill_shape, forward: inplace::fill, twin: inplace::fill_twin, gradient: rule(nothing, inplace::fill_backward) } "Sets every element.";
    UNIFORM_INPLACE "uniformInplace" (: x) [low: num, high: num] { mutates: Mutates::First, overwrites: true, shape: inplace::number_shape, forward: inplace::uniform, twin: inplace::uniform_twin, random: Some(inplace::random_blocks), gradient: rule(nothing, inplace::fill_backward) } "Uniform numbers.";
    NORMAL_INPLACE "normalInplace" (: x) [mean: num, std: num] { mutates: Mutates::First, overwrites: true, shape: inplace::number_shape, forward: inplace::normal, twin: inplace::normal_twin, random: Some(inplace::random_blocks), gradient: rule(nothing, inplace::fill_backward) } "Normal numbers.";
    SLICE_ASSIGN "sliceAssign" (: x, : src) [dim: num, start: num] { mutates: Mutates::First, shape: inplace::slice_assign_shape, forward: inplace::slice_assign, twin: inplace::slice_assign_twin, half: Half::Native } "Writes `src` into `x` from `start` along a dimension.";
    // ---- optimizers: many tensors at once, all or nothing --------------------------------------------------------------
    ADAMW_STEP "adamwStep" (list: params, list: grads, list: m, list: v, list: vmax) [groups: nums] { mutates: Mutates::Lists(&[0, 2, 3, 4]), shape: optimizer::adamw_shape, forward: optimizer::adamw, twin: optimizer::adamw_twin } "One step of Adam or AdamW; `groups` holds `count, lr, beta1, beta2, eps, weightDecay, step, decoupled, maximize, amsgrad` for each run of parameters with options of their own, `vmax` the maxima of those with AMSGrad.";
    NLG_ADAMW_STEP "nlgAdamwStep" (list: params, list: grads, list: m, list: v) [groups: nums] { mutates: Mutates::Lists(&[0, 2, 3]), shape: optimizer::nlg_adamw_shape, forward: optimizer::nlg_adamw, twin: optimizer::nlg_adamw_twin } "One step of the AdamW of microsoft/LoRA's NLG example; `groups` holds `count, lr, beta1, beta2, eps, weightDecay, step, correctBias` for each run of parameters.";
    SGD_STEP "sgdStep" (list: params, list: grads, list: buffers) [groups: nums] { mutates: Mutates::Lists(&[0, 2]), shape: optimizer::sgd_shape, forward: optimizer::sgd, twin: optimizer::sgd_twin } "One step of SGD; `groups` holds `count, lr, momentum, dampening, nesterov, weightDecay, first, maximize` for each run of parameters, `buffers` the momentum of those that have some.";
    GLOBAL_NORM "globalNorm" (list: grads) [] { shape: optimizer::norm_shape, forward: optimizer::global_norm, twin: optimizer::global_norm_twin, gradient: Gradient::Stop } "Norm of all gradients together.";
    CLIP_SCALE "clipScale" (list: grads, : norm) [maxNorm: num] { mutates: Mutates::Lists(&[0]), shape: optimizer::clip_shape, forward: optimizer::clip_scale, twin: optimizer::clip_scale_twin } "Scales gradients by `min(1, maxNorm / (norm + 1e-6))`.";
    CLIP_VALUE "clipValue" (list: grads) [value: num] { mutates: Mutates::Lists(&[0]), shape: optimizer::clip_shape, forward: optimizer::clip_value, twin: optimizer::clip_value_twin } "Holds gradients between `-value` and `value`.";
    ZERO_GRADS "zeroGrads" (list: grads) [] { mutates: Mutates::Lists(&[0]), shape: optimizer::zero_shape, forward: optimizer::zero_grads, twin: optimizer::zero_grads_twin } "Sets gradients to 0.";
    // ---- state: all or nothing -------------------------------------------------------------------------------------------
    ASSIGN "assign" (list: targets, list: sources) [] { mutates: Mutates::Lists(&[0]), overwrites: true, shape: assign::shape, forward: assign::assign, twin: assign::twin, half: Half::Native } "Overwrites each of `targets` with its source, converted: all of them, or none.";
    ALL_SOUND "allSound" (list: sources) [] { shape: inplace::all_sound_shape, forward: inplace::all_sound, twin: inplace::all_sound_twin, gradient: Gradient::Stop } "Fails with the first of `sources` that failed; what takes the result runs only when all of them are there.";
    // ---- the caller's own ----------------------------------------------------------------------------------------------
    CALLBACK "callback" () [] { public: false } "A block whose backward is a function of the caller; never queued.";
}
