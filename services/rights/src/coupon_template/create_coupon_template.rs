use contracts_rights::v1 as proto;
use contracts_rights::v1::{CreateCouponTemplateRequest, CreateCouponTemplateResponse, ErrorReason};
use fault::{Fault, Violations};
use kernel::Time;
use rpc::Call;

use super::rows;
use super::wire::{coupon_template, parse_benefit, parse_state, parse_validity};
use super::{CouponTemplate, TemplateState};
use crate::api::RightsApi;
use crate::benefit::Terms;

impl RightsApi {
    pub(crate) async fn create_coupon_template(
        &self,
        call: Call<CreateCouponTemplateRequest>,
    ) -> Result<CreateCouponTemplateResponse, Fault> {
        let asked = call
            .template
            .as_ref()
            .ok_or_else(|| Fault::invalid("template", "must be given"))?;
        let tx = store::begin_or_replay!(self.db, call);
        let template = parse(asked, self.clock.now())?;
        if !rows::insert(&tx, call.tenant(), &template).await? {
            let message = format!(
                "there is a coupon template {} already: update it, or choose another code",
                asked.code
            );
            return Err(Fault::refused(ErrorReason::TemplateExists, message).with("template_code", &asked.code));
        }
        tx.commit(CreateCouponTemplateResponse {
            template: Some(coupon_template(&template)),
        })
        .await
    }
}

fn parse(asked: &proto::CouponTemplate, now: Time) -> Result<CouponTemplate, Fault> {
    let mut violations = Violations::new();
    let benefit = parse_benefit(&mut violations, "template.benefit", asked.benefit.as_ref());
    let validity = parse_validity(&mut violations, "template.validity", asked.validity.as_ref());
    let state = parse_state(&mut violations, "template.state", asked.state());
    violations.check(
        state != Some(TemplateState::Closed),
        "template.state",
        "must be DRAFT or ACTIVE, since a closed template is closed for ever",
    );
    let minimum_spend = asked.minimum_spend.as_ref();
    let minimum_spend = minimum_spend.and_then(|minimum| minimum.parse("template.minimum_spend", &mut violations));
    let terms = benefit.and_then(|benefit| violations.parse("template.benefit", Terms::new(benefit, minimum_spend)));
    violations.finish()?;
    let (Some(terms), Some(validity), Some(state)) = (terms, validity, state) else {
        return Err(Fault::internal("a template without a violation was not parsed"));
    };
    Ok(CouponTemplate {
        code: asked.code.clone(),
        name: asked.name.clone(),
        terms,
        validity,
        total_cap: asked.total_cap,
        member_cap: asked.member_cap,
        state,
        issued_count: 0,
        version: 1,
        create_time: now,
        update_time: now,
    })
}
