//! Whether PostgreSQL lets a session in, and if not, why.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{ConnectOptions, Connection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::place::Closed;

/// How long PostgreSQL may take to let a new session in.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// After how long somebody asks beside it what kind of server is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks for TLS, as every session may begin: its length, and the number that PostgreSQL has for it. PostgreSQL answers by one
/// byte and then waits, whatever it is about to refuse.
const ASKS_FOR_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const YES: u8 = b'S';
const NO: u8 = b'N';
/// Where even that was refused, the message of an error begins so.
const ERROR: u8 = b'E';

/// Opens a session and closes it.
pub(crate) async fn greet(options: &PgConnectOptions) -> Result<(), Closed> {
    let greeting = async {
        let session = options.connect().await?;
        session.close().await
    };
    tokio::pin!(greeting);
    if let Ok(outcome) = timeout(PATIENCE, &mut greeting).await {
        return outcome.map_err(|error| Closed::of(&error));
    }
    // It is silent, or its bytes come slowly and make no message yet.
    let rest = CONNECT_TIMEOUT.saturating_sub(PATIENCE);
    let (outcome, is_other) = tokio::join!(timeout(rest, greeting), timeout(rest, is_other_server(options)));
    match (outcome, is_other) {
        (Ok(outcome), _) => outcome.map_err(|error| Closed::of(&error)),
        (Err(_), Ok(true)) => Err(Closed::other_server()),
        (Err(_), Ok(false) | Err(_)) => Err(Closed::silent(CONNECT_TIMEOUT)),
    }
}

/// Whether what answers there speaks something else: by its first bytes.
async fn is_other_server(options: &PgConnectOptions) -> bool {
    if options.get_socket().is_some() {
        return false;
    }
    let asking = async {
        let mut stream = TcpStream::connect((options.get_host(), options.get_port())).await?;
        stream.write_all(&ASKS_FOR_TLS).await?;
        let first = stream.read_u8().await?;
        if first == YES || first == NO {
            // More than the one byte is a text that begins alike: "SSH-2.0".
            return stream.read_u8().await.map(|_| true);
        }
        Ok::<_, std::io::Error>(first != ERROR)
    };
    asking.await.unwrap_or(false)
}
