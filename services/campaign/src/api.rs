//! What the methods of campaign need. Each room implements its service of the contract beside its methods.

use kernel::Clock;
use store::Db;

/// The methods of campaign.
#[derive(Clone)]
pub(crate) struct CampaignApi {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}
