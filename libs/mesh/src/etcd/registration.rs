//! What a process tells of itself, for as long as it lives.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Error, PutOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::EtcdConfig;
use super::entry::Entry;
use super::session::{Session, Sessions, Trouble};
use super::standing::Told;

/// How long to wait after etcd could not be spoken with, or a lease was lost.
const PAUSE: Duration = Duration::from_millis(250);
/// How often within its time a lease is renewed.
const RENEWALS: u32 = 3;
/// How long a withdrawal may take; after that the lease's own end withdraws.
const WITHDRAWAL_MAX: Duration = Duration::from_secs(3);
/// `NOT_FOUND`, as gRPC numbers it.
const NOT_FOUND: i32 = 5;

/// An entry of this process in etcd. Dropped, it is withdrawn in the background.
pub struct Registration {
    end: DropGuard,
    keeper: JoinHandle<bool>,
}

impl Registration {
    pub(super) fn start(config: Arc<EtcdConfig>, told: Told, entry: Entry) -> Self {
        let end = CancellationToken::new();
        let keeper = Keeper {
            key: entry.key(&config.prefix),
            value: serde_json::to_vec(&entry).unwrap_or_default(),
            sessions: Sessions::new(config.clone()),
            config,
            told,
            lease: None,
        };
        let keeper = tokio::spawn(keeper.run(end.clone()));
        let end = end.drop_guard();
        Self { end, keeper }
    }

    /// Takes the entry away. Answers whether somebody may have to notice that: it was there, and it has gone.
    pub async fn withdraw(self) -> bool {
        drop(self.end);
        self.keeper.await.unwrap_or(false)
    }
}

struct Keeper {
    config: Arc<EtcdConfig>,
    told: Told,
    sessions: Sessions,
    key: String,
    value: Vec<u8>,
    lease: Option<i64>,
}

/// Never is it done.
enum Never {}

impl Keeper {
    /// Keeps the entry until the end, and takes it away.
    async fn run(mut self, end: CancellationToken) -> bool {
        loop {
            let kept = tokio::select! {
                kept = self.keep() => kept,
                () = end.cancelled() => break,
            };
            let Err(trouble) = kept;
            self.told.cannot_register(&trouble);
            tokio::select! {
                () = kernel::pause(PAUSE) => {}
                () = end.cancelled() => break,
            }
        }
        let withdrawn = tokio::time::timeout(WITHDRAWAL_MAX, self.withdraw()).await;
        self.told.is_lost();
        withdrawn.unwrap_or(false)
    }

    /// Keeps it by one node, for as long as that one answers.
    async fn keep(&mut self) -> Result<Never, Trouble> {
        let session = self.sessions.open().await?;
        loop {
            let lease = match self.lease {
                Some(lease) => lease,
                None => self.grant(&session).await?,
            };
            self.renew(&session, lease).await?;
            // It has ended: whatever was under it has gone, and there is another one to be had.
            self.lease = None;
            self.told.is_lost();
            tracing::warn!("the lease of this process in etcd has ended: it registers again");
            kernel::pause(PAUSE).await;
        }
    }

    async fn grant(&mut self, session: &Session) -> Result<i64, Trouble> {
        let seconds = i64::try_from(self.config.lease.as_secs()).unwrap_or(i64::MAX);
        let mut client = session.client.lease_client();
        let lease = session.good(client.grant(seconds, None)).await?.id();
        self.lease = Some(lease);
        Ok(lease)
    }

    /// Renews a lease and sees that the entry is under it, again and again, until it has ended.
    async fn renew(&self, session: &Session, lease: i64) -> Result<(), Trouble> {
        let mut client = session.client.lease_client();
        let (mut keeper, mut answers) = match session.answer(client.keep_alive(lease)).await? {
            Ok(stream) => stream,
            Err(Error::LeaseKeepAliveError(_)) => return Ok(()),
            Err(error) => return Err(session.trouble(&error)),
        };
        loop {
            if !self.is_there(session, lease).await? {
                return Ok(());
            }
            self.told.is_registered();
            kernel::pause(self.config.lease.checked_div(RENEWALS).unwrap_or(PAUSE)).await;
            session.good(keeper.keep_alive()).await?;
            let answer = session.good(answers.message()).await?;
            // What is renewed with no time left is gone.
            if answer.ok_or_else(|| session.ended())?.ttl() <= 0 {
                return Ok(());
            }
        }
    }

    /// Sees that the entry is there, and under the lease, whatever has become of what was written before: a write that was
    /// late may have overtaken another one. Answers whether the lease is there.
    async fn is_there(&self, session: &Session, lease: i64) -> Result<bool, Trouble> {
        let mut client = session.client.kv_client();
        let found = session.good(client.get(self.key.clone(), None)).await?;
        let is_mine = |pair: &etcd_client::KeyValue| pair.lease() == lease && pair.value() == self.value;
        if found.kvs().first().is_some_and(is_mine) {
            return Ok(true);
        }
        let under = PutOptions::new().with_lease(lease);
        let put = client.put(self.key.clone(), self.value.clone(), Some(under));
        match session.answer(put).await? {
            Ok(_) => Ok(true),
            Err(error) if is_not_found(&error) => Ok(false),
            Err(error) => Err(session.trouble(&error)),
        }
    }

    /// Ends the lease, and the entry with it, by whichever node answers.
    async fn withdraw(&mut self) -> bool {
        let Some(lease) = self.lease else { return false };
        loop {
            match self.revoke(lease).await {
                Ok(()) => return true,
                Err(trouble) => tracing::debug!(%trouble, "the entry of this process is not withdrawn yet"),
            }
            kernel::pause(PAUSE).await;
        }
    }

    async fn revoke(&mut self, lease: i64) -> Result<(), Trouble> {
        let session = self.sessions.open().await?;
        let mut client = session.client.lease_client();
        match session.answer(client.revoke(lease)).await? {
            Err(error) if !is_not_found(&error) => Err(session.trouble(&error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn is_not_found(error: &Error) -> bool {
    matches!(error, Error::GRpcStatus(status) if i32::from(status.code()) == NOT_FOUND)
}
