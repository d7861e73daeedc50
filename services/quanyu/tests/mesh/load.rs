//! A steady load: two callers for each role, who write down what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contracts_campaign::v1::ListJourneysRequest;
use contracts_identity::v1::{Arrival, ResolutionOutcome, ResolveMemberRequest};
use contracts_rights::v1::coupon_benefit::Kind as BenefitKind;
use contracts_rights::v1::coupon_validity::Kind as ValidityKind;
use contracts_rights::v1::issue_result::Outcome;
use contracts_rights::v1::{
    AmountOff, CouponBenefit, CouponTemplate, CouponTemplateState, CouponValidity, CreateCouponTemplateRequest,
    IssueCouponsRequest, IssueItem, ListMemberCouponsRequest,
};
use contracts_tagging::v1::{ActivityOutcome, RecordActivitiesRequest};
use futures::future::join_all;
use kernel::{Clock, Time};
use tests::brand::{POINTS, TMALL, yuan};
use tests::story::{self, Order};
use tests::{Api, eventually};
use tokio::task::JoinHandle;
use tonic::Status;

use crate::faults::tell;
use crate::sdk::Sdk;

/// The pause of a caller after each call: some 40 calls a second of all of them, which leaves a small machine time for the
/// faults.
const PAUSE: Duration = Duration::from_millis(200);
/// How many callers of a role there are.
const CALLERS: usize = 2;
/// What an order comes to, and so its points.
const YUAN: i64 = 3;
/// The coupon that the callers issue, as often as they like.
const GIFT: &str = "gift";
/// The roles that do the work; the gateway hands all of it on.
pub(crate) const ROLES: [&str; 5] = ["identity", "points", "rights", "tagging", "campaign"];

/// What was acknowledged to a caller, by its own numbers: the id that was answered.
type Acknowledged = BTreeMap<String, String>;

pub(crate) struct Load {
    pub(crate) sdk: Arc<Sdk>,
    is_over: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Caller>>,
}

struct Caller {
    who: Who,
    acknowledged: Acknowledged,
}

/// For whom a caller calls.
#[derive(Clone)]
struct Who {
    role: &'static str,
    member: String,
    /// As whom the shop knows the member.
    external_id: String,
    /// When all its orders were paid: a request that is sent again says the same.
    time: Time,
}

impl Load {
    /// Sets up what it needs, and begins.
    pub(crate) async fn begin(gateways: [Api; 2]) -> Self {
        create_template(&gateways[0]).await;
        let mut callers = Vec::new();
        for (role, number) in ROLES
            .iter()
            .flat_map(|role| (0..CALLERS).map(move |number| (*role, number)))
        {
            let external_id = format!("{role}-{number}");
            let who = Who {
                role,
                member: story::arrive(&gateways[0], TMALL, &external_id, None).await.unwrap(),
                external_id,
                time: Clock::system().now(),
            };
            callers.push(Caller {
                who,
                acknowledged: Acknowledged::new(),
            });
        }
        let (sdk, is_over) = (Arc::new(Sdk::new(gateways)), Arc::new(AtomicBool::new(false)));
        let callers = callers
            .into_iter()
            .map(|caller| tokio::spawn(caller.run(sdk.clone(), is_over.clone())))
            .collect();
        Self { sdk, is_over, callers }
    }

    /// Waits until some more calls to every role have been answered.
    pub(crate) async fn goes_on(&self) {
        let now = Instant::now();
        for role in ROLES {
            eventually("calls are answered", async || {
                let answered = self
                    .sdk
                    .since(now)
                    .iter()
                    .filter(|call| call.role == role && call.is_answered)
                    .count();
                (answered >= 2 * CALLERS).then_some(())
            })
            .await;
        }
    }

    /// Ends it, and sees that every request that was acknowledged has its effect exactly once, and nothing else has.
    pub(crate) async fn end(self, api: &Api) {
        self.is_over.store(true, Ordering::SeqCst);
        for caller in join_all(self.callers).await {
            caller.unwrap().check(api).await;
        }
    }
}

impl Who {
    /// The same request to the last byte, however often it is asked.
    async fn ask(self, api: Api, name: String) -> Result<String, Status> {
        match self.role {
            "identity" => story::arrive(&api, TMALL, &name, None).await,
            "points" => Ok(story::earn(&api, &name, &self.member, 1).await?.entry_id),
            "rights" => issue(&api, &name, &self.member).await,
            "tagging" => self.order(&api, &name).await,
            "campaign" => {
                let request = ListJourneysRequest::default();
                let journeys = api.journeys().list_journeys(request).await?.into_inner().journeys;
                assert!(!journeys.is_empty());
                Ok(String::new())
            }
            role => panic!("{role} is not asked"),
        }
    }

    async fn order(&self, api: &Api, number: &str) -> Result<String, Status> {
        let order = Order {
            channel: TMALL,
            external_id: &self.external_id,
            number,
            time: self.time,
            yuan: YUAN,
        };
        let request = RecordActivitiesRequest {
            request_id: number.to_owned(),
            activities: vec![order.activity()],
            ..RecordActivitiesRequest::default()
        };
        let answer = api.activities().record_activities(request).await?.into_inner();
        assert_eq!(answer.results[0].outcome(), ActivityOutcome::Recorded, "{number}");
        Ok(String::new())
    }
}

impl Caller {
    async fn run(mut self, sdk: Arc<Sdk>, is_over: Arc<AtomicBool>) -> Self {
        for number in 0_u64.. {
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            let name = format!("{}-{number}", self.who.external_id);
            let ask = |api| self.who.clone().ask(api, name.clone());
            let answer = sdk.call(self.who.role, ask).await;
            let id = answer.unwrap_or_else(|status| panic!("{name} is not answered: {status}"));
            self.acknowledged.insert(name, id);
            kernel::pause(PAUSE).await;
        }
        self
    }

    async fn check(self, api: &Api) {
        let (role, count) = (self.who.role, self.acknowledged.len());
        tell(format_args!("{role}: {count} requests were acknowledged"));
        assert!(count > 0, "{role} was not asked");
        match role {
            "identity" => self.check_members(api).await,
            "points" => self.check_entries(api).await,
            "rights" => self.check_coupons(api).await,
            "tagging" => self.check_activities(api).await,
            _ => {}
        }
    }

    /// Every arrival is the member that was answered, and each is another one.
    async fn check_members(self, api: &Api) {
        let mut members: Vec<&String> = self.acknowledged.values().collect();
        members.sort_unstable();
        members.dedup();
        assert_eq!(members.len(), self.acknowledged.len());
        for (external_id, member) in &self.acknowledged {
            let request = ResolveMemberRequest {
                request_id: Api::request_id(),
                arrival: Some(Arrival {
                    channel_code: TMALL.to_owned(),
                    external_id: external_id.clone(),
                    ..Arrival::default()
                }),
            };
            let answer = api.members().resolve_member(request).await.unwrap().into_inner();
            let resolution = answer.resolution.unwrap();
            let found = (&resolution.member_id, resolution.outcome());
            assert_eq!(found, (member, ResolutionOutcome::Found), "{external_id}");
        }
    }

    async fn check_entries(self, api: &Api) {
        let entries = story::entries(api, &self.who.member, POINTS).await;
        let found: Vec<(String, String)> = entries
            .into_iter()
            .map(|entry| (entry.reference, entry.entry_id))
            .collect();
        assert_eq!(sorted(found), self.acknowledged.into_iter().collect::<Vec<_>>());
    }

    async fn check_coupons(self, api: &Api) {
        let coupons = coupons(api, &self.who.member).await;
        let acknowledged: Vec<String> = self.acknowledged.into_values().collect();
        assert_eq!(sorted(coupons), sorted(acknowledged));
    }

    /// Every order is there once, and so are its points, which another service has given.
    async fn check_activities(self, api: &Api) {
        let found: Vec<String> = story::timeline(api, &self.who.member)
            .await
            .into_iter()
            .map(|(_, number)| number)
            .collect();
        let count = i64::try_from(self.acknowledged.len()).unwrap();
        assert_eq!(sorted(found), self.acknowledged.into_keys().collect::<Vec<_>>());
        let points = async || story::balance(api, &self.who.member, POINTS).await;
        tests::until("the points of all orders", count * YUAN, points).await;
    }
}

/// The ids of all coupons of a member.
async fn coupons(api: &Api, member: &str) -> Vec<String> {
    let mut request = ListMemberCouponsRequest {
        member_id: member.to_owned(),
        page_size: 500,
        ..ListMemberCouponsRequest::default()
    };
    let mut coupons = Vec::new();
    loop {
        let page = api
            .coupons()
            .list_member_coupons(request.clone())
            .await
            .unwrap()
            .into_inner();
        coupons.extend(page.coupons.into_iter().map(|coupon| coupon.coupon_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return coupons;
        }
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}

async fn create_template(api: &Api) {
    let benefit = BenefitKind::AmountOff(AmountOff { amount: Some(yuan(1)) });
    let template = CouponTemplate {
        code: GIFT.to_owned(),
        name: "one yuan".to_owned(),
        benefit: Some(CouponBenefit { kind: Some(benefit) }),
        validity: Some(CouponValidity {
            kind: Some(ValidityKind::DaysAfterIssue(30)),
        }),
        state: CouponTemplateState::Active.into(),
        ..CouponTemplate::default()
    };
    let request = CreateCouponTemplateRequest {
        request_id: GIFT.to_owned(),
        template: Some(template),
    };
    api.coupon_templates().create_coupon_template(request).await.unwrap();
}

async fn issue(api: &Api, request_id: &str, member: &str) -> Result<String, Status> {
    let request = IssueCouponsRequest {
        request_id: request_id.to_owned(),
        template_code: GIFT.to_owned(),
        items: vec![IssueItem {
            member_id: member.to_owned(),
            item_id: String::new(),
        }],
    };
    let answer = api.coupons().issue_coupons(request).await?.into_inner();
    match answer.results.into_iter().next().and_then(|result| result.outcome) {
        Some(Outcome::Coupon(coupon)) => Ok(coupon.coupon_id),
        outcome => panic!("{request_id}: {outcome:?}"),
    }
}
