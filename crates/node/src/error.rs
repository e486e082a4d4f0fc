//! Errors cross as data: the reason is a JSON object that src/native/call.ts turns into the class of its code.

use engine::error::Error;
use napi::Status;

/// The engine's error as a JavaScript one.
pub fn to_napi(error: Error) -> napi::Error {
    napi::Error::new(Status::GenericFailure, to_json(&error))
}

/// The engine's error as a JSON text.
pub fn to_json(error: &Error) -> String {
    let mut object = serde_json::Map::new();
    object.insert("loralib".into(), error.code().name().into());
    object.insert("stack".into(), error.stack_number().into());
    for (name, text) in error.fields() {
        if !text.is_empty() {
            object.insert(name.into(), text.into());
        }
    }
    serde_json::Value::Object(object).to_string()
}
