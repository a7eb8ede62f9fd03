//! The hash worker: loaded by the page as a module worker, with a wasm of its own that holds nothing else.

fn main() {
    wasm_client::hash::run_worker();
}
