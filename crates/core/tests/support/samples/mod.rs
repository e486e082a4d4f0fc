//! Sample calls of every op: what the gradient check and the comparison with the twins run through.

mod attention;
mod conv;
mod elementwise;
mod inplace;
mod layers;
mod lora;
mod movement;
mod optimizer;
mod order;
mod pool;
mod products;
mod reduce;
mod unary;

use engine::dtype::Dtype;
use engine::ops::row::{Gradient, Mutates, OpRow};

use super::harness::{Host, Rand};

/// How an input's dtype follows the form of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The form's dtype.
    Float,
    /// f32 in the half forms: LoRA factors, biases, optimizer state.
    Wide,
    /// A weight, which may be in half precision while the input is f32.
    Weight,
    /// Always this one.
    Of(Dtype),
}

/// What the numbers of an input are.
#[derive(Clone, Debug)]
pub enum Fill {
    Normal,
    /// Evenly from a range.
    Range(f64, f64),
    /// All different and well apart, in any order: no ties for max and min.
    Distinct,
    /// Either sign, away from 0: no kinks.
    Apart,
    /// Whole numbers from 0 to below n.
    Ids(usize),
    /// About two of three true.
    Truth,
    Exact(Vec<f64>),
}

/// One input of a sample.
#[derive(Clone, Debug)]
pub struct Input {
    pub class: Class,
    pub shape: Vec<usize>,
    pub fill: Fill,
    /// No gradient is asked for.
    pub frozen: bool,
}

/// One call of an op.
#[derive(Clone)]
pub struct Sample {
    pub row: &'static OpRow,
    /// `None` for an optional input that is left out.
    pub inputs: Vec<Option<Input>>,
    pub attrs: Vec<f64>,
    /// Whether the gradient is the derivative (false at kinks, and where a rule departs from it on purpose).
    pub smooth: bool,
    /// Factor on the tolerance of the comparison with the twin.
    pub slack: f64,
}

/// The dtypes of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub x: Dtype,
    pub weight: Dtype,
}

impl Form {
    pub const F64: Form = Form {
        x: Dtype::F64,
        weight: Dtype::F64,
    };

    pub fn dtype(self, class: Class) -> Dtype {
        match class {
            Class::Float => self.x,
            Class::Wide => self.x.wide(),
            Class::Weight => self.weight,
            Class::Of(dtype) => dtype,
        }
    }

    /// How far a kernel may be from its twin, as a share of the tensor's largest number.
    pub fn tolerance(self) -> f64 {
        match (self.x, self.weight) {
            (Dtype::Bf16, _) => 1e-2,
            (Dtype::F16, _) => 2e-3,
            (Dtype::F64, Dtype::F64) => 1e-9,
            _ => 1e-5,
        }
    }
}

impl Input {
    pub fn numbers(&self, rand: &mut Rand) -> Vec<f64> {
        let n: usize = self.shape.iter().product();
        match &self.fill {
            Fill::Normal => rand.normals(n),
            Fill::Range(low, high) => (0..n).map(|_| low + (high - low) * rand.unit()).collect(),
            Fill::Distinct => distinct(n, rand),
            Fill::Apart => (0..n)
                .map(|_| (0.15 + 1.6 * rand.unit()) * if rand.below(2) == 0 { 1.0 } else { -1.0 })
                .collect(),
            Fill::Ids(limit) => (0..n).map(|_| rand.below(*limit) as f64).collect(),
            Fill::Truth => (0..n).map(|_| f64::from(u8::from(rand.below(3) > 0))).collect(),
            Fill::Exact(numbers) => numbers.clone(),
        }
    }

    pub fn host(&self, form: Form, rand: &mut Rand) -> Host {
        Host::new(form.dtype(self.class), &self.shape, self.numbers(rand))
    }

    pub fn frozen(mut self) -> Input {
        self.frozen = true;
        self
    }

    pub fn fill(mut self, fill: Fill) -> Input {
        self.fill = fill;
        self
    }

    /// Whether a gradient may be asked for.
    pub fn is_differentiable(&self) -> bool {
        !self.frozen && !matches!(self.class, Class::Of(_))
    }
}

fn distinct(n: usize, rand: &mut Rand) -> Vec<f64> {
    let mut numbers: Vec<f64> = (0..n).map(|i| (i as f64 - n as f64 / 2.0) * 0.37).collect();
    for i in (1..n).rev() {
        numbers.swap(i, rand.below(i + 1));
    }
    numbers
}

fn input(class: Class, shape: &[usize]) -> Input {
    Input {
        class,
        shape: shape.to_vec(),
        fill: Fill::Normal,
        frozen: false,
    }
}

/// Normal numbers of the form's dtype.
pub fn x(shape: &[usize]) -> Input {
    input(Class::Float, shape)
}

/// As [`x`], f32 where the form is half.
pub fn wide(shape: &[usize]) -> Input {
    input(Class::Wide, shape)
}

/// A weight.
pub fn weight(shape: &[usize]) -> Input {
    input(Class::Weight, shape)
}

/// Ids below a limit.
pub fn ids(shape: &[usize], limit: usize) -> Input {
    input(Class::Of(Dtype::I64), shape).fill(Fill::Ids(limit))
}

/// These whole numbers.
pub fn whole(shape: &[usize], numbers: &[i64]) -> Input {
    input(Class::Of(Dtype::I64), shape).fill(Fill::Exact(numbers.iter().map(|&x| x as f64).collect()))
}

/// Truth values.
pub fn truth(shape: &[usize]) -> Input {
    input(Class::Of(Dtype::Bool), shape).fill(Fill::Truth)
}

/// These numbers, as a vector.
pub fn exact(numbers: &[f64]) -> Input {
    x(&[numbers.len()]).fill(Fill::Exact(numbers.to_vec()))
}

/// A sample from inputs that are all there.
pub fn sample(row: &'static OpRow, inputs: impl IntoIterator<Item = Input>, attrs: &[f64]) -> Sample {
    with(row, inputs.into_iter().map(Some), attrs)
}

/// A sample with optional inputs.
pub fn with(row: &'static OpRow, inputs: impl IntoIterator<Item = Option<Input>>, attrs: &[f64]) -> Sample {
    Sample {
        row,
        inputs: inputs.into_iter().collect(),
        attrs: attrs.to_vec(),
        smooth: true,
        slack: 1.0,
    }
}

impl Sample {
    /// The gradient is not the derivative here.
    pub fn kinked(mut self) -> Sample {
        self.smooth = false;
        self
    }

    pub fn slack(mut self, factor: f64) -> Sample {
        self.slack = factor;
        self
    }

    pub fn has_rule(&self) -> bool {
        matches!(self.row.gradient, Gradient::Rule { .. })
    }

    /// Indexes of the inputs whose gradient is checked.
    pub fn differentiable(&self) -> Vec<usize> {
        if !self.has_rule() {
            return Vec::new();
        }
        (0..self.inputs.len())
            .filter(|&i| self.inputs[i].as_ref().is_some_and(Input::is_differentiable))
            .collect()
    }

    /// Inputs that the call changes.
    pub fn mutated(&self) -> Vec<usize> {
        if self.row.mutates == Mutates::Nothing {
            return Vec::new();
        }
        (0..self.inputs.len())
            .filter(|&i| self.inputs[i].is_some() && self.row.is_mutated(i, &self.attrs))
            .collect()
    }

    /// The dtypes to run it in.
    pub fn forms(&self) -> Vec<Form> {
        let classes: Vec<Class> = self.inputs.iter().flatten().map(|i| i.class).collect();
        let same = |dtype: Dtype| Form {
            x: dtype,
            weight: dtype,
        };
        if classes.iter().all(|class| matches!(class, Class::Of(_))) {
            return vec![Form::F64];
        }
        let mut forms: Vec<Form> = [Dtype::F64, Dtype::F32, Dtype::Bf16, Dtype::F16]
            .into_iter()
            .map(same)
            .collect();
        if classes.contains(&Class::Weight) {
            forms.extend([Dtype::Bf16, Dtype::F16].map(|half| Form {
                x: Dtype::F32,
                weight: half,
            }));
        }
        forms
    }

    /// The numbers of all inputs in a form; the same sample and form give the same numbers.
    pub fn hosts(&self, form: Form) -> Vec<Option<Host>> {
        let mut rand = Rand::new(11 + self.inputs.len() as u64);
        self.inputs
            .iter()
            .map(|input| input.as_ref().map(|i| i.host(form, &mut rand)))
            .collect()
    }

    pub fn label(&self, form: Form) -> String {
        let shapes: Vec<String> = self
            .inputs
            .iter()
            .map(|i| i.as_ref().map_or("-".into(), |i| format!("{:?}", i.shape)))
            .collect();
        let mut shapes = shapes.join(" ");
        shapes.truncate(90);
        format!("{shapes} attrs {:?} in {}/{}", self.attrs, form.x, form.weight)
    }
}

/// Every sample.
pub fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for family in [
        elementwise::samples,
        unary::samples,
        movement::samples,
        reduce::samples,
        products::samples,
        layers::samples,
        lora::samples,
        attention::samples,
        attention::packed_samples,
        conv::samples,
        inplace::samples,
        optimizer::samples,
        order::samples,
        pool::samples,
    ] {
        samples.extend(family());
    }
    samples
}
