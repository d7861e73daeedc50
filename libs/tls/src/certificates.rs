use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::{Clock, Time};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::files::{Bytes, Files, Material, Trouble};

/// How often the files are looked at. They are read whole and compared: a time of change says nothing where the folder
/// behind a symbolic link is another one, which is how Kubernetes changes a mounted secret.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Certificates from files that are read again and again. Cheap to clone; clones are the same certificates.
#[derive(Clone)]
pub struct Certificates {
    setting: &'static str,
    newest: watch::Receiver<Arc<Material>>,
    troubles: Arc<Mutex<Vec<Trouble>>>,
    _watching: Arc<AbortOnDropHandle<()>>,
}

/// How certificates stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The group of settings that names their files.
    pub setting: &'static str,
    /// When the first of the own ones ends that new connections are made with.
    pub expires: Option<Time>,
    /// What is wrong with the files as they are now; those read before are used.
    pub troubles: Vec<Trouble>,
}

impl Certificates {
    /// Reads the files, and looks for newer ones as long as anybody holds this. `setting` names their group of settings in what
    /// is told: "`mesh_tls`".
    pub fn watch(setting: &'static str, files: Files) -> Result<Self, Vec<Trouble>> {
        Self::watch_every(LOOK_EVERY, setting, files)
    }

    /// The same, for those who cannot wait: tests.
    pub fn watch_every(every: Duration, setting: &'static str, files: Files) -> Result<Self, Vec<Trouble>> {
        let bytes = files.read()?;
        let first = files.parse(&bytes, Clock::system().now())?;
        let (told, newest) = watch::channel(Arc::new(first));
        let troubles = Arc::<Mutex<Vec<Trouble>>>::default();
        let watcher = Watcher {
            setting,
            files,
            used: bytes,
            told,
            troubles: troubles.clone(),
        };
        Ok(Self {
            setting,
            newest,
            troubles,
            _watching: Arc::new(AbortOnDropHandle::new(tokio::spawn(watcher.run(every)))),
        })
    }

    /// How they stand.
    pub fn standing(&self) -> Standing {
        Standing {
            setting: self.setting,
            expires: self.newest().expires,
            troubles: self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    pub(crate) fn newest(&self) -> Arc<Material> {
        self.newest.borrow().clone()
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificates").field(&self.setting).finish()
    }
}

struct Watcher {
    setting: &'static str,
    files: Files,
    /// Those that connections are made with.
    used: Bytes,
    told: watch::Sender<Arc<Material>>,
    troubles: Arc<Mutex<Vec<Trouble>>>,
}

impl Watcher {
    async fn run(mut self, every: Duration) {
        // Files that are replaced one by one do not belong together for a moment: that is no trouble yet.
        let mut suspected = Vec::new();
        loop {
            kernel::pause(every).await;
            let files = self.files.clone();
            let Ok((read, now)) = tokio::task::spawn_blocking(move || (files.read(), Clock::system().now())).await
            else {
                return;
            };
            let troubles = match read {
                Ok(bytes) if bytes == self.used => Vec::new(),
                Ok(bytes) => match self.files.parse(&bytes, now) {
                    Ok(material) => {
                        self.take(bytes, material);
                        Vec::new()
                    }
                    Err(troubles) => troubles,
                },
                Err(troubles) => troubles,
            };
            if troubles.is_empty() || troubles == suspected {
                self.tell(&troubles);
            }
            suspected = troubles;
        }
    }

    fn take(&mut self, bytes: Bytes, material: Material) {
        let expires = material.expires.map(|end| end.to_string()).unwrap_or_default();
        tracing::info!(setting = self.setting, expires, "new certificates are used from now on");
        self.used = bytes;
        // Nobody need be listening.
        self.told.send_replace(Arc::new(material));
    }

    /// Each trouble is logged once, however long it lasts.
    fn tell(&self, troubles: &[Trouble]) {
        let mut told = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        for trouble in troubles.iter().filter(|trouble| !told.contains(trouble)) {
            tracing::error!(
                setting = self.setting,
                "{}.{trouble}; the certificates from before are used as long as they last",
                self.setting
            );
        }
        if troubles.is_empty() && !told.is_empty() {
            tracing::warn!(setting = self.setting, "the files of {} are good again", self.setting);
        }
        *told = troubles.to_vec();
    }
}
