use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use tonic::Status;
use tonic::metadata::{Ascii, MetadataValue};

/// What opens the platform: an API key or a token; or a function that gives one, asked at each attempt.
#[derive(Clone)]
pub struct Key(Kind);

#[derive(Clone)]
enum Kind {
    Fixed(String),
    Asked(Arc<dyn Fn() -> BoxFuture<'static, String> + Send + Sync>),
}

/// A key, made ready for the heads of calls.
#[derive(Clone)]
pub(crate) enum Shown {
    Fixed(MetadataValue<Ascii>),
    Asked(Key),
}

impl Key {
    /// One that a function gives, such as one that renews a token in time.
    pub fn asked<Giving>(give: impl Fn() -> Giving + Send + Sync + 'static) -> Self
    where
        Giving: Future<Output = String> + Send + 'static,
    {
        Self(Kind::Asked(Arc::new(move || Box::pin(give()))))
    }

    pub(crate) fn shown(&self) -> Result<Shown, Status> {
        match &self.0 {
            Kind::Fixed(key) => bearer(key).map(Shown::Fixed),
            Kind::Asked(_) => Ok(Shown::Asked(self.clone())),
        }
    }
}

impl Shown {
    pub(crate) async fn header(&self) -> Result<MetadataValue<Ascii>, Status> {
        match self {
            Self::Fixed(header) => Ok(header.clone()),
            Self::Asked(Key(Kind::Fixed(key))) => bearer(key),
            Self::Asked(Key(Kind::Asked(give))) => bearer(&give().await),
        }
    }
}

fn bearer(key: &str) -> Result<MetadataValue<Ascii>, Status> {
    let mut header: MetadataValue<Ascii> = format!("Bearer {key}")
        .parse()
        .map_err(|_| Status::invalid_argument("the key holds a character that no key has"))?;
    // Kept out of logs.
    header.set_sensitive(true);
    Ok(header)
}

impl From<&str> for Key {
    fn from(key: &str) -> Self {
        Self(Kind::Fixed(key.to_owned()))
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self(Kind::Fixed(key))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Key")
    }
}
