use fault::Fault;
use kernel::{Clock, IdError};
use rpc::Call;
use store::Db;

use crate::member::MemberId;

/// The methods of this service, each in the file of its name in the room of its noun, with what they need.
#[derive(Clone)]
pub(crate) struct RightsApi {
    pub(crate) clock: Clock,
    pub(crate) db: Db,
}

impl RightsApi {
    /// The member that a request to read names, or the survivor that it was merged into.
    pub(crate) async fn member<T>(&self, call: &Call<T>, member_id: &str) -> Result<MemberId, Fault> {
        let member: MemberId = member_id
            .parse()
            .map_err(|error: IdError| Fault::invalid("member_id", error.to_string()))?;
        lineage::follow(self.db.read(), call.tenant(), member).await
    }
}
