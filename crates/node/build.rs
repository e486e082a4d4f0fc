//! Tells napi where the linker shall look.

fn main() {
    napi_build::setup();
}
