//! The hash worker. The page loads it as a module worker with a wasm of its own, which contains nothing else.

fn main() {
    wasm_client::hash::run_worker();
}
