use contracts_campaign::v1::*;
use prost::Message;
use sea_orm::ConnectionTrait;
use store::statement;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::drafts::*;
use super::stage::Stage;

fn hello() -> Journey {
    Journey {
        code: "hello".to_owned(),
        display_name: "Hello".to_owned(),
        definition: Some(journey(registered(), vec![exit("end")])),
        ..Journey::default()
    }
}

/// The same journey with a further node.
fn longer() -> JourneyDefinition {
    journey(registered(), vec![wait("pause", DAY, "end"), exit("end")])
}

async fn create(stage: &Stage, journey: Journey) -> Result<Journey, Status> {
    let request = CreateJourneyRequest {
        request_id: stage.request_id(),
        journey: Some(journey),
    };
    Ok(stage
        .journeys()
        .create_journey(request)
        .await?
        .into_inner()
        .journey
        .unwrap())
}

async fn update(stage: &Stage, journey: Journey, mask: &[&str]) -> Result<Journey, Status> {
    let paths = mask.iter().map(|&path| path.to_owned()).collect();
    let request = UpdateJourneyRequest {
        request_id: stage.request_id(),
        journey: Some(journey),
        update_mask: Some(prost_types::FieldMask { paths }),
    };
    Ok(stage
        .journeys()
        .update_journey(request)
        .await?
        .into_inner()
        .journey
        .unwrap())
}

async fn publish(stage: &Stage, journey_code: &str, etag: &str) -> Result<Journey, Status> {
    let request = PublishJourneyRequest {
        request_id: stage.request_id(),
        journey_code: journey_code.to_owned(),
        etag: etag.to_owned(),
    };
    Ok(stage
        .journeys()
        .publish_journey(request)
        .await?
        .into_inner()
        .journey
        .unwrap())
}

async fn archive(stage: &Stage, journey_code: &str, etag: &str) -> Result<Journey, Status> {
    let request = ArchiveJourneyRequest {
        request_id: stage.request_id(),
        journey_code: journey_code.to_owned(),
        etag: etag.to_owned(),
    };
    Ok(stage
        .journeys()
        .archive_journey(request)
        .await?
        .into_inner()
        .journey
        .unwrap())
}

async fn get(stage: &Stage, journey_code: &str) -> Result<Journey, Status> {
    let request = GetJourneyRequest {
        journey_code: journey_code.to_owned(),
    };
    Ok(stage
        .journeys()
        .get_journey(request)
        .await?
        .into_inner()
        .journey
        .unwrap())
}

fn check<T: std::fmt::Debug>(outcome: Result<T, Status>, code: Code, reason: &str) {
    let status = outcome.unwrap_err();
    assert_eq!(
        (
            status.code(),
            status.get_error_details().error_info().unwrap().reason.as_str()
        ),
        (code, reason)
    );
}

#[tokio::test]
async fn a_draft_is_edited_published_and_archived() {
    let stage = Stage::new().await;
    let created = create(&stage, hello()).await.unwrap();
    assert_eq!(
        (created.state(), created.published_version, created.draft_changed),
        (JourneyState::Draft, 0, true)
    );
    assert_eq!(get(&stage, "hello").await.unwrap(), created);

    let published = publish(&stage, "hello", &created.etag).await.unwrap();
    assert_eq!(
        (published.state(), published.published_version, published.draft_changed),
        (JourneyState::Published, 1, false)
    );

    let named = Journey {
        display_name: "Hi".to_owned(),
        definition: None,
        etag: published.etag,
        ..hello()
    };
    let named = update(&stage, named, &["display_name"]).await.unwrap();
    assert_eq!((named.display_name.as_str(), named.draft_changed), ("Hi", false));
    let edited = Journey {
        definition: Some(longer()),
        ..hello()
    };
    let edited = update(&stage, edited, &["definition"]).await.unwrap();
    assert_eq!(
        (
            edited.display_name.as_str(),
            edited.draft_changed,
            edited.published_version
        ),
        ("Hi", true, 1)
    );
    assert_eq!(publish(&stage, "hello", "").await.unwrap().published_version, 2);

    let request = |version| GetJourneyVersionRequest {
        journey_code: "hello".to_owned(),
        version,
    };
    let first = stage
        .journeys()
        .get_journey_version(request(1))
        .await
        .unwrap()
        .into_inner()
        .journey_version
        .unwrap();
    assert_eq!((first.version, first.definition), (1, hello().definition));
    let second = stage
        .journeys()
        .get_journey_version(request(2))
        .await
        .unwrap()
        .into_inner()
        .journey_version
        .unwrap();
    assert_eq!(second.definition, Some(longer()));

    let archived = archive(&stage, "hello", "").await.unwrap();
    assert_eq!(archived.state(), JourneyState::Archived);
    assert_eq!(get(&stage, "hello").await.unwrap(), archived);
}

#[tokio::test]
async fn the_same_request_gets_the_first_answer() {
    let stage = Stage::new().await;
    let request = |name: &str| CreateJourneyRequest {
        request_id: "r-1".to_owned(),
        journey: Some(Journey {
            display_name: name.to_owned(),
            ..hello()
        }),
    };
    let first = stage
        .journeys()
        .create_journey(request("Hello"))
        .await
        .unwrap()
        .into_inner();
    let again = stage
        .journeys()
        .create_journey(request("Hello"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    check(
        stage.journeys().create_journey(request("Other")).await,
        Code::InvalidArgument,
        "REQUEST_ID_REUSED",
    );

    let request = || PublishJourneyRequest {
        request_id: "r-2".to_owned(),
        journey_code: "hello".to_owned(),
        etag: String::new(),
    };
    let first = stage.journeys().publish_journey(request()).await.unwrap().into_inner();
    let again = stage.journeys().publish_journey(request()).await.unwrap().into_inner();
    assert_eq!((first.journey.as_ref().unwrap().published_version, &first), (1, &again));
}

#[tokio::test]
async fn journey_already_exists() {
    let stage = Stage::new().await;
    create(&stage, hello()).await.unwrap();
    check(
        create(&stage, hello()).await,
        Code::AlreadyExists,
        "JOURNEY_ALREADY_EXISTS",
    );
}

#[tokio::test]
async fn journey_archived() {
    let stage = Stage::new().await;
    create(&stage, hello()).await.unwrap();
    archive(&stage, "hello", "").await.unwrap();
    check(
        archive(&stage, "hello", "").await,
        Code::FailedPrecondition,
        "JOURNEY_ARCHIVED",
    );
    check(
        publish(&stage, "hello", "").await,
        Code::FailedPrecondition,
        "JOURNEY_ARCHIVED",
    );
    check(
        update(&stage, hello(), &[]).await,
        Code::FailedPrecondition,
        "JOURNEY_ARCHIVED",
    );
}

#[tokio::test]
async fn journey_unchanged() {
    let stage = Stage::new().await;
    create(&stage, hello()).await.unwrap();
    publish(&stage, "hello", "").await.unwrap();
    check(
        publish(&stage, "hello", "").await,
        Code::FailedPrecondition,
        "JOURNEY_UNCHANGED",
    );
    // An edit that changes nothing is nothing to publish either.
    update(&stage, hello(), &[]).await.unwrap();
    check(
        publish(&stage, "hello", "").await,
        Code::FailedPrecondition,
        "JOURNEY_UNCHANGED",
    );
}

#[tokio::test]
async fn journeys_exhausted() {
    let stage = Stage::new().await;
    for number in 0..crate::JOURNEYS_MAX {
        create(
            &stage,
            Journey {
                code: format!("j{number}"),
                ..hello()
            },
        )
        .await
        .unwrap();
    }
    check(
        create(&stage, hello()).await,
        Code::ResourceExhausted,
        "JOURNEYS_EXHAUSTED",
    );
    archive(&stage, "j0", "").await.unwrap();
    create(&stage, hello()).await.unwrap();
}

#[tokio::test]
async fn an_old_etag_changes_nothing() {
    let stage = Stage::new().await;
    let created = create(&stage, hello()).await.unwrap();
    publish(&stage, "hello", &created.etag).await.unwrap();
    check(
        publish(&stage, "hello", &created.etag).await,
        Code::Aborted,
        "ETAG_MISMATCH",
    );
    check(
        archive(&stage, "hello", &created.etag).await,
        Code::Aborted,
        "ETAG_MISMATCH",
    );
    let outdated = Journey {
        etag: created.etag,
        ..hello()
    };
    check(
        update(&stage, outdated, &["display_name"]).await,
        Code::Aborted,
        "ETAG_MISMATCH",
    );
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let stage = Stage::new().await;
    check(get(&stage, "nothing").await, Code::NotFound, "NOT_FOUND");
    check(publish(&stage, "nothing", "").await, Code::NotFound, "NOT_FOUND");
    check(archive(&stage, "nothing", "").await, Code::NotFound, "NOT_FOUND");
    check(update(&stage, hello(), &[]).await, Code::NotFound, "NOT_FOUND");
    create(&stage, hello()).await.unwrap();
    let version = GetJourneyVersionRequest {
        journey_code: "hello".to_owned(),
        version: 1,
    };
    check(
        stage.journeys().get_journey_version(version).await,
        Code::NotFound,
        "NOT_FOUND",
    );
    let statistics = |code: &str, version| GetJourneyStatisticsRequest {
        journey_code: code.to_owned(),
        version,
    };
    check(
        stage.journeys().get_journey_statistics(statistics("nothing", 0)).await,
        Code::NotFound,
        "NOT_FOUND",
    );
    check(
        stage.journeys().get_journey_statistics(statistics("hello", 7)).await,
        Code::NotFound,
        "NOT_FOUND",
    );
    // A journey that was never published has no figures, which is no error.
    assert_eq!(stage.statistics("hello").await, GetJourneyStatisticsResponse::default());
}

#[tokio::test]
async fn an_update_names_fields_that_exist() {
    let stage = Stage::new().await;
    create(&stage, hello()).await.unwrap();
    let status = update(
        &stage,
        Journey {
            definition: None,
            ..hello()
        },
        &["code", "definition"],
    )
    .await
    .unwrap_err();
    let details = status.get_error_details();
    let paths: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(paths, ["update_mask", "journey.definition"]);
}

#[tokio::test]
async fn journeys_are_listed_in_pages_by_their_codes() {
    let stage = Stage::new().await;
    for code in ["c", "a", "b"] {
        create(
            &stage,
            Journey {
                code: code.to_owned(),
                ..hello()
            },
        )
        .await
        .unwrap();
    }
    archive(&stage, "b", "").await.unwrap();
    let list = async |page_token: &str, include_archived: bool| {
        let request = ListJourneysRequest {
            page_size: 1,
            page_token: page_token.to_owned(),
            include_archived,
        };
        let page = stage.journeys().list_journeys(request).await?.into_inner();
        let codes: Vec<String> = page.journeys.into_iter().map(|journey| journey.code).collect();
        Ok::<_, Status>((codes.join(", "), page.next_page_token))
    };
    let (codes, next) = list("", false).await.unwrap();
    assert_eq!(codes, "a");
    assert_eq!(list(&next, false).await.unwrap(), ("c".to_owned(), String::new()));
    check(list(&next, true).await, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    let (_, next) = list("", true).await.unwrap();
    assert_eq!(list(&next, true).await.unwrap().0, "b");
}

#[tokio::test]
async fn what_was_published_and_archived_is_told() {
    let stage = Stage::new().await;
    create(&stage, hello()).await.unwrap();
    publish(&stage, "hello", "").await.unwrap();
    archive(&stage, "hello", "").await.unwrap();
    while stage.db.sequence().await.unwrap() > 0 {}
    let facts = stage.db.facts_after(0, None, 100).await.unwrap().facts;
    let kinds: Vec<&str> = facts.iter().map(|fact| fact.kind.as_str()).collect();
    assert_eq!(kinds, ["campaign.journey_published", "campaign.journey_archived"]);
}

/// What was saved or published before a currency was asked for.
#[tokio::test]
async fn a_draft_without_its_currency_is_not_published_and_a_published_version_goes_on() {
    let mut stage = Stage::new().await;
    let sound = journey(registered(), vec![exit("end")]);
    let nodes = vec![
        when("large", "trigger.amount > 1", "yes", "no"),
        exit("yes"),
        exit("no"),
    ];
    let before = journey(order_paid(), nodes);
    stage.open("old", journey(order_paid(), vec![exit("end")])).await;
    let draft = Journey {
        code: "draft".to_owned(),
        definition: Some(sound),
        ..Journey::default()
    };
    create(&stage, draft).await.unwrap();
    for (table, column, key) in [
        ("journey", "draft", "code = 'draft'"),
        ("journey_version", "definition", "journey_code = 'old'"),
    ] {
        let tx = stage.db.begin().await.unwrap();
        let sql = format!("UPDATE {table} SET {column} = $1 WHERE {key}");
        let done = tx
            .execute_raw(statement(&*tx, &sql, [before.encode_to_vec().into()]))
            .await;
        assert_eq!(done.unwrap().rows_affected(), 1);
        tx.commit().await.unwrap();
    }

    let refused = publish(&stage, "draft", "").await.unwrap_err();
    let details = refused.get_error_details();
    let fields = &details.bad_request().unwrap().field_violations;
    assert_eq!(fields[0].field, "journey.definition.nodes[0].condition.expression");
    check(
        Err::<Journey, _>(refused.clone()),
        Code::InvalidArgument,
        "INVALID_FIELD",
    );

    let ann = stage.member();
    stage.tell(&[stage.order(ann, 2)]).await;
    stage.run().await;
    assert_eq!(stage.path(ann).await, "large, yes");
}
