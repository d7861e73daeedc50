use contracts::rights::v1::{CouponTemplateChange, UpdateCouponTemplateRequest, UpdateCouponTemplateResponse};
use fault::{Fault, Violations};
use rpc::Call;
use store::Begun;

use super::rows;
use super::wire::{coupon_template, etag, parse_benefit, parse_state, parse_validity};
use super::{LimitChange, TemplateChange};
use crate::api::RightsApi;
use crate::refusals;

impl RightsApi {
    pub(crate) async fn update_coupon_template(
        &self,
        call: Call<UpdateCouponTemplateRequest>,
    ) -> Result<UpdateCouponTemplateResponse, Fault> {
        let change = parse(&call)?;
        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let code = &call.template_code;
        let template = rows::find_locked(&tx, call.tenant(), code).await?;
        let template = template.ok_or_else(|| Fault::not_found("coupon template", code))?;
        if call.etag != etag(&template) {
            return Err(refusals::etag_mismatch(&etag(&template), &call.etag));
        }
        let changed = template.change(change, self.clock.now());
        let changed = changed.map_err(|refusal| refusals::of_template(code, refusal))?;
        // Past this line nothing may refuse.
        rows::update(&tx, call.tenant(), &changed).await?;
        tx.commit(UpdateCouponTemplateResponse {
            template: Some(coupon_template(&changed)),
        })
        .await
    }
}

fn parse(call: &UpdateCouponTemplateRequest) -> Result<TemplateChange, Fault> {
    let mut violations = Violations::new();
    let empty = CouponTemplateChange::default();
    let values = call.template.as_ref().unwrap_or(&empty);
    let paths = call
        .update_mask
        .as_ref()
        .map(|mask| mask.paths.as_slice())
        .unwrap_or_default();
    violations.check(!paths.is_empty(), "update_mask", "must name at least one field");
    let mut change = TemplateChange::default();
    for path in paths {
        name(&mut violations, &mut change, path, values);
    }
    violations.finish()?;
    Ok(change)
}

/// Takes the field that the mask names into the change.
fn name(violations: &mut Violations, change: &mut TemplateChange, path: &str, values: &CouponTemplateChange) {
    match path {
        "name" => {
            violations.check(!values.name.is_empty(), "template.name", "must not be empty");
            change.name = Some(values.name.clone());
        }
        "benefit" => change.benefit = parse_benefit(violations, "template.benefit", values.benefit.as_ref()),
        "minimum_spend" => {
            let minimum = values.minimum_spend.as_ref();
            let minimum = minimum.and_then(|minimum| minimum.parse("template.minimum_spend", violations));
            change.minimum_spend = LimitChange::to(minimum);
        }
        "total_cap" => change.total_cap = LimitChange::to(values.total_cap),
        "member_cap" => change.member_cap = LimitChange::to(values.member_cap),
        "validity" => change.validity = parse_validity(violations, "template.validity", values.validity.as_ref()),
        "state" => change.state = parse_state(violations, "template.state", values.state()),
        other => violations.add(
            "update_mask",
            format!("{other} is none of name, benefit, minimum_spend, total_cap, member_cap, validity and state"),
        ),
    }
}
