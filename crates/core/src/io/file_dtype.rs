//! Element types as safetensors files name them.

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::Error;

/// Element type as a file names it. The order is the one in which the reference writer lays tensors out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the format's own and say it all")]
pub enum FileDtype {
    Bool,
    U8,
    I8,
    I16,
    U16,
    F16,
    Bf16,
    I32,
    U32,
    F32,
    F64,
    I64,
    U64,
}

impl FileDtype {
    const ALL: [(FileDtype, &'static str, usize); 13] = [
        (FileDtype::Bool, "BOOL", 1),
        (FileDtype::U8, "U8", 1),
        (FileDtype::I8, "I8", 1),
        (FileDtype::I16, "I16", 2),
        (FileDtype::U16, "U16", 2),
        (FileDtype::F16, "F16", 2),
        (FileDtype::Bf16, "BF16", 2),
        (FileDtype::I32, "I32", 4),
        (FileDtype::U32, "U32", 4),
        (FileDtype::F32, "F32", 4),
        (FileDtype::F64, "F64", 8),
        (FileDtype::I64, "I64", 8),
        (FileDtype::U64, "U64", 8),
    ];

    /// The format's name for it.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        Self::ALL[self as usize].2
    }

    /// The engine's dtype that holds it: integers other than U8 widen to i64.
    pub fn dtype(self) -> Dtype {
        match self {
            FileDtype::F64 => Dtype::F64,
            FileDtype::F32 => Dtype::F32,
            FileDtype::F16 => Dtype::F16,
            FileDtype::Bf16 => Dtype::Bf16,
            FileDtype::U8 => Dtype::U8,
            FileDtype::Bool => Dtype::Bool,
            _ => Dtype::I64,
        }
    }

    /// The dtype that the format's name means, or a text that says why there is none.
    pub(crate) fn from_name(name: &str) -> Result<Self, String> {
        if let Some(row) = Self::ALL.iter().find(|row| row.1 == name) {
            return Ok(row.0);
        }
        const KNOWN: [&str; 9] = [
            "F4",
            "F6_E2M3",
            "F6_E3M2",
            "F8_E5M2",
            "F8_E4M3",
            "F8_E8M0",
            "F8_E4M3FNUZ",
            "F8_E5M2FNUZ",
            "C64",
        ];
        if KNOWN.contains(&name) {
            return Err(format!(
                "dtype {name} is not supported; convert the tensor to BF16 or F32 first"
            ));
        }
        Err(format!("unknown dtype {name:?}"))
    }
}

impl TryFrom<Dtype> for FileDtype {
    type Error = Error;

    /// Blocks have no name in safetensors files.
    fn try_from(dtype: Dtype) -> Result<Self, Error> {
        Ok(match dtype {
            Dtype::F32 => FileDtype::F32,
            Dtype::F64 => FileDtype::F64,
            Dtype::Bf16 => FileDtype::Bf16,
            Dtype::F16 => FileDtype::F16,
            Dtype::I64 => FileDtype::I64,
            Dtype::U8 => FileDtype::U8,
            Dtype::Bool => FileDtype::Bool,
            _ => {
                return Err(Error::new(Code::Dtype, "a safetensors file holds no blocks")
                    .expected("f32, f64, bf16, f16, i64, u8 or bool")
                    .received(dtype.name())
                    .hint("widen the tensor with .to('f32'), or write a GGUF file"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dtype_of_the_engine_keeps_its_size_and_comes_back() {
        for dtype in Dtype::ALL {
            if dtype.blocks().is_some() {
                assert_eq!(FileDtype::try_from(dtype).map_err(|e| e.code()), Err(Code::Dtype));
                continue;
            }
            let file = FileDtype::try_from(dtype).unwrap();
            assert_eq!((file.dtype(), file.size()), (dtype, dtype.size()));
            assert_eq!(FileDtype::from_name(file.name()), Ok(file));
        }
        for row in FileDtype::ALL {
            assert_eq!((row.0.name(), row.0.size()), (row.1, row.2));
        }
    }
}
