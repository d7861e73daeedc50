use contracts_channels::v1 as proto;
use contracts_channels::v1::{UpdateWebhookSubscriptionRequest, UpdateWebhookSubscriptionResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::{Change, Subscription};
use super::{rows, wire};
use crate::api::ChannelsApi;
use crate::delivery::{DELIVERIES, hasten};

/// What may change of a subscription.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    TargetUrl,
    FactTypes,
    Filter,
    State,
}

const FIELDS: [(&str, Field); 5] = [
    ("display_name", Field::DisplayName),
    ("target_url", Field::TargetUrl),
    ("fact_types", Field::FactTypes),
    ("filter", Field::Filter),
    ("state", Field::State),
];

impl ChannelsApi {
    pub(crate) async fn update_webhook_subscription(
        &self,
        call: Call<UpdateWebhookSubscriptionRequest>,
    ) -> Result<UpdateWebhookSubscriptionResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let asked = call.subscription.clone().unwrap_or_default();
        let change = parse(&asked, call.update_mask.as_ref())?;
        let id = wire::subscription_id(&asked.subscription_id)?;
        if let Some(answer) = self.db.answered(&call.key(&call.request_id)).await? {
            return Ok(answer);
        }
        // Before the transaction, which must not wait for a name to be resolved.
        if let Some(target) = &change.target_url {
            self.check_target(target).await?;
        }
        let tx = store::begin_or_replay!(self.db, call);
        let subscription = rows::lock(&**tx, tenant, id).await?;
        let subscription = subscription.ok_or_else(|| wire::not_found(id))?;
        Fault::check_etag(&asked.etag, subscription.etag())?;
        let changed = subscription.change(change, now);
        check(&changed)?;
        hasten(&**tx, (tenant, id), now).await?;
        tx.comes_due(DELIVERIES, now);
        rows::update(&**tx, tenant, &changed).await?;
        let secrets = rows::secrets(&**tx, tenant, id, now).await?;
        tx.commit(UpdateWebhookSubscriptionResponse {
            subscription: Some(wire::subscription(&changed, &secrets)),
        })
        .await
    }
}

fn parse(asked: &proto::WebhookSubscription, mask: Option<&prost_types::FieldMask>) -> Result<Change, Fault> {
    let mut violations = Violations::new();
    let mut change = Change::default();
    for field in violations.mask(mask, &FIELDS) {
        match field {
            Field::DisplayName => {
                wire::check_display_name(&mut violations, &asked.display_name);
                change.display_name = Some(asked.display_name.clone());
            }
            Field::TargetUrl => change.target_url = wire::parse_target(&mut violations, &asked.target_url),
            Field::FactTypes => {
                wire::check_types(&mut violations, &asked.fact_types);
                change.fact_types = Some(asked.fact_types.clone());
            }
            Field::Filter => change.filter = Some(asked.filter.clone()),
            Field::State => change.is_active = Some(wire::is_active(asked.state())),
        }
    }
    violations.finish()?;
    Ok(change)
}

/// That the filter, which may be an old one, is right for the types, which may be new.
fn check(changed: &Subscription) -> Result<(), Fault> {
    let mut violations = Violations::new();
    wire::check_filter(&mut violations, &changed.filter, &changed.fact_types);
    violations.finish()
}
