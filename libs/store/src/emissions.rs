use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::watch;

/// Tells those who tail the outbox which kinds of facts were committed, so that nobody looks in vain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Emitter(Arc<watch::Sender<Told>>);

/// How often facts were committed.
#[derive(Debug, Default)]
struct Told {
    by_kind: HashMap<&'static str, u64>,
    /// Facts of kinds that are not known: others may have written them.
    of_any: u64,
}

/// What is committed of some kinds of facts, for one who tails the outbox.
#[derive(Debug, Clone)]
pub struct Emissions {
    told: watch::Receiver<Told>,
    /// None: of all.
    kinds: Option<Vec<String>>,
    seen: u64,
}

impl Emitter {
    pub(crate) fn tell(&self, kinds: &BTreeSet<&'static str>) {
        self.0.send_modify(|told| {
            for kind in kinds {
                let times = told.by_kind.entry(kind).or_default();
                *times = times.wrapping_add(1);
            }
        });
    }

    pub(crate) fn tell_of_any(&self) {
        self.0.send_modify(|told| told.of_any = told.of_any.wrapping_add(1));
    }

    /// Everything that was committed before is news to the listener.
    pub(crate) fn listen(&self, kinds: Option<Vec<String>>) -> Emissions {
        let told = self.0.subscribe();
        let seen = told.borrow().times(kinds.as_deref()).wrapping_sub(1);
        Emissions { told, kinds, seen }
    }
}

impl Told {
    fn times(&self, kinds: Option<&[String]>) -> u64 {
        let of = |kind: &String| self.by_kind.get(kind.as_str()).copied().unwrap_or_default();
        let known = match kinds {
            Some(kinds) => kinds.iter().map(of).fold(0, u64::wrapping_add),
            None => self.by_kind.values().copied().fold(0, u64::wrapping_add),
        };
        known.wrapping_add(self.of_any)
    }
}

impl Emissions {
    /// Whether any were committed, through a handle of this process, since they were last seen.
    pub fn has_news(&self) -> bool {
        self.told.borrow().times(self.kinds.as_deref()) != self.seen
    }

    /// From here on only what is committed later is news. To be called before the look.
    pub fn see(&mut self) {
        self.seen = self.told.borrow_and_update().times(self.kinds.as_deref());
    }

    /// Returns when there is news.
    pub async fn news(&mut self) {
        let (kinds, seen) = (self.kinds.as_deref(), self.seen);
        if self.told.wait_for(|told| told.times(kinds) != seen).await.is_err() {
            // The database is gone, and so nothing will ever come.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn only_the_kinds_that_were_asked_for_are_news() {
        let emitter = Emitter::default();
        let mut some = emitter.listen(Some(vec!["a".to_owned(), "b".to_owned()]));
        let mut all = emitter.listen(None);
        assert!(some.has_news() && all.has_news(), "nobody has looked yet");
        some.see();
        all.see();

        emitter.tell(&BTreeSet::from(["c"]));
        assert!(!some.has_news() && some.clone().news().now_or_never().is_none());
        assert!(all.has_news());

        emitter.tell(&BTreeSet::from(["b", "c"]));
        assert!(some.has_news() && some.clone().news().now_or_never().is_some());
        some.see();
        assert!(!some.has_news());

        emitter.tell_of_any();
        assert!(some.has_news(), "it may be of any kind");
    }
}
