//! What a member's step costs does not grow with the member's runs, nor with how many others there are: PostgreSQL plans a
//! statement once, perhaps while its table is empty, and nothing tells it later that the table has grown.

use std::ops::Range;

use testkit::reads::{self, RowsRead, grown};

use super::drafts::*;
use super::stage::Stage;
use crate::run::MemberId;

const FEW: u32 = 1_000;
const MANY: u32 = 20_000;
const CALLS: [&str; 3] = ["enter", "hear", "merge"];

impl Stage {
    /// What a member does and what follows: enters a journey again, ends its wait, is merged.
    async fn act(&mut self, call: &str, member: MemberId) {
        match call {
            "enter" => self.tell(&[self.registered(member)]).await,
            "hear" => self.tell(&[self.order(member, 100)]).await,
            _ => {
                let (one, other) = (self.member(), self.member());
                self.tell(&[self.registered(one), self.registered(other)]).await;
                self.run().await;
                self.tell(&[self.merged(one, other)]).await;
            }
        }
        self.run().await;
    }

    async fn measured(&mut self, member: MemberId) -> Vec<(&'static str, RowsRead)> {
        let mut measured = Vec::new();
        for call in CALLS {
            let before = reads::rows_read(&self.db).await;
            self.act(call, member).await;
            measured.push((call, reads::more(&before, &reads::rows_read(&self.db).await)));
        }
        measured
    }

    /// Other members with all that this one has, and a long history of this one.
    async fn multiply(&self, member: MemberId, numbers: Range<u32>) {
        const OTHER: &str = "'member_id', md5(n::text)::uuid";
        let like = format!("member_id = '{}'", member.uuid());
        let ended = format!("{like} AND end_time IS NOT NULL");
        let run = |of: &str| format!("'run_id', md5('{of}' || n)::uuid, 'trigger_fact_id', md5('{of}' || n)::uuid");
        let made = [
            ("entry", &like, OTHER.to_owned()),
            ("run", &ended, format!("{OTHER}, {}", run("o"))),
            ("run", &ended, run("h")),
            ("heard", &like, format!("{OTHER}, 'fact_id', md5('o' || n)::uuid")),
            (
                "heard",
                &like,
                "'fact_id', md5('h' || n)::uuid, 'happen_time', (x.t).happen_time - 86400000000".to_owned(),
            ),
        ];
        for (table, like, with) in made {
            reads::multiply(&self.db, table, like, numbers.clone(), &with).await;
        }
    }
}

#[tokio::test]
async fn a_step_reads_no_more_of_many_runs_among_many_members() {
    let mut stage = Stage::new().await;
    if !reads::leave_unanalysed(&stage.db).await {
        return;
    }
    let nodes = vec![until("wait", order_paid(), 30 * DAY, "end", "end"), exit("end")];
    stage.open("again", again(journey(registered(), nodes))).await;
    let member = stage.member();
    stage.act("enter", member).await;
    stage.act("hear", member).await;
    stage.multiply(member, 0..FEW).await;
    for _ in 0..reads::runs_to_warm() {
        for call in CALLS {
            stage.pass(1);
            stage.act(call, member).await;
        }
    }
    let before = stage.measured(member).await;
    stage.multiply(member, FEW..MANY).await;
    let after = stage.measured(member).await;
    let grown = grown(&before, &after);
    assert!(grown.is_empty(), "{grown:#?}");
}
