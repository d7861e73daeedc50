//! The address of a process: taken when it starts, open once it serves.
//!
//! Whoever finds the address taken shall know before anything of the platform is touched. But a socket that listens takes
//! connections, by the system's own hand, and its callers wait for a process that is still waiting for its database: until then
//! they are refused, and go elsewhere. (Of two processes that take one address in the same moment, the later one learns it when
//! it opens it.)

use std::net::SocketAddr;

use fault::Fault;
use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be taken.
const BACKLOG: u32 = 1_024;

/// An address that is this process's, and where nobody is answered yet.
#[derive(Debug)]
pub(crate) struct Taken {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Taken {
    /// Takes an address, or says who has it.
    pub(crate) fn take(address: SocketAddr) -> Result<Self, Fault> {
        let fail = |error| Fault::unavailable(format!("{address} cannot be listened to: {error}"));
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.map_err(fail)?;
        // As what was there before may still be closing its connections.
        socket.set_reuseaddr(true).map_err(fail)?;
        socket.bind(address).map_err(fail)?;
        let address = socket.local_addr().map_err(fail)?;
        Ok(Self { socket, address })
    }

    /// Where it is: the port that was chosen, where none was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens it.
    pub(crate) fn open(self) -> Result<TcpListener, Fault> {
        let address = self.address;
        let opened = self.socket.listen(BACKLOG);
        opened.map_err(|error| Fault::unavailable(format!("{address} cannot be listened to: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn who_calls_before_it_is_open_is_refused_and_who_wants_it_too_is_told() {
        let taken = Taken::take("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = taken.address();
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let open = taken.open().unwrap();
        let (called, taken) = tokio::join!(TcpStream::connect(address), open.accept());
        assert!(called.is_ok() && taken.is_ok());
        let told = Taken::take(address).unwrap_err().to_string();
        assert!(told.contains(&address.to_string()) && told.contains("in use"), "{told}");
    }
}
