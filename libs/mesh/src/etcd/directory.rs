//! Who is registered: listed, and watched from there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{EventType, GetOptions, ResponseHeader, WatchOptions, WatchResponse};
use tokio::sync::watch;

use super::EtcdConfig;
use super::entry::Entry;
use super::kept::{self, Known};
use super::session::{Session, Sessions, Trouble};
use super::standing::Told;

/// How long to wait after etcd could not be spoken with.
const PAUSE: Duration = Duration::from_millis(250);
/// After how long a silence all is listed anew: that a watch says nothing proves nothing.
const LIST_AFTER: Duration = Duration::from_secs(5);

/// The entries by their keys.
type Listed = BTreeMap<String, Entry>;

/// The task that holds who is known.
pub(super) struct Directory {
    config: Arc<EtcdConfig>,
    told: Told,
    known: watch::Sender<Known>,
    sessions: Sessions,
    listed: Listed,
}

/// All that is registered, and the revision at which it is so.
pub(super) async fn ask(sessions: &mut Sessions, prefix: &str) -> Result<(Listed, i64), Trouble> {
    list(&mut sessions.open().await?, prefix).await
}

async fn list(session: &mut Session, prefix: &str) -> Result<(Listed, i64), Trouble> {
    let mut client = session.client.kv_client();
    let all = client.get(below(prefix), Some(GetOptions::new().with_prefix()));
    let answer = session.good(all).await?;
    let pairs = answer.kvs().iter().filter_map(|pair| read(pair.key(), pair.value()));
    Ok((pairs.collect(), answer.header().map_or(0, ResponseHeader::revision)))
}

/// What every key begins with. With the stroke: "/quanyu/main" shall not be "/quanyu/mainland" too.
fn below(prefix: &str) -> String {
    format!("{prefix}/")
}

fn read(key: &[u8], value: &[u8]) -> Option<(String, Entry)> {
    let key = String::from_utf8_lossy(key).into_owned();
    match serde_json::from_slice(value) {
        Ok(entry) => Some((key, entry)),
        Err(error) => {
            tracing::warn!(key, %error, "a key of etcd holds no replica");
            None
        }
    }
}

impl Directory {
    pub(super) fn new(config: Arc<EtcdConfig>, told: Told, known: watch::Sender<Known>) -> Self {
        let sessions = Sessions::new(config.clone());
        Self {
            config,
            told,
            known,
            sessions,
            listed: Listed::new(),
        }
    }

    /// Follows etcd for ever, from one node to the next.
    pub(super) async fn run(mut self) {
        loop {
            let followed = self.follow().await;
            if let Err(trouble) = followed {
                self.told.cannot_learn(&trouble);
            }
            kernel::pause(PAUSE).await;
        }
    }

    /// Lists all, and watches from there, until something is wrong or all must be listed anew.
    async fn follow(&mut self) -> Result<(), Trouble> {
        let mut session = self.sessions.open().await?;
        let revision = self.list(&mut session).await?;
        self.watch(&mut session, revision).await
    }

    async fn list(&mut self, session: &mut Session) -> Result<i64, Trouble> {
        let (listed, revision) = list(session, &self.config.prefix).await?;
        self.listed = listed;
        self.hold().await;
        Ok(revision)
    }

    /// Watches what changes after a revision. Ends well where the changes since then are not known any more.
    async fn watch(&mut self, session: &mut Session, mut revision: i64) -> Result<(), Trouble> {
        let mut client = session.client.watch_client();
        let from = WatchOptions::new()
            .with_prefix()
            .with_start_revision(revision.saturating_add(1));
        let watching = client.watch(below(&self.config.prefix), Some(from));
        let mut stream = session.good(watching).await?;
        loop {
            let Ok(message) = tokio::time::timeout(LIST_AFTER, stream.message()).await else {
                let now = self.list(session).await?;
                if now < revision {
                    return Ok(());
                }
                revision = now;
                continue;
            };
            // Its second error, and its end, nobody waits for.
            let message = message.map_err(|error| session.trouble(&error))?;
            let message = message.ok_or_else(|| session.ended())?;
            if message.canceled() || message.compact_revision() > 0 {
                tracing::info!("what changed in etcd is not known any more: all is listed anew");
                return Ok(());
            }
            self.apply(&message, revision);
            self.hold().await;
        }
    }

    /// Applies what changed after a revision; what came before is in the list already.
    fn apply(&mut self, message: &WatchResponse, revision: i64) {
        for event in message.events() {
            let Some(pair) = event.kv().filter(|pair| pair.mod_revision() > revision) else {
                continue;
            };
            match event.event_type() {
                EventType::Put => self.listed.extend(read(pair.key(), pair.value())),
                EventType::Delete => drop(self.listed.remove(&*String::from_utf8_lossy(pair.key()))),
            }
        }
    }

    /// Tells who is known now, and keeps it where that has changed.
    async fn hold(&mut self) {
        self.told.word();
        let known = kept::merge(&self.known.borrow(), self.listed.values().cloned());
        if *self.known.borrow() == known {
            return;
        }
        self.known.send_replace(known.clone());
        let file = self.config.file.clone();
        let written = tokio::task::spawn_blocking(move || kept::write(&file, &known)).await;
        if let Ok(Err(error)) = written {
            let file = self.config.file.display();
            tracing::warn!(%error, "{file} cannot be written: a process that starts while etcd is away knows nobody");
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::EtcdNodes;

    use super::*;

    /// Far longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs etcd on the PATH: run the ignored tests too"]
    async fn a_watch_from_what_was_compacted_ends_so_that_all_is_listed_anew() {
        let nodes = EtcdNodes::start(1).await;
        let folder = tempfile::tempdir().unwrap();
        let config = Arc::new(EtcdConfig {
            endpoints: nodes.endpoints(),
            user: None,
            tls: None,
            prefix: "/quanyu/test".to_owned(),
            zone: None,
            lease: Duration::from_secs(2),
            file: folder.path().join("replicas.json"),
        });
        let (sender, _known) = watch::channel(Known::new());
        let mut directory = Directory::new(config, Told::default(), sender);
        let mut session = directory.sessions.open().await.unwrap();
        let listed = directory.list(&mut session).await.unwrap();
        // What happens between the list and the watch.
        let mut client = session.client.kv_client();
        client.put("elsewhere", "1", None).await.unwrap();
        let later = client.put("elsewhere", "2", None).await.unwrap();
        let later = later.header().unwrap().revision();
        client.compact(later, None).await.unwrap();
        let watching = tokio::time::timeout(PATIENCE, directory.watch(&mut session, listed));
        watching.await.expect("it ends").unwrap();
        assert_eq!(directory.list(&mut session).await.unwrap(), later);
    }
}
