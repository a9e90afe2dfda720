//! The threads that commands run on.

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// DataFusion plans by recursion, and what the guard of `query` lets through needs up to this.
/// Pages that are not touched cost nothing.
pub(crate) const STACK_BYTES: usize = 16 << 20;

/// A runtime with stacks for DataFusion.
pub(crate) fn build() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .map_err(|error| Failure::failed(format!("cannot start threads: {error}")))
}
