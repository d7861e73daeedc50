use contracts_identity::v1::*;

use crate::world::*;

async fn create(world: &World, channel: Channel) -> Result<Channel, tonic::Status> {
    let request = CreateChannelRequest {
        request_id: world.request_id(),
        channel: Some(channel),
    };
    Ok(world
        .channels()
        .create_channel(request)
        .await?
        .into_inner()
        .channel
        .unwrap())
}

async fn get(world: &World, code: &str) -> Result<Channel, tonic::Status> {
    let request = GetChannelRequest {
        channel_code: code.to_owned(),
    };
    Ok(world
        .channels()
        .get_channel(request)
        .await?
        .into_inner()
        .channel
        .unwrap())
}

fn update(world: &World, code: &str, paths: &[&str]) -> UpdateChannelRequest {
    UpdateChannelRequest {
        request_id: world.request_id(),
        channel_code: code.to_owned(),
        display_name: String::new(),
        account: String::new(),
        trust_rank: 0,
        update_mask: Some(mask(paths)),
        etag: String::new(),
    }
}

#[tokio::test]
async fn a_channel_is_created_once_and_read() {
    let world = World::new().await;
    let app = channel("app", ChannelKind::App, "", 9);
    let created = create(&world, app.clone()).await.unwrap();
    assert_eq!(
        (created.create_time, &*created.etag),
        (Some(world.harness.clock.now().to_wire()), "1")
    );
    assert_eq!(get(&world, "app").await.unwrap(), created);
    assert_eq!(reason(create(&world, app).await), "CHANNEL_ALREADY_EXISTS");
    assert_eq!(reason(get(&world, "web").await), "NOT_FOUND");
}

#[tokio::test]
async fn the_words_for_other_sources_are_no_channels() {
    let world = World::new().await;
    for code in ["update", "import"] {
        assert_eq!(
            reason(create(&world, channel(code, ChannelKind::App, "", 1)).await),
            "INVALID_FIELD"
        );
    }
}

#[tokio::test]
async fn channels_are_listed_page_by_page() {
    let world = World::new().await;
    let mut codes = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListChannelsRequest {
            page_size: 2,
            page_token,
        };
        let page = world.channels().list_channels(request).await.unwrap().into_inner();
        codes.extend(page.channels.into_iter().map(|channel| channel.channel_code));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(codes, ["jd", "pos", "tmall", "wechat_mini", "wechat_oa"]);
    let foreign = ListChannelsRequest {
        page_size: 2,
        page_token: "0123456789abcdef".to_owned(),
    };
    assert_eq!(
        reason(world.channels().list_channels(foreign).await),
        "PAGE_TOKEN_INVALID"
    );
}

/// The digest in a token is no secret: a caller that makes a token whose place is none of its list is told so, and nothing breaks.
#[tokio::test]
async fn a_page_token_that_leads_to_no_place_of_its_list_is_refused() {
    let world = World::new().await;
    let no_place = |filter: &[u8]| kernel::PageToken::encode(filter, b"\xff");
    let channels = ListChannelsRequest {
        page_token: no_place(b"channels"),
        ..ListChannelsRequest::default()
    };
    let members = ListMembersRequest {
        page_token: no_place(&[]),
        ..ListMembersRequest::default()
    };
    for refusal in [
        refusal(world.channels().list_channels(channels).await),
        refusal(world.members().list_members(members).await),
    ] {
        assert_eq!(refusal.reason, "PAGE_TOKEN_INVALID");
    }
}

#[tokio::test]
async fn a_channel_s_name_account_and_trust_change_by_mask_and_etag() {
    let world = World::new().await;
    let request = UpdateChannelRequest {
        display_name: "Flagship".to_owned(),
        account: "shop-7".to_owned(),
        trust_rank: 7,
        etag: "1".to_owned(),
        ..update(&world, "tmall", &["display_name", "trust_rank"])
    };
    let changed = world
        .channels()
        .update_channel(request.clone())
        .await
        .unwrap()
        .into_inner()
        .channel
        .unwrap();
    assert_eq!(
        (&*changed.display_name, &*changed.account, changed.trust_rank),
        ("Flagship", "", 7)
    );
    assert_eq!(changed.etag, "2");
    let stale = UpdateChannelRequest {
        request_id: world.request_id(),
        ..request
    };
    let refusal = refusal(world.channels().update_channel(stale).await);
    assert_eq!((&*refusal.reason, &*refusal.metadata["etag"]), ("ETAG_MISMATCH", "2"));
}

#[tokio::test]
async fn what_ids_are_kept_by_never_changes() {
    let world = World::new().await;
    for path in ["kind", "union_code", "channel_code"] {
        let outcome = world.channels().update_channel(update(&world, "tmall", &[path])).await;
        assert_eq!(reason(outcome), "INVALID_FIELD", "{path}");
    }
    let empty = world
        .channels()
        .update_channel(update(&world, "tmall", &["display_name", "trust_rank"]))
        .await;
    assert_eq!(refusal(empty).violations.len(), 2);
    assert_eq!(
        reason(
            world
                .channels()
                .update_channel(update(&world, "web", &["account"]))
                .await
        ),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_brand_has_a_limited_number_of_channels() {
    let world = World::new().await;
    for number in 5..200 {
        create(
            &world,
            channel(&format!("dealer_{number}"), ChannelKind::Dealer, "", 100),
        )
        .await
        .unwrap();
    }
    let refusal = refusal(create(&world, channel("one_more", ChannelKind::Dealer, "", 100)).await);
    assert_eq!(
        (&*refusal.reason, &*refusal.metadata["limit"]),
        ("CHANNEL_LIMIT_REACHED", "200")
    );
}
