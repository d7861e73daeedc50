//! Who serves what, where, and which of several replicas does what only one shall do.
//!
//! - [`Discovery`] gives a stream of the addresses of a service, a whole set each time; [`peers`] makes channels over them.
//!   [`Fixed`] has the configuration's; [`Dns`] asks for the machines behind their names again and again;
//!   [`Etcd`] those that have registered there, as this process does ([`Registration`]).
//! - [`Leadership`] gives a [`Lease`] to one of those who want to lead; [`follow`] opens a gate for as long as it lasts.
//!   [`Unopposed`] gives it to everybody; [`InDatabase`] to one of the replicas that share a database.

mod discovery;
mod dns;
mod etcd;
mod in_database;
mod leadership;

pub use discovery::{AddressSets, Discovery, Fixed, peers};
pub use dns::Dns;
pub use etcd::{Entry, Etcd, EtcdConfig, Registration, Standing};
pub use in_database::InDatabase;
pub use leadership::{Leadership, Lease, Unopposed, follow};
