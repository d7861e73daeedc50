use ::store::StuckItem;
use contracts_campaign::v1 as api;
use kernel::Time;

use super::row::{RunRow, RunState};
use super::steps::StepRow;

/// The run as the contract shows it, with why it is parked where it is.
pub(crate) fn run(row: &RunRow, parked: Option<&StuckItem>) -> api::JourneyRun {
    api::JourneyRun {
        run_id: row.run_id.to_string(),
        journey_code: row.journey_code.clone(),
        version: row.version,
        member_id: row.member.to_string(),
        state: state(row.state).into(),
        node_id: row.node_id.clone(),
        wait_until_time: row.wait_until.map(Time::to_wire),
        start_time: Some(row.start_time.to_wire()),
        end_time: row.end_time.map(Time::to_wire),
        outcome_code: row.outcome_code.clone(),
        stop_reason: row.stop_reason.clone(),
        trigger_fact_type: row.trigger_fact_type.clone(),
        parked: parked.map(|item| api::ParkedJourneyRun {
            since_time: Some(item.fail_time.to_wire()),
            reason: item.reason.clone(),
        }),
    }
}

const fn state(state: RunState) -> api::JourneyRunState {
    match state {
        RunState::Arrived | RunState::Asking => api::JourneyRunState::Running,
        RunState::Waiting => api::JourneyRunState::Waiting,
        RunState::Completed => api::JourneyRunState::Completed,
        RunState::Stopped => api::JourneyRunState::Stopped,
    }
}

/// The path of a run: the steps that it has finished, and the one where it is.
pub(crate) fn path(row: &RunRow, finished: Vec<StepRow>) -> Vec<api::JourneyRunStep> {
    finished.into_iter().map(step).chain(present_step(row)).collect()
}

fn step(row: StepRow) -> api::JourneyRunStep {
    let state = if row.outcome.failed {
        api::JourneyRunStepState::Failed
    } else {
        api::JourneyRunStepState::Completed
    };
    api::JourneyRunStep {
        number: row.number,
        node_id: row.node_id,
        state: state.into(),
        enter_time: Some(row.enter_time.to_wire()),
        leave_time: Some(row.leave_time.to_wire()),
        next_node_id: row.next_node_id,
        explanation: row.outcome.explanation,
        reference: row.outcome.reference,
        refusal_reason: row.outcome.refusal_reason,
        attempts: row.attempts,
    }
}

/// The step that a run under way has not finished.
fn present_step(row: &RunRow) -> Option<api::JourneyRunStep> {
    let state = match row.state {
        RunState::Arrived | RunState::Asking => api::JourneyRunStepState::Running,
        RunState::Waiting => api::JourneyRunStepState::Waiting,
        RunState::Completed | RunState::Stopped => return None,
    };
    let explanation = match (row.wait_until, row.awaited_key.as_str()) {
        (Some(until), "") => format!("waits until {until}"),
        (Some(until), key) => format!("waits for {key}, until {until} at the longest"),
        (None, _) => String::new(),
    };
    Some(api::JourneyRunStep {
        number: row.step_number,
        node_id: row.node_id.clone(),
        state: state.into(),
        enter_time: Some(row.enter_time.to_wire()),
        explanation,
        attempts: row.attempts,
        ..api::JourneyRunStep::default()
    })
}
