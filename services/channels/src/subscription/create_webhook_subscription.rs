use contracts_channels::v1 as proto;
use contracts_channels::v1::{CreateWebhookSubscriptionRequest, CreateWebhookSubscriptionResponse};
use fault::{Fault, Violations};
use kernel::{Clock, Id, Time};
use rpc::Call;

use super::secret::Secret;
use super::{KeptSecret, SUBSCRIPTIONS_MAX, State, Subscription};
use super::{refusals, rows, wire};
use crate::api::ChannelsApi;
use crate::store::place_of;

impl ChannelsApi {
    pub(crate) async fn create_webhook_subscription(
        &self,
        call: Call<CreateWebhookSubscriptionRequest>,
    ) -> Result<CreateWebhookSubscriptionResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let asked = call.subscription.clone().unwrap_or_default();
        let subscription = parse(asked, &self.clock, now)?;
        if let Some(answer) = self.db.answered(&call.key(&call.request_id)).await? {
            return Ok(answer);
        }
        // Before the transaction, which must not wait for a name to be resolved.
        self.check_target(&subscription.target_url).await?;
        let tx = store::begin_or_replay!(self.db, call);
        if rows::count(&**tx, tenant).await? >= SUBSCRIPTIONS_MAX {
            return Err(refusals::exhausted());
        }
        let secret = Secret::generate()?;
        let kept = KeptSecret {
            ordinal: 1,
            prefix: secret.prefix(),
            create_time: now,
            expire_time: None,
        };
        let id = subscription.id;
        let sealed = self.sealer.seal(&place_of(tenant, id.uuid()), secret.bytes())?;
        rows::insert(&**tx, tenant, &subscription).await?;
        rows::add_secret(&**tx, (tenant, id), &kept, sealed).await?;
        let without_secret = CreateWebhookSubscriptionResponse {
            subscription: Some(wire::subscription(&subscription, &[kept])),
            secret: String::new(),
        };
        let answer = tx.commit(without_secret).await?;
        Ok(CreateWebhookSubscriptionResponse {
            secret: secret.reveal(),
            ..answer
        })
    }
}

fn parse(asked: proto::WebhookSubscription, clock: &Clock, now: Time) -> Result<Subscription, Fault> {
    let mut violations = Violations::new();
    wire::check_display_name(&mut violations, &asked.display_name);
    let target_url = wire::parse_target(&mut violations, &asked.target_url);
    wire::check_types(&mut violations, &asked.fact_types);
    wire::check_filter(&mut violations, &asked.filter, &asked.fact_types);
    violations.finish()?;
    let is_active = wire::is_active(asked.state());
    Ok(Subscription {
        id: Id::generate(clock),
        display_name: asked.display_name,
        target_url: target_url.unwrap_or_default(),
        fact_types: asked.fact_types,
        filter: asked.filter,
        state: State::Active.set(is_active, now),
        active_time: now,
        version: 1,
        create_time: now,
        update_time: now,
    })
}
