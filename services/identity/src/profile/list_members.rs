use contracts_identity::v1::{ListMembersRequest, ListMembersResponse};
use fault::{Fault, Violations};
use kernel::{Page, Time};
use prost::Message;
use rpc::Call;

use super::rows;
use super::rows::Filter;
use crate::api::IdentityApi;
use crate::graph;

impl IdentityApi {
    pub(crate) async fn list_members(&self, call: Call<ListMembersRequest>) -> Result<ListMembersResponse, Fault> {
        let filter = parse(&call)?;
        let page = Page::parse(bound_to(&call), call.page_size, &call.page_token)?;
        let read = self.db.read();
        let mut ids = rows::list(read, call.tenant(), &filter, page.id()?, page.rows_max()).await?;
        let next_page_token = page.cut(&mut ids, |last| last.uuid().into_bytes());
        let members = rows::read(read, call.tenant(), &ids).await?;
        Ok(ListMembersResponse {
            members: members.iter().map(graph::wire::member).collect(),
            next_page_token,
        })
    }
}

fn parse(request: &ListMembersRequest) -> Result<Filter, Fault> {
    let mut violations = Violations::new();
    let register_from = violations.optional_time("register_from_time", request.register_from_time.as_ref());
    let register_until = violations.optional_time("register_until_time", request.register_until_time.as_ref());
    violations.finish()?;
    let channel_code = Some(request.channel_code.clone()).filter(|code| !code.is_empty());
    Ok(Filter {
        channel_code,
        register_from: register_from.unwrap_or(Time::from_micros(i64::MIN)),
        register_until: register_until.unwrap_or(Time::MAX),
    })
}

/// The filter that a page token is bound to: everything but the page itself.
fn bound_to(request: &ListMembersRequest) -> Vec<u8> {
    ListMembersRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    }
    .encode_to_vec()
}
