use contracts_channels::v1::{ChannelAccount, CreateChannelAccountRequest, CreateChannelAccountResponse};
use fault::{Fault, Violations};
use kernel::{Clock, Id, Time};
use prost::Message;
use rpc::Call;

use super::{ACCOUNTS_MAX, Account, KeptSecret, Protocol};
use super::{refusals, rows, speaker, wire};
use crate::api::ChannelsApi;
use crate::store::place_of;

impl ChannelsApi {
    pub(crate) async fn create_channel_account(
        &self,
        call: Call<CreateChannelAccountRequest>,
    ) -> Result<CreateChannelAccountResponse, Fault> {
        let (tenant, now) = (call.tenant(), self.clock.now());
        let secret = call.secret.clone().unwrap_or_default();
        let mut violations = Violations::new();
        let account = parse(
            call.account.clone().unwrap_or_default(),
            &self.clock,
            now,
            &mut violations,
        );
        if let Some(account) = &account {
            speaker::check(account, &secret, &mut violations);
        }
        violations.finish()?;
        let account = account.ok_or_else(|| Fault::invalid("account.protocol", "must be one of its values"))?;
        let tx = store::begin_or_replay!(self.db, call);
        if rows::count(&**tx, tenant).await? >= ACCOUNTS_MAX {
            return Err(refusals::exhausted());
        }
        let kept = KeptSecret {
            ordinal: 1,
            create_time: now,
            expire_time: None,
        };
        let sealed = self
            .sealer
            .seal(&place_of(tenant, account.id.uuid()), &secret.encode_to_vec())?;
        rows::insert(&**tx, tenant, &account).await?;
        rows::add_secret(&**tx, (tenant, account.id), &kept, sealed).await?;
        tx.commit(CreateChannelAccountResponse {
            account: Some(wire::account(tenant, &account, &[kept])),
        })
        .await
    }
}

fn parse(asked: ChannelAccount, clock: &Clock, now: Time, violations: &mut Violations) -> Option<Account> {
    let protocol: Option<Protocol> = wire::protocol(asked.protocol());
    violations.check(protocol.is_some(), "account.protocol", "must be one of its values");
    violations.check(
        !asked.channel_code.is_empty(),
        "account.channel_code",
        "must not be empty: it names the channel of identity in which the account's people turn up",
    );
    Some(Account {
        id: Id::generate(clock),
        is_active: wire::is_active(asked.state()),
        display_name: asked.display_name,
        protocol: protocol?,
        channel_code: asked.channel_code,
        platform_account_id: asked.platform_account_id,
        points_asset_code: asked.points_asset_code,
        plain_allowed: asked.plain_allowed,
        signature: asked.signature.unwrap_or_default(),
        mapping: asked.mapping.unwrap_or_default(),
        version: 1,
        create_time: now,
        update_time: now,
    })
}
