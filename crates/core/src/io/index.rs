//! Checkpoints in several files: `model.safetensors.index.json` or `pytorch_model.bin.index.json` says which tensor lies in which shard.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::file_bytes::FileBytes;
use crate::io::header_json::parse_weight_map;
use crate::io::weight_file::WeightFile;

/// Longest list of names in one error message.
const NAMES_SHOWN: usize = 8;

/// The shards of one checkpoint, opened and checked against the index.
#[derive(Debug)]
pub struct ShardedFile {
    shards: Vec<WeightFile>,
    /// Tensor name, number of its shard and its number there, in the order of the index.
    found: Vec<(String, usize, usize)>,
    /// Tensors that lie in a shard and that the index does not name there.
    unlisted: Vec<String>,
}

impl ShardedFile {
    /// Opens every shard that the index file names. See [`WeightFile::open`].
    ///
    /// # Errors
    /// [`Code::Format`] when the index is not JSON with a `weight_map` of strings, when a shard's name is more than the
    /// name of a file in the same folder (refused before anything is opened), or when a shard lacks a tensor that the
    /// index assigns to it. [`Code::File`] when shards are missing: one error that names them all.
    pub fn open(index: &Path, mapped: bool) -> Result<Self> {
        let weight_map = read_weight_map(index)?;
        let shown = index.display();
        let outside = names(
            weight_map
                .iter()
                .map(|(_, shard)| shard)
                .filter(|shard| !is_plain_file_name(shard)),
        );
        if let Some(outside) = outside {
            return Err(
                Error::new(Code::Format, format!("{shown} names shards outside its folder"))
                    .expected("names of files in the same folder")
                    .received(outside)
                    .hint("get the checkpoint from a source that you trust"),
            );
        }
        let folder = index.parent().unwrap_or(Path::new(""));
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut files: Vec<&str> = Vec::new();
        for (_, shard) in &weight_map {
            numbers.entry(shard).or_insert_with(|| {
                files.push(shard);
                files.len() - 1
            });
        }
        let missing = names(files.iter().filter(|file| !folder.join(file).is_file()));
        if let Some(missing) = missing {
            return Err(
                Error::new(Code::File, format!("{shown} names shards that are not there"))
                    .expected(format!("{} files beside the index", files.len()))
                    .received(format!("missing: {missing}"))
                    .hint("download the missing files into the same folder"),
            );
        }
        let shards = files
            .iter()
            .map(|file| WeightFile::open(&folder.join(file), mapped))
            .collect::<Result<Vec<_>>>()?;
        let wanted: Vec<(&str, usize)> = weight_map
            .iter()
            .map(|(name, shard)| (name.as_str(), numbers[shard.as_str()]))
            .collect();
        let found = found(&wanted, &shards, index)?;
        let unlisted = unlisted(&wanted, &shards);
        Ok(ShardedFile {
            shards,
            found,
            unlisted,
        })
    }

    /// Every tensor with the shard that holds it and its number there, in the order of the index.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&str, &WeightFile, usize)> {
        self.found
            .iter()
            .map(|(name, shard, number)| (name.as_str(), &self.shards[*shard], *number))
    }

    /// The opened shards, in the order in which the index first names them.
    pub fn shards(&self) -> &[WeightFile] {
        &self.shards
    }

    /// Tensors that lie in a shard and that the index does not name there; a loader reports them as unexpected.
    pub fn unlisted(&self) -> &[String] {
        &self.unlisted
    }
}

fn read_weight_map(index: &Path) -> Result<Vec<(String, String)>> {
    let bytes = FileBytes::read(index)?;
    let bad = |received: String| {
        Error::new(Code::Format, format!("{} is not an index of shards", index.display()))
            .expected(r#"JSON: {"weight_map": {"tensor name": "file name"}}"#)
            .received(received)
            .hint("download the index again")
    };
    let text = std::str::from_utf8(bytes.as_ref()).map_err(|e| bad(e.to_string()))?;
    parse_weight_map(text).map_err(|e| bad(e.to_string()))
}

/// Whether the text is the bare name of a file on every system, so that joining it cannot leave the folder.
fn is_plain_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let one_part = matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none();
    // Backslash and colon mean a path on Windows only, but no shard has them.
    one_part && !name.contains(['/', '\\', ':', '\0'])
}

fn found(wanted: &[(&str, usize)], shards: &[WeightFile], index: &Path) -> Result<Vec<(String, usize, usize)>> {
    let find = |&(name, shard): &(&str, usize)| shards[shard].find(name).map(|number| (name.to_owned(), shard, number));
    let absent = names(
        wanted
            .iter()
            .filter(|tensor| find(tensor).is_none())
            .map(|(name, shard)| {
                let path = shards[*shard].path();
                format!("{name} in {}", path.file_name().unwrap_or_default().display())
            }),
    );
    let Some(absent) = absent else {
        return Ok(wanted.iter().filter_map(find).collect());
    };
    Err(Error::new(
        Code::Format,
        format!("{} names tensors that their shards do not hold", index.display()),
    )
    .expected("every tensor in the shard that the index names")
    .received(format!("not there: {absent}"))
    .hint("index and shards are of different versions: download them together"))
}

fn unlisted(wanted: &[(&str, usize)], shards: &[WeightFile]) -> Vec<String> {
    let listed: HashSet<&(&str, usize)> = wanted.iter().collect();
    let all = shards
        .iter()
        .enumerate()
        .flat_map(|(i, file)| file.names().map(move |name| (name, i)));
    all.filter(|tensor| !listed.contains(tensor))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The first few distinct names, then how many more there are; nothing when there are none.
fn names<S: AsRef<str>>(all: impl Iterator<Item = S>) -> Option<String> {
    let mut seen = HashSet::new();
    let list: Vec<String> = all
        .map(|n| n.as_ref().to_owned())
        .filter(|n| seen.insert(n.clone()))
        .collect();
    let mut text = list
        .iter()
        .take(NAMES_SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if list.len() > NAMES_SHOWN {
        text += &format!(" and {} more", list.len() - NAMES_SHOWN);
    }
    (!list.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_file_names_are_shards() {
        for name in ["model-00001-of-00002.safetensors", "a", "..a", "ü.safetensors"] {
            assert!(is_plain_file_name(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "../a",
            "/etc/hostname",
            "a/b",
            "a/",
            "a\\b",
            "C:a",
            "./a",
            "a\0",
        ] {
            assert!(!is_plain_file_name(name), "{name}");
        }
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        let text = names((0..20).map(|i| i.to_string())).unwrap();
        assert!(text.ends_with("7 and 12 more"), "{text}");
        assert_eq!(names([""].into_iter()), Some(String::new()));
        assert_eq!(names(std::iter::empty::<&str>()), None);
    }
}
