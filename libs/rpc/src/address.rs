use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use http::Uri;

/// The port of an address that names none.
const PORT: u16 = 80;
const PORT_OF_TLS: u16 = 443;

/// Where one replica of a service is reached: "<http://10.0.0.7:7401>".
#[derive(Clone, Debug)]
pub struct Address {
    text: Arc<str>,
    uri: Uri,
    is_far: bool,
}

/// What is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAddress;

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an address such as http://10.0.0.7:7401")
    }
}

impl Address {
    pub(crate) fn of(uri: &Uri) -> Self {
        Self {
            text: uri.to_string().trim_end_matches('/').into(),
            uri: uri.clone(),
            is_far: false,
        }
    }

    /// The same, in another zone: it gets calls only while no replica of the own zone answers.
    #[must_use]
    pub fn far(self) -> Self {
        Self { is_far: true, ..self }
    }

    /// Whether it is in another zone.
    pub fn is_far(&self) -> bool {
        self.is_far
    }

    /// The name or number of the machine, without the brackets around one of IPv6.
    pub fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port there.
    pub fn port(&self) -> u16 {
        let of_scheme = if self.is_https() { PORT_OF_TLS } else { PORT };
        self.uri.port_u16().unwrap_or(of_scheme)
    }

    /// The same port on the machine of this number.
    pub fn at(&self, machine: IpAddr) -> Option<Self> {
        let host = match machine {
            IpAddr::V4(number) => number.to_string(),
            IpAddr::V6(number) => format!("[{number}]"),
        };
        format!("{}://{host}:{}", self.scheme(), self.port()).parse().ok()
    }

    /// Whether it says that it is called over TLS: "<https://10.0.0.7:7401>".
    pub fn is_https(&self) -> bool {
        self.scheme() == "https"
    }

    fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or_default()
    }

    /// The same, as the transport reads it.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let uri: Uri = text.trim().parse().map_err(|_| NoAddress)?;
        match matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() {
            true => Ok(Self::of(&uri)),
            false => Err(NoAddress),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.text, self.is_far).cmp(&(&other.text, other.is_far))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_said_as_it_was_written() {
        let address: Address = " http://points.internal:7401/ ".parse().unwrap();
        assert_eq!(address.to_string(), "http://points.internal:7401");
        assert_eq!((address.host(), address.port()), ("points.internal", 7_401));
        let six: Address = "http://[::1]:7401".parse().unwrap();
        assert_eq!(six.host(), "::1");
        assert!(!six.is_https());
        let safe: Address = "https://10.0.0.7:7401".parse().unwrap();
        assert!(safe.is_https());
        assert_eq!(
            safe.at("10.0.0.8".parse().unwrap()).unwrap().to_string(),
            "https://10.0.0.8:7401"
        );
        for text in ["", "points:7401", "ftp://10.0.0.7:7401", "http://", "/points"] {
            assert_eq!(text.parse::<Address>(), Err(NoAddress), "{text}");
        }
    }

    #[test]
    fn an_address_of_a_name_becomes_those_of_its_machines() {
        let address: Address = "http://points:7401".parse().unwrap();
        let at = |machine: &str| address.at(machine.parse().unwrap()).unwrap().to_string();
        assert_eq!(at("10.0.0.7"), "http://10.0.0.7:7401");
        assert_eq!(at("fd00::7"), "http://[fd00::7]:7401");
    }
}
