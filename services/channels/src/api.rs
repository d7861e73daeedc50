//! What the methods of channels need. Each room implements its service of the contract beside its methods.

use std::sync::Arc;

use kernel::Clock;
use runtime::Facts;
use store::Db;
use telemetry::Red;

use crate::delivery::Sender;
use crate::message::handing::Handing;
use crate::sealing::Sealer;
use crate::stream::Places;

/// The methods of channels.
#[derive(Clone)]
pub(crate) struct ChannelsApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
    pub(crate) sealer: Sealer,
    pub(crate) sender: Sender,
    pub(crate) facts: Arc<dyn Facts>,
    pub(crate) places: Places,
    pub(crate) red: Red,
    pub(crate) handing: Handing,
}
