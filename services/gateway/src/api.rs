use std::sync::Arc;

use kernel::Clock;
use store::Db;

use crate::contract;
use crate::key::scope::KnownScopes;

/// The methods of this service, each in the file of its name in the room of its noun, with what they need.
#[derive(Clone)]
pub(crate) struct GatewayApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) known_scopes: Arc<KnownScopes>,
}

impl GatewayApi {
    pub(crate) fn new(clock: Clock, db: Db) -> Self {
        // Contracts that leave something open stop the start elsewhere, with everything that they leave open.
        let scopes = contracts_all::CONTRACT.methods().into_iter().flat_map(contract::scopes);
        Self {
            clock,
            db,
            known_scopes: Arc::new(KnownScopes::new(scopes)),
        }
    }
}
