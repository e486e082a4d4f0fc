//! Files from strangers: whatever is wrong with one, opening it is an error that names the file, never a crash.
//!
//! The shared fixtures are used where they lie beside the repository; the files made here do not need them.

#![allow(clippy::print_stdout, reason = "a test that finds no fixtures says so")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::{Path, PathBuf};

use engine::code::Code;
use engine::error::{Error, Result};
use engine::io::{Header, Layout, SafetensorsFile, ShardedFile};
use engine::meta::Meta;
use engine::shape::Shape;
use serde_json::Value;

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("loralib-hostile-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens a file both ways and reads every tensor.
fn open_whole(path: &Path) -> Result<SafetensorsFile> {
    let mapped = SafetensorsFile::map(path).map(|_| ());
    let file = SafetensorsFile::read(path);
    assert_eq!(mapped.as_ref().err(), file.as_ref().err(), "mapped and read differ");
    let file = file?;
    for entry in &file.header().entries {
        file.tensor(entry)?;
    }
    Ok(file)
}

/// The error of a file that must be refused: it names the file and says what was expected or how to mend it.
fn refused(path: &Path) -> Error {
    let error = open_whole(path).expect_err(&format!("{} was opened", path.display()));
    let text = error.to_string();
    assert!(
        text.contains(&path.file_name().unwrap().display().to_string()),
        "{text}"
    );
    assert!(text.contains("expected"), "{text}");
    assert!(matches!(error.code(), Code::Format | Code::Unsupported), "{text}");
    error
}

fn good_file(folder: &Folder) -> (PathBuf, Vec<u8>) {
    let path = folder.0.join("good.safetensors");
    let names = ["a", "b"].map(str::to_owned).to_vec();
    let metas = vec![
        Meta::new(Shape::new(&[2, 2]), engine::dtype::Dtype::F32),
        Meta::new(Shape::new(&[3]), engine::dtype::Dtype::Bool),
    ];
    let layout = Layout::new(names, metas, vec![("format".to_owned(), "pt".to_owned())]).unwrap();
    let mut data = [&[1u8; 16][..], &[0, 1, 0]].into_iter();
    layout.write(&path, true, || Ok(data.next().unwrap())).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

fn file(json: &str, data: &[u8]) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes()[..], json.as_bytes(), data].concat()
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let folder = Folder::new("cut");
    let (path, bytes) = good_file(&folder);
    assert_eq!(open_whole(&path).unwrap().header().entries.len(), 2);
    for len in 0..bytes.len() {
        refused(&folder.write("cut.safetensors", &bytes[..len]));
    }
    refused(&folder.write("longer.safetensors", &[&bytes[..], &[0]].concat()));
}

#[test]
fn no_changed_byte_makes_the_reader_crash() {
    let folder = Folder::new("flip");
    let (_, bytes) = good_file(&folder);
    for at in 0..bytes.len() {
        for value in [0, b'"', b'{', b'9', 0x7f, 0xff, bytes[at] ^ 1] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(header) = Header::parse(&changed, "flip") {
                assert!(header.entries.iter().all(|e| e.end <= changed.len()));
            }
        }
    }
}

#[test]
fn tensors_that_overlap_leave_gaps_or_bytes_are_refused_and_named() {
    let folder = Folder::new("layout");
    let two = |a: &str, b: &str| {
        format!(
            r#"{{"a":{{"dtype":"U8","shape":[4],"data_offsets":{a}}},"b":{{"dtype":"U8","shape":[4],"data_offsets":{b}}}}}"#
        )
    };
    for (json, data, word) in [
        (two("[0,4]", "[2,6]"), 6, "\"b\" shares"),
        (two("[0,4]", "[0,4]"), 4, "shares"),
        (two("[0,4]", "[5,9]"), 9, "\"b\" leaves a gap"),
        (two("[1,5]", "[5,9]"), 9, "\"a\" leaves a gap"),
        (two("[0,4]", "[4,8]"), 7, "\"b\" reaches past"),
        (two("[0,4]", "[4,8]"), 9, "belong to no tensor"),
        (two("[4,0]", "[4,8]"), 8, "\"a\""),
        (two("[18446744073709551612,0]", "[0,4]"), 4, "\"a\""),
    ] {
        let error = refused(&folder.write("layout.safetensors", &file(&json, &vec![0; data])));
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

#[test]
fn a_deep_or_endless_header_costs_no_stack_and_no_memory() {
    let folder = Folder::new("deep");
    for json in [
        format!("{{\"__metadata__\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000)),
        format!("{{\"a\":{{\"extra\":{}{}}}}}", "[".repeat(200_000), "]".repeat(200_000)),
        format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)),
    ] {
        refused(&folder.write("deep.safetensors", &file(&json, &[])));
    }
    refused(&folder.write(
        "claimed.safetensors",
        &[&200_000_000u64.to_le_bytes()[..], b"{}"].concat(),
    ));
    refused(&folder.write("claimed.safetensors", &[&u64::MAX.to_le_bytes()[..], b"{}"].concat()));
}

#[test]
fn an_index_that_lies_is_refused_before_its_shards_are_used() {
    let folder = Folder::new("index");
    good_file(&folder);
    let open = |json: &str| ShardedFile::open(&folder.write("model.safetensors.index.json", json.as_bytes()), true);
    let good =
        open(r#"{"metadata":{"total_size":19},"weight_map":{"b":"good.safetensors","a":"good.safetensors"}}"#).unwrap();
    assert_eq!(good.entries().map(|(name, ..)| name).collect::<Vec<_>>(), ["b", "a"]);
    assert!(good.unlisted().is_empty());
    assert_eq!(
        open(r#"{"weight_map":{"a":"good.safetensors"}}"#).unwrap().unlisted(),
        ["b"]
    );
    for (json, code, word) in [
        (
            r#"{"weight_map":{"a":"../good.safetensors"}}"#,
            Code::Format,
            "../good.safetensors",
        ),
        (r#"{"weight_map":{"a":"/etc/hostname"}}"#, Code::Format, "/etc/hostname"),
        (
            r#"{"weight_map":{"a":"sub/../good.safetensors"}}"#,
            Code::Format,
            "outside",
        ),
        (r#"{"weight_map":{"a":""}}"#, Code::Format, "outside"),
        (
            r#"{"weight_map":{"a":"one.safetensors","b":"two.safetensors"}}"#,
            Code::File,
            "one.safetensors, two.safetensors",
        ),
        (
            r#"{"weight_map":{"c":"good.safetensors"}}"#,
            Code::Format,
            "c in good.safetensors",
        ),
        (
            r#"{"weight_map":{"a":"good.safetensors","a":"good.safetensors"}}"#,
            Code::Format,
            "twice",
        ),
        (r#"{"weight_map":{"a":3}}"#, Code::Format, "string"),
        (r#"{"weight_map":[]}"#, Code::Format, "weight_map"),
        (r#"{}"#, Code::Format, "weight_map"),
        ("", Code::Format, "index"),
    ] {
        let error = open(json).expect_err(json);
        assert_eq!(error.code(), code, "{json}: {error}");
        assert!(error.to_string().contains(word), "{json}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let error = SafetensorsFile::read(Path::new("/dev/null")).unwrap_err();
    assert_eq!(error.code(), Code::File);
}

/// The fixture folder beside the repository and its manifest, where there is one.
fn fixtures() -> Option<(PathBuf, Vec<Value>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let Ok(text) = std::fs::read_to_string(folder.join("manifest.json")) else {
        println!("no ../shared/fixtures beside the repository: only the files made by this test are checked");
        return None;
    };
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let cases = manifest["cases"].as_array().unwrap().clone();
    Some((folder, cases))
}

fn of_kind<'a>(cases: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    cases.iter().filter(move |case| case["kind"] == kind)
}

#[test]
fn the_shared_hostile_files_are_refused_or_loaded_as_their_manifest_says() {
    let Some((folder, cases)) = fixtures() else { return };
    let mut seen = 0;
    for case in of_kind(&cases, "hostile_safetensors") {
        let path = folder.join(case["input"]["path"].as_str().unwrap());
        let expect = case["expect"].as_str().unwrap();
        if expect == "refuse" {
            refused(&path);
        } else {
            let file = open_whole(&path).unwrap_or_else(|e| panic!("{}: {e}", case["id"]));
            for entry in &file.header().entries {
                let said = format!("{} is {} {:?}", entry.name, entry.dtype.name(), entry.shape).replace(", ", ",");
                assert!(
                    expect.contains(&said) || expect.contains("first 16 bytes"),
                    "{}: {said}",
                    case["id"]
                );
            }
            assert_eq!(file.header().entries.is_empty(), expect.contains("no tensors"));
        }
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn the_shared_hostile_indexes_are_refused() {
    let Some((fixtures, cases)) = fixtures() else { return };
    for case in of_kind(&cases, "hostile_safetensors_index") {
        let folder = Folder::new("shared-index");
        for shard in std::fs::read_dir(fixtures.join(case["shards_dir"].as_str().unwrap())).unwrap() {
            let shard = shard.unwrap();
            std::fs::write(folder.0.join(shard.file_name()), std::fs::read(shard.path()).unwrap()).unwrap();
        }
        let index = fixtures.join(case["index"]["path"].as_str().unwrap());
        let index = folder.write("model.safetensors.index.json", &std::fs::read(index).unwrap());
        let error = ShardedFile::open(&index, true).expect_err(case["id"].as_str().unwrap());
        assert!(error.to_string().contains("model.safetensors.index.json"), "{error}");
    }
}

#[test]
fn the_shared_sharded_checkpoint_opens_with_every_tensor() {
    let Some((folder, cases)) = fixtures() else { return };
    for case in of_kind(&cases, "safetensors_sharded") {
        let dir = folder.join(case["model_dir"].as_str().unwrap());
        let sharded = ShardedFile::open(&dir.join("model.safetensors.index.json"), true).unwrap();
        assert_eq!(sharded.shards().len() as u64, case["shards"].as_u64().unwrap());
        assert!(sharded.unlisted().is_empty());
        let whole = folder.join(case["same_as"].as_str().unwrap()).join("model.safetensors");
        let whole = SafetensorsFile::read(&whole).unwrap();
        assert_eq!(sharded.entries().count(), whole.header().entries.len());
        for (name, file, number) in sharded.entries() {
            let (got, want) = (
                file.tensor(number).unwrap(),
                whole.tensor(whole.entry(name).unwrap()).unwrap(),
            );
            assert_eq!(
                (got.dtype, &got.shape, got.window.bytes()),
                (want.dtype, &want.shape, &*want.bytes),
                "{name}"
            );
        }
    }
}

#[test]
fn the_shared_file_with_every_dtype_gives_its_stated_values() {
    let Some((folder, cases)) = fixtures() else { return };
    for case in of_kind(&cases, "safetensors_file") {
        let file = SafetensorsFile::map(&folder.join(case["input"]["path"].as_str().unwrap())).unwrap();
        let metadata = case["metadata"].as_object().unwrap();
        assert_eq!(file.header().metadata.len(), metadata.len());
        assert!(file.header().metadata.iter().all(|(k, v)| metadata[k] == **v));
        let expected = case["expected"].as_object().unwrap();
        assert_eq!(file.header().entries.len(), expected.len());
        for (name, want) in expected {
            let entry = file.entry(name).unwrap();
            assert_eq!(want["dtype"], entry.dtype.name());
            assert_eq!(want["shape"], serde_json::json!(entry.shape));
            let raw = file.tensor(entry).unwrap();
            let got = raw
                .bytes
                .chunks_exact(raw.dtype.size())
                .map(|bytes| number(raw.dtype.name(), bytes));
            let want: Vec<f64> = want["values"].as_array().unwrap().iter().map(stated).collect();
            for (i, (got, want)) in got.zip(&want).enumerate() {
                assert!(
                    got == *want || got.is_nan() && want.is_nan(),
                    "{name}[{i}]: {got} in place of {want}"
                );
            }
        }
    }
}

fn number(dtype: &str, bytes: &[u8]) -> f64 {
    match (dtype, bytes) {
        ("f64", b) => f64::from_le_bytes(b.try_into().unwrap()),
        ("f32", b) => f64::from(f32::from_le_bytes(b.try_into().unwrap())),
        ("bf16", b) => f64::from(half::bf16::from_le_bytes(b.try_into().unwrap())),
        ("f16", b) => f64::from(half::f16::from_le_bytes(b.try_into().unwrap())),
        ("i64", b) => i64::from_le_bytes(b.try_into().unwrap()) as f64,
        (_, b) => f64::from(b[0]),
    }
}

fn stated(value: &Value) -> f64 {
    match value {
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(s) => s.parse().unwrap(),
        value => value.as_f64().unwrap(),
    }
}
