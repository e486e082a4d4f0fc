//! Element types of tensors, by the numbers and names of ggml.

use crate::dtype::Dtype;

/// An element type of ggml. Rows are stored in blocks of `len` values and `bytes` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GgmlType {
    /// Its number in files.
    pub id: u32,
    /// Its name.
    pub name: &'static str,
    /// Values of a block; 1 for plain numbers.
    pub len: usize,
    /// Bytes of a block.
    pub bytes: usize,
    /// The engine's dtype; none for types that it does not read.
    pub dtype: Option<Dtype>,
}

macro_rules! types {
    ($($id:literal $name:literal $len:literal $bytes:literal $dtype:expr;)*) => {
        const TYPES: &[GgmlType] = &[$(GgmlType { id: $id, name: $name, len: $len, bytes: $bytes, dtype: $dtype }),*];
    };
}

// Types without a dtype are listed with their sizes, so that files with them can be inspected.
types! {
    0 "F32" 1 4 Some(Dtype::F32);
    1 "F16" 1 2 Some(Dtype::F16);
    2 "Q4_0" 32 18 Some(Dtype::Q4_0);
    3 "Q4_1" 32 20 Some(Dtype::Q4_1);
    6 "Q5_0" 32 22 Some(Dtype::Q5_0);
    7 "Q5_1" 32 24 Some(Dtype::Q5_1);
    8 "Q8_0" 32 34 Some(Dtype::Q8_0);
    9 "Q8_1" 32 36 None;
    10 "Q2_K" 256 84 Some(Dtype::Q2K);
    11 "Q3_K" 256 110 Some(Dtype::Q3K);
    12 "Q4_K" 256 144 Some(Dtype::Q4K);
    13 "Q5_K" 256 176 Some(Dtype::Q5K);
    14 "Q6_K" 256 210 Some(Dtype::Q6K);
    15 "Q8_K" 256 292 None;
    16 "IQ2_XXS" 256 66 None;
    17 "IQ2_XS" 256 74 None;
    18 "IQ3_XXS" 256 98 None;
    19 "IQ1_S" 256 50 None;
    20 "IQ4_NL" 32 18 None;
    21 "IQ3_S" 256 110 None;
    22 "IQ2_S" 256 82 None;
    23 "IQ4_XS" 256 136 None;
    24 "I8" 1 1 None;
    25 "I16" 1 2 None;
    26 "I32" 1 4 None;
    27 "I64" 1 8 Some(Dtype::I64);
    28 "F64" 1 8 Some(Dtype::F64);
    29 "IQ1_M" 256 56 None;
    30 "BF16" 1 2 Some(Dtype::Bf16);
    34 "TQ1_0" 256 54 None;
    35 "TQ2_0" 256 66 None;
    39 "MXFP4" 32 17 None;
}

impl GgmlType {
    /// The type with this number in files.
    pub fn from_id(id: u32) -> Option<GgmlType> {
        TYPES.iter().copied().find(|t| t.id == id)
    }

    /// The type in which a file holds numbers of the engine.
    pub fn of(dtype: Dtype) -> Option<GgmlType> {
        TYPES.iter().copied().find(|t| t.dtype == Some(dtype))
    }

    /// Names of the types that the engine reads.
    pub fn known() -> String {
        let names: Vec<&str> = TYPES.iter().filter(|t| t.dtype.is_some()).map(|t| t.name).collect();
        names.join(", ")
    }
}

/// What `general.file_type` says of a file whose matrices are mostly of this dtype: the number that llama.cpp writes for it. None where it has none.
pub fn file_type(dtype: Dtype) -> Option<u32> {
    Some(match dtype {
        Dtype::F32 => 0,
        Dtype::F16 => 1,
        Dtype::Q4_0 => 2,
        Dtype::Q4_1 => 3,
        Dtype::Q8_0 => 7,
        Dtype::Q5_0 => 8,
        Dtype::Q5_1 => 9,
        Dtype::Q2K => 10,
        Dtype::Q3K => 12,
        Dtype::Q4K => 15,
        Dtype::Q5K => 17,
        Dtype::Q6K => 18,
        Dtype::Bf16 => 32,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_blocks_are_those_of_the_engine() {
        for t in TYPES {
            let Some(dtype) = t.dtype else { continue };
            assert_eq!(dtype.units(t.len) * dtype.size(), t.bytes, "{}", t.name);
            assert_eq!(t.name.to_lowercase(), dtype.name(), "{}", t.name);
            assert_eq!((GgmlType::of(dtype), GgmlType::from_id(t.id)), (Some(*t), Some(*t)));
        }
        let numbers: std::collections::HashSet<u32> = TYPES.iter().map(|t| t.id).collect();
        assert_eq!(numbers.len(), TYPES.len());
    }
}
