//! Element types.

use std::fmt;

use kernels::blocks::BlockKind;

use crate::code::Code;
use crate::error::{Error, Result};

/// Element type of a tensor. The number is the one that crosses to TypeScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Dtype {
    /// 32-bit float.
    F32 = 0,
    /// 64-bit float.
    F64 = 1,
    /// bfloat16.
    Bf16 = 2,
    /// IEEE half.
    F16 = 3,
    /// 64-bit signed integer; smaller ones in files widen to it.
    I64 = 4,
    /// 8-bit unsigned integer.
    U8 = 5,
    /// Boolean: one byte, 0 or 1.
    Bool = 6,
    /// Blocks of 4 bits with a scale; this and the following are the types of GGUF files.
    Q4_0 = 7,
    /// Blocks of 4 bits with scale and offset.
    Q4_1 = 8,
    /// Blocks of 5 bits with a scale.
    Q5_0 = 9,
    /// Blocks of 5 bits with scale and offset.
    Q5_1 = 10,
    /// Blocks of 8 bits with a scale.
    Q8_0 = 11,
    /// Blocks of 256 values, 2 bits.
    Q2K = 12,
    /// Blocks of 256 values, 3 bits.
    Q3K = 13,
    /// Blocks of 256 values, 4 bits.
    Q4K = 14,
    /// Blocks of 256 values, 5 bits.
    Q5K = 15,
    /// Blocks of 256 values, 6 bits.
    Q6K = 16,
}

const NAMES: [&str; 17] = [
    "f32", "f64", "bf16", "f16", "i64", "u8", "bool", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k", "q3_k", "q4_k",
    "q5_k", "q6_k",
];

impl Dtype {
    /// Every dtype, by number.
    pub const ALL: [Dtype; 17] = [
        Dtype::F32,
        Dtype::F64,
        Dtype::Bf16,
        Dtype::F16,
        Dtype::I64,
        Dtype::U8,
        Dtype::Bool,
        Dtype::Q4_0,
        Dtype::Q4_1,
        Dtype::Q5_0,
        Dtype::Q5_1,
        Dtype::Q8_0,
        Dtype::Q2K,
        Dtype::Q3K,
        Dtype::Q4K,
        Dtype::Q5K,
        Dtype::Q6K,
    ];

    /// The dtype with this number.
    ///
    /// # Errors
    /// [`Code::Dtype`] when there is none.
    pub fn from_number(number: f64) -> Result<Dtype> {
        Dtype::ALL
            .iter()
            .copied()
            .find(|d| f64::from(*d as u8) == number)
            .ok_or_else(|| {
                Error::new(Code::Dtype, "no such dtype")
                    .expected(NAMES.join(", "))
                    .received(number.to_string())
                    .hint("use one of these names")
            })
    }

    /// Name as users write it.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// Bytes of one unit of its storage: a number, or, of blocks, a byte.
    pub fn size(self) -> usize {
        [4, 8, 2, 2, 8].get(self as usize).copied().unwrap_or(1)
    }

    /// Units of storage that so many numbers take: as many, or, in blocks, the bytes of the whole blocks that hold them.
    pub fn units(self, numel: usize) -> usize {
        self.checked_units(numel).unwrap_or(usize::MAX)
    }

    /// The same; `None` when there are too many to count.
    pub fn checked_units(self, numel: usize) -> Option<usize> {
        match self.blocks() {
            Some(kind) => numel.div_ceil(kind.len()).checked_mul(kind.bytes()),
            None => Some(numel),
        }
    }

    /// How its numbers are stored, if in blocks: rows of whole blocks, which products and look-ups read, and nothing else.
    pub fn blocks(self) -> Option<BlockKind> {
        BlockKind::ALL
            .get((self as usize).checked_sub(Dtype::Q4_0 as usize)?)
            .copied()
    }

    /// f32, f64, bf16 or f16: what can have a gradient.
    pub fn is_float(self) -> bool {
        matches!(self, Dtype::F32 | Dtype::F64 | Dtype::Bf16 | Dtype::F16)
    }

    /// bf16 or f16.
    pub fn is_half(self) -> bool {
        matches!(self, Dtype::Bf16 | Dtype::F16)
    }

    /// The dtype that arithmetic on this one runs in: half types and blocks are widened.
    pub fn wide(self) -> Dtype {
        if self.is_half() || self.blocks().is_some() {
            Dtype::F32
        } else {
            self
        }
    }

    /// Checks that a number fits this dtype: integers take no fractions, booleans 0 and 1.
    ///
    /// # Errors
    /// [`Code::Dtype`].
    pub fn check_value(self, value: f64) -> Result<()> {
        let (fits, expected) = match self {
            Dtype::I64 => (value.fract() == 0.0, "a whole number"),
            Dtype::U8 => (
                value.fract() == 0.0 && (0.0..=255.0).contains(&value),
                "a whole number from 0 to 255",
            ),
            Dtype::Bool => (value == 0.0 || value == 1.0, "0 or 1"),
            _ => (true, ""),
        };
        if fits {
            return Ok(());
        }
        Err(Error::new(Code::Dtype, format!("this number does not fit {self}"))
            .expected(format!("{expected} for {self}"))
            .received(value.to_string())
            .hint("convert the tensor first: t.to('f32')"))
    }

    /// candle's dtype. Booleans are bytes there, and blocks are f32: candle's tensors have none.
    pub fn candle(self) -> candle_core::DType {
        use candle_core::DType;
        if self.blocks().is_some() {
            return DType::F32;
        }
        [
            DType::F32,
            DType::F64,
            DType::BF16,
            DType::F16,
            DType::I64,
            DType::U8,
            DType::U8,
        ][self as usize]
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Runs a block for the floating type of a wide dtype: `float!(dtype, T => { … })`.
#[macro_export]
macro_rules! float {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::dtype::Dtype::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::Dtype::F64 => {
                type $T = f64;
                $body
            }
            other => Err($crate::dtype::wrong_dtype(other)),
        }
    };
}

/// Runs a block for the storage type of any dtype, for copies and moves, which do not depend on what the bits mean: bytes for booleans and blocks.
#[macro_export]
macro_rules! any {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::dtype::Dtype::F32 => {
                type $T = f32;
                $body
            }
            $crate::dtype::Dtype::F64 => {
                type $T = f64;
                $body
            }
            $crate::dtype::Dtype::Bf16 => {
                type $T = half::bf16;
                $body
            }
            $crate::dtype::Dtype::F16 => {
                type $T = half::f16;
                $body
            }
            $crate::dtype::Dtype::I64 => {
                type $T = i64;
                $body
            }
            _ => {
                type $T = u8;
                $body
            }
        }
    };
}

/// The error of `float!` for a dtype that a shape rule should have refused.
pub fn wrong_dtype(dtype: Dtype) -> Error {
    Error::new(
        Code::Internal,
        "an operation ran on a dtype that its shape rule should refuse",
    )
    .received(dtype.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_dtype_cannot_hold_are_refused() {
        for (dtype, value) in [
            (Dtype::I64, 0.5),
            (Dtype::I64, f64::NAN),
            (Dtype::U8, 256.0),
            (Dtype::U8, -1.0),
            (Dtype::Bool, 2.0),
        ] {
            assert_eq!(
                dtype.check_value(value).map_err(|e| e.code()),
                Err(Code::Dtype),
                "{dtype} {value}"
            );
        }
        for (dtype, value) in [
            (Dtype::F32, 0.5),
            (Dtype::Bf16, f64::NAN),
            (Dtype::I64, -3.0),
            (Dtype::U8, 255.0),
            (Dtype::Bool, 1.0),
        ] {
            assert!(dtype.check_value(value).is_ok(), "{dtype} {value}");
        }
    }
}
