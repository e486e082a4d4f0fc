//! What the functions on the list do with their arguments.

use crate::error::{Error, Result};
use crate::io::file_dtype::FileDtype;
use crate::io::torch::globals::{DTYPES, Global};
use crate::io::torch::limits;
use crate::io::torch::value::{Heap, Node, Storage, Value, View};

/// Keys of dicts must be usable as keys in JavaScript.
pub(super) fn check_key(heap: &Heap<'_>, key: Value) -> Result<()> {
    match key {
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Big(_) | Value::Float(_) => Ok(()),
        Value::Str(_) | Value::Text(_) => Ok(()),
        _ => Err(heap.unsupported(
            format!("a dict with {} as a key", heap.kind(key)),
            "use texts and numbers as keys",
        )),
    }
}

/// The storage that a persistent id describes: `('storage', class, key, location, numel)`.
pub(super) fn storage<'a>(heap: &mut Heap<'a>, id: Value) -> Result<Value> {
    let wrong = |heap: &Heap<'_>| {
        heap.bad("a storage is not described as torch.save does")
            .expected("('storage', class, key, location, number of elements)")
            .received(heap.kind(id))
    };
    let parts: Vec<Value> = heap.tuple(id).map(<[Value]>::to_vec).unwrap_or_default();
    let [tag, class, Value::Str(key), _location, Value::Int(numel), rest @ ..] = parts.as_slice() else {
        return Err(wrong(heap));
    };
    if heap.short_str(*tag) != Some("storage") || rest.len() > 1 {
        return Err(wrong(heap));
    }
    if rest.iter().any(|view| *view != Value::None) {
        return Err(heap.unsupported("a view of a storage, as torch before 0.4 wrote it", RESAVE));
    }
    let (dtype, is_untyped) = match class {
        Value::Global(Global::Storage(dtype)) => (*dtype, false),
        Value::Global(Global::UntypedStorage) => (FileDtype::U8, true),
        _ => return Err(wrong(heap)),
    };
    if key.len as usize > limits::NAME_BYTES {
        return Err(wrong(heap).received(format!("a key of {} bytes", key.len)));
    }
    // A text was checked to be UTF-8 when it was read.
    let key: &'a str = std::str::from_utf8(heap.piece(*key)).unwrap_or_default();
    let numel = usize::try_from(*numel)
        .ok()
        .filter(|n| n.checked_mul(dtype.size()).is_some_and(|b| b <= isize::MAX as usize));
    let Some(numel) = numel else {
        return Err(wrong(heap).received(format!("storage {key:?} with an impossible number of elements")));
    };
    if let Some(&at) = heap.by_key.get(key) {
        let known = &heap.storages[at as usize];
        if (known.dtype, known.is_untyped, known.numel) != (dtype, is_untyped, numel) {
            return Err(heap.bad(format!("storage {key:?} is described twice, and differently")));
        }
        return Ok(Value::Storage(at));
    }
    let at = heap.storages.len() as u32;
    heap.storages.push(Storage {
        key,
        dtype,
        is_untyped,
        numel,
    });
    heap.by_key.insert(key, at);
    Ok(Value::Storage(at))
}

const RESAVE: &str = "load and save the file again with a current torch";

/// The value that a function of the list gives.
pub(super) fn call(heap: &mut Heap<'_>, global: Global, args: Value) -> Result<Value> {
    let Some(args) = heap.tuple(args).filter(|args| args.len() < 10).map(<[Value]>::to_vec) else {
        return Err(heap.bad("the pickle calls a function without a short tuple of arguments"));
    };
    match (global, args.as_slice()) {
        (Global::OrderedDict, []) => heap.add(Node::Dict(Vec::new())),
        (Global::OrderedDict, [Value::Node(pairs)]) => ordered_dict(heap, *pairs),
        (Global::Size, [size]) if heap.tuple(*size).is_some() => Ok(*size),
        (Global::Layout, [name @ (Value::Str(_) | Value::Text(_))]) => Ok(*name),
        (Global::Device, [name, index @ ..]) if index.len() < 2 => device(heap, *name, index.first().copied()),
        (Global::RebuildTensor, [storage, offset, size, stride]) => {
            tensor(heap, *storage, None, [*offset, *size, *stride])
        }
        (Global::RebuildTensorV2, [storage, offset, size, stride, _grad, _hooks, rest @ ..]) if rest.len() < 2 => {
            check_metadata(heap, rest)?;
            tensor(heap, *storage, None, [*offset, *size, *stride])
        }
        (
            Global::RebuildTensorV3,
            [
                storage,
                offset,
                size,
                stride,
                _grad,
                _hooks,
                Value::Global(Global::Dtype(dtype)),
                rest @ ..,
            ],
        ) if rest.len() < 2 => {
            check_metadata(heap, rest)?;
            tensor(heap, *storage, Some(*dtype), [*offset, *size, *stride])
        }
        (Global::RebuildParameter, [data @ Value::Tensor(_), _grad, _hooks]) => Ok(*data),
        (Global::RebuildParameterWithState, [data @ Value::Tensor(_), _grad, _hooks, _state]) => Ok(*data),
        // The inner function must be one that makes a tensor of a storage, so this goes no deeper.
        (Global::RebuildFromType, [Value::Global(inner), Value::Global(Global::TensorClass), args, _state])
            if matches!(inner, Global::RebuildTensorV2 | Global::RebuildTensorV3) =>
        {
            call(heap, *inner, *args)
        }
        _ => Err(heap
            .bad("a function of the list is called with other arguments than torch.save gives it")
            .received(format!("{global:?} with {} arguments", args.len()))),
    }
}

/// Python 2 wrote an OrderedDict as a list of pairs.
fn ordered_dict(heap: &mut Heap<'_>, pairs: u32) -> Result<Value> {
    let wrong = |heap: &Heap<'_>| heap.bad("an OrderedDict is not made of pairs");
    let Node::List(list) = &heap.nodes[pairs as usize] else {
        return Err(wrong(heap));
    };
    let mut dict = Vec::new();
    for pair in list {
        let Value::Node(at) = pair else { return Err(wrong(heap)) };
        match &heap.nodes[*at as usize] {
            Node::List(items) | Node::Tuple(items) if items.len() == 2 => {
                check_key(heap, items[0])?;
                dict.push((items[0], items[1]));
            }
            _ => return Err(wrong(heap)),
        }
    }
    heap.add(Node::Dict(dict))
}

fn device(heap: &mut Heap<'_>, name: Value, index: Option<Value>) -> Result<Value> {
    let text = match (heap.short_str(name), index) {
        (Some(name), None) => name.to_owned(),
        (Some(name), Some(Value::Int(index))) => format!("{name}:{index}"),
        _ => return Err(heap.bad("a device is not described as torch.save does")),
    };
    heap.text(text)
}

/// Conjugate and negative views carry their bit in a dict; it would change the numbers.
fn check_metadata(heap: &Heap<'_>, rest: &[Value]) -> Result<()> {
    let is_empty = match rest.first() {
        None | Some(Value::None) => true,
        Some(Value::Node(at)) => matches!(&heap.nodes[*at as usize], Node::Dict(pairs) if pairs.is_empty()),
        Some(_) => false,
    };
    if is_empty {
        return Ok(());
    }
    Err(heap.unsupported(
        "a tensor with a conjugate or negative bit",
        "call .resolve_conj().resolve_neg() on it in Python, then save again",
    ))
}

/// Describes a tensor after checking that all its elements lie in the storage.
fn tensor(heap: &mut Heap<'_>, storage: Value, dtype: Option<u8>, geometry: [Value; 3]) -> Result<Value> {
    let Value::Storage(storage) = storage else {
        return Err(heap.bad("a tensor is made of something that is no storage"));
    };
    let found = &heap.storages[storage as usize];
    let named = dtype.map(|d| DTYPES[usize::from(d)]);
    let dtype = match named {
        None if found.is_untyped => return Err(heap.bad("an untyped storage without a dtype")),
        None => found.dtype,
        Some((_, Some(dtype))) => dtype,
        Some((name, None)) => {
            return Err(heap.unsupported(
                format!("a tensor of torch.{name}"),
                "convert it in Python, for example to torch.float32, then save again",
            ));
        }
    };
    if !found.is_untyped && found.dtype != dtype {
        return Err(heap.bad("a tensor and its storage differ in dtype"));
    }
    let elements = found.bytes() / dtype.size();
    let what = format!("a tensor on storage {:?}", found.key);
    let view = view_of(heap, geometry, &what)?;
    let (offset, shape, stride) = view;
    check_inside(heap, &what, (offset, &shape, &stride), elements)?;
    if heap.views.len() >= limits::TENSORS {
        return Err(heap.too_many("tensors", limits::TENSORS));
    }
    heap.views.push(View {
        storage,
        dtype,
        offset,
        shape,
        stride,
    });
    Ok(Value::Tensor(heap.views.len() as u32 - 1))
}

fn view_of(heap: &Heap<'_>, [offset, size, stride]: [Value; 3], what: &str) -> Result<(usize, Vec<usize>, Vec<usize>)> {
    let wrong = |text: &str| -> Error { heap.bad(format!("{what} has {text}")) };
    let Value::Int(offset) = offset else {
        return Err(wrong("an offset that is not an integer"));
    };
    let offset = usize::try_from(offset).map_err(|_| wrong("a negative offset").received(offset.to_string()))?;
    let sizes = |value: Value, name: &str| -> Result<Vec<usize>> {
        let Some(items) = heap.tuple(value) else {
            return Err(wrong(&format!("a {name} that is not a tuple")));
        };
        if items.len() > limits::RANK {
            return Err(wrong("more dimensions than torch allows").received(items.len().to_string()));
        }
        let number = |item: &Value| match item {
            Value::Int(n) => {
                usize::try_from(*n).map_err(|_| wrong(&format!("a negative {name}")).received(n.to_string()))
            }
            _ => Err(wrong(&format!("a {name} that is not an integer"))),
        };
        items.iter().map(number).collect()
    };
    let (shape, stride) = (sizes(size, "size")?, sizes(stride, "stride")?);
    if shape.len() != stride.len() {
        return Err(wrong("another number of strides than of sizes"));
    }
    Ok((offset, shape, stride))
}

/// The last element must lie in the storage. An empty tensor has none, but its sizes must multiply without overflow all the same.
fn check_inside(
    heap: &Heap<'_>,
    what: &str,
    (offset, shape, stride): (usize, &[usize], &[usize]),
    elements: usize,
) -> Result<()> {
    let largest = isize::MAX as usize / 8;
    let product = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1)));
    if product.is_none_or(|n| n > largest) {
        return Err(heap
            .bad(format!("{what} has a size that does not fit into memory"))
            .received(format!("{shape:?}")));
    }
    if shape.contains(&0) {
        return Ok(());
    }
    let last = shape
        .iter()
        .zip(stride)
        .try_fold(offset, |at, (d, s)| at.checked_add((d - 1).checked_mul(*s)?));
    if last.is_none_or(|at| at >= elements) && !cfg!(feature = "planted") {
        return Err(heap
            .bad(format!("{what} reaches past its end"))
            .expected(format!("at most {elements} elements"))
            .received(format!("offset {offset}, size {shape:?}, stride {stride:?}")));
    }
    Ok(())
}
