//! A replica that has calls and says nothing: a process that stands still, a network that swallows packets. The transport
//! believes in its connections for seconds, and must, for streams hang on them; a call that another replica can have need not
//! wait for that.

use std::sync::Arc;
use std::time::Duration;

use super::Remote;
use super::replica::Replica;

/// How long nothing may be heard of a replica by which a call waits, before it is asked whether it can work.
const SILENCE: Duration = Duration::from_millis(50);
/// A call that takes long is looked after less and less often, but not less than so.
const LOOK_MAX: Duration = Duration::from_secs(1);

impl Remote {
    /// Resolves when a replica by which a call waits is found silent, and another one may have the call.
    pub(super) async fn falls_silent(&self, replica: &Arc<Replica>, tried: &[Arc<Replica>]) {
        let mut pause = SILENCE;
        loop {
            kernel::pause(pause).await;
            pause = pause.saturating_mul(2).min(LOOK_MAX);
            if self.replicas.another(tried).is_none() {
                continue;
            }
            replica.ask_whether_it_lives(SILENCE).await;
            // Where too much is repeated, all are slow rather than one silent: waiting is better.
            if replica.standing.is_unreachable() && self.may_be_repeated(tried) {
                return;
            }
        }
    }
}
