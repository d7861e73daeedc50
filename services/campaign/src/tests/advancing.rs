//! The pure rules of a run, tried on random journeys.

use std::collections::BTreeMap;

use contracts_campaign::v1::JourneyDefinition;
use fault::Violations;
use kernel::Time;
use proptest::prelude::*;
use uuid::Uuid;

use super::drafts;
use crate::fact::{Fact, FactType, FieldValue};
use crate::journey;
use crate::journey::definition::{Definition, NodeIndex};
use crate::run::advance::{Advanced, Answer, Inputs, Tally, UNKNOWN_ATTEMPTS_MAX, advance, stop};
use crate::run::{MemberId, Position, Run, RunId, Step, StopReason};

fn compile(definition: &JourneyDefinition) -> Definition {
    let mut violations = Violations::new();
    let compiled = journey::definition::wire::parse(definition, "d", &mut violations);
    compiled.unwrap_or_else(|| panic!("{violations:?}"))
}

fn order(id: u128, happen_time: i64, amount: i64) -> Fact {
    Fact {
        id: Uuid::from_u128(id),
        kind: FactType::ActivityRecorded,
        code: "order_paid".to_owned(),
        happen_time: Time::from_seconds(happen_time),
        fields: BTreeMap::from([("amount".to_owned(), FieldValue::Int(amount))]),
        reference: String::new(),
    }
}

fn begin(definition: &Definition) -> Run {
    let trigger = Fact {
        kind: FactType::MemberRegistered,
        code: String::new(),
        ..order(0, 0, 0)
    };
    let (run, member) = (
        RunId::from_uuid(Uuid::from_u128(1)),
        MemberId::from_uuid(Uuid::from_u128(2)),
    );
    Run::begin(run, member, 1, &trigger, definition.first, Time::EPOCH)
}

fn turn(definition: &Definition, run: Run, now: i64, heard: &[Fact], answer: Option<Answer>) -> Advanced {
    advance(
        definition,
        run,
        &Inputs {
            now: Time::from_seconds(now),
            heard,
            answer,
        },
    )
}

/// A node of a random journey: its kind, how far its second way leads, and a length of time.
type Draw = (u8, usize, i64);

/// Every node leads to the next one, so that all are reached; a second way leads on, or back where one waits.
fn random_journey(draws: &[Draw]) -> JourneyDefinition {
    let name = |place: usize| format!("n{place}");
    let end = draws.len();
    let mut nodes = Vec::new();
    for (place, (kind, leap, seconds)) in draws.iter().enumerate() {
        let (id, next) = (name(place), name(place + 1));
        let ahead = name((place + 1 + leap).min(end));
        let anywhere = name(leap % (end + 1));
        nodes.push(match kind % 5 {
            0 => drafts::when(&id, "run.now > timestamp(\"1970-01-01T00:05:00Z\")", &next, &ahead),
            1 => drafts::wait(&id, *seconds, &next),
            2 => drafts::until(&id, drafts::order_paid(), *seconds, &next, &anywhere),
            3 => drafts::until(
                &id,
                drafts::only(drafts::order_paid(), "fact.amount >= 50"),
                *seconds,
                &anywhere,
                &next,
            ),
            _ => drafts::when(&id, "waits.n1.amount > 20", &ahead, &next),
        });
    }
    // So that `waits.n1` is known to every journey.
    if nodes.len() > 1 {
        nodes[1] = drafts::until("n1", drafts::order_paid(), draws[1].2, "n2", "n2");
    }
    nodes.push(drafts::exit(&name(end)));
    drafts::journey(drafts::registered(), nodes)
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    proptest::collection::vec((any::<u8>(), 0_usize..8, 10_i64..200), 2..8)
}

fn orders() -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec((0_i64..1_000, 0_i64..100), 0..12).prop_map(|orders| {
        let orders = orders.into_iter().enumerate();
        orders
            .map(|(number, (at, amount))| order(100 + u128::try_from(number).unwrap(), at, amount))
            .collect()
    })
}

/// What a run has done, whenever it was processed.
fn story(steps: &[Step]) -> Vec<(i32, NodeIndex, Option<NodeIndex>, String)> {
    steps
        .iter()
        .map(|step| (step.number, step.node, step.next, step.outcome.explanation.clone()))
        .collect()
}

proptest! {
    #[test]
    fn where_a_run_stands_depends_on_what_happened_not_on_how_often_it_was_looked_at(
        draws in draws(),
        orders in orders(),
        mut looks in proptest::collection::vec(0_i64..2_000, 0..20),
        rotate in 0_usize..12,
    ) {
        let definition = compile(&random_journey(&draws));
        let at_once = turn(&definition, begin(&definition), 2_000, &orders, None);

        looks.sort_unstable();
        looks.push(2_000);
        let (mut run, mut steps) = (begin(&definition), Vec::new());
        for now in looks {
            // At each look everything that has happened was heard, in another order, and some of it twice.
            let mut heard: Vec<Fact> =
                orders.iter().filter(|fact| fact.happen_time <= Time::from_seconds(now)).cloned().collect();
            if !heard.is_empty() {
                let by = rotate % heard.len();
                heard.rotate_left(by);
                heard.push(heard[0].clone());
            }
            let advanced = turn(&definition, run, now, &heard, None);
            steps.extend(advanced.steps);
            run = advanced.run;
        }
        prop_assert_eq!(story(&steps), story(&at_once.steps));
        prop_assert_eq!((run.node, run.clock, &run.memory), (at_once.run.node, at_once.run.clock, &at_once.run.memory));
    }

    #[test]
    fn figures_add_up_and_steps_have_no_gap(draws in draws(), orders in orders(), now in 0_i64..2_000) {
        let definition = compile(&random_journey(&draws));
        let advanced = turn(&definition, begin(&definition), now, &orders, None);
        let numbers: Vec<i32> = advanced.steps.iter().map(|step| step.number).collect();
        let expected: Vec<i32> = (1..).take(numbers.len()).collect();
        prop_assert_eq!(numbers, expected);

        let mut tally = advanced.tally.clone();
        tally.entry(definition.first).or_default().add(Tally::BEGUN);
        let there = i64::from(matches!(advanced.run.position, Position::Arrived | Position::Asking { .. }));
        for (node, tally) in &tally {
            let running = if *node == advanced.run.node { there } else { 0 };
            prop_assert_eq!(tally.entered, tally.waiting + tally.completed + tally.failed + running);
        }
        let ended: i64 = tally.values().map(|tally| tally.ended + tally.stopped).sum();
        prop_assert_eq!(ended, i64::from(!advanced.run.is_active()));
    }

    #[test]
    fn what_was_done_is_not_done_again(draws in draws(), orders in orders(), now in 0_i64..2_000) {
        let definition = compile(&random_journey(&draws));
        let once = turn(&definition, begin(&definition), now, &orders, None);
        let again = turn(&definition, once.run.clone(), now, &orders, None);
        prop_assert_eq!(again, Advanced { run: once.run, steps: Vec::new(), tally: BTreeMap::new() });
    }

    #[test]
    fn a_stopped_run_stays_where_it_is(draws in draws(), orders in orders(), now in 0_i64..2_000) {
        let definition = compile(&random_journey(&draws));
        let run = turn(&definition, begin(&definition), now, &orders, None).run;
        let stopped = stop(&definition, run.clone(), StopReason::MembersMerged, Time::from_seconds(now)).run;
        prop_assert_eq!(stopped.node, run.node);
        prop_assert!(!stopped.is_active());
        let later = turn(&definition, stopped.clone(), 5_000, &orders, None);
        prop_assert_eq!(later.run, stopped);
    }
}

/// One action, and what becomes of it by the answer.
#[test]
fn an_answer_decides_where_an_action_leads() {
    let mut action = drafts::issue("act", "june", "end", "sorry");
    action.display_name = String::new();
    let definition = compile(&drafts::journey(
        drafts::registered(),
        vec![action, drafts::exit("end"), drafts::exit("sorry")],
    ));
    let asking = turn(&definition, begin(&definition), 0, &[], None).run;
    assert_eq!(asking.position, Position::Asking { member: asking.member });
    let unknown = || Answer::MemberUnknown {
        reason: "MEMBER_NOT_FOUND".to_owned(),
        message: String::new(),
    };
    let refused = Answer::Refused {
        reason: "CAP".to_owned(),
        message: "no more".to_owned(),
    };
    for (answer, attempts, node, attempts_after) in [
        (
            Answer::Done {
                reference: "cpn_1".to_owned(),
            },
            0,
            "end",
            0,
        ),
        (refused, 0, "sorry", 0),
        (Answer::Away, 0, "act", 1),
        (Answer::Away, 1_000, "act", 1_001),
        (unknown(), 0, "act", 1),
        (unknown(), UNKNOWN_ATTEMPTS_MAX, "sorry", 0),
        // Not what was asked; asked again.
        (Answer::Belongs(true), 0, "act", 1),
    ] {
        let run = Run {
            attempts,
            ..asking.clone()
        };
        let after = turn(&definition, run, 0, &[], Some(answer.clone())).run;
        assert_eq!(
            (definition.node(after.node).id.as_str(), after.attempts),
            (node, attempts_after),
            "{answer:?}"
        );
    }
}

#[test]
fn a_wait_is_ended_by_the_first_fact_of_its_time_and_each_fact_ends_one() {
    let nodes = vec![
        drafts::until("one", drafts::order_paid(), 100, "two", "late"),
        drafts::until("two", drafts::order_paid(), 100, "end", "late"),
        drafts::exit("end"),
        drafts::exit("late"),
    ];
    let definition = compile(&drafts::journey(drafts::registered(), nodes));
    for (times, now, node) in [
        (&[][..], 99, "one"),
        (&[], 100, "late"),
        (&[100], 100, "two"),
        (&[101], 101, "late"),
        (&[50], 120, "two"),
        (&[50], 150, "late"),
        (&[50, 50], 50, "end"),
        (&[90, 10], 90, "end"),
        (&[10, 111], 111, "late"),
    ] {
        let facts: Vec<Fact> = (0..).zip(times).map(|(id, at)| order(id + 10, *at, 1)).collect();
        let run = turn(&definition, begin(&definition), now, &facts, None).run;
        assert_eq!(definition.node(run.node).id, node, "{times:?} at {now}");
    }
}
