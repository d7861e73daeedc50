use contracts_tagging::v1::{self, CreateSegmentRequest, CreateSegmentResponse};
use fault::{Fault, Violations};
use kernel::Time;
use rpc::Call;

use super::condition::Condition;
use super::refusals;
use super::rows;
use super::rows::Row;
use super::{SEGMENTS_MAX, Segment};
use super::{condition, wire};
use crate::api::TaggingApi;
use crate::tag::catalog::Catalog;
use crate::tag::catalogs;
use crate::tag::catalogs::Hold;

impl TaggingApi {
    pub(crate) async fn create_segment(
        &self,
        call: Call<CreateSegmentRequest>,
    ) -> Result<CreateSegmentResponse, Fault> {
        let row = parse(call.segment.as_ref(), self.clock.now())?;

        let tx = store::begin_or_replay!(self.db, call);
        let revision = self.revisions.begin(&tx, call.tenant(), Hold::Alone).await?;
        let Segment { code, condition, .. } = &row.segment;
        if revision.catalog.condition(code).is_some() {
            return Err(refusals::segment_exists(code));
        }
        if rows::count(&**tx, call.tenant()).await? >= SEGMENTS_MAX {
            return Err(refusals::too_many_segments());
        }
        check(condition, "segment.condition", &revision.catalog)?;
        // Past this line nothing may refuse the segment.
        rows::insert(&tx, call.tenant(), &row).await?;
        catalogs::changed(&tx, call.tenant()).await?;
        let answer = CreateSegmentResponse {
            segment: Some(wire::write(row.segment, row.condition, 0)),
        };
        tx.commit(answer).await
    }
}

/// Refuses a condition that does not fit the brand's tags.
pub(crate) fn check(condition: &Condition, path: &str, catalog: &Catalog) -> Result<(), Fault> {
    let value_type = |code: &str| catalog.tag(code).map(|tag| tag.value_type);
    Ok(condition::wire::check(condition, path, &value_type)?)
}

fn parse(wire: Option<&v1::Segment>, now: Time) -> Result<Row, Fault> {
    let mut violations = Violations::new();
    let parsed = wire.and_then(|segment| {
        let tree = segment.condition.clone()?;
        let condition = condition::wire::parse(&tree, "segment.condition", &mut violations)?;
        Some((segment, tree, condition))
    });
    violations.finish()?;
    let (wire, tree, condition) = parsed.ok_or_else(|| Fault::invalid("segment.condition", "must be given"))?;
    let segment = Segment {
        code: wire.segment_code.clone(),
        display_name: wire.display_name.clone(),
        description: wire.description.clone(),
        condition,
        condition_version: 1,
        is_evaluating: true,
        failure: None,
        evaluated_count: 0,
        version: 1,
        create_time: now,
        update_time: now,
    };
    Ok(Row {
        segment,
        condition: tree,
    })
}
