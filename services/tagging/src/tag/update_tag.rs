use contracts::tagging::v1::{UpdateTagRequest, UpdateTagResponse};
use fault::{Common, Fault, Violations};
use rpc::Call;
use store::stuck;

use super::Tag;
use super::catalogs;
use super::catalogs::Hold;
use super::rows;
use super::wire;
use crate::api::TaggingApi;
use crate::workers::BACKFILLS;

impl TaggingApi {
    pub(crate) async fn update_tag(&self, call: Call<UpdateTagRequest>) -> Result<UpdateTagResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        let revision = self.revisions.begin(&tx, call.tenant(), Hold::Alone).await?;
        let tag = rows::find(&**tx, call.tenant(), &call.tag_code).await?;
        let tag = tag.ok_or_else(|| Fault::not_found("tag", &call.tag_code))?;
        check_etag(&call.etag, tag.version)?;
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

/// Refuses a change that was made to another version than the present one.
pub(crate) fn check_etag(sent: &str, version: i64) -> Result<(), Fault> {
    let etag = version.to_string();
    if sent.is_empty() || sent == etag {
        return Ok(());
    }
    let message = format!("the etag is {etag} now, {sent} was sent: read it again, then repeat");
    Err(Fault::refused(Common::EtagMismatch, message)
        .with("etag", etag)
        .with("sent", sent))
}

fn apply(request: &UpdateTagRequest, mut tag: Tag) -> Result<Tag, Fault> {
    let mut violations = Violations::new();
    let paths = request
        .update_mask
        .as_ref()
        .map(|mask| mask.paths.as_slice())
        .unwrap_or_default();
    violations.check(!paths.is_empty(), "update_mask", "must name at least one field");
    for path in paths {
        match path.as_str() {
            "display_name" => {
                violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                tag.display_name.clone_from(&request.display_name);
            }
            "group" => tag.group.clone_from(&request.group),
            "description" => tag.description.clone_from(&request.description),
            "lifetime_days" => {
                let is_free = tag.computation().is_none() || request.lifetime_days == 0;
                violations.check(
                    is_free,
                    "lifetime_days",
                    "must be 0 for a computed tag: its window says when values lapse",
                );
                tag.lifetime_days = wire::days(request.lifetime_days);
            }
            other => violations.add("update_mask", format!("{other} is not a field that can be changed")),
        }
    }
    violations.finish()?;
    Ok(tag)
}
