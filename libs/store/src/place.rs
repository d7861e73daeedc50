//! Where a database is, and why it cannot be reached, in words for an operator: never with a password.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// Which database it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    service: String,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum At {
    File(PathBuf),
    Server {
        host: String,
        port: u16,
        database: String,
        user: String,
    },
}

impl Place {
    pub(crate) fn file(service: &str, options: &SqliteConnectOptions) -> Self {
        Self {
            service: service.to_owned(),
            at: At::File(options.get_filename().to_path_buf()),
        }
    }

    pub(crate) fn server(service: &str, options: &PgConnectOptions) -> Self {
        let host = match options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => options.get_host().to_owned(),
        };
        Self {
            service: service.to_owned(),
            at: At::Server {
                host,
                port: options.get_port(),
                // PostgreSQL takes the user's name for the database's where none is given.
                database: options.get_database().unwrap_or(options.get_username()).to_owned(),
                user: options.get_username().to_owned(),
            },
        }
    }

    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// The database within its server, and as whom we come to it.
    pub(crate) fn database_and_user(&self) -> Option<(&str, &str)> {
        match &self.at {
            At::File(_) => None,
            At::Server { database, user, .. } => Some((database, user)),
        }
    }

    /// Where it is, whosever it is.
    pub(crate) fn address(&self) -> String {
        match &self.at {
            At::File(path) => format!("the file {}", path.display()),
            At::Server {
                host, port, database, ..
            } => format!("PostgreSQL at {host}:{port}, database {database}"),
        }
    }

    /// What callers know it by: no address, and nothing of what lies there.
    pub(crate) fn name(&self) -> String {
        format!("the database of {}", self.service)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database of {} ({})", self.service, self.address())
    }
}

/// Why PostgreSQL does not let us in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closed {
    /// The cause, and what mends it.
    pub(crate) cause: String,
    /// Whether it may pass without anybody changing the configuration.
    pub(crate) passes: bool,
}

/// A server of another kind, such as one of HTTP. What its bytes are taken for helps nobody.
const NOT_POSTGRESQL: &str = "something answers there that is not PostgreSQL; see host and port in database_url";

/// Whether bytes came that are no message: of PostgreSQL, or of TLS where the first one looked like its consent.
fn is_of_another_protocol(cause: &std::io::Error) -> bool {
    let told = cause.to_string();
    let is_cut_off = cause.kind() == std::io::ErrorKind::UnexpectedEof && !told.contains("got 0 bytes");
    is_cut_off || told.contains("corrupt message")
}

impl Closed {
    fn new(passes: bool, cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            passes,
        }
    }

    /// Nobody answered in time.
    pub(crate) fn silent(waited: Duration) -> Self {
        Self::new(
            true,
            format!(
                "timeout: no answer within {waited:?}; see that the server runs, that it is PostgreSQL, and that no firewall lies \
                 between"
            ),
        )
    }

    /// It is another server that answers, or begins to.
    pub(crate) fn other_server() -> Self {
        Self::new(true, NOT_POSTGRESQL)
    }

    fn tls_failed(cause: &dyn fmt::Display) -> Self {
        Self::new(
            false,
            format!("TLS failed: {cause}; see sslmode and the certificates in database_url"),
        )
    }

    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(cause) if cause.kind() == std::io::ErrorKind::ConnectionRefused => Self::new(
                true,
                "connection refused: nothing listens there, see that the server runs",
            ),
            sqlx::Error::Io(cause) if cause.to_string().contains("failed to lookup address") => {
                Self::new(true, format!("unknown host: {cause}; see the name in database_url"))
            }
            sqlx::Error::Io(cause) if cause.kind() == std::io::ErrorKind::TimedOut => {
                Self::new(true, format!("timeout: {cause}"))
            }
            sqlx::Error::Io(cause) if cause.to_string().starts_with("invalid peer certificate") => {
                Self::tls_failed(cause)
            }
            sqlx::Error::Io(cause) if is_of_another_protocol(cause) => Self::new(true, NOT_POSTGRESQL),
            sqlx::Error::Io(cause) => Self::new(
                true,
                format!("the connection broke off: {cause}; see that it is PostgreSQL that listens there"),
            ),
            sqlx::Error::Protocol(_) => Self::new(false, NOT_POSTGRESQL),
            sqlx::Error::Tls(cause) => Self::tls_failed(cause),
            sqlx::Error::Database(answer) => {
                let message = answer.message();
                match &*answer.code().unwrap_or_default() {
                    "28P01" | "28000" => Self::new(
                        false,
                        format!("authentication failed: {message}; see user and password in database_url"),
                    ),
                    "3D000" => Self::new(
                        false,
                        format!("no such database: {message}; create it, or name another one in database_url"),
                    ),
                    "53300" => Self::new(
                        true,
                        format!(
                            "too many connections: {message}; lower database_connections_max or raise the server's \
                             max_connections"
                        ),
                    ),
                    _ => Self::new(true, message),
                }
            }
            other => Self::new(false, other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn a_place_is_told_with_host_port_and_database_and_without_the_password() {
        let options = PgConnectOptions::from_str("postgres://shop:sesame@db.internal:5433/quanyu").unwrap();
        let told = Place::server("ledger", &options).to_string();
        assert_eq!(
            told,
            "the database of ledger (PostgreSQL at db.internal:5433, database quanyu)"
        );
        let options = SqliteConnectOptions::from_str("sqlite:/data/ledger.db").unwrap();
        assert_eq!(
            Place::file("ledger", &options).to_string(),
            "the database of ledger (the file /data/ledger.db)"
        );
    }

    #[test]
    fn what_a_configuration_mends_is_not_waited_for() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(Closed::of(&sqlx::Error::Io(refused)).passes);
        assert!(!Closed::of(&sqlx::Error::Tls("server does not support TLS".into())).passes);
        // As the driver tells that another CA has issued the server's certificate.
        let unknown = std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "invalid peer certificate: UnknownIssuer",
        );
        let closed = Closed::of(&sqlx::Error::Io(unknown));
        assert!(
            !closed.passes && closed.cause.starts_with("TLS failed"),
            "{}",
            closed.cause
        );
    }
}
