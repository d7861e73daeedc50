//! All contracts as one. Whatever builds on this crate is rebuilt when any contract changes: it is for the gateway, which serves
//! them all, for what joins the services into one platform, and for tests of them all. A service uses the contracts that it
//! speaks.

/// Every contract.
pub static CONTRACT: contracts::Contract = contracts::Contract::of_all(&[
    &contracts_campaign::CONTRACT,
    &contracts_channels::CONTRACT,
    &contracts_points::CONTRACT,
    &contracts_gateway::CONTRACT,
    &contracts_identity::CONTRACT,
    &contracts_rights::CONTRACT,
    &contracts_tagging::CONTRACT,
]);
