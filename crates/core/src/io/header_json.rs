//! The JSON of headers and indexes, read strictly: names that come twice are errors.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::io::file_dtype::FileDtype;

/// One tensor of a file. `begin..end` are bytes counted from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, a state-dict key.
    pub name: String,
    /// Its element type in the file.
    pub dtype: FileDtype,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
    /// First byte.
    pub begin: usize,
    /// One past the last byte.
    pub end: usize,
}

/// What the head of a file says, checked against the file's length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Tensors in the order of the header.
    pub entries: Vec<Entry>,
    /// The `__metadata__` pairs in the order of the header.
    pub metadata: Vec<(String, String)>,
}

/// Reads the header object; bytes still count from the end of the header. `current` holds the tensor being read, for errors.
pub(super) fn parse_header(json: &str, current: &RefCell<String>) -> std::result::Result<Header, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let header = HeaderSeed { current }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(header)
}

struct HeaderSeed<'a> {
    current: &'a RefCell<String>,
}

impl<'de> DeserializeSeed<'de> for HeaderSeed<'_> {
    type Value = Header;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Header, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeaderSeed<'_> {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Header, A::Error> {
        let mut header = Header::default();
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            *self.current.borrow_mut() = format!("{name:?}");
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("the name comes twice"));
            }
            if name == "__metadata__" {
                // MLX writes null where there is none.
                header.metadata = map
                    .next_value::<Option<Pairs>>()?
                    .map_or_else(Vec::new, |pairs| pairs.0);
            } else {
                let TensorInfo {
                    dtype: Name(dtype),
                    shape,
                    data_offsets: (begin, end),
                } = map.next_value()?;
                header.entries.push(Entry {
                    name,
                    dtype,
                    shape,
                    begin,
                    end,
                });
            }
            self.current.borrow_mut().clear();
        }
        Ok(header)
    }
}

#[derive(Deserialize)]
struct TensorInfo {
    dtype: Name,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

struct Name(FileDtype);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        FileDtype::from_name(&String::deserialize(deserializer)?)
            .map(Name)
            .map_err(D::Error::custom)
    }
}

/// A JSON object whose values are strings, in order; a name twice is an error.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                let mut names = HashSet::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format!("the name {name:?} comes twice")));
                    }
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

/// The `weight_map` of an index file, in order; everything else in it is skipped.
pub(crate) fn parse_weight_map(json: &str) -> std::result::Result<Vec<(String, String)>, serde_json::Error> {
    struct IndexVisitor;
    impl<'de> Visitor<'de> for IndexVisitor {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with weight_map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<String>()? {
                if key != "weight_map" {
                    map.next_value::<IgnoredAny>()?;
                } else if found.replace(map.next_value::<Pairs>()?.0).is_some() {
                    return Err(A::Error::custom("weight_map comes twice"));
                }
            }
            found.ok_or_else(|| A::Error::missing_field("weight_map"))
        }
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let map = reader.deserialize_map(IndexVisitor)?;
    reader.end()?;
    Ok(map)
}
