//! Tags of members: lists that are asked for while others are read share the next statements.

use std::collections::BTreeMap;

use contracts_tagging::v1::{ListMemberTagsRequest, ListMemberTagsResponse};
use fault::Fault;
use kernel::{Clock, Page, Tenant};
use lineage::Redirects;
use runtime::{Asked, Batch, Batcher, Bounds, Outcomes};
use store::Db;

use super::MemberTag;
use super::member_tags::{self, Stretch};
use super::wire;
use crate::member::MemberId;

/// How many lists share their statements.
const LISTS_MAX: u32 = 256;

/// Reads the tags of many members by one set of statements.
pub(crate) struct Listing {
    clock: Clock,
    db: Db,
}

/// A page of a member's tags.
pub(crate) struct Wanted {
    pub(crate) tenant: Tenant,
    /// As the caller names the member.
    pub(crate) member: MemberId,
    pub(crate) request: ListMemberTagsRequest,
}

impl Batch for Listing {
    const NOUN: &'static str = "lists of members' tags";
    const FULL: &'static str = "as many lists of tags wait to be read as can be read in time";
    const STOPPED: &'static str = "the service is stopping: repeat the call";

    type Ask = Wanted;
    type Answer = ListMemberTagsResponse;
    type Key = ();

    fn key(_: &Wanted) {}

    async fn run(&self, asked: &[Asked<Self>]) -> Outcomes<Self> {
        let conn = self.db.read();
        let members = asked.iter().map(|Asked { ask, .. }| (ask.tenant, ask.member));
        let redirects = Redirects::of(conn, members).await?;
        let pages = asked.iter().map(|Asked { ask, .. }| {
            let survivor = redirects.follow(ask.tenant, ask.member);
            page(&ask.request, survivor).map(|page| (survivor, page))
        });
        let pages: Vec<Result<(MemberId, Page), Fault>> = pages.collect();
        let mut stretches = BTreeMap::new();
        for ((place, Asked { ask, .. }), page) in (0..).zip(asked).zip(&pages) {
            let Ok((member, page)) = page else { continue };
            let stretch = Stretch {
                tenant: ask.tenant,
                member: *member,
                after: page.text()?.unwrap_or_default(),
                rows_max: page.rows_max(),
            };
            stretches.insert(place, stretch);
        }
        let mut read = member_tags::stretches(conn, stretches).await?;
        let outcomes = (0..).zip(pages).map(|(place, page)| {
            let (_, page) = page?;
            Ok(self.answer(&page, read.remove(&place).unwrap_or_default()))
        });
        Ok(outcomes.collect())
    }
}

impl Listing {
    pub(crate) fn start(clock: Clock, db: Db) -> Batcher<Self> {
        Batcher::start(Self { clock, db }, Bounds::of_look_ups(LISTS_MAX))
    }

    fn answer(&self, page: &Page, mut tags: Vec<(String, MemberTag)>) -> ListMemberTagsResponse {
        let next_page_token = page.cut(&mut tags, |(code, _)| code.clone());
        let now = self.clock.now();
        let write = |(code, tag): (String, MemberTag)| wire::write_member_tag(code, &tag, now);
        ListMemberTagsResponse {
            tags: tags.into_iter().map(write).collect(),
            next_page_token,
        }
    }
}

/// The page that is asked for; a token that is none, or another list's, is refused.
fn page(request: &ListMemberTagsRequest, survivor: MemberId) -> Result<Page, Fault> {
    let page = Page::parse(
        format!("member_tags {survivor}"),
        request.page_size,
        &request.page_token,
    )?;
    // What the token holds must be a code, too.
    page.text()?;
    Ok(page)
}
