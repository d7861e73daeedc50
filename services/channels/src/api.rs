//! What the methods of channels need. Each room implements its service of the contract beside its methods.

use kernel::Clock;
use store::Db;

use crate::delivery::Sender;
use crate::sealing::Sealer;

/// The methods of channels.
#[derive(Clone)]
pub(crate) struct ChannelsApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) sealer: Sealer,
    pub(crate) sender: Sender,
}
