use gateway::{Beginning, FirstSecret, Secret, bootstrap, operator};
use kernel::Clock;
use testkit::TestDb;

const CHOSEN: &str = "qy_5f1cf8a2b07d4e6c93a84b1f2d7e60c95f3b8a1742e9d06cb8f7135ae2490d6c";

fn chosen() -> FirstSecret {
    FirstSecret::Chosen(Secret::chosen(CHOSEN).unwrap())
}

#[tokio::test]
async fn a_chosen_first_key_is_made_once_however_often_the_platform_starts() {
    let (test_db, clock) = (TestDb::new(gateway::migrations()).await, Clock::system());
    let db = test_db.db();
    let Beginning::Now(first) = bootstrap(&db, &clock, chosen()).await.unwrap() else {
        panic!("a new platform");
    };
    assert_eq!(first.secret.reveal(), CHOSEN);
    for _ in 0..2 {
        assert!(matches!(
            bootstrap(&db, &clock, chosen()).await.unwrap(),
            Beginning::Before
        ));
    }
    let other = FirstSecret::Chosen(Secret::chosen(&CHOSEN.replace("5f1c", "5f1d")).unwrap());
    assert!(matches!(
        bootstrap(&db, &clock, other).await.unwrap(),
        Beginning::BeforeWithout
    ));
    let keys = operator::list_keys(&db, &clock, None).await.unwrap();
    assert_eq!(keys.len(), 1);
    operator::revoke_key(&db, &clock, &keys[0].key.api_key_id)
        .await
        .unwrap();
    assert!(
        matches!(
            bootstrap(&db, &clock, chosen()).await.unwrap(),
            Beginning::BeforeWithout
        ),
        "a revoked key is not made again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_replicas_that_start_at_once_one_makes_the_first_key() {
    let (test_db, clock) = (TestDb::new(gateway::migrations()).await, Clock::system());
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(test_db.another(gateway::migrations()).await);
    }
    let starts = replicas.into_iter().map(|db| {
        let clock = clock.clone();
        tokio::spawn(async move { bootstrap(&db, &clock, chosen()).await.unwrap() })
    });
    let (mut now, mut before) = (0, 0);
    for start in starts.collect::<Vec<_>>() {
        match start.await.unwrap() {
            Beginning::Now(_) => now += 1,
            Beginning::Before => before += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((now, before), (1, 3));
}

#[tokio::test]
async fn without_anybody_to_tell_a_platform_gets_no_key_until_it_is_given_one() {
    let (test_db, clock) = (TestDb::new(gateway::migrations()).await, Clock::system());
    let db = test_db.db();
    assert!(matches!(
        bootstrap(&db, &clock, FirstSecret::None).await.unwrap(),
        Beginning::NotYet
    ));
    assert!(gateway::tenants(&db).await.unwrap().is_empty());
    assert!(matches!(
        bootstrap(&db, &clock, chosen()).await.unwrap(),
        Beginning::Now(_)
    ));
}
