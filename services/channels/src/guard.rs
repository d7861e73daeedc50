//! Which addresses the platform sends to: those of the public Internet, and of networks that its operator has allowed. A tenant
//! names targets, and must not reach by them what only the platform's machines can.

pub(crate) mod resolver;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

pub use resolver::Names;

/// A network: an address and how many of its bits all of it have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a network such as 10.1.0.0/16 or fd00::/8, without bits beyond its length")]
pub struct NoNetwork;

/// How something is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Readable by those between: to allowed networks alone.
    Plain,
    Tls,
}

/// Why nothing is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Forbidden {
    #[error("{0} is no address of the public Internet, and channels.allowed_networks does not name it")]
    NotPublic(IpAddr),
    #[error("{0} is reached by plain http, which only networks of channels.allowed_networks are: use https")]
    Plain(IpAddr),
}

/// Decides where the platform sends to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    allowed: Vec<Network>,
}

impl Guard {
    pub(crate) fn new(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Whether something may be sent to an address.
    pub(crate) fn check(&self, address: IpAddr, wire: Wire) -> Result<(), Forbidden> {
        let address = address.to_canonical();
        if self.allowed.iter().any(|network| network.has(address)) {
            return Ok(());
        }
        if !is_public(address) {
            return Err(Forbidden::NotPublic(address));
        }
        match wire {
            Wire::Tls => Ok(()),
            Wire::Plain => Err(Forbidden::Plain(address)),
        }
    }
}

impl Network {
    const fn v4(address: [u8; 4], bits: u8) -> Self {
        let [a, b, c, d] = address;
        Self {
            address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            bits,
        }
    }

    const fn v6(first: u16, second: u16, bits: u8) -> Self {
        Self {
            address: IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)),
            bits,
        }
    }

    fn has(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let beyond = 32_u32.saturating_sub(self.bits.into());
                (own.to_bits() ^ other.to_bits()).checked_shr(beyond).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let beyond = 128_u32.saturating_sub(self.bits.into());
                (own.to_bits() ^ other.to_bits()).checked_shr(beyond).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = text.split_once('/').ok_or(NoNetwork)?;
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let bits: u8 = bits.parse().map_err(|_| NoNetwork)?;
        let (longest, first_bits) = match address {
            IpAddr::V4(address) => (32, address.to_bits().checked_shl(bits.into()).unwrap_or(0) == 0),
            IpAddr::V6(address) => (128, address.to_bits().checked_shl(bits.into()).unwrap_or(0) == 0),
        };
        match bits <= longest && first_bits {
            true => Ok(Self { address, bits }),
            false => Err(NoNetwork),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// What is not the public Internet, from the registries of special addresses of IANA. Metadata of clouds (169.254.169.254,
/// 100.100.100.200, `fd00:ec2::254`) lies in these. What carries another address within it (6to4, Teredo, NAT64) is among them
/// as a whole.
const NOT_PUBLIC: [Network; 28] = [
    Network::v4([0, 0, 0, 0], 8),
    Network::v4([10, 0, 0, 0], 8),
    Network::v4([100, 64, 0, 0], 10),
    Network::v4([127, 0, 0, 0], 8),
    Network::v4([168, 63, 129, 16], 32),
    Network::v4([169, 254, 0, 0], 16),
    Network::v4([172, 16, 0, 0], 12),
    Network::v4([192, 0, 0, 0], 24),
    Network::v4([192, 0, 2, 0], 24),
    Network::v4([192, 31, 196, 0], 24),
    Network::v4([192, 52, 193, 0], 24),
    Network::v4([192, 88, 99, 0], 24),
    Network::v4([192, 168, 0, 0], 16),
    Network::v4([192, 175, 48, 0], 24),
    Network::v4([198, 18, 0, 0], 15),
    Network::v4([198, 51, 100, 0], 24),
    Network::v4([203, 0, 113, 0], 24),
    Network::v4([224, 0, 0, 0], 3),
    // The unspecified address, loopback, addresses of IPv4 as they were once written, and whatever else begins so.
    Network::v6(0, 0, 16),
    Network::v6(0x64, 0xff9b, 32),
    Network::v6(0x100, 0, 16),
    Network::v6(0x2001, 0, 23),
    Network::v6(0x2001, 0xdb8, 32),
    Network::v6(0x2002, 0, 16),
    Network::v6(0x3fff, 0, 20),
    Network::v6(0x5f00, 0, 16),
    Network::v6(0xfc00, 0, 7),
    // Link-local and site-local addresses, and all that are for many.
    Network::v6(0xfe00, 0, 7),
];

fn is_public(address: IpAddr) -> bool {
    !NOT_PUBLIC.iter().any(|network| network.has(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_not_public() {
        let guard = Guard::default();
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let refused = guard.check(address(text), Wire::Tls);
            assert!(matches!(refused, Err(Forbidden::NotPublic(_))), "{text}: {refused:?}");
        }
        for text in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700:4700::1111",
            "2400:3200::1",
        ] {
            assert_eq!(guard.check(address(text), Wire::Tls), Ok(()), "{text}");
            assert_eq!(
                guard.check(address(text), Wire::Plain),
                Err(Forbidden::Plain(address(text)))
            );
        }
    }

    #[test]
    fn a_network_that_is_allowed_is_reached_in_whatever_form_its_address_is_written() {
        let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap(), "fd12::/16".parse().unwrap()]);
        for text in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::7"] {
            for wire in [Wire::Plain, Wire::Tls] {
                assert_eq!(guard.check(address(text), wire), Ok(()), "{text}");
            }
        }
        for text in ["10.2.0.1", "fd13::1", "127.0.0.1"] {
            assert!(guard.check(address(text), Wire::Tls).is_err(), "{text}");
        }
    }

    #[test]
    fn a_network_is_an_address_and_its_length() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "192.168.1.7/32", "fd00::/8"] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), text);
        }
        for text in [
            "10.0.0.0",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "::/129",
            "example.com/8",
            "10.0.0.0/-1",
            "",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }
}
