use std::any::Any;
use std::panic::AssertUnwindSafe;

use fault::Fault;
use futures::FutureExt;

/// Does work, and turns a panic into a fault: what makes a worker panic must not end it, nor be met by it for ever.
///
/// What the work had in hand is dropped; a transaction that was dropped leaves no trace.
pub async fn caught<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(Fault::internal(format!("panicked: {}", message(&*panic)))))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
