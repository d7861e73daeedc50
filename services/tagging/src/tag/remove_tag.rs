use std::collections::BTreeSet;

use contracts_tagging::v1::{RemoveTagRequest, RemoveTagResponse};
use fault::Fault;
use rpc::Call;

use super::catalogs::Hold;
use super::refusals;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn remove_tag(&self, call: Call<RemoveTagRequest>) -> Result<RemoveTagResponse, Fault> {
        let member = self.member(call.tenant(), &call.member_id).await?;

        let tx = store::begin_or_replay!(self.db, call);
        let revision = self.revisions.begin(&tx, call.tenant(), Hold::Shared).await?;
        let code = &call.tag_code;
        let tag = revision
            .catalog
            .tag(code)
            .ok_or_else(|| refusals::tag_unknown(code, "tag_code"))?;
        if tag.computation().is_some() {
            return Err(refusals::tag_computed(code));
        }
        let member = lineage::follow(&**tx, call.tenant(), member).await?;
        let mut subjects = revision.known_subjects(&BTreeSet::from([member])).await?;
        // Past this line nothing may refuse the removal.
        let removed = subjects.get_mut(&member).is_some_and(|subject| subject.remove(code));
        revision.settle(subjects, None, Vec::new()).await?;
        tx.commit(RemoveTagResponse { removed }).await
    }
}
