//! The names of Python that a checkpoint may mention, and what each stands for here. All others are refused, so no code can run.

use crate::io::file_dtype::FileDtype;

/// A class or function on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    Size,
    Device,
    Layout,
    RebuildTensor,
    RebuildTensorV2,
    RebuildTensorV3,
    RebuildParameter,
    RebuildParameterWithState,
    RebuildFromType,
    /// torch.Tensor or torch.nn.Parameter, as an argument of `RebuildFromType` only.
    TensorClass,
    Storage(FileDtype),
    UntypedStorage,
    /// A number of [`DTYPES`].
    Dtype(u8),
}

/// The meaning of a name.
pub(super) enum Known {
    Yes(Global),
    /// Known, and not supported: why, and what to do.
    No(&'static str, &'static str),
    Unknown,
}

/// torch's dtypes, and the type of the file format where there is one.
pub(super) const DTYPES: [(&str, Option<FileDtype>); 28] = [
    ("float64", Some(FileDtype::F64)),
    ("float32", Some(FileDtype::F32)),
    ("float16", Some(FileDtype::F16)),
    ("bfloat16", Some(FileDtype::Bf16)),
    ("int64", Some(FileDtype::I64)),
    ("int32", Some(FileDtype::I32)),
    ("int16", Some(FileDtype::I16)),
    ("int8", Some(FileDtype::I8)),
    ("uint8", Some(FileDtype::U8)),
    ("uint16", Some(FileDtype::U16)),
    ("uint32", Some(FileDtype::U32)),
    ("uint64", Some(FileDtype::U64)),
    ("bool", Some(FileDtype::Bool)),
    ("double", Some(FileDtype::F64)),
    ("float", Some(FileDtype::F32)),
    ("half", Some(FileDtype::F16)),
    ("long", Some(FileDtype::I64)),
    ("int", Some(FileDtype::I32)),
    ("short", Some(FileDtype::I16)),
    ("complex32", None),
    ("complex64", None),
    ("complex128", None),
    ("float8_e4m3fn", None),
    ("float8_e5m2", None),
    ("float8_e4m3fnuz", None),
    ("float8_e5m2fnuz", None),
    ("qint8", None),
    ("quint8", None),
];

const STORAGES: [(&str, FileDtype); 10] = [
    ("DoubleStorage", FileDtype::F64),
    ("FloatStorage", FileDtype::F32),
    ("HalfStorage", FileDtype::F16),
    ("BFloat16Storage", FileDtype::Bf16),
    ("LongStorage", FileDtype::I64),
    ("IntStorage", FileDtype::I32),
    ("ShortStorage", FileDtype::I16),
    ("CharStorage", FileDtype::I8),
    ("ByteStorage", FileDtype::U8),
    ("BoolStorage", FileDtype::Bool),
];

const CONVERT: &str = "convert the tensor in Python first (.float(), .dequantize(), .to_dense()), then save again";
const STATE_DICT: &str = "save the state dict in Python, torch.save(model.state_dict(), path), then load that";

/// Looks a name up.
pub(super) fn find(module: &str, name: &str) -> Known {
    let global = match (module, name) {
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch", "Size") => Global::Size,
        ("torch", "device") => Global::Device,
        ("torch.serialization", "_get_layout") => Global::Layout,
        ("torch._utils", "_rebuild_tensor") => Global::RebuildTensor,
        ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensorV2,
        ("torch._utils", "_rebuild_tensor_v3") => Global::RebuildTensorV3,
        ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
        ("torch._utils", "_rebuild_parameter_with_state") => Global::RebuildParameterWithState,
        ("torch._tensor", "_rebuild_from_type_v2") => Global::RebuildFromType,
        ("torch", "Tensor") | ("torch.nn.parameter", "Parameter") => Global::TensorClass,
        ("torch", "UntypedStorage") | ("torch.storage", "UntypedStorage") => Global::UntypedStorage,
        ("torch", _) => return torch_name(name),
        ("torch._utils", _) if name.starts_with("_rebuild_") && !name.contains('.') => {
            return Known::No("a quantised, sparse or other special tensor", CONVERT);
        }
        _ => return Known::Unknown,
    };
    Known::Yes(global)
}

fn torch_name(name: &str) -> Known {
    if let Some((_, dtype)) = STORAGES.iter().find(|row| row.0 == name) {
        return Known::Yes(Global::Storage(*dtype));
    }
    if let Some(at) = DTYPES.iter().position(|row| row.0 == name) {
        return Known::Yes(Global::Dtype(at as u8));
    }
    match name {
        "ComplexFloatStorage" | "ComplexDoubleStorage" => Known::No("a complex tensor", CONVERT),
        "QInt8Storage" | "QUInt8Storage" | "QInt32Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => {
            Known::No("a quantised tensor", CONVERT)
        }
        _ => Known::Unknown,
    }
}

/// What to do about a name that is not on the list.
pub(super) fn cure(module: &str) -> &'static str {
    if module.starts_with("torch.nn") || module.starts_with("__main__") || module.starts_with("transformers") {
        STATE_DICT
    } else if module.starts_with("numpy") {
        "turn numpy values into tensors or plain numbers in Python, then save again"
    } else {
        "nothing was run; if you trust the file, save its tensors and plain values alone in Python, then load that"
    }
}
