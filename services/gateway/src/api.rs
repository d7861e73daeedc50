use std::sync::Arc;

use kernel::Clock;
use store::Db;

use crate::contract;
use crate::key::scope::KnownScopes;
use crate::role::Roles;

/// The methods of this service, each in the file of its name in the room of its noun, with what they need.
#[derive(Clone)]
pub(crate) struct GatewayApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) known_scopes: Arc<KnownScopes>,
    pub(crate) roles: Arc<Roles>,
}

impl GatewayApi {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        // Contracts that leave something open stop the start elsewhere, with everything that they leave open.
        let methods = contracts_all::CONTRACT.methods().ok();
        Self {
            clock,
            db,
            known_scopes: Arc::new(KnownScopes::new(methods.into_iter().flat_map(contract::scopes))),
            roles: Arc::new(methods.map_or_else(Roles::default, Roles::of)),
        }
    }
}
