//! The network between one replica and all others, which can be cut: whatever is said goes nowhere then, and nobody is told.

use std::process::Command;

use testkit::{EtcdNodes, NatsServer, Postgres};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How much is carried at a time.
const BYTES_MAX: usize = 16 * 1024;

pub(crate) struct Cord {
    is_cut: watch::Sender<bool>,
    /// What the replica is told of where everything is, as variables of its environment.
    told: Vec<(&'static str, String)>,
}

impl Cord {
    /// Between a replica that listens there, and all that it works with.
    pub(crate) async fn to(listens: &str, postgres: &Postgres, etcd: &EtcdNodes, nats: &NatsServer) -> Self {
        let is_cut = watch::Sender::new(false);
        let mut endpoints = Vec::new();
        for endpoint in etcd.endpoints() {
            endpoints.push(detour(&endpoint, &is_cut).await);
        }
        let told = vec![
            ("QUANYU_ADVERTISE", detour(&format!("http://{listens}"), &is_cut).await),
            (
                "QUANYU_DATABASE_URL",
                postgres
                    .url()
                    .replace(&postgres.address, &carry(&postgres.address, &is_cut).await),
            ),
            ("QUANYU_ETCD__ENDPOINTS", endpoints.join(",")),
            ("QUANYU_NATS__URLS", detour(&nats.url(), &is_cut).await),
        ];
        Self { is_cut, told }
    }

    /// Tells a replica that is to start of it.
    pub(crate) fn tie(&self, command: &mut Command) {
        command.envs(self.told.iter().map(|(name, value)| (*name, value)));
    }

    pub(crate) fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// What was said meanwhile arrives late, as packets do that are sent again.
    pub(crate) fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

/// The same URL by the cord.
async fn detour(url: &str, is_cut: &watch::Sender<bool>) -> String {
    let (scheme, address) = url.split_once("://").unwrap();
    format!("{scheme}://{}", carry(address, is_cut).await)
}

/// Where an address is reached by the cord.
async fn carry(address: &str, is_cut: &watch::Sender<bool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (here, address, is_cut) = (listener.local_addr().unwrap(), address.to_owned(), is_cut.subscribe());
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(connect(near, address.clone(), is_cut.clone()));
        }
    });
    here.to_string()
}

/// Carries what is said both ways, until one of the two has ended.
async fn connect(near: TcpStream, address: String, mut is_cut: watch::Receiver<bool>) {
    whole(&mut is_cut).await;
    let Ok(far) = TcpStream::connect(address).await else {
        return;
    };
    let ((mut near_says, mut near_hears), (mut far_says, mut far_hears)) = (near.into_split(), far.into_split());
    let mut other = is_cut.clone();
    let there = pump(&mut near_says, &mut far_hears, &mut is_cut);
    let back = pump(&mut far_says, &mut near_hears, &mut other);
    tokio::join!(there, back);
}

async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    is_cut: &mut watch::Receiver<bool>,
) {
    let mut bytes = vec![0; BYTES_MAX];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        whole(is_cut).await;
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    whole(is_cut).await;
    // It may have been closed by the other side already.
    let _ = to.shutdown().await;
}

/// Waits until it is not cut.
async fn whole(is_cut: &mut watch::Receiver<bool>) {
    // Who could mend it has gone, and so has the test.
    let _ = is_cut.wait_for(|is_cut| !is_cut).await;
}
