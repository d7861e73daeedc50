//! The ledger, taken out of it.

use contracts_points::v1::export_service_client::ExportServiceClient;
use contracts_points::v1::*;
use rpc::Channel;
use tonic::Status;

use crate::brand::{Brand, brand, reason};

/// What an export has told: the entries, how many messages they came in, and where each ended.
#[derive(Default)]
struct Told {
    entries: Vec<Entry>,
    tokens: Vec<String>,
}

impl Brand {
    async fn export(&self, request: ExportEntriesRequest) -> Result<Told, Status> {
        let mut client: ExportServiceClient<Channel> = ExportServiceClient::new(self.channel());
        let mut messages = client.export_entries(request).await?.into_inner();
        let mut told = Told::default();
        while let Some(message) = messages.message().await? {
            told.entries.extend(message.entries);
            told.tokens.push(message.resume_token);
        }
        Ok(told)
    }

    /// Every entry of an asset that is settled.
    pub(crate) async fn export_of(&self, code: &str) -> Vec<Entry> {
        self.h.clock.advance(std::time::Duration::from_mins(3));
        let request = ExportEntriesRequest {
            asset_code: code.to_owned(),
            ..ExportEntriesRequest::default()
        };
        self.export(request).await.unwrap().entries
    }

    /// Many members who earn, each as often as is said.
    async fn earn_often(&self, members: &[String], times: usize) {
        for round in 0..times {
            let postings = members.iter().map(|member| Posting {
                request: Some(posting::Request::Earn(EarnPointsRequest {
                    reference: format!("round-{round}"),
                    ..self.earn_request(member, "points", 1)
                })),
            });
            let request = PostBatchRequest {
                unreadable_items: Vec::new(),
                postings: postings.collect(),
                ..PostBatchRequest::default()
            };
            let posted = self.postings().post_batch(request).await.unwrap().into_inner();
            assert_eq!(posted.refused_count, 0);
        }
    }
}

fn all() -> ExportEntriesRequest {
    ExportEntriesRequest {
        asset_code: "points".to_owned(),
        ..ExportEntriesRequest::default()
    }
}

fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.entry_id.as_str()).collect()
}

#[tokio::test]
async fn an_export_tells_every_entry_once_and_goes_on_after_any_message() {
    let brand = brand().await;
    let members: Vec<String> = (0..300).map(|_| brand.member()).collect();
    brand.earn_often(&members, 4).await;
    brand.earn_of(&members[0], "growth", 9).await.unwrap();
    let spent = brand.redeem(&members[0], 3).await.unwrap();
    assert_eq!(
        ids(&brand.export(all()).await.unwrap().entries),
        Vec::<&str>::new(),
        "not settled yet"
    );
    brand.turn_days(1);

    let whole = brand.export(all()).await.unwrap();
    assert_eq!(whole.entries.len(), 1_201, "those of growth are not among them");
    assert!(whole.tokens.len() >= 3, "{} messages", whole.tokens.len());
    let mut unique = ids(&whole.entries);
    assert!(unique.is_sorted(), "in the order of their ids");
    unique.dedup();
    assert_eq!(unique.len(), 1_201);
    assert_eq!(*whole.entries.last().unwrap(), spent, "with its lots");

    let mut resumed = 0;
    for token in &whole.tokens {
        let rest = brand
            .export(ExportEntriesRequest {
                resume_token: token.clone(),
                ..all()
            })
            .await
            .unwrap();
        resumed = whole.entries.len() - rest.entries.len();
        assert_eq!(rest.entries[..], whole.entries[resumed..]);
    }
    assert_eq!(resumed, 1_201, "nothing is left after the last message");

    let later = brand.redeem(&members[1], 2).await.unwrap();
    brand.turn_days(1);
    let news = brand
        .export(ExportEntriesRequest {
            resume_token: whole.tokens.last().unwrap().clone(),
            ..all()
        })
        .await
        .unwrap();
    assert_eq!(news.entries, [later], "what has been posted since");
}

#[tokio::test]
async fn an_export_keeps_to_its_range_and_to_its_account() {
    let brand = brand().await;
    let (member, other) = (brand.member(), brand.member());
    let mut days = Vec::new();
    for day in 0..4 {
        days.push(brand.now().to_wire());
        brand.earn(&member, 10 + day, 0).await;
        brand.earn(&other, 1, 0).await;
        brand.turn_days(1);
    }
    let amounts = async |request| -> Vec<i64> {
        let told = brand.export(request).await.unwrap();
        told.entries.iter().map(|entry| entry.amount).collect()
    };
    let middle = ExportEntriesRequest {
        start_time: Some(days[1]),
        end_time: Some(days[3]),
        ..all()
    };
    assert_eq!(amounts(middle.clone()).await, [11, 1, 12, 1]);
    let of_member = ExportEntriesRequest {
        member_id: member.clone(),
        ..middle.clone()
    };
    assert_eq!(amounts(of_member).await, [11, 12]);
    let whole = ExportEntriesRequest {
        member_id: member.clone(),
        ..all()
    };
    assert_eq!(amounts(whole.clone()).await, [10, 11, 12, 13]);
    let token = brand.export(whole.clone()).await.unwrap().tokens.pop().unwrap();
    brand.earn(&member, 99, 0).await;
    let resumed = ExportEntriesRequest {
        resume_token: token.clone(),
        ..whole
    };
    assert_eq!(amounts(resumed.clone()).await, Vec::<i64>::new(), "not settled yet");
    brand.turn_days(1);
    assert_eq!(amounts(resumed).await, [99]);

    let nobody = ExportEntriesRequest {
        member_id: brand.member(),
        ..all()
    };
    assert_eq!(amounts(nobody).await, Vec::<i64>::new());
    let foreign = ExportEntriesRequest {
        resume_token: token,
        ..middle.clone()
    };
    assert_eq!(
        reason(&brand.export(foreign).await.err().unwrap()),
        "PAGE_TOKEN_INVALID"
    );
    let backwards = ExportEntriesRequest {
        end_time: middle.start_time,
        ..middle
    };
    assert_eq!(reason(&brand.export(backwards).await.err().unwrap()), "INVALID_FIELD");
    let unknown = ExportEntriesRequest {
        asset_code: "miles".to_owned(),
        ..ExportEntriesRequest::default()
    };
    assert_eq!(reason(&brand.export(unknown).await.err().unwrap()), "NOT_FOUND");
}
