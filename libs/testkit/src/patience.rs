use std::fmt::Debug;
use std::time::Duration;

/// How often something is asked for, and how long the pauses are between: ten seconds in all, more on a busy machine.
const TRIES_MAX: u32 = 400;
const PAUSE: Duration = Duration::from_millis(25);

/// Asks until the answer is the expected one, for what workers do by themselves; tells the last one where it never was.
pub async fn until<T: PartialEq + Debug>(what: &str, expected: T, mut ask: impl AsyncFnMut() -> T) {
    let mut last = ask().await;
    for _ in 1..TRIES_MAX {
        if last == expected {
            return;
        }
        kernel::pause(PAUSE).await;
        last = ask().await;
    }
    assert_eq!(last, expected, "{what}");
}
