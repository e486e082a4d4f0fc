//! The calls that the tests run.

use engine::ops::row::OpRow;
use engine::ops::table;

/// One input: its shape, and what it holds.
#[derive(Clone)]
pub enum Input {
    /// Numbers from -1 to 1 in the floating type of the run.
    Float(&'static [usize]),
    /// Whole numbers.
    Whole(&'static [usize], Vec<i64>),
    /// Truth values.
    Truth(&'static [usize], Vec<u8>),
    /// Not given.
    Missing,
}
use Input::{Float, Missing, Truth, Whole};

#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub row: &'static OpRow,
    pub inputs: Vec<Input>,
    pub attrs: Vec<f64>,
    /// Inputs that can learn.
    pub learns: Vec<usize>,
}

pub fn case(name: &'static str, row: &'static OpRow, inputs: &[Input], attrs: &[f64], learns: &[usize]) -> Case {
    Case {
        name,
        row,
        inputs: inputs.to_vec(),
        attrs: attrs.to_vec(),
        learns: learns.to_vec(),
    }
}

pub fn cases() -> Vec<Case> {
    let lengths = Whole(&[2], vec![3, 5]);
    let none_allowed: Vec<u8> = (0..2 * 4 * 5).map(|i| u8::from(i >= 5 && i % 3 != 0)).collect();
    let positions = Whole(&[2, 3], vec![4, 0, 2, 1, 1, 3]);
    let ids = Whole(&[2, 3], vec![4, 0, 4, 1, 4, 2]);
    vec![
        case(
            "linear",
            &table::LINEAR,
            &[Float(&[2, 3, 4]), Float(&[5, 4]), Float(&[5])],
            &[0.0],
            &[0, 1, 2],
        ),
        case(
            "linear, (in, out)",
            &table::LINEAR,
            &[Float(&[3, 4]), Float(&[4, 5]), Missing],
            &[1.0],
            &[0, 1],
        ),
        case(
            "linear of a vector",
            &table::LINEAR,
            &[Float(&[4]), Float(&[5, 4]), Float(&[5])],
            &[0.0],
            &[0, 1, 2],
        ),
        case(
            "linear of no rows",
            &table::LINEAR,
            &[Float(&[0, 4]), Float(&[5, 4]), Float(&[5])],
            &[0.0],
            &[0, 1, 2],
        ),
        lora("lora linear", 0.0, 0.0),
        lora("lora linear, dropout", 0.4, 0.0),
        lora("lora linear, all dropped", 1.0, 0.0),
        lora("lora linear, (in, out)", 0.4, 1.0),
        case(
            "merged linear, blocks out of order",
            &table::LORA_LINEAR,
            &[
                Float(&[2, 3, 4]),
                Float(&[6, 4]),
                Float(&[6]),
                Float(&[4, 4]),
                Float(&[4, 2]),
            ],
            &[0.5, 0.3, 0.0, 4.0, 4.0, 2.0, 0.0, 2.0],
            &[0, 1, 2, 3, 4],
        ),
        case(
            "lora linear without blocks",
            &table::LORA_LINEAR,
            &[Float(&[3, 4]), Float(&[6, 4]), Missing, Float(&[0, 4]), Float(&[0, 2])],
            &[0.5, 0.3, 0.0, 0.0],
            &[0, 1],
        ),
        case(
            "lora linear, an update for each row",
            &table::LORA_GROUPED,
            &[
                Float(&[3, 2, 4]),
                Float(&[5, 4]),
                Float(&[5]),
                Float(&[2, 4]),
                Float(&[1, 4]),
                Float(&[5, 2]),
                Float(&[5, 1]),
            ],
            &[
                2.0, 2.0, 6.0, 0.0, 2.0, 1.0, 4.0, 2.0, 0.0, 2.0, 0.5, 1.5, 2.0, 0.3, 0.0, 0.0,
            ],
            &[0, 1, 2, 3, 4, 5, 6],
        ),
        case(
            "lora update",
            &table::LORA_UPDATE,
            &[Float(&[2, 3, 6]), Float(&[2, 3, 4]), Float(&[4, 4]), Float(&[4, 2])],
            &[0.5, 4.0, 4.0, 2.0, 0.0, 2.0],
            &[0, 1, 2, 3],
        ),
        lora_embedding("lora embedding", ids.clone(), -1.0, 0.0),
        lora_embedding("lora embedding, padding, by frequency", ids, 4.0, 1.0),
        lora_embedding("lora embedding of nothing", Whole(&[0], vec![]), 4.0, 1.0),
        case(
            "lora merge",
            &table::LORA_MERGE,
            &[Float(&[6, 4]), Float(&[4, 4]), Float(&[4, 2])],
            &[0.5, 0.0, 4.0, 4.0, 2.0, 0.0, 2.0],
            &[],
        ),
        case(
            "lora merge, embedding",
            &table::LORA_MERGE,
            &[Float(&[5, 4]), Float(&[2, 5]), Float(&[4, 2])],
            &[0.5, 1.0, 2.0, 0.0, 4.0],
            &[],
        ),
        attention("attention", [Missing, Missing], 0.0, 0.0, 0.0),
        attention("attention, tokens first", [Missing, Missing], 1.0, 0.0, 1.0),
        attention(
            "attention, causal at the last, dropout",
            [Missing, Missing],
            2.0,
            0.3,
            0.0,
        ),
        attention(
            "attention, mask hides a whole row",
            [Truth(&[2, 1, 4, 5], none_allowed), Missing],
            0.0,
            0.0,
            0.0,
        ),
        attention(
            "attention, bias and lengths",
            [Float(&[4, 1, 5]), lengths.clone()],
            2.0,
            0.3,
            1.0,
        ),
        attention("attention, lengths", [Missing, lengths], 1.0, 0.0, 0.0),
        attention(
            "attention, an empty sequence",
            [Missing, Whole(&[2], vec![0, 4])],
            0.0,
            0.0,
            0.0,
        ),
        case(
            "attention without keys",
            &table::SDPA,
            &[
                Float(&[2, 4, 3, 2]),
                Float(&[2, 2, 0, 2]),
                Float(&[2, 2, 0, 2]),
                Missing,
                Missing,
            ],
            &[0.7, 0.0, 0.0, 0.0, 0.0, 0.0],
            &[0, 1, 2],
        ),
        rope("rope", Missing, 0.0, 0.0),
        rope("rope, tokens first, interleaved", positions.clone(), 1.0, 1.0),
        rope("rope, positions", positions, 0.0, 0.0),
    ]
}

pub fn lora(name: &'static str, p: f64, layout: f64) -> Case {
    let weight: &'static [usize] = if layout == 0.0 { &[5, 4] } else { &[4, 5] };
    let inputs = [
        Float(&[2, 3, 4]),
        Float(weight),
        Float(&[5]),
        Float(&[2, 4]),
        Float(&[5, 2]),
    ];
    case(
        name,
        &table::LORA_LINEAR,
        &inputs,
        &[0.5, p, layout, 2.0, 0.0, 5.0],
        &[0, 1, 2, 3, 4],
    )
}

pub fn lora_embedding(name: &'static str, ids: Input, padding: f64, by_frequency: f64) -> Case {
    let inputs = [Float(&[5, 4]), ids, Float(&[2, 5]), Float(&[4, 2])];
    case(
        name,
        &table::LORA_EMBEDDING,
        &inputs,
        &[0.5, padding, by_frequency],
        &[0, 2, 3],
    )
}

pub fn attention(name: &'static str, [mask, lengths]: [Input; 2], causal: f64, p: f64, layout: f64) -> Case {
    let [q, k]: [&'static [usize]; 2] = if layout == 0.0 {
        [&[2, 4, 4, 3], &[2, 2, 5, 3]]
    } else {
        [&[2, 4, 4, 3], &[2, 5, 2, 3]]
    };
    case(
        name,
        &table::SDPA,
        &[Float(q), Float(k), Float(k), mask, lengths],
        &[0.7, causal, p, layout, 0.0, 0.0],
        &[0, 1, 2],
    )
}

pub fn rope(name: &'static str, positions: Input, layout: f64, interleaved: f64) -> Case {
    let x: &'static [usize] = if layout == 0.0 { &[2, 2, 3, 4] } else { &[2, 3, 2, 4] };
    case(
        name,
        &table::ROPE,
        &[Float(x), Float(&[5, 2]), Float(&[5, 2]), positions],
        &[layout, interleaved, 0.0],
        &[0],
    )
}
