//! DynamoDB Local starts where it is installed, as `cargo xtask test` sees to.

use local_stack::DynamoDbLocal;

#[test]
fn it_answers_and_ends_with_its_owner() {
    let local = DynamoDbLocal::start().unwrap();
    let address = local.endpoint().trim_start_matches("http://").parse().unwrap();
    // A call without a signature is refused, by something that knows what a signature is.
    assert_eq!(local_stack::http_status(address, "/").unwrap(), 400);
    drop(local);
    assert!(local_stack::http_status(address, "/").is_err());
}
