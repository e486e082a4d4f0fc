//! What an op found out on its device about its own arguments, and the host has not read yet.

use std::cell::RefCell;
use std::rc::Rc;

use smallvec::SmallVec;

use crate::error::Error;

/// Whether an id, label or weight was out of range. Reading that from a device waits for all that runs there, so it is done for many ops at once, before
/// anything that the host sees or that cannot be undone.
pub struct Doubt(RefCell<State>);

enum State {
    Open,
    Fine,
    Failed(Error),
}

/// The doubts that a tensor depends on.
pub type Doubts = SmallVec<[Rc<Doubt>; 1]>;

impl Doubt {
    /// One that the host has not looked at.
    pub fn open() -> Rc<Doubt> {
        Rc::new(Doubt(RefCell::new(State::Open)))
    }

    /// Whether the host has not looked at it.
    pub fn is_open(&self) -> bool {
        matches!(&*self.0.borrow(), State::Open)
    }

    /// The error, if it has turned out as one.
    pub fn error(&self) -> Option<Error> {
        match &*self.0.borrow() {
            State::Failed(error) => Some(error.clone()),
            _ => None,
        }
    }

    /// What has come of it.
    pub fn settle(&self, error: Option<Error>) {
        self.0.replace(error.map_or(State::Fine, State::Failed));
    }
}
