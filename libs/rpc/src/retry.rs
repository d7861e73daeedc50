use std::future::Future;
use std::time::Duration;

use fault::Fault;

/// How often a lost race is run again before the caller is asked to.
const RETRIES_MAX: u32 = 8;
/// The pause before the first repetition; it doubles each time.
const BACKOFF: Duration = Duration::from_millis(1);

/// Runs `work` again while it loses races, a few times, waiting a little longer each time.
///
/// Outside of every transaction: each run begins anew and reads what the winner wrote.
pub async fn retry<T, F, Work>(work: F) -> Result<T, Fault>
where
    F: Fn() -> Work,
    Work: Future<Output = Result<T, Fault>>,
{
    let mut backoff = BACKOFF;
    for _ in 0..RETRIES_MAX {
        match work().await {
            Err(Fault::Contended) => {
                // Work that collided must not collide again: the address of a local differs by task, which is enough.
                kernel::pause(backoff).await;
                backoff = backoff.saturating_mul(2);
            }
            outcome => return outcome,
        }
    }
    work().await
}
