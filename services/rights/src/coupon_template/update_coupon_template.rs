use contracts_rights::v1::{CouponTemplateChange, UpdateCouponTemplateRequest, UpdateCouponTemplateResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::refusals;
use super::rows;
use super::wire::{coupon_template, etag, parse_benefit, parse_state, parse_validity};
use super::{LimitChange, TemplateChange};
use crate::api::RightsApi;

/// What may change of a template.
#[derive(Clone, Copy)]
enum Field {
    Name,
    Benefit,
    MinimumSpend,
    TotalCap,
    MemberCap,
    Validity,
    State,
}

const FIELDS: [(&str, Field); 7] = [
    ("name", Field::Name),
    ("benefit", Field::Benefit),
    ("minimum_spend", Field::MinimumSpend),
    ("total_cap", Field::TotalCap),
    ("member_cap", Field::MemberCap),
    ("validity", Field::Validity),
    ("state", Field::State),
];

impl RightsApi {
    pub(crate) async fn update_coupon_template(
        &self,
        call: Call<UpdateCouponTemplateRequest>,
    ) -> Result<UpdateCouponTemplateResponse, Fault> {
        let change = parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let code = &call.template_code;
        let template = rows::find_locked(&tx, call.tenant(), code).await?;
        let template = template.ok_or_else(|| Fault::not_found("coupon template", code))?;
        Fault::check_etag(&call.etag, etag(&template))?;
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
    let mut change = TemplateChange::default();
    for field in violations.mask(call.update_mask.as_ref(), &FIELDS) {
        take(&mut violations, &mut change, field, values);
    }
    violations.finish()?;
    Ok(change)
}

/// Takes the new value of a field into the change.
fn take(violations: &mut Violations, change: &mut TemplateChange, field: Field, values: &CouponTemplateChange) {
    match field {
        Field::Name => {
            violations.check(!values.name.is_empty(), "template.name", "must not be empty");
            change.name = Some(values.name.clone());
        }
        Field::Benefit => change.benefit = parse_benefit(violations, "template.benefit", values.benefit.as_ref()),
        Field::MinimumSpend => {
            let minimum = values.minimum_spend.as_ref();
            let minimum = minimum.and_then(|minimum| minimum.parse("template.minimum_spend", violations));
            change.minimum_spend = LimitChange::to(minimum);
        }
        Field::TotalCap => change.total_cap = LimitChange::to(values.total_cap),
        Field::MemberCap => change.member_cap = LimitChange::to(values.member_cap),
        Field::Validity => {
            change.validity = parse_validity(violations, "template.validity", values.validity.as_ref());
        }
        Field::State => change.state = parse_state(violations, "template.state", values.state()),
    }
}
