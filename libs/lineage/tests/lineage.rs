//! A service that keeps coins for members, whatever the order in which it hears of them, and however often. Runs on SQLite,
//! and on PostgreSQL where the tests name a server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

use contracts_identity::v1::{MemberRegistered, MembersMerged, MergeUndone, ProfileSnapshot};
use events::Envelope;
use fault::Fault;
use kernel::{Clock, Fact, Id, Kind, Tenant, Time};
use lineage::{Merge, Part, Redirects, Undo};
use prost::Message;
use sea_orm::ConnectionTrait;
use store::{Db, Migration, Tx, insert_rows, statement};
use testkit::TestDb;

const COINS: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE coin (tenant_id {uuid} NOT NULL, origin_id {uuid} NOT NULL, member_id {uuid} NOT NULL,
          PRIMARY KEY (tenant_id, origin_id)) {clustered};",
};

#[derive(Debug)]
enum Member {}
impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}
type MemberId = Id<Member>;

enum MergeNoun {}
impl Kind for MergeNoun {
    const PREFIX: &'static str = "mrg";
    const NOUN: &'static str = "merge";
}

/// Gives every registered member a coin, and moves coins as their members are merged and parted.
struct World {
    clock: Clock,
    tenant: Tenant,
    db: Db,
    _test_db: TestDb,
}

impl World {
    async fn new() -> Self {
        let clock = Clock::manual(Time::from_seconds(1_800_000_000));
        let test_db = TestDb::new(vec![COINS]).await;
        Self {
            tenant: Tenant::from_uuid(clock.uuid()),
            db: test_db.db(),
            _test_db: test_db,
            clock,
        }
    }

    fn members<const N: usize>(&self) -> [MemberId; N] {
        [(); N].map(|()| Id::generate(&self.clock))
    }

    fn fact<F: Fact + Message>(&self, fact: &F) -> Envelope {
        Envelope {
            position: 1,
            id: self.clock.uuid(),
            tenant: self.tenant,
            kind: F::TYPE.to_owned(),
            subject: String::new(),
            payload: fact.encode_to_vec(),
            occur_time: self.clock.now(),
            traceparent: String::new(),
        }
    }

    fn registered(&self, member: MemberId) -> Envelope {
        self.fact(&MemberRegistered {
            member_id: member.to_string(),
            ..MemberRegistered::default()
        })
    }

    /// The merge of the first member into the second one, and its undo, by which the third ones lead to the first again.
    fn merge(&self, absorbed: MemberId, survivor: MemberId, led: &[MemberId]) -> [Envelope; 2] {
        let merge_id = Id::<MergeNoun>::generate(&self.clock).to_string();
        let (merge_time, undo_time) = (self.clock.now(), self.clock.now().plus_days(1));
        let city = |city: &str| {
            Some(ProfileSnapshot {
                city: city.to_owned(),
                ..ProfileSnapshot::default()
            })
        };
        let merged = self.fact(&MembersMerged {
            surviving_member_id: survivor.to_string(),
            absorbed_member_id: absorbed.to_string(),
            profile: city("both"),
            merge_time: Some(merge_time.to_wire()),
            merge_id: merge_id.clone(),
        });
        let undone = self.fact(&MergeUndone {
            merge_id,
            restored_member_id: absorbed.to_string(),
            surviving_member_id: survivor.to_string(),
            led_member_ids: led.iter().map(ToString::to_string).collect(),
            restored_profile: city("restored"),
            surviving_profile: city("surviving"),
            merge_time: Some(merge_time.to_wire()),
            undo_time: Some(undo_time.to_wire()),
        });
        [merged, undone]
    }

    async fn tell(&self, facts: &[&Envelope]) {
        let tx = self.db.begin().await.unwrap();
        for part in lineage::parts::<Member>(facts.iter().copied()).unwrap() {
            match part {
                Part::Others(facts) => self.give(&tx, &facts).await.unwrap(),
                Part::Merges(merges) => {
                    let merges = lineage::standing(&*tx, merges).await.unwrap();
                    let merges = lineage::resolve(&*tx, merges).await.unwrap();
                    for ((_, absorbed), survivor) in lineage::ends(&merges) {
                        self.hand_over(&tx, absorbed, survivor).await.unwrap();
                    }
                    lineage::redirect(&*tx, &merges).await.unwrap();
                }
                Part::Undo(undo) => {
                    if undo.end(&*tx).await.unwrap() {
                        self.give_back(&tx, &undo).await.unwrap();
                    }
                }
            }
        }
        tx.commit().await.unwrap();
    }

    async fn give(&self, tx: &Tx, facts: &[&Envelope]) -> Result<(), Fault> {
        const GIVE: &str = "INSERT INTO coin (tenant_id, origin_id, member_id)";
        let mut members = Vec::new();
        for fact in facts {
            let registered: MemberRegistered = fact.decode()?;
            members.push((fact.tenant, lineage::parse_id::<Member>(&registered.member_id)?));
        }
        let redirects = Redirects::of(&**tx, members.iter().copied()).await?;
        let rows = members.into_iter().map(|(tenant, member)| {
            let by_now = redirects.follow(tenant, member);
            vec![tenant.uuid().into(), member.uuid().into(), by_now.uuid().into()]
        });
        insert_rows(&**tx, GIVE, rows.collect(), "ON CONFLICT DO NOTHING").await?;
        Ok(())
    }

    async fn hand_over(&self, tx: &Tx, from: MemberId, to: MemberId) -> Result<(), Fault> {
        const MOVE: &str = "UPDATE coin SET member_id = $3 WHERE tenant_id = $1 AND member_id = $2";
        let parameters = [self.tenant.uuid().into(), from.uuid().into(), to.uuid().into()];
        tx.execute_raw(statement(&**tx, MOVE, parameters)).await?;
        Ok(())
    }

    async fn give_back(&self, tx: &Tx, undo: &Undo<Member>) -> Result<(), Fault> {
        const MOVE: &str = "UPDATE coin SET member_id = $3 WHERE tenant_id = $1 AND origin_id = $2";
        for origin in undo.led.iter().chain([&undo.restored]) {
            let parameters = [
                undo.tenant.uuid().into(),
                origin.uuid().into(),
                undo.restored.uuid().into(),
            ];
            tx.execute_raw(statement(&**tx, MOVE, parameters)).await?;
        }
        Ok(())
    }

    /// Who has the coin that a member was given; and that this is whom the member leads to.
    async fn holder(&self, origin: MemberId) -> MemberId {
        const FIND: &str = "SELECT member_id FROM coin WHERE tenant_id = $1 AND origin_id = $2";
        let conn = self.db.read();
        let find = statement(conn, FIND, [self.tenant.uuid().into(), origin.uuid().into()]);
        let row = conn.query_one_raw(find).await.unwrap().unwrap();
        let holder = MemberId::from_uuid(row.try_get_by_index(0).unwrap());
        assert_eq!(lineage::follow(conn, self.tenant, origin).await.unwrap(), holder);
        holder
    }
}

fn only_merge(fact: &Envelope) -> Merge<Member> {
    match lineage::parts([fact]).unwrap().pop() {
        Some(Part::Merges(mut merges)) => merges.remove(0),
        other => panic!("a merge was awaited, not {other:?}"),
    }
}

fn only_undo(fact: &Envelope) -> Undo<Member> {
    match lineage::parts([fact]).unwrap().pop() {
        Some(Part::Undo(undo)) => *undo,
        other => panic!("an undo was awaited, not {other:?}"),
    }
}

#[tokio::test]
async fn a_batch_is_parted_where_its_facts_change_their_sort_and_at_every_undo() {
    let world = World::new().await;
    let [a, b, c] = world.members();
    let registered = world.registered(a);
    let ([ab, ab_undone], [bc, bc_undone]) = (world.merge(a, b, &[]), world.merge(b, c, &[a]));
    let facts = [
        &registered,
        &registered,
        &ab,
        &bc,
        &bc_undone,
        &ab_undone,
        &registered,
        &ab,
    ];
    let parts = lineage::parts::<Member>(facts).unwrap();
    let sorts: Vec<(&str, usize)> = parts
        .iter()
        .map(|part| match part {
            Part::Others(facts) => ("others", facts.len()),
            Part::Merges(merges) => ("merges", merges.len()),
            Part::Undo(_) => ("undo", 1),
        })
        .collect();
    assert_eq!(
        sorts,
        [
            ("others", 2),
            ("merges", 2),
            ("undo", 1),
            ("undo", 1),
            ("others", 1),
            ("merges", 1)
        ]
    );
}

#[tokio::test]
async fn a_merge_and_its_undo_are_read_with_all_that_they_tell() {
    let world = World::new().await;
    let [a, b, c] = world.members();
    let [merged, undone] = world.merge(b, c, &[a]);
    let (merge, undo) = (only_merge(&merged), only_undo(&undone));
    assert_eq!(
        (merge.tenant, merge.absorbed, merge.survivor, &*merge.profile.city),
        (world.tenant, b, c, "both")
    );
    assert_eq!(
        (merge.id, merge.merge_time, merge.occur_time),
        (Some(undo.merge), Some(world.clock.now()), world.clock.now())
    );
    assert_eq!(
        (undo.tenant, undo.restored, undo.survivor, &undo.led),
        (world.tenant, b, c, &vec![a])
    );
    assert_eq!(
        (&*undo.restored_profile.city, &*undo.surviving_profile.city),
        ("restored", "surviving")
    );
    assert_eq!(
        (undo.merge_time, undo.undo_time, undo.occur_time),
        (
            merge.merge_time,
            Some(world.clock.now().plus_days(1)),
            world.clock.now()
        )
    );
}

#[tokio::test]
async fn a_fact_that_names_no_member_or_an_undo_without_its_merge_is_the_platforms_fault() {
    let world = World::new().await;
    let [a, b] = world.members();
    let nobody = world.fact(&MembersMerged {
        surviving_member_id: a.to_string(),
        absorbed_member_id: "cpn_01h455vb4pex5vsknk084sn02q".to_owned(),
        ..MembersMerged::default()
    });
    let nameless = world.fact(&MergeUndone {
        restored_member_id: a.to_string(),
        surviving_member_id: b.to_string(),
        ..MergeUndone::default()
    });
    for fact in [&nobody, &nameless] {
        assert!(matches!(lineage::parts::<Member>([fact]), Err(Fault::Internal(_))));
    }
    let from_before = world.fact(&MembersMerged {
        surviving_member_id: a.to_string(),
        absorbed_member_id: b.to_string(),
        ..MembersMerged::default()
    });
    assert_eq!(only_merge(&from_before).id, None, "merges had no ids once");
}

#[tokio::test]
async fn a_chain_is_followed_to_its_end_within_one_batch_and_over_several() {
    for at_once in [true, false] {
        let world = World::new().await;
        let [a, b, c, d] = world.members();
        let registered = [a, b, c, d].map(|member| world.registered(member));
        world.tell(&registered.iter().collect::<Vec<_>>()).await;
        let [[ab, _], [bc, _], [cd, _]] = [(a, b), (b, c), (c, d)].map(|(from, to)| world.merge(from, to, &[]));
        // The last one is named by the id of the first, who is somebody else by then.
        let [ad, _] = world.merge(a, d, &[]);
        let facts = [&ab, &bc, &ad, &cd];
        if at_once {
            world.tell(&facts).await;
        } else {
            for fact in facts {
                world.tell(&[fact]).await;
            }
        }
        for member in [a, b, c, d] {
            assert_eq!(world.holder(member).await, d);
        }
    }
}

#[tokio::test]
async fn what_is_told_after_a_merge_in_the_same_batch_concerns_the_survivor() {
    let world = World::new().await;
    let [a, b] = world.members();
    let [merged, undone] = world.merge(a, b, &[]);
    let (first, second) = (world.registered(a), world.registered(b));
    world.tell(&[&merged, &first, &second]).await;
    assert_eq!((world.holder(a).await, world.holder(b).await), (b, b));
    world.tell(&[&undone]).await;
    assert_eq!((world.holder(a).await, world.holder(b).await), (a, b));
}

#[tokio::test]
async fn an_undo_gives_back_whom_the_restored_member_had_absorbed_and_only_those() {
    let world = World::new().await;
    let [a, b, c] = world.members();
    let registered = [a, b, c].map(|member| world.registered(member));
    world.tell(&registered.iter().collect::<Vec<_>>()).await;
    let ([ab, ab_undone], [bc, bc_undone]) = (world.merge(a, b, &[]), world.merge(b, c, &[a]));
    world.tell(&[&ab, &bc, &bc_undone]).await;
    assert_eq!(
        (world.holder(a).await, world.holder(b).await, world.holder(c).await),
        (b, b, c)
    );
    world.tell(&[&ab_undone]).await;
    assert_eq!((world.holder(a).await, world.holder(b).await), (a, b));
}

#[tokio::test]
async fn facts_that_are_told_twice_or_undone_before_they_are_told_end_in_the_same_state() {
    // By the numbers of the facts: the merge, its undo; batch by batch.
    let orders: [&[&[usize]]; 8] = [
        &[&[0, 1]],
        &[&[0], &[1]],
        &[&[1, 0]],
        &[&[1], &[0]],
        &[&[0], &[1], &[0]],
        &[&[0, 1, 0]],
        &[&[0, 0], &[1, 1], &[0, 0]],
        &[&[1], &[0, 1], &[0]],
    ];
    for order in orders {
        let world = World::new().await;
        let [a, b] = world.members();
        let registered = [a, b].map(|member| world.registered(member));
        world.tell(&registered.iter().collect::<Vec<_>>()).await;
        let facts = world.merge(a, b, &[]);
        for batch in order {
            let batch: Vec<&Envelope> = batch.iter().map(|number| &facts[*number]).collect();
            world.tell(&batch).await;
        }
        assert_eq!((world.holder(a).await, world.holder(b).await), (a, b), "{order:?}");
    }
}

#[tokio::test]
async fn who_is_merged_again_after_an_undo_stays_merged_when_the_first_undo_is_told_again() {
    let world = World::new().await;
    let [a, b] = world.members();
    let registered = [a, b].map(|member| world.registered(member));
    world.tell(&registered.iter().collect::<Vec<_>>()).await;
    let [first, first_undone] = world.merge(a, b, &[]);
    let [again, again_undone] = world.merge(a, b, &[]);
    world.tell(&[&first, &first_undone, &again]).await;
    assert_eq!(world.holder(a).await, b);
    world.tell(&[&first_undone, &first]).await;
    assert_eq!(world.holder(a).await, b);
    world.tell(&[&again_undone, &again]).await;
    assert_eq!(world.holder(a).await, a);
}

#[tokio::test]
async fn another_tenant_s_members_and_merges_are_its_own() {
    let world = World::new().await;
    let [a, b] = world.members();
    let [merged, undone] = world.merge(a, b, &[]);
    let mut strangers = undone.clone();
    strangers.tenant = Tenant::from_uuid(world.clock.uuid());
    world.tell(&[&strangers, &merged]).await;
    let tx = world.db.begin().await.unwrap();
    for (tenant, leads_to) in [(world.tenant, b), (strangers.tenant, a)] {
        assert_eq!(lineage::follow(&*tx, tenant, a).await.unwrap(), leads_to);
        let redirects = Redirects::of(&*tx, [(tenant, a)]).await.unwrap();
        assert_eq!(redirects.follow(tenant, a), leads_to);
    }
}
