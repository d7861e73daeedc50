use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use fault::Fault;
use futures::Stream;
use http::Uri;
use hyper_util::rt::TokioIo;
use tls::{Connector, ServerName};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tonic::transport::Endpoint;

use crate::remote::Remote;
use crate::{Address, Channel, Contract};

/// What the names in certificates end in. No public CA issues for it, and it is the same in every deployment.
const DOMAIN: &str = "quanyu";

/// The name that the certificate of a service must have: "points.quanyu".
pub fn tls_name(service: &str) -> Result<ServerName<'static>, Fault> {
    ServerName::try_from(format!("{service}.{DOMAIN}")).map_err(Fault::internal)
}

/// How the services in other processes are called.
#[derive(Debug, Clone, Default)]
pub enum Transport {
    /// In plain text.
    #[default]
    Plain,
    /// Over TLS, whatever their addresses begin with; the certificate of a service must have its name.
    Tls(Connector),
}

type Opened = TokioIo<BufReader<tls::client::TlsStream<TcpStream>>>;

impl Transport {
    /// As [`Channel::remote`].
    pub fn remote(&self, name: &str, contract: &'static Contract, address: &Uri) -> Channel {
        Channel::to(Remote::fixed(self, name, contract, [Address::of(address)]))
    }

    /// As [`Channel::discovered`].
    pub fn discovered(
        &self,
        name: &str,
        contract: &'static Contract,
        addresses: impl Stream<Item = BTreeSet<Address>> + Send + 'static,
    ) -> Channel {
        Channel::to(Remote::following(self, name, contract, addresses))
    }

    /// A connection of a service, which is opened when it is first needed.
    pub(crate) fn open(&self, endpoint: &Endpoint, name: &Arc<str>, address: &Address) -> tonic::transport::Channel {
        match self {
            Self::Plain => endpoint.connect_lazy(),
            Self::Tls(connector) => {
                let (connector, name, address) = (connector.clone(), name.clone(), address.clone());
                endpoint.connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
                    let (connector, name, address) = (connector.clone(), name.clone(), address.clone());
                    async move { open(&connector, &name, &address).await }
                }))
            }
        }
    }
}

/// Connects, and waits for the first word: with TLS 1.3 a server judges our certificate after we believe that all is agreed
/// on, and a call that is under way by then would end without a cause.
async fn open(connector: &Connector, service: &str, address: &Address) -> io::Result<Opened> {
    let name = tls_name(service).map_err(io::Error::other)?;
    let called = name.to_str().into_owned();
    let mut stream = BufReader::new(connector.open(name, address.host(), address.port()).await?);
    let said = stream
        .fill_buf()
        .await
        .map_err(|error| tls::explained(&called, error))?;
    match said.is_empty() {
        true => Err(io::ErrorKind::UnexpectedEof.into()),
        false => Ok(TokioIo::new(stream)),
    }
}
