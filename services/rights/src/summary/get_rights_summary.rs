use std::collections::{BTreeMap, HashMap};

use contracts_rights::v1::{
    CouponTemplateCount, ErrorReason, GetRightsSummaryRequest, GetRightsSummaryResponse, TierCount,
};
use fault::Fault;
use kernel::{Tenant, exact_sum};
use rpc::Call;

use super::rows;
use crate::api::RightsApi;
use crate::coupon_template::CouponTemplate;
use crate::{coupon_template, tier};

/// How many templates are read at a time.
const PAGE: i64 = 500;

impl RightsApi {
    pub(crate) async fn get_rights_summary(
        &self,
        call: Call<GetRightsSummaryRequest>,
    ) -> Result<GetRightsSummaryResponse, Fault> {
        Ok(GetRightsSummaryResponse {
            tiers: self.tier_counts(call.tenant()).await?,
            coupon_templates: self.coupon_template_counts(call.tenant()).await?,
        })
    }

    async fn tier_counts(&self, tenant: Tenant) -> Result<Vec<TierCount>, Fault> {
        let Some(ladder) = tier::rows::find(self.db.read(), tenant).await? else {
            return Ok(Vec::new());
        };
        let counts = rows::members_by_tier(self.db.read(), tenant).await?;
        let count = |code: &str| counts.get(code).copied().unwrap_or_default();
        let tiers = ladder.tiers().iter().map(|tier| TierCount {
            tier_code: tier.code.clone(),
            tier_name: tier.name.clone(),
            member_count: count(&tier.code),
        });
        Ok(tiers.collect())
    }

    async fn coupon_template_counts(&self, tenant: Tenant) -> Result<Vec<CouponTemplateCount>, Fault> {
        let counts = rows::coupons_by_state(self.db.read(), tenant, self.clock.now()).await?;
        let mut discounts: HashMap<String, BTreeMap<String, i64>> = HashMap::new();
        for (template_code, currency_code, sum) in rows::discounts(self.db.read(), tenant).await? {
            let sum = i64::try_from(sum).map_err(|_| too_large(&template_code, sum))?;
            discounts.entry(template_code).or_default().insert(currency_code, sum);
        }
        let templates = self.templates(tenant).await?;
        Ok(templates
            .iter()
            .map(|template| template_count(template, &counts, &mut discounts))
            .collect())
    }

    async fn templates(&self, tenant: Tenant) -> Result<Vec<CouponTemplate>, Fault> {
        let mut templates: Vec<CouponTemplate> = Vec::new();
        loop {
            let after = templates
                .last()
                .map(|template| template.code.clone())
                .unwrap_or_default();
            let page = coupon_template::rows::list(self.db.read(), tenant, &after, PAGE).await?;
            if page.is_empty() {
                return Ok(templates);
            }
            templates.extend(page);
        }
    }
}

/// A sum that 64 bits do not carry is refused with its template and in full, rather than cut.
fn too_large(template_code: &str, sum: i128) -> Fault {
    let message = format!("the discounts of {template_code} come to {sum}, which is more than the contract carries");
    Fault::refused(ErrorReason::SumTooLarge, message)
        .with("template_code", template_code)
        .with("sum", sum)
}

fn template_count(
    template: &CouponTemplate,
    counts: &HashMap<(String, String), i64>,
    discounts: &mut HashMap<String, BTreeMap<String, i64>>,
) -> CouponTemplateCount {
    let count = |state: &str| {
        counts
            .get(&(template.code.clone(), state.to_owned()))
            .copied()
            .unwrap_or_default()
    };
    let (available_count, locked_count) = (count("issued"), count("locked"));
    let (redeemed_count, expired_count) = (count("redeemed"), count("expired"));
    CouponTemplateCount {
        template_code: template.code.clone(),
        template_name: template.name.clone(),
        // Counted from the coupons, like its parts, so that they add up while coupons are being issued.
        issued_count: exact_sum([available_count, locked_count, redeemed_count, expired_count]),
        available_count,
        locked_count,
        redeemed_count,
        expired_count,
        discounts: discounts.remove(&template.code).unwrap_or_default(),
    }
}
