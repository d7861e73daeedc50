//! Replicas that tell each other through etcd where they are.

mod directory;
mod entry;
mod kept;
mod registration;
mod session;
mod standing;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fault::Fault;
use futures::StreamExt;
use rpc::Address;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_util::task::AbortOnDropHandle;

use self::directory::Directory;
pub use self::entry::Entry;
use self::kept::Known;
pub use self::registration::Registration;
use self::session::Sessions;
pub use self::standing::Standing;
use self::standing::Told;
use crate::discovery::{AddressSets, Discovery};

/// Where etcd is, and how this process speaks with it.
#[derive(Clone)]
pub struct EtcdConfig {
    /// The addresses of its nodes, "<http://10.0.0.3:2379>"; one is spoken with at a time.
    pub endpoints: Vec<String>,
    /// The user and the password, where it asks for them.
    pub user: Option<(String, String)>,
    /// Opens connections to its nodes over TLS; absent: they speak plain text.
    pub tls: Option<tls::Connector>,
    /// What the keys of this deployment begin with, such as "/quanyu/main".
    pub prefix: String,
    /// The zone of this process: a replica in another one gets its calls only while none of this one answers.
    pub zone: Option<String>,
    /// How long an entry lasts whose process no longer says that it lives.
    pub lease: Duration,
    /// Where those known last are kept for the next start.
    pub file: PathBuf,
}

/// Finds replicas by what they have registered in etcd.
///
/// A task of its own lists all of them and watches what changes; whatever becomes of etcd, those known last stay, in a file
/// too, so that a process which starts while etcd is away begins with them.
#[derive(Clone)]
pub struct Etcd {
    config: Arc<EtcdConfig>,
    told: Told,
    known: watch::Receiver<Known>,
    _directory: Arc<AbortOnDropHandle<()>>,
}

impl Etcd {
    /// Begins with those that the file has, and goes on with what etcd says.
    pub fn start(config: EtcdConfig) -> Self {
        let config = Arc::new(config);
        let told = Told::default();
        let (sender, known) = watch::channel(kept::read(&config.file));
        let directory = Directory::new(config.clone(), told.clone(), sender);
        let directory = Arc::new(AbortOnDropHandle::new(tokio::spawn(directory.run())));
        Self {
            config,
            told,
            known,
            _directory: directory,
        }
    }

    /// Tells others of this process, for as long as the registration is held.
    pub fn register(&self, entry: Entry) -> Registration {
        self.told.is_to_register(self.config.lease);
        Registration::start(self.config.clone(), self.told.clone(), entry)
    }

    /// How this process stands with etcd.
    pub fn standing(&self) -> Standing {
        let known = self.known.borrow();
        let replicas = known.iter().map(|(role, entries)| (role.clone(), entries.len()));
        self.told.standing(replicas.collect())
    }

    /// Everybody who is registered by now, asked of etcd itself.
    pub async fn ask(config: EtcdConfig) -> Result<Vec<Entry>, Fault> {
        let config = Arc::new(config);
        let mut sessions = Sessions::new(config.clone());
        let mut last = None;
        for _ in &config.endpoints {
            match Box::pin(directory::ask(&mut sessions, &config.prefix)).await {
                Ok((entries, _)) => return Ok(entries.into_values().collect()),
                Err(trouble) => last = Some(trouble),
            }
        }
        let told = last.map_or_else(|| "no endpoint is named".to_owned(), |trouble| trouble.to_string());
        Err(Fault::unavailable(told))
    }
}

impl Discovery for Etcd {
    fn addresses(&self, service: &str) -> AddressSets {
        let (service, zone) = (service.to_owned(), self.config.zone.clone());
        let set = move |known: Known| -> BTreeSet<Address> {
            let entries = known.get(&service).into_iter().flat_map(|entries| entries.values());
            entries
                .filter_map(|entry| entry.address_from(zone.as_deref()))
                .collect()
        };
        WatchStream::new(self.known.clone()).map(set).boxed()
    }
}
