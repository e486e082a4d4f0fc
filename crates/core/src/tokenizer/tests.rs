use super::*;
use crate::code::Code;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

fn sample() -> String {
    "The quick brown fox jumps over the lazy dog. Über 日本語 😀😀 the quick fox\n\n  indented\n".repeat(20)
}

fn trained() -> Tokenizer {
    train_byte_level_bpe([sample()], 400, &["<|endoftext|>".to_owned()]).unwrap()
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("loralib-tokenizer-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

const PLAIN: EncodeOptions = EncodeOptions {
    add_special_tokens: true,
    special_as_text: true,
};

#[test]
fn a_trained_vocabulary_encodes_any_text_and_gives_it_back() {
    let tokenizer = trained();
    assert_eq!(tokenizer.token_to_id("<|endoftext|>"), Some(0));
    assert!(tokenizer.vocab_size() <= 400 && tokenizer.vocab_size() > 257);
    for text in ["", " ", "The quick", "ünïcode \u{0} \u{2028}", "😀 日", &sample()] {
        let ids = tokenizer.encode(text, EncodeOptions::default()).unwrap();
        assert_eq!(tokenizer.decode(&ids, false).unwrap(), text);
    }
    let quick = tokenizer.encode(" quick", EncodeOptions::default()).unwrap();
    assert_eq!(quick.len(), 1);
}

#[test]
fn training_twice_gives_the_same_vocabulary() {
    let files = [trained(), trained()].map(|t| t.inner.to_string(false).unwrap());
    assert_eq!(files[0], files[1]);
}

#[test]
fn training_options_are_checked() {
    let train = |size, tokens: &[&str]| {
        let tokens: Vec<String> = tokens.iter().map(|t| (*t).to_owned()).collect();
        train_byte_level_bpe(["text"], size, &tokens).err().map(|e| e.code())
    };
    assert_eq!(train(256, &["<a>"]), Some(Code::Option));
    assert_eq!(train(300, &["<a>", "<a>"]), Some(Code::Option));
    assert_eq!(train(300, &[""]), Some(Code::Option));
    assert_eq!(train(257, &["<a>"]), None);
}

#[test]
fn special_tokens_in_the_text_are_one_id_or_plain_text_as_asked() {
    let tokenizer = trained();
    let text = "a<|endoftext|>b";
    let special = tokenizer.encode(text, EncodeOptions::default()).unwrap();
    assert_eq!(special[1], 0);
    let plain = tokenizer.encode(text, PLAIN).unwrap();
    assert!(!plain.contains(&0));
    assert_eq!(tokenizer.decode(&plain, true).unwrap(), text);
    assert_eq!(tokenizer.decode(&special, true).unwrap(), "ab");
    assert_eq!(tokenizer.special_tokens(), [("<|endoftext|>".to_owned(), 0)]);
}

#[test]
fn offsets_count_utf16_units_and_cover_whole_characters() {
    let tokenizer = trained();
    let text = "é😀 ∞<|endoftext|>x";
    let encoded = tokenizer.encode_with_offsets(text, EncodeOptions::default()).unwrap();
    assert_eq!(encoded.ids, tokenizer.encode(text, EncodeOptions::default()).unwrap());
    let units: Vec<u16> = text.encode_utf16().collect();
    for (&(start, end), &id) in encoded.offsets.iter().zip(&encoded.ids) {
        let piece = String::from_utf16(&units[start as usize..end as usize]).unwrap();
        assert!(!piece.is_empty(), "{id} covers nothing");
    }
    assert_eq!(encoded.offsets.first().unwrap().0, 0);
    assert_eq!(
        encoded.offsets.last().unwrap(),
        &(units.len() as u32 - 1, units.len() as u32)
    );
    assert_eq!(encoded.special.iter().filter(|&&s| s).count(), 1);
}

#[test]
fn a_batch_is_its_texts_one_by_one() {
    let tokenizer = trained();
    let texts: Vec<String> = (0..60).map(|i| format!("{i} {}", sample())).collect();
    let batch = tokenizer.encode_batch(&texts, EncodeOptions::default()).unwrap();
    for (text, ids) in texts.iter().zip(&batch) {
        assert_eq!(&tokenizer.encode(text, EncodeOptions::default()).unwrap(), ids);
    }
}

#[test]
fn ids_outside_the_vocabulary_are_errors() {
    let tokenizer = Arc::new(trained());
    assert_eq!(tokenizer.decode(&[1, 5000], false).unwrap_err().code(), Code::Index);
    let mut stream = DecodeStream::new(tokenizer, false);
    assert_eq!(stream.push(5000).unwrap_err().code(), Code::Index);
}

#[test]
fn a_stream_gives_the_same_text_without_broken_characters() {
    let tokenizer = Arc::new(trained());
    let text = "fox ∞ 日本 😀é<|endoftext|>dog";
    let ids = tokenizer.encode(text, EncodeOptions::default()).unwrap();
    for skip in [false, true] {
        let mut stream = DecodeStream::new(Arc::clone(&tokenizer), skip);
        let pieces: Vec<String> = ids.iter().filter_map(|&id| stream.push(id).unwrap()).collect();
        assert!(pieces.iter().all(|p| !p.contains('\u{fffd}')), "{pieces:?}");
        assert_eq!(
            pieces.concat() + &stream.finish().unwrap(),
            tokenizer.decode(&ids, skip).unwrap()
        );
    }
    // Cut inside the last character: its bytes come out at the end, replaced.
    let ids = tokenizer.encode("∞", EncodeOptions::default()).unwrap();
    let mut stream = DecodeStream::new(Arc::clone(&tokenizer), false);
    assert_eq!(stream.push(ids[0]).unwrap(), None);
    assert_eq!(stream.finish().unwrap(), "\u{fffd}");
}

#[test]
fn every_file_form_gives_the_same_tokenizer() {
    let folder = folder("forms");
    let tokenizer = trained();
    tokenizer.save_folder(&folder).unwrap();
    let from_json = Tokenizer::from_folder(&folder).unwrap();
    std::fs::remove_file(folder.join("tokenizer.json")).unwrap();
    let from_parts = Tokenizer::from_folder(&folder).unwrap();
    let text = format!("{}<|endoftext|>", sample());
    let want = tokenizer.encode(&text, EncodeOptions::default()).unwrap();
    for other in [&from_json, &from_parts] {
        assert_eq!(other.encode(&text, EncodeOptions::default()).unwrap(), want);
        assert_eq!(other.vocab_size(), tokenizer.vocab_size());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn files_that_are_no_tokenizers_are_refused_with_their_name() {
    let folder = folder("bad");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    let error = |code| {
        let error = Tokenizer::from_folder(&folder).err().expect("refused");
        assert_eq!(error.code(), code, "{error}");
        error.to_string()
    };
    assert!(error(Code::File).contains("empty folder"));
    for (vocab, merges, word) in [
        ("{", "", "vocab.json"),
        (r#"{"a":-1}"#, "", "vocab.json"),
        (r#"{"a":0,"b":0}"#, "", "two tokens"),
        (r#"{"a":0,"b":1}"#, "a b", "merges.txt"),
        (r#"{"a":0,"b":1,"ab":2}"#, "a b c", "line 1"),
        (r#"{"abc":0,"ab":1}"#, "abc abc", "merges.txt"),
    ] {
        write("vocab.json", vocab);
        write("merges.txt", merges);
        let text = error(Code::Format);
        assert!(text.contains(word), "{text}");
    }
    for json in ["", "{}", r#"{"model":{"type":"Nothing"}}"#, "[1]"] {
        write("tokenizer.json", json);
        assert!(error(Code::Format).contains("tokenizer.json"));
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// GPT-2's vocabulary beside the repository, where there is one.
fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let found = shared.join("data/gpt2-vocab").is_dir() && shared.join("fixtures/data/gpt2_bpe.json").is_file();
    if !found {
        println!("no ../shared beside the repository: GPT-2's vocabulary is not checked");
    }
    found.then_some(shared)
}

fn ids(value: &Value) -> Vec<u32> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| u32::try_from(v.as_u64().unwrap()).unwrap())
        .collect()
}

#[test]
fn gpt2_gives_the_ids_and_texts_of_the_fixtures_from_each_form_of_its_files() {
    let Some(shared) = shared() else { return };
    let vocab = shared.join("data/gpt2-vocab");
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(shared.join("fixtures/data").join(name)).unwrap()).unwrap()
    };
    let (cases, corpus) = (read("gpt2_bpe.json"), read("gpt2_bpe_corpus.json"));
    for tokenizer in [
        Tokenizer::from_file(&vocab.join("tokenizer.json")).unwrap(),
        Tokenizer::from_vocab_and_merges(&vocab.join("encoder.json"), &vocab.join("vocab.bpe")).unwrap(),
    ] {
        let tokenizer = Arc::new(tokenizer);
        assert_eq!(tokenizer.vocab_size(), 50257);
        for case in cases["encode"]
            .as_array()
            .unwrap()
            .iter()
            .chain(corpus.as_array().unwrap())
        {
            let text = case["text"].as_str().unwrap();
            assert_eq!(tokenizer.encode(text, PLAIN).unwrap(), ids(&case["ids"]), "{text:?}");
            let special = case.get("hf_ids").unwrap_or(&case["ids"]);
            let got = tokenizer
                .encode_with_offsets(text, EncodeOptions::default())
                .unwrap()
                .ids;
            assert_eq!(got, ids(special), "{text:?}");
            if let Some(decoded) = case.get("decoded") {
                check_decoded(&tokenizer, &ids(&case["ids"]), decoded.as_str().unwrap());
            }
        }
        for case in cases["decode"].as_array().unwrap() {
            check_decoded(&tokenizer, &ids(&case["ids"]), case["text"].as_str().unwrap());
        }
    }
}

fn check_decoded(tokenizer: &Arc<Tokenizer>, ids: &[u32], want: &str) {
    assert_eq!(tokenizer.decode(ids, false).unwrap(), want);
    let mut stream = DecodeStream::new(Arc::clone(tokenizer), false);
    let text: String = ids.iter().filter_map(|&id| stream.push(id).unwrap()).collect();
    assert_eq!(text + &stream.finish().unwrap(), want);
}
