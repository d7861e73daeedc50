use std::sync::Arc;

use kernel::Clock;
use rpc::{Contract, Peers};
use store::Db;
use telemetry::Red;
use tonic::service::Routes;

use crate::{Facts, Worker};

/// What a service needs from its surroundings.
#[derive(Clone)]
pub struct Deps {
    /// What time it is.
    pub clock: Clock,
    /// Where its rows are.
    pub db: Db,
    /// Whom it may call.
    pub peers: Peers,
    /// Whose facts it may hear.
    pub facts: Arc<dyn Facts>,
    /// Where it tells how it stands.
    pub red: Red,
}

/// A service, ready to be served.
pub struct Service {
    /// Its name: "points".
    pub name: &'static str,
    /// What it promises: the contract of its methods.
    pub contract: &'static Contract,
    /// Its methods, without the server stack.
    pub routes: Routes,
    /// What it does without being called.
    pub workers: Vec<Box<dyn Worker>>,
    /// Where its rows are.
    pub db: Db,
}
