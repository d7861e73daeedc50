use contracts_channels::v1::{ChannelAccount, UpdateChannelAccountRequest, UpdateChannelAccountResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::{Account, rows, speaker, wire};
use crate::api::ChannelsApi;

/// What may change of an account.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    PlatformAccountId,
    PlainAllowed,
    Signature,
    Mapping,
    State,
}

const FIELDS: [(&str, Field); 6] = [
    ("display_name", Field::DisplayName),
    ("platform_account_id", Field::PlatformAccountId),
    ("plain_allowed", Field::PlainAllowed),
    ("signature", Field::Signature),
    ("mapping", Field::Mapping),
    ("state", Field::State),
];

impl ChannelsApi {
    pub(crate) async fn update_channel_account(
        &self,
        call: Call<UpdateChannelAccountRequest>,
    ) -> Result<UpdateChannelAccountResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let asked = call.account.clone().unwrap_or_default();
        let mut violations = Violations::new();
        let fields = violations.mask(call.update_mask.as_ref(), &FIELDS);
        violations.finish()?;
        let id = wire::account_id(&asked.account_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let account = rows::lock(&**tx, tenant, id).await?;
        let account = account.ok_or_else(|| wire::not_found(id))?;
        Fault::check_etag(&asked.etag, account.etag())?;
        let mut changed = changed(account, asked, fields);
        changed.version = changed.version.saturating_add(1);
        changed.update_time = now;
        let mut violations = Violations::new();
        speaker::check_account(&changed, &mut violations);
        // A scheme that is changed must fit to the secrets that there are.
        for secret in rows::opened_secrets(&**tx, &self.sealer, (tenant, id), now).await? {
            speaker::check_secret(&changed, &secret, &mut violations);
        }
        violations.finish()?;
        rows::update(&**tx, tenant, &changed).await?;
        let secrets = rows::secrets(&**tx, tenant, id, now).await?;
        tx.commit(UpdateChannelAccountResponse {
            account: Some(wire::account(tenant, &changed, &secrets)),
        })
        .await
    }
}

fn changed(mut account: Account, asked: ChannelAccount, fields: Vec<Field>) -> Account {
    let is_active = wire::is_active(asked.state());
    for field in fields {
        match field {
            Field::DisplayName => account.display_name.clone_from(&asked.display_name),
            Field::PlatformAccountId => account.platform_account_id.clone_from(&asked.platform_account_id),
            Field::PlainAllowed => account.plain_allowed = asked.plain_allowed,
            Field::Signature => account.signature = asked.signature.clone().unwrap_or_default(),
            Field::Mapping => account.mapping = asked.mapping.clone().unwrap_or_default(),
            Field::State => account.is_active = is_active,
        }
    }
    account
}
