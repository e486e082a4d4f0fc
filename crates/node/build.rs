//! Sets the linker arguments of napi.

fn main() {
    napi_build::setup();
}
