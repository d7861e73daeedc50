//! The replicas of a peer as they are known by now, and which of them gets a call.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use futures::{FutureExt, Stream, StreamExt};
use tokio::sync::watch;

use super::replica::Replica;
use crate::{Address, Transport};

/// The replicas of a peer. A task of its own keeps them up to date, whether anybody calls or not.
#[derive(Debug, Clone)]
pub(crate) struct Replicas(watch::Receiver<Arc<[Arc<Replica>]>>);

impl Replicas {
    /// Those that there are, for ever.
    pub(crate) fn fixed(replicas: impl IntoIterator<Item = Arc<Replica>>) -> Self {
        Self(watch::Sender::new(replicas.into_iter().collect()).subscribe())
    }

    /// Those of the newest set of a stream.
    pub(crate) fn following(
        transport: &Transport,
        name: &Arc<str>,
        addresses: impl Stream<Item = BTreeSet<Address>> + Send + 'static,
    ) -> Self {
        let (held, replicas) = watch::channel(Arc::from([]));
        let mut addresses = Box::pin(addresses.fuse());
        // What is known at once is there for the first call.
        if let Some(Some(set)) = addresses.next().now_or_never() {
            hold(transport, name, &held, &set);
        }
        tokio::spawn(follow(transport.clone(), name.clone(), held, addresses));
        Self(replicas)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Arc<[Arc<Replica>]> {
        self.0.borrow().clone()
    }

    /// The one for a call: of two by chance the less busy one, of those that get calls, of the own zone where it has any, and
    /// not one of those by which the call has been tried. Where there is no other, any: one that has been left may answer still.
    pub(crate) fn pick(&self, tried: &[Arc<Replica>]) -> Option<Arc<Replica>> {
        let all = self.all();
        if let [only] = &*all {
            return Some(only.clone());
        }
        fresh(&all, tried).or_else(|| less_busy(all.iter().collect()))
    }

    /// One that is there and by which the call has not been tried, if any is.
    pub(crate) fn another(&self, tried: &[Arc<Replica>]) -> Option<Arc<Replica>> {
        fresh(&self.all(), tried)
    }
}

fn fresh(all: &[Arc<Replica>], tried: &[Arc<Replica>]) -> Option<Arc<Replica>> {
    let is_tried = |replica: &Arc<Replica>| tried.iter().any(|tried| Arc::ptr_eq(tried, replica));
    let fresh = all
        .iter()
        .filter(|replica| !replica.standing.is_left() && !is_tried(replica));
    let (far, near): (Vec<_>, Vec<_>) = fresh.partition(|replica| replica.address.is_far());
    less_busy(if near.is_empty() { far } else { near })
}

fn less_busy(replicas: Vec<&Arc<Replica>>) -> Option<Arc<Replica>> {
    let chosen = match replicas.as_slice() {
        [] => return None,
        [only] => only,
        many => {
            let two = rand::seq::index::sample(&mut rand::rng(), many.len(), 2);
            let (one, other) = (many.get(two.index(0))?, many.get(two.index(1))?);
            if one.load() <= other.load() { one } else { other }
        }
    };
    Some(Arc::clone(chosen))
}

async fn follow(
    transport: Transport,
    name: Arc<str>,
    held: watch::Sender<Arc<[Arc<Replica>]>>,
    addresses: impl Stream<Item = BTreeSet<Address>>,
) {
    let mut addresses = pin!(addresses);
    loop {
        tokio::select! {
            set = addresses.next() => match set {
                Some(set) => hold(&transport, &name, &held, &set),
                None => return,
            },
            // Nobody can call any more.
            () = held.closed() => return,
        }
    }
}

/// Puts a set in place of the one before. A replica that stays keeps its connections; one that goes ends with the calls that
/// it has under way.
fn hold(transport: &Transport, name: &Arc<str>, held: &watch::Sender<Arc<[Arc<Replica>]>>, set: &BTreeSet<Address>) {
    let before = held.borrow().clone();
    if set.is_empty() {
        if !before.is_empty() {
            tracing::debug!(peer = &**name, "nobody is found of {name}: those known last stay");
        }
        return;
    }
    if before.iter().map(|replica| &replica.address).eq(set.iter()) {
        return;
    }
    // Beside others a new one can wait until it has answered.
    let added = match before.is_empty() {
        true => Replica::new,
        false => Replica::unproved,
    };
    let replicas = set.iter().map(|address| {
        let known = before.iter().find(|replica| replica.address == *address);
        known
            .cloned()
            .unwrap_or_else(|| Arc::new(added(transport, name, address)))
    });
    let replicas: Arc<[Arc<Replica>]> = replicas.collect();
    tracing::info!(
        peer = &**name,
        replicas = set.len(),
        "the replicas of {name} have changed"
    );
    for replica in replicas.iter().filter(|replica| replica.standing.is_to_be_asked()) {
        let replica = replica.clone();
        tokio::spawn(async move { replica.ask_for_long().await });
    }
    held.send_replace(replicas);
}
