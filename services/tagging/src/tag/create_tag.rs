use contracts_tagging::v1::{CreateTagRequest, CreateTagResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::TAGS_MAX;
use super::catalogs;
use super::catalogs::Hold;
use super::refusals;
use super::rows;
use super::wire;
use crate::api::TaggingApi;

impl TaggingApi {
    pub(crate) async fn create_tag(&self, call: Call<CreateTagRequest>) -> Result<CreateTagResponse, Fault> {
        let mut violations = Violations::new();
        let tag = call
            .tag
            .as_ref()
            .and_then(|tag| wire::parse(tag, self.clock.now(), &mut violations));
        violations.finish()?;
        let tag = tag.ok_or_else(|| Fault::invalid("tag", "must be a whole definition"))?;

        let tx = store::begin_or_replay!(self.db, call);
        let revision = self.revisions.begin(&tx, call.tenant(), Hold::Alone).await?;
        if revision.catalog.tag(&tag.code).is_some() {
            return Err(refusals::tag_exists(&tag.code));
        }
        if rows::count(&**tx, call.tenant()).await? >= TAGS_MAX {
            return Err(refusals::too_many_tags());
        }
        // Past this line nothing may refuse the tag.
        rows::insert(&tx, call.tenant(), &tag).await?;
        catalogs::changed(&tx, call.tenant()).await?;
        let answer = CreateTagResponse {
            tag: Some(wire::write(tag)),
        };
        tx.commit(answer).await
    }
}
