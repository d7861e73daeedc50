//! The keys of an issuer, fetched from where they are published and kept in mind.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use bytes::Bytes;
use fault::Fault;
use http::header::ACCEPT;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::Instrument;

use super::issuer::{Issuer, KeysAt};
use super::key_set::KeySet;

/// The longest set of keys.
const SET_BYTES_MAX: usize = 256 * 1024;
/// How long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// How often keys are asked for at the most while there are none at all, and every caller waits for them.
const RETRY_WITHOUT_KEYS: Duration = Duration::from_secs(2);

/// The keys of one issuer.
pub(super) struct KeySource {
    name: String,
    at: KeysAt,
    refresh: Duration,
    refetch_min: Duration,
    keep: Duration,
    known: RwLock<Known>,
    /// One fetch at a time.
    fetching: Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Option<(Arc<KeySet>, Instant)>,
    /// The last fetch, whether it succeeded or not.
    tried_at: Option<Instant>,
    /// Why the last fetch has brought no keys; none where it has.
    trouble: Option<String>,
}

impl KeySource {
    pub(super) fn new(issuer: &Issuer) -> Self {
        Self {
            name: issuer.name.clone(),
            at: issuer.keys.clone(),
            refresh: issuer.refresh,
            refetch_min: issuer.refetch_min,
            keep: issuer.keep,
            known: RwLock::default(),
            fetching: Mutex::new(()),
        }
    }

    /// The keys to judge by. Where they have grown old, they are fetched again beside the call; where there are none, or they
    /// are too old to go on with, the call waits for a fetch.
    pub(super) async fn current(self: &Arc<Self>) -> Result<Arc<KeySet>, Fault> {
        if let Some((keys, age)) = self.kept() {
            if age >= self.refresh {
                self.fetch_soon();
            }
            return Ok(keys);
        }
        self.fetch().await;
        self.kept().map(|(keys, _)| keys).ok_or_else(away)
    }

    /// Why a token cannot be judged whose key is not among those known: its issuer cannot be asked now whether it is a new one.
    pub(super) fn away(&self) -> Option<Fault> {
        self.known().trouble.is_some().then(away)
    }

    /// What is wrong with the keys, for operators; none where the last fetch has brought them. It asks again beside the
    /// answer, so that an issuer that is back is not told as away until a token of it comes.
    pub(super) fn trouble(self: &Arc<Self>) -> Option<String> {
        self.fetch_if_old();
        let trouble = self.known().trouble.clone()?;
        Some(format!("{}: {trouble}; {}", self.name, self.meanwhile()))
    }

    /// The issuer's name, and whether its keys are at hand, so that its tokens can be judged. It asks again beside the answer.
    pub(super) fn standing(self: &Arc<Self>) -> (String, bool) {
        self.fetch_if_old();
        (self.name.clone(), self.kept().is_some())
    }

    fn fetch_if_old(self: &Arc<Self>) {
        if self.kept().is_none_or(|(_, age)| age >= self.refresh) {
            self.fetch_soon();
        }
    }

    /// What becomes of the issuer's tokens while no keys can be had.
    fn meanwhile(&self) -> &'static str {
        match self.kept() {
            Some(_) => "those known last go on for the time that keep_seconds says",
            None => "there are none, so its tokens open nothing",
        }
    }

    /// Keys that are newer than those in which a token's key was not found; none where there are none, or the last fetch was
    /// just now, so that tokens with keys that somebody invents make no storm of fetches.
    pub(super) async fn newer_than(self: &Arc<Self>, seen: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        let newer = || {
            self.kept()
                .map(|(keys, _)| keys)
                .filter(|keys| !Arc::ptr_eq(keys, seen))
        };
        if let Some(newer) = newer() {
            return Some(newer);
        }
        self.fetch().await;
        newer()
    }

    /// Fetches the keys beside whatever goes on.
    pub(super) fn fetch_soon(self: &Arc<Self>) {
        if self.may_fetch() {
            tokio::spawn(Arc::clone(self).fetch_in_turn().in_current_span());
        }
    }

    /// Waits for a fetch, its own or another call's, unless the last one was just now. It goes on where the caller goes away,
    /// or the next one would wait for the time between two fetches in vain.
    async fn fetch(self: &Arc<Self>) {
        let fetching = tokio::spawn(Arc::clone(self).fetch_in_turn().in_current_span());
        // One that panicked has fetched nothing.
        let _ = fetching.await;
    }

    async fn fetch_in_turn(self: Arc<Self>) {
        let _turn = self.fetching.lock().await;
        if !self.may_fetch() {
            return;
        }
        self.known.write().unwrap_or_else(PoisonError::into_inner).tried_at = Some(Instant::now());
        let fetched = tokio::time::timeout(FETCH_TIMEOUT, fetched(&self.at)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(format!("no answer within {FETCH_TIMEOUT:?}")));
        let fetched = fetched.map_err(|error| format!("its keys could not be fetched: {error}"));
        let read = |json: Bytes| {
            KeySet::read(&json).map_err(|error| format!("its keys were fetched, and are of no use: {error}"))
        };
        match fetched.and_then(read) {
            Ok(keys) => self.take(keys),
            Err(trouble) => self.go_on_without(trouble),
        }
    }

    /// Notes why there are no newer keys. The log has it once, however often it is found.
    fn go_on_without(&self, trouble: String) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.trouble.as_ref() != Some(&trouble);
        known.trouble = Some(trouble.clone());
        drop(known);
        if is_new {
            let meanwhile = self.meanwhile();
            tracing::warn!(
                issuer = self.name,
                error = trouble,
                "an issuer has no keys to fetch; {meanwhile}"
            );
        }
    }

    /// Takes the fetched keys. The same ones again stay the same, so that what was judged by them stays judged.
    fn take(&self, fetched: KeySet) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let keys = match known.keys.take() {
            Some((former, _)) if *former == fetched => former,
            Some(_) | None => Arc::new(fetched),
        };
        known.keys = Some((keys, Instant::now()));
        if known.trouble.take().is_some() {
            tracing::info!(issuer = self.name, "the keys of an issuer can be had again");
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_fetch(&self) -> bool {
        let known = self.known();
        let pause = match known.keys {
            Some(_) => self.refetch_min,
            None => self.refetch_min.min(RETRY_WITHOUT_KEYS),
        };
        known.tried_at.is_none_or(|tried| tried.elapsed() >= pause)
    }

    /// The keys that may still be used, and their age.
    fn kept(&self) -> Option<(Arc<KeySet>, Duration)> {
        let known = self.known();
        let (keys, fetched_at) = known.keys.as_ref()?;
        let age = fetched_at.elapsed();
        (age < self.keep).then(|| (Arc::clone(keys), age))
    }
}

fn away() -> Fault {
    Fault::unavailable("the keys of the token's issuer cannot be fetched now: repeat later, or send an API key")
}

async fn fetched(at: &KeysAt) -> Result<Bytes, String> {
    match at {
        KeysAt::File(path) => from_file(path).await,
        KeysAt::Address { url, ca_file } => from_address(url, ca_file.as_ref()).await,
    }
}

async fn from_file(path: &Path) -> Result<Bytes, String> {
    content(path, tokio::fs::read(path).await)
}

/// The keys that a file holds, or what is wrong with it and how it is mended. Waits for the disk.
pub(super) fn keys_in(path: &Path) -> Result<KeySet, String> {
    let json = content(path, std::fs::read(path))?;
    KeySet::read(&json).map_err(|error| {
        format!(
            "{} has no keys to verify tokens with: {error}: put the issuer's JWK Set there, {{\"keys\": [...]}}",
            path.display()
        )
    })
}

fn content(path: &Path, read: io::Result<Vec<u8>>) -> Result<Bytes, String> {
    match read {
        Ok(text) if text.len() <= SET_BYTES_MAX => Ok(text.into()),
        Ok(_) => Err(format!(
            "{} has more than {SET_BYTES_MAX} bytes: it is no set of keys",
            path.display()
        )),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &dyn fmt::Display) -> String {
    format!(
        "{} cannot be read: {error}: see that it is there and that this process may read it",
        path.display()
    )
}

/// Redirects are not followed: the settings name the place.
async fn from_address(url: &Uri, ca_file: Option<&PathBuf>) -> Result<Bytes, String> {
    let client = Client::builder(TokioExecutor::new()).build(connector(ca_file)?);
    let request = Request::get(url)
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .body(Empty::<Bytes>::new());
    let answer = client.request(request.map_err(told)?).await.map_err(told)?;
    if answer.status() != StatusCode::OK {
        return Err(format!("{url} answers {}", answer.status()));
    }
    let body = Limited::new(answer.into_body(), SET_BYTES_MAX).collect().await;
    Ok(body.map_err(|error| format!("{url}: {error}"))?.to_bytes())
}

/// What connects to the address of an issuer; or what is wrong with the file of those who vouch for it, and how it is mended.
pub(super) fn connector(ca_file: Option<&PathBuf>) -> Result<HttpsConnector<HttpConnector>, String> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let wrong = |error: &dyn fmt::Display| {
                format!(
                    "{}: {error}: put the certificates of the CAs there as PEM",
                    file.display()
                )
            };
            let text = std::fs::read(file).map_err(|error| unreadable(file, &error))?;
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|error| wrong(&error))?;
                roots.add(certificate).map_err(|error| wrong(&error))?;
            }
            if roots.is_empty() {
                return Err(wrong(&"there is no certificate in it"));
            }
        }
    }
    // Named, for nobody has set one for the whole process.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(told)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Plain http was refused when the settings were read, but on this machine.
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    Ok(builder.enable_http1().build())
}

/// An error with its causes, of which the outermost says the least.
fn told(error: impl std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(deeper) = source {
        told = format!("{told}: {deeper}");
        source = deeper.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_keys_is_told_with_what_belongs_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        for (text, cause) in [
            (None, "keys.json cannot be read: No such file"),
            (
                Some("no json"),
                "keys.json has no keys to verify tokens with: it is no set of keys",
            ),
            (Some(r#"{"keys": []}"#), "no key of it is for signatures"),
        ] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            let told = keys_in(&file).unwrap_err();
            assert!(told.contains(cause), "{told}");
        }
    }

    #[test]
    fn who_vouches_for_an_address_is_who_browsers_trust_or_whom_the_file_names() {
        assert!(connector(None).is_ok());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let refused = |text: Option<&str>| {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            connector(Some(&file)).err().unwrap()
        };
        for (text, cause) in [
            (None, "ca.pem cannot be read: No such file"),
            (Some("no certificate"), "no certificate in it"),
            (
                Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                "ca.pem",
            ),
        ] {
            let told = refused(text);
            assert!(told.contains("ca.pem") && told.contains(cause), "{told}");
        }
    }
}
