//! The older files: small vocabularies whose ids can be worked out by hand.

use super::spm_file::tests::write as spm;
use super::*;
use crate::code::Code;
use std::path::PathBuf;
use std::sync::Arc;

const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;
const BYTE: u64 = 6;
const UNIGRAM: u64 = 1;
const BPE: u64 = 2;

/// A folder with these files, deleted when it goes.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let path = std::env::temp_dir().join(format!("loralib-files-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        for (name, bytes) in files {
            std::fs::write(path.join(name), bytes).unwrap();
        }
        Folder(path)
    }

    fn read(&self) -> Tokenizer {
        Tokenizer::from_folder(&self.0).unwrap()
    }

    fn code(&self) -> Code {
        Tokenizer::from_folder(&self.0).err().expect("refused").code()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn encode(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(text, EncodeOptions::default()).unwrap()
}

fn pair(tokenizer: &Tokenizer, first: &str, second: &str) -> (Vec<u32>, Vec<u32>) {
    let rows = tokenizer
        .encode_rows(&[first], Some(&[second]), RowOptions::default())
        .unwrap();
    (rows.ids, rows.type_ids)
}

/// A stream gives the text of [`Tokenizer::decode`].
fn decode(tokenizer: Tokenizer, ids: &[u32]) -> String {
    let tokenizer = Arc::new(tokenizer);
    let whole = tokenizer.decode(ids, true).unwrap();
    let mut stream = DecodeStream::new(Arc::clone(&tokenizer), true);
    let pieces: String = ids.iter().filter_map(|&id| stream.push(id).unwrap()).collect();
    assert_eq!(pieces + &stream.finish().unwrap(), whole);
    whole
}

const BERT: &[u8] = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nworld\n##s\n!\ncafe\n";

#[test]
fn wordpiece_lowers_strips_accents_and_splits_words() {
    let folder = Folder::new("bert", &[("vocab.txt", BERT)]);
    let tokenizer = folder.read();
    assert_eq!(
        encode(&tokenizer, "Hello  WORLDS! Café [MASK] nothing"),
        [2, 5, 6, 7, 8, 9, 4, 1, 3]
    );
    assert_eq!(
        pair(&tokenizer, "hello", "world!"),
        (vec![2, 5, 3, 6, 8, 3], vec![0, 0, 0, 1, 1, 1])
    );
    assert!(
        tokenizer
            .roles()
            .contains(&("mask_token".to_owned(), "[MASK]".to_owned()))
    );
    assert_eq!(decode(tokenizer, &[2, 5, 6, 7, 8, 3]), "hello worlds!");
}

#[test]
fn wordpiece_follows_its_configuration() {
    let config = br#"{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}"#;
    let folder = Folder::new("cased", &[("vocab.txt", BERT), ("tokenizer_config.json", config)]);
    assert_eq!(encode(&folder.read(), "hello Hello"), [2, 5, 1, 3]);
    let windows = String::from_utf8(BERT.to_vec()).unwrap().replace('\n', "\r\n");
    let marked = format!("\u{feff}{windows}");
    let folder = Folder::new("windows", &[("vocab.txt", marked.as_bytes())]);
    assert_eq!(encode(&folder.read(), "hello"), [2, 5, 3]);
}

#[test]
fn wordpiece_files_that_are_not_berts_are_refused() {
    let other = br#"{"tokenizer_class": "MPNetTokenizerFast"}"#;
    let folder = Folder::new("mpnet", &[("vocab.txt", BERT), ("tokenizer_config.json", other)]);
    assert_eq!(folder.code(), Code::Unsupported);
    assert_eq!(
        Folder::new("no-cls", &[("vocab.txt", b"[UNK]\na\n")]).code(),
        Code::Format
    );
    let bad = Folder::new("bad-config", &[("vocab.txt", BERT), ("tokenizer_config.json", b"[1]")]);
    assert_eq!(bad.code(), Code::Format);
}

const VOCAB: &[u8] =
    r#"{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"h":4,"i":5,"Ġ":6,"hi":7,"Ġhi":8,"<mask>":9,"1":10,"2":11,"Ċ":12}"#
        .as_bytes();
const MERGES: &[u8] = "#version: 0.2\nh i\nĠ hi\n".as_bytes();

#[test]
fn vocabulary_and_merges_of_roberta_have_its_template() {
    let config = br#"{"model_type": "roberta"}"#;
    let folder = Folder::new(
        "roberta",
        &[("vocab.json", VOCAB), ("merges.txt", MERGES), ("config.json", config)],
    );
    let tokenizer = folder.read();
    assert_eq!(encode(&tokenizer, "hi hi"), [0, 7, 8, 2]);
    assert_eq!(
        encode(&tokenizer, "hi <mask>"),
        [0, 7, 6, 9, 2],
        "the space before the mask is a token, as in transformers 5"
    );
    let strips = br#"{"tokenizer_class": "RobertaTokenizer", "mask_token": {"content": "<mask>", "lstrip": true}}"#;
    let folder = Folder::new(
        "roberta-lstrip",
        &[
            ("vocab.json", VOCAB),
            ("merges.txt", MERGES),
            ("tokenizer_config.json", strips),
        ],
    );
    assert_eq!(
        encode(&folder.read(), "hi <mask>"),
        [0, 7, 9, 2],
        "unless its file says otherwise"
    );
    assert_eq!(pair(&tokenizer, "hi", "hi").0, [0, 7, 2, 2, 7, 2]);
    assert!(
        tokenizer
            .roles()
            .contains(&("pad_token".to_owned(), "<pad>".to_owned()))
    );
    let prefix = br#"{"tokenizer_class": "RobertaTokenizer", "add_prefix_space": true}"#;
    let folder = Folder::new(
        "prefix",
        &[
            ("vocab.json", VOCAB),
            ("merges.txt", MERGES),
            ("tokenizer_config.json", prefix),
        ],
    );
    assert_eq!(encode(&folder.read(), "hi"), [0, 8, 2]);
}

#[test]
fn vocabulary_and_merges_of_qwen_cut_numbers_into_digits() {
    let config = r#"{"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>",
        "added_tokens_decoder": {"13": {"content": "<|im_start|>", "special": true}}}"#;
    let files: [(&str, &[u8]); 3] = [
        ("vocab.json", VOCAB),
        ("merges.txt", MERGES),
        ("tokenizer_config.json", config.as_bytes()),
    ];
    let folder = Folder::new("qwen", &files);
    let tokenizer = folder.read();
    assert_eq!(
        encode(&tokenizer, "<|im_start|>hi 12\n<|im_end|>"),
        [13, 7, 6, 10, 11, 12, 14]
    );
    assert_eq!(tokenizer.vocab_size(), 15);
    let wrong = config.replace("\"13\"", "\"20\"");
    let files: [(&str, &[u8]); 3] = [
        ("vocab.json", VOCAB),
        ("merges.txt", MERGES),
        ("tokenizer_config.json", wrong.as_bytes()),
    ];
    assert_eq!(Folder::new("qwen-ids", &files).code(), Code::Format);
    let other = br#"{"tokenizer_class": "CLIPTokenizer"}"#;
    let files: [(&str, &[u8]); 3] = [
        ("vocab.json", VOCAB),
        ("merges.txt", MERGES),
        ("tokenizer_config.json", other),
    ];
    assert_eq!(Folder::new("clip", &files).code(), Code::Unsupported);
}

/// Best paths: "▁ab" −1 beats "▁a" "b" −3; of "abc" "ab"+"c" −4 beats "a"+"bc" −7.
const PIECES: [(&str, f32, u64); 12] = [
    ("[PAD]", 0.0, CONTROL),
    ("[CLS]", 0.0, CONTROL),
    ("[SEP]", 0.0, CONTROL),
    ("[UNK]", 0.0, UNKNOWN),
    ("▁", -3.0, NORMAL),
    ("▁a", -1.5, NORMAL),
    ("b", -1.5, NORMAL),
    ("▁ab", -1.0, NORMAL),
    ("ab", -2.0, NORMAL),
    ("c", -2.0, NORMAL),
    ("a", -3.5, NORMAL),
    ("bc", -3.5, NORMAL),
];

#[test]
fn a_unigram_of_deberta_takes_the_best_path() {
    let config = br#"{"model_type": "deberta-v2"}"#;
    let file = spm(&PIECES, UNIGRAM, false, false);
    let folder = Folder::new("deberta", &[("spm.model", &file), ("config.json", config)]);
    let tokenizer = folder.read();
    assert_eq!(encode(&tokenizer, "ab"), [1, 7, 2]);
    assert_eq!(
        encode(&tokenizer, "  abc   a "),
        [1, 7, 9, 5, 2],
        "spaces count once, and not at the ends"
    );
    assert_eq!(encode(&tokenizer, "a z"), [1, 5, 4, 3, 2], "z is unknown");
    assert_eq!(encode(&tokenizer, "[MASK]"), [1, 12, 2], "the file lacks [MASK]");
    let plain = EncodeOptions {
        special_as_text: true,
        ..EncodeOptions::default()
    };
    assert_eq!(encode(&tokenizer, "a[SEP]"), [1, 5, 2, 2]);
    assert_eq!(
        tokenizer.encode("a[SEP]", plain).unwrap(),
        [1, 5, 3, 2],
        "as text it is unknown, and not the token"
    );
    assert_eq!(pair(&tokenizer, "ab", "a"), (vec![1, 7, 2, 5, 2], vec![0, 0, 0, 1, 1]));
    assert_eq!(tokenizer.vocab_size(), 13);
    assert_eq!(decode(tokenizer, &[1, 7, 9, 5, 2]), "abc a");
}

#[test]
fn a_unigram_alone_has_no_template_and_a_text_of_its_own_kind() {
    let file = spm(&PIECES, UNIGRAM, false, false);
    let folder = Folder::new("plain", &[("spiece.model", &file)]);
    assert_eq!(encode(&folder.read(), " ab   a"), [7, 5]);
    let config = br#"{"model_type": "t5"}"#;
    let folder = Folder::new("t5", &[("spiece.model", &file), ("config.json", config)]);
    assert_eq!(folder.code(), Code::Unsupported);
    assert_eq!(
        Folder::new("cut", &[("spm.model", &file[..file.len() - 3])]).code(),
        Code::Format
    );
    assert_eq!(
        Folder::new("words", &[("spm.model", &spm(&PIECES, 3, false, false))]).code(),
        Code::Unsupported
    );
}

fn llama_pieces() -> Vec<(String, f32, u64)> {
    let mut pieces = vec![
        ("<unk>".to_owned(), 0.0, UNKNOWN),
        ("<s>".to_owned(), 0.0, CONTROL),
        ("</s>".to_owned(), 0.0, CONTROL),
    ];
    pieces.extend((0..256).map(|byte| (format!("<0x{byte:02X}>"), 0.0, BYTE)));
    // Merges in their order: "▁t" first, then "he", then "▁the".
    let learned = [
        ("▁t", 0.0),
        ("he", -1.0),
        ("▁the", -2.0),
        ("▁", -3.0),
        ("t", -4.0),
        ("h", -5.0),
        ("e", -6.0),
    ];
    pieces.extend(learned.map(|(text, score)| (text.to_owned(), score, NORMAL)));
    pieces.push(("<tool>".to_owned(), 0.0, USER_DEFINED));
    pieces
}

fn llama_file() -> Vec<u8> {
    let pieces = llama_pieces();
    let borrowed: Vec<(&str, f32, u64)> = pieces
        .iter()
        .map(|(text, score, kind)| (text.as_str(), *score, *kind))
        .collect();
    spm(&borrowed, BPE, true, true)
}

#[test]
fn a_bpe_of_llama_falls_back_to_bytes() {
    let config = br#"{"tokenizer_class": "LlamaTokenizer"}"#;
    let folder = Folder::new(
        "llama",
        &[("tokenizer.model", &llama_file()), ("tokenizer_config.json", config)],
    );
    let tokenizer = folder.read();
    assert_eq!(encode(&tokenizer, "the the"), [1, 261, 261]);
    assert_eq!(encode(&tokenizer, "het"), [1, 262, 260, 263], "▁ he t");
    assert_eq!(encode(&tokenizer, "the  é"), [1, 261, 262, 262, 3 + 0xc3, 3 + 0xa9]);
    assert_eq!(encode(&tokenizer, "the<tool></s>"), [1, 261, 266, 2]);
    let (ids, types) = pair(&tokenizer, "the", "the");
    assert_eq!((ids, types), (vec![1, 261, 1, 261], vec![0, 0, 1, 1]));
    assert_eq!(tokenizer.special_tokens().len(), 3);
    assert_eq!(
        decode(tokenizer, &[1, 261, 262, 262, 3 + 0xc3, 3 + 0xa9, 261]),
        "the  é the"
    );
}

#[test]
fn a_bpe_of_llama_follows_its_configuration() {
    let with = |name: &str, config: &str| {
        let folder = Folder::new(
            name,
            &[
                ("tokenizer.model", &llama_file()),
                ("tokenizer_config.json", config.as_bytes()),
            ],
        );
        encode(&folder.read(), "the</s>the")
    };
    let class = r#""tokenizer_class": "LlamaTokenizer""#;
    assert_eq!(with("legacy", &format!("{{{class}}}")), [1, 261, 2, 261]);
    // Without `legacy` only the text's first word gets a space.
    assert_eq!(
        with("new", &format!("{{{class}, \"legacy\": false}}")),
        [1, 261, 2, 263, 260]
    );
    let ends = format!("{{{class}, \"add_bos_token\": false, \"add_eos_token\": true}}");
    assert_eq!(with("ends", &ends), [261, 2, 261, 2]);
}

#[test]
fn a_bpe_of_gemma_keeps_spaces_as_they_are() {
    let mut pieces = llama_pieces();
    for (piece, text) in pieces.iter_mut().zip(["<pad>", "<eos>", "<bos>"]) {
        *piece = (text.to_owned(), 0.0, CONTROL);
    }
    pieces.push(("<unk>".to_owned(), 0.0, UNKNOWN));
    let borrowed: Vec<(&str, f32, u64)> = pieces
        .iter()
        .map(|(text, score, kind)| (text.as_str(), *score, *kind))
        .collect();
    let config = br#"{"model_type": "gemma2"}"#;
    let folder = Folder::new(
        "gemma",
        &[
            ("tokenizer.model", &spm(&borrowed, BPE, true, true)),
            ("config.json", config),
        ],
    );
    let tokenizer = folder.read();
    assert_eq!(encode(&tokenizer, "the the"), [2, 263, 260, 261]);
    assert_eq!(encode(&tokenizer, "\the"), [2, 3 + 9, 260]);
    assert_eq!(decode(tokenizer, &[2, 263, 260, 261, 3 + 9]), "the the\t");
}

#[test]
fn a_unigram_of_xlm_roberta_has_other_numbers_than_its_file() {
    let pieces = [
        ("<unk>", 0.0, UNKNOWN),
        ("<s>", 0.0, CONTROL),
        ("</s>", 0.0, CONTROL),
        ("▁a", -1.0, NORMAL),
    ];
    let config = br#"{"tokenizer_class": "XLMRobertaTokenizer"}"#;
    let file = spm(&pieces, UNIGRAM, false, false);
    let folder = Folder::new(
        "xlmr",
        &[("sentencepiece.bpe.model", &file), ("tokenizer_config.json", config)],
    );
    let tokenizer = folder.read();
    assert_eq!(encode(&tokenizer, "a a<mask>"), [0, 4, 4, 5, 2]);
    assert_eq!(pair(&tokenizer, "a", "a").0, [0, 4, 2, 2, 4, 2]);
    let encoded = tokenizer
        .encode_with_offsets("a  a ", EncodeOptions::default())
        .unwrap();
    assert_eq!(encoded.ids, [0, 4, 4, 2]);
    assert_eq!(
        encoded.offsets,
        [(0, 0), (0, 1), (3, 4), (0, 0)],
        "words without the spaces before them"
    );
}

#[test]
fn rows_are_cut_and_filled() {
    let folder = Folder::new("rows", &[("vocab.txt", BERT)]);
    let tokenizer = folder.read();
    let options = RowOptions {
        truncation: Some(Truncation {
            max_length: 4,
            strategy: TruncationStrategy::LongestFirst,
            left: true,
            stride: None,
        }),
        padding: Some(Padding {
            id: 0,
            length: None,
            multiple_of: 3,
            left: true,
        }),
        ..RowOptions::default()
    };
    let rows = tokenizer
        .encode_rows(&["hello", "hello é world!"], None, options)
        .unwrap();
    assert_eq!(rows.lengths, [6, 6]);
    assert_eq!(rows.ids, [0, 0, 0, 2, 5, 3, 0, 0, 2, 6, 8, 3]);
    assert_eq!(rows.attention_mask, [0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1]);
    assert_eq!(rows.special_tokens_mask, [1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1]);
    assert_eq!(rows.offsets[8..], [(0, 0), (8, 13), (13, 14), (0, 0)]);
    let error = tokenizer.encode_rows(&["a"], Some(&[]), options).unwrap_err();
    assert_eq!(error.code(), Code::Option);
}

#[test]
fn merges_with_one_score_go_by_the_length_of_their_parts() {
    // As in Mistral's file the runs of spaces share a score; they stand in the order of their lengths, or in the opposite one.
    let orders: [[usize; 8]; 2] = [[1, 2, 3, 4, 5, 6, 7, 8], [1, 8, 7, 6, 5, 4, 3, 2]];
    for (number, order) in orders.into_iter().enumerate() {
        let runs = order.map(|length| "▁".repeat(length));
        let mut pieces = vec![("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)];
        pieces.extend(runs.iter().map(|run| (run.as_str(), -1.0, NORMAL)));
        let config = br#"{"tokenizer_class": "LlamaTokenizer", "add_bos_token": false, "add_prefix_space": false}"#;
        let folder = Folder::new(
            &format!("ties-{number}"),
            &[
                ("tokenizer.model", &spm(&pieces, BPE, false, true)),
                ("tokenizer_config.json", config),
            ],
        );
        let tokenizer = folder.read();
        // What Python's sentencepiece 0.2.3 gives for the same file.
        let want: [(usize, &[usize]); 5] = [(3, &[3]), (7, &[7]), (9, &[8, 1]), (17, &[8, 8, 1]), (23, &[8, 8, 7])];
        for (spaces, lengths) in want {
            let ids = encode(&tokenizer, &" ".repeat(spaces));
            let got: Vec<usize> = ids.iter().map(|&id| order[id as usize - 3]).collect();
            assert_eq!(got, lengths, "{spaces} spaces");
        }
    }
}

#[test]
fn windows_of_a_long_row_overlap_and_name_their_text() {
    let folder = Folder::new("windows-of-rows", &[("vocab.txt", BERT)]);
    let tokenizer = folder.read();
    let options = |max_length, stride, left| RowOptions {
        truncation: Some(Truncation {
            max_length,
            strategy: TruncationStrategy::OnlySecond,
            left,
            stride: Some(stride),
        }),
        padding: Some(Padding {
            id: 0,
            length: None,
            multiple_of: 1,
            left: false,
        }),
        ..RowOptions::default()
    };
    let texts = (["hello", "cafe"], ["hello world ! cafe", "world"]);
    let rows = tokenizer
        .encode_rows(&texts.0, Some(&texts.1), options(6, 1, false))
        .unwrap();
    assert_eq!(rows.samples, [0, 0, 0, 1]);
    assert_eq!(rows.lengths, [6, 6, 6, 6]);
    let ids: Vec<&[u32]> = rows.ids.chunks(6).collect();
    assert_eq!(
        ids,
        [
            [2, 5, 3, 5, 6, 3],
            [2, 5, 3, 6, 8, 3],
            [2, 5, 3, 8, 9, 3],
            [2, 9, 3, 6, 3, 0]
        ]
    );
    assert_eq!(rows.type_ids[6..12], [0, 0, 0, 1, 1, 1]);
    assert_eq!(rows.offsets[6..12], [(0, 0), (0, 5), (0, 0), (6, 11), (12, 13), (0, 0)]);
    let rows = tokenizer
        .encode_rows(&texts.0, Some(&texts.1), options(6, 0, true))
        .unwrap();
    assert_eq!(rows.ids[..12], [2, 5, 3, 8, 9, 3, 2, 5, 3, 5, 6, 3], "from the end");
    let error = tokenizer
        .encode_rows(&texts.0, Some(&texts.1), options(6, 2, false))
        .unwrap_err();
    assert_eq!(error.code(), Code::Option);
}
