//! The order of the engine's parts: no file imports from a floor above its own, and no two files import each other, by whatever detour.
//! What only tests import does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Folders, and files beside them, from the bottom to the top. Different parts of one floor do not know each other, except on the ground.
const FLOORS: [&[&str]; 9] = [
    &[
        "error",
        "id_map",
        "code",
        "meta",
        "rng",
        "config",
        "dtype",
        "shape",
        "device",
        "precision",
        "env",
    ],
    &["platform", "storage"],
    &["memory"],
    &["io"],
    &["tokenizer", "ops"],
    &["tape"],
    &["recorder"],
    &["executor"],
    &["lib"],
];

/// Imports that may point up and close a circle, and why.
const ONE_MIND: [(&str, &str, &str); 3] = [
    (
        "tape/",
        "recorder/",
        "backward records, and recording notes on the tape: the two are one mind",
    ),
    (
        "ops/",
        "ops/table",
        "a row names its gradient rule, and the rule records rows",
    ),
    ("ops/back", "ops/row", "what a rule works with records rows too"),
];

/// The segments of a path from the crate's root.
type Segments = Vec<String>;

#[derive(Default)]
struct File {
    /// What it names, relative paths resolved.
    paths: Vec<Segments>,
    /// What it names only to pass it on (`pub use`), by name.
    passed_on: BTreeMap<String, Segments>,
}

#[test]
fn imports_point_down_and_never_in_circles() {
    let mut files = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    read_folder(&root, &[], &mut files).expect("the sources can be read");
    let mut wrong = Vec::new();
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, file) in &files {
        for target in file.paths.iter().map(|path| file_of(&files, path)) {
            let one_mind = |(from, to, _): &(&str, &str, &str)| name.starts_with(from) && target.starts_with(to);
            if target == name || ONE_MIND.iter().any(one_mind) {
                continue;
            }
            let (from, to) = (floor(name), floor(target));
            if from < to || (from == to && from > 0 && part(name) != part(target)) {
                wrong.push(format!("{name} imports {target}, which is not below it"));
            }
            imports.entry(name).or_default().insert(target);
        }
    }
    // Whatever imports nothing that is left, or is imported by nothing that is left, is taken away; circles stay.
    let mut left: BTreeSet<&str> = files.keys().map(String::as_str).collect();
    let is_free = |file: &str, left: &BTreeSet<&str>| {
        imports.get(file).is_none_or(|targets| targets.is_disjoint(left))
            || !left
                .iter()
                .any(|other| imports.get(other).is_some_and(|targets| targets.contains(file)))
    };
    while let Some(file) = left.iter().copied().find(|file| is_free(file, &left)) {
        left.remove(file);
    }
    for file in &left {
        let others: Vec<_> = imports[file].intersection(&left).collect();
        wrong.push(format!("{file} is in a circle: it imports {others:?}"));
    }
    assert!(files.len() > 100, "only {} files were found", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn part(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

fn floor(file: &str) -> usize {
    let at = FLOORS.iter().position(|parts| parts.contains(&part(file)));
    at.unwrap_or_else(|| panic!("{file} stands on no floor: name it, or its folder, in FLOORS"))
}

/// The file that defines what a path names.
fn file_of<'a>(files: &'a BTreeMap<String, File>, path: &[String]) -> &'a str {
    let module = (0..=path.len())
        .rev()
        .find_map(|n| files.get_key_value(&key(&path[..n])).map(|file| (n, file)));
    let (n, (name, file)) = module.expect("the root is a file");
    match path.get(n).and_then(|item| file.passed_on.get(item)) {
        Some(from) => file_of(files, from),
        None => name,
    }
}

fn key(module: &[String]) -> String {
    if module.is_empty() {
        "lib".to_owned()
    } else {
        module.join("/")
    }
}

fn read_folder(folder: &Path, module: &[String], files: &mut BTreeMap<String, File>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut inner = module.to_vec();
        if !matches!(name.as_str(), "mod" | "lib") {
            inner.push(name.clone());
        }
        if path.is_dir() {
            read_folder(&path, &inner, files)?;
        } else if !name.ends_with("tests") {
            read_file(&std::fs::read_to_string(&path)?, &inner, files);
        }
    }
    Ok(())
}

fn read_file(text: &str, module: &[String], files: &mut BTreeMap<String, File>) {
    // Tests stand at the end of a file.
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let code: String = text
        .lines()
        .flat_map(|line| [line.split("//").next().unwrap_or(line), "\n"])
        .collect();
    let children: BTreeSet<&str> = words(&code)
        .zip(words(&code).skip(1))
        .filter(|pair| pair.0 == "mod")
        .map(|pair| pair.1)
        .collect();
    let resolve = |path: &str| {
        let segments: Segments = path.split("::").map(str::to_owned).collect();
        let up = segments.iter().take_while(|segment| *segment == "super").count();
        match segments[0].as_str() {
            "crate" => Some(segments[1..].to_vec()),
            "self" => Some([module, &segments[1..]].concat()),
            "super" => Some([&module[..module.len() - up], &segments[up..]].concat()),
            child if children.contains(child) => Some([module, &segments].concat()),
            _ => None,
        }
    };
    let mut file = File::default();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let starts = ["use ", "pub use ", "pub(super) use ", "pub(crate) use "];
        let Some(start) = starts.into_iter().find(|start| line.trim_start().starts_with(start)) else {
            file.paths
                .extend(words(line).filter(|word| word.contains("::")).filter_map(&resolve));
            continue;
        };
        let mut tree = line.trim_start()[start.len()..].to_owned();
        while !tree.ends_with(';') {
            tree += lines.next().expect("a use ends with a semicolon").trim();
        }
        for (name, path) in expand("", tree.trim_end_matches(';')) {
            match resolve(&path) {
                Some(path) if start.starts_with("pub") => drop(file.passed_on.insert(name, path)),
                path => file.paths.extend(path),
            }
        }
    }
    // Exported macros are names of the root.
    let root = files.entry("lib".to_owned()).or_default();
    for name in text
        .split("#[macro_export]\nmacro_rules! ")
        .skip(1)
        .filter_map(|rest| words(rest).next())
    {
        root.passed_on
            .insert(name.to_owned(), [module, &[name.to_owned()]].concat());
    }
    let known = files.entry(key(module)).or_default();
    known.paths.extend(file.paths);
    known.passed_on.extend(file.passed_on);
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    let parts = code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    parts.map(|word| word.trim_matches(':')).filter(|word| !word.is_empty())
}

/// The names that a `use` brings in, with their whole paths.
fn expand(prefix: &str, tree: &str) -> Vec<(String, String)> {
    let mut depth = 0;
    let parts = tree.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts
        .flat_map(|part| match part.split_once('{') {
            Some((head, rest)) => expand(&format!("{prefix}{head}"), rest.strip_suffix('}').unwrap_or(rest)),
            None => {
                let (path, name) = part.split_once(" as ").unwrap_or((part, part));
                let name = name.rsplit("::").next().unwrap_or(name);
                vec![(name.to_owned(), format!("{prefix}{path}"))]
            }
        })
        .collect()
}
