//! Platforms as a test plays them: accounts, and requests that are signed as the platform signs.

use channel_protocols::envelope;
use contracts_channels::v1::callback_service_client::CallbackServiceClient;
use contracts_channels::v1::channel_account_service_client::ChannelAccountServiceClient;
use contracts_channels::v1::channel_message_service_client::ChannelMessageServiceClient;
use contracts_channels::v1::*;
use kernel::{Principal, Tenant};
use testkit::Harness;
use tonic::Status;

use crate::world::{CONTRACT, World};

pub(crate) const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
pub(crate) const NEW_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
pub(crate) const CORP: &str = "wx5823bf96d3bd56c7";

/// The service, with the peers that it calls.
pub(crate) struct Stage {
    pub(crate) harness: Harness,
    pub(crate) world: World,
}

pub(crate) async fn stage() -> Stage {
    let world = World::default();
    let (migrations, routes) = (channels::migrations(), world.routes());
    let harness = testkit::harness_with_peers(channels::NAME, migrations, channels::service, routes, &CONTRACT).await;
    Stage { harness, world }
}

/// An account of WeCom, and its secret.
pub(crate) fn corporation() -> (ChannelAccount, ChannelSecretValue) {
    let account = ChannelAccount {
        display_name: "Stores in WeCom".to_owned(),
        protocol: ChannelProtocol::Wecom.into(),
        channel_code: "shop".to_owned(),
        platform_account_id: CORP.to_owned(),
        ..ChannelAccount::default()
    };
    (account, enveloped("QDG6eK", KEY))
}

pub(crate) fn enveloped(token: &str, key: &str) -> ChannelSecretValue {
    ChannelSecretValue {
        token: token.to_owned(),
        encoding_aes_key: key.to_owned(),
        ..ChannelSecretValue::default()
    }
}

/// An account of Tmall, and its secret.
pub(crate) fn shop() -> (ChannelAccount, ChannelSecretValue) {
    let account = ChannelAccount {
        display_name: "Flagship store".to_owned(),
        protocol: ChannelProtocol::Tmall.into(),
        channel_code: "shop".to_owned(),
        points_asset_code: "points".to_owned(),
        ..ChannelAccount::default()
    };
    (account, signing("helloworld"))
}

pub(crate) fn signing(secret: &str) -> ChannelSecretValue {
    ChannelSecretValue {
        signing_secret: secret.to_owned(),
        ..ChannelSecretValue::default()
    }
}

/// A customer was added or lost, as WeCom tells it.
pub(crate) fn contact(change: &str, external_id: &str, seconds: i64) -> String {
    format!(
        "<xml><ToUserName>c</ToUserName><FromUserName>sys</FromUserName><CreateTime>{seconds}</CreateTime>\
         <MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>{change}</ChangeType>\
         <UserID>zhangsan</UserID><ExternalUserID>{external_id}</ExternalUserID></xml>"
    )
}

impl Stage {
    pub(crate) fn accounts(&self) -> ChannelAccountServiceClient<rpc::Channel> {
        ChannelAccountServiceClient::new(self.harness.channel())
    }

    pub(crate) fn messages(&self) -> ChannelMessageServiceClient<rpc::Channel> {
        ChannelMessageServiceClient::new(self.harness.channel())
    }

    pub(crate) async fn create(
        &self,
        (account, secret): (ChannelAccount, ChannelSecretValue),
    ) -> Result<ChannelAccount, Status> {
        let request = CreateChannelAccountRequest {
            request_id: format!("create {}", account.display_name),
            account: Some(account),
            secret: Some(secret),
        };
        let created = self.accounts().create_channel_account(request).await?;
        Ok(created.into_inner().account.unwrap())
    }

    pub(crate) fn now(&self) -> i64 {
        self.harness.clock.now().micros() / 1_000_000
    }

    /// A request as the gateway hands it on: the path tells of whom, and the gateway speaks for itself.
    pub(crate) async fn send(
        &self,
        account: &ChannelAccount,
        request: ReceiveCallbackRequest,
    ) -> ReceiveCallbackResponse {
        let [_, _, protocol, tenant, account_id] = account.callback_path.split('/').collect::<Vec<_>>()[..] else {
            panic!("a path of three segments: {}", account.callback_path);
        };
        let tenant: Tenant = tenant.parse().unwrap();
        let channel = self.harness.channel_as(&Principal::service("gateway", tenant));
        let request = ReceiveCallbackRequest {
            protocol: protocol.to_owned(),
            account_id: account_id.to_owned(),
            method: match request.method.as_str() {
                "" => "POST".to_owned(),
                method => method.to_owned(),
            },
            ..request
        };
        let answer = CallbackServiceClient::new(channel).receive_callback(request).await;
        answer.unwrap().into_inner()
    }

    /// A message of WeCom, sealed and signed.
    pub(crate) async fn push(&self, account: &ChannelAccount, (token, key): (&str, &str), xml: &str) -> i32 {
        let secret = envelope::Secret::new(token, key).unwrap();
        let sealed = secret.seal(xml.as_bytes(), CORP, [7; 16]).unwrap();
        let time = self.now().to_string();
        let request = ReceiveCallbackRequest {
            query: format!(
                "msg_signature={}&timestamp={time}&nonce=n",
                secret.sign(&time, "n", &sealed)
            ),
            body: format!("<xml><Encrypt>{sealed}</Encrypt></xml>").into_bytes(),
            ..ReceiveCallbackRequest::default()
        };
        self.send(account, request).await.status
    }

    pub(crate) async fn listed(&self, account: &ChannelAccount, state: ChannelMessageState) -> Vec<ChannelMessage> {
        let request = ListChannelMessagesRequest {
            account_id: account.account_id.clone(),
            state: state.into(),
            ..ListChannelMessagesRequest::default()
        };
        let listed = self.messages().list_channel_messages(request).await.unwrap();
        listed.into_inner().messages
    }

    /// How often requests were refused for a reason.
    pub(crate) fn refused(&self, reason: &str) -> bool {
        let line = format!("callbacks_refused_{reason}_total 1");
        self.harness.red.prometheus_text().lines().any(|known| known == line)
    }
}
