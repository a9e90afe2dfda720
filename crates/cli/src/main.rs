//! fillwatch
fn main() {}
