use contracts_tagging::v1::{UpdateTagRequest, UpdateTagResponse};
use fault::{Fault, Violations};
use rpc::Call;
use store::stuck;

use super::Tag;
use super::catalogs;
use super::catalogs::Hold;
use super::rows;
use super::wire;
use crate::api::TaggingApi;
use crate::tag::backfill::BACKFILLS;

/// The fields of a tag that may change.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    Group,
    Description,
    LifetimeDays,
}

const FIELDS: [(&str, Field); 4] = [
    ("display_name", Field::DisplayName),
    ("group", Field::Group),
    ("description", Field::Description),
    ("lifetime_days", Field::LifetimeDays),
];

impl TaggingApi {
    pub(crate) async fn update_tag(&self, call: Call<UpdateTagRequest>) -> Result<UpdateTagResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        let revision = self.revisions.begin(&tx, call.tenant(), Hold::Alone).await?;
        let tag = rows::find(&**tx, call.tenant(), &call.tag_code).await?;
        let tag = tag.ok_or_else(|| Fault::not_found("tag", &call.tag_code))?;
        Fault::check_etag(&call.etag, tag.version)?;
        let mut tag = apply(&call, tag)?;
        tag.version = tag.version.saturating_add(1);
        tag.update_time = revision.now;
        // Past this line nothing may refuse the update.
        rows::update(&tx, call.tenant(), &tag).await?;
        // Another definition may be kept where the one before could not be.
        stuck::release(&tx, BACKFILLS, call.tenant(), &call.tag_code).await?;
        tag.failure = None;
        catalogs::changed(&tx, call.tenant()).await?;
        let answer = UpdateTagResponse {
            tag: Some(wire::write(tag)),
        };
        tx.commit(answer).await
    }
}

fn apply(request: &UpdateTagRequest, mut tag: Tag) -> Result<Tag, Fault> {
    let mut violations = Violations::new();
    for field in violations.mask(request.update_mask.as_ref(), &FIELDS) {
        match field {
            Field::DisplayName => {
                violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                tag.display_name.clone_from(&request.display_name);
            }
            Field::Group => tag.group.clone_from(&request.group),
            Field::Description => tag.description.clone_from(&request.description),
            Field::LifetimeDays => {
                let is_free = tag.computation().is_none() || request.lifetime_days == 0;
                violations.check(
                    is_free,
                    "lifetime_days",
                    "must be 0 for a computed tag: its window says when values lapse",
                );
                tag.lifetime_days = wire::days(request.lifetime_days);
            }
        }
    }
    violations.finish()?;
    Ok(tag)
}
