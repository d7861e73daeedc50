use contracts::identity::v1::{ListMembersRequest, ListMembersResponse};
use fault::{Fault, Violations};
use kernel::{PageToken, TIME_RANGE, Time, page_size};
use prost::Message;
use prost_types::Timestamp;
use rpc::Call;
use uuid::Uuid;

use crate::api::IdentityApi;
use crate::store::members::Filter;
use crate::{store, wire};

impl IdentityApi {
    pub(crate) async fn list_members(&self, call: Call<ListMembersRequest>) -> Result<ListMembersResponse, Fault> {
        let filter = parse(&call)?;
        let bound_to = bound_to(&call);
        let after = match Fault::check_page_token(&bound_to, &call.page_token)? {
            Some(cursor) => Uuid::from_slice(&cursor).map_err(Fault::internal)?,
            None => Uuid::nil(),
        };
        let limit = page_size(call.page_size);
        let read = self.db.read();
        let mut ids = store::members::list(read, call.tenant(), &filter, after, limit.saturating_add(1)).await?;
        let page = usize::try_from(limit).map_err(Fault::internal)?;
        let is_last = ids.len() <= page;
        ids.truncate(page);
        let last = ids.last().filter(|_| !is_last);
        let next_page_token = last.map(|id| PageToken::encode(&bound_to, id.uuid().as_bytes()));
        let members = store::members::read(read, call.tenant(), &ids).await?;
        Ok(ListMembersResponse {
            members: members.iter().map(wire::member).collect(),
            next_page_token: next_page_token.unwrap_or_default(),
        })
    }
}

fn parse(request: &ListMembersRequest) -> Result<Filter, Fault> {
    let mut violations = Violations::new();
    let mut time = |path, wire: Option<&Timestamp>, open: Time| match wire {
        None => open,
        Some(wire) => {
            let time = Time::from_wire(wire).ok_or(TIME_RANGE);
            violations.parse(path, time).unwrap_or(open)
        }
    };
    let register_from = time(
        "register_from_time",
        request.register_from_time.as_ref(),
        Time::from_micros(i64::MIN),
    );
    let register_until = time("register_until_time", request.register_until_time.as_ref(), Time::MAX);
    violations.finish()?;
    let channel_code = Some(request.channel_code.clone()).filter(|code| !code.is_empty());
    Ok(Filter {
        channel_code,
        register_from,
        register_until,
    })
}

/// What a page token is bound to: everything but the page itself.
fn bound_to(request: &ListMembersRequest) -> Vec<u8> {
    ListMembersRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    }
    .encode_to_vec()
}
