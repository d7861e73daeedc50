use std::time::Duration;

use channel_protocols::{Message, Method, Outcome, Received, Refusal, Reply, Request};
use contracts_channels::v1::{ReceiveCallbackRequest, ReceiveCallbackResponse};
use fault::Fault;
use kernel::{Id, Tenant};
use rpc::Call;

use super::refused::Refused;
use super::{Kept, State, rows};
use crate::account::{self, Account, speaker};
use crate::api::ChannelsApi;

/// How long peers have to say what a platform asks: Tmall gives up after 1.2 seconds, and the way there and back is its too.
const ANSWER_WITHIN: Duration = Duration::from_millis(800);

impl ChannelsApi {
    pub(crate) async fn receive_callback(
        &self,
        call: Call<ReceiveCallbackRequest>,
    ) -> Result<ReceiveCallbackResponse, Fault> {
        let taken = match self.read(&call).await? {
            Ok(taken) => taken,
            Err(refused) => return Ok(refused.told(&self.red)),
        };
        let reply = match taken {
            (_, Received::Greeting(reply)) => reply,
            (account, Received::Message(message, reply)) => {
                self.keep(call.tenant(), &account, message).await?;
                reply
            }
            (account, Received::Question(question)) => self.answer(call.tenant(), &account, question).await?,
        };
        Ok(told(reply))
    }

    /// What the request says, where it is true.
    async fn read(&self, call: &Call<ReceiveCallbackRequest>) -> Result<Result<(Account, Received), Refused>, Fault> {
        let tenant = call.tenant();
        let Some(account) = self.addressed(call).await? else {
            return Ok(Err(Refused::UnknownAccount));
        };
        let method = match call.method.as_str() {
            "GET" => Method::Get,
            "POST" => Method::Post,
            _ => return Ok(Err(Refusal::NotAllowed.into())),
        };
        let now = self.clock.now();
        let secrets = account::rows::opened_secrets(self.db.read(), &self.sealer, (tenant, account.id), now).await?;
        let headers: Vec<(String, String)> = call
            .headers
            .iter()
            .map(|header| (header.name.clone(), header.value.clone()))
            .collect();
        let request = Request {
            method,
            query: &call.query,
            headers: &headers,
            body: &call.body,
        };
        let received = speaker::receive(&account, &secrets, &request, now);
        Ok(received.map(|received| (account, received)).map_err(Refused::from))
    }

    /// The account that the path names, where it takes messages.
    async fn addressed(&self, call: &Call<ReceiveCallbackRequest>) -> Result<Option<Account>, Fault> {
        let Ok(id) = call.account_id.parse() else {
            return Ok(None);
        };
        let account = account::rows::find(self.db.read(), call.tenant(), id).await?;
        Ok(account.filter(|account| account.is_active && account.protocol.name() == call.protocol))
    }

    /// Keeps a message, once by its id at the platform, and answers with what is kept.
    async fn keep(&self, tenant: Tenant, account: &Account, message: Message) -> Result<Kept, Fault> {
        let kept = Kept {
            id: Id::generate(&self.clock),
            account_id: account.id,
            message,
            state: State::Received,
            problem: String::new(),
            receive_time: self.clock.now(),
            settle_time: None,
            replays: 0,
        };
        let tx = self.db.begin().await?;
        if rows::insert_once(&*tx, tenant, &kept).await? {
            tx.commit().await?;
            return Ok(kept);
        }
        let before = rows::find_by_source(&*tx, tenant, (account.id, &kept.message.source_id)).await?;
        before.ok_or(Fault::Contended)
    }

    /// Answers what a platform asks of a member. What changes something is kept first: whatever is slow behind, it is done
    /// in the end, and the platform asks again meanwhile.
    async fn answer(&self, tenant: Tenant, account: &Account, question: Message) -> Result<Reply, Fault> {
        let outcome = match speaker::meaning(account, &question) {
            Ok(meaning) if meaning.membership.is_none() => {
                rpc::within(ANSWER_WITHIN, self.handing.look_up(tenant, account, &question)).await
            }
            Ok(_) | Err(_) => {
                let kept = self.keep(tenant, account, question.clone()).await?;
                rpc::within(ANSWER_WITHIN, self.handing.settle_and_tell(tenant, account, &kept)).await
            }
        };
        let outcome = match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Outcome::Later,
        };
        speaker::answer(account, &question, &outcome)
    }
}

fn told(reply: Reply) -> ReceiveCallbackResponse {
    ReceiveCallbackResponse {
        status: i32::from(reply.status),
        media_type: reply.content_type.to_owned(),
        body: reply.body,
    }
}
