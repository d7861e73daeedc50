use contracts_tagging::v1::{UpdateSegmentRequest, UpdateSegmentResponse};
use fault::{Fault, Violations};
use rpc::Call;
use store::stuck;

use super::condition;
use super::create_segment::check;
use super::get_segment;
use super::rows;
use super::rows::Row;
use crate::api::TaggingApi;
use crate::segment::evaluate::EVALUATIONS;
use crate::tag::catalogs;
use crate::tag::catalogs::Hold;

/// The fields of a segment that may change.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    Description,
    Condition,
}

const FIELDS: [(&str, Field); 3] = [
    ("display_name", Field::DisplayName),
    ("description", Field::Description),
    ("condition", Field::Condition),
];

impl TaggingApi {
    pub(crate) async fn update_segment(
        &self,
        call: Call<UpdateSegmentRequest>,
    ) -> Result<UpdateSegmentResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        let revision = self.revisions.begin(&tx, call.tenant(), Hold::Alone).await?;
        let before = rows::find(&**tx, call.tenant(), &call.segment_code).await?;
        let before = before.ok_or_else(|| Fault::not_found("segment", &call.segment_code))?;
        Fault::check_etag(&call.etag, before.segment.version)?;
        let condition_before = before.segment.condition.clone();
        let mut row = apply(&call, before)?;
        check(&row.segment.condition, "condition", &revision.catalog)?;
        // Past this line nothing may refuse the update.
        row.segment.version = row.segment.version.saturating_add(1);
        row.segment.update_time = revision.now;
        rows::update(&tx, call.tenant(), &row.segment).await?;
        // A condition that selects the same members as before need not be evaluated.
        if row.segment.condition != condition_before {
            row.segment.condition_version = row.segment.condition_version.saturating_add(1);
            row.segment.is_evaluating = true;
            row.segment.failure = None;
            row.segment.evaluated_count = 0;
            rows::update_condition(&tx, call.tenant(), &row).await?;
            stuck::release(&tx, EVALUATIONS, call.tenant(), &call.segment_code).await?;
            catalogs::changed(&tx, call.tenant()).await?;
        }
        let segment = get_segment::write(&**tx, call.tenant(), row).await?;
        tx.commit(UpdateSegmentResponse { segment: Some(segment) }).await
    }
}

fn apply(request: &UpdateSegmentRequest, mut row: Row) -> Result<Row, Fault> {
    let mut violations = Violations::new();
    for field in violations.mask(request.update_mask.as_ref(), &FIELDS) {
        match field {
            Field::DisplayName => {
                violations.check(!request.display_name.is_empty(), "display_name", "must not be empty");
                row.segment.display_name.clone_from(&request.display_name);
            }
            Field::Description => row.segment.description.clone_from(&request.description),
            Field::Condition => {
                violations.check(request.condition.is_some(), "condition", "must be given");
                let Some(tree) = &request.condition else { continue };
                if let Some(condition) = condition::wire::parse(tree, "condition", &mut violations) {
                    row.segment.condition = condition;
                    row.condition = tree.clone();
                }
            }
        }
    }
    violations.finish()?;
    Ok(row)
}
