//! Rows on their way to the platform: no call carries more than the servers take, and no row ends an import.

use std::sync::atomic::{AtomicU32, Ordering};

use fault::{Common, Fault, Reason};
use prost::Message;
use tonic::Code;

use super::reason::is_told;

/// No call carries more; the servers take messages of four mebibytes.
pub(super) const CALL_BYTES_MAX: usize = 2 * 1024 * 1024;
/// No row makes more of a message.
pub(super) const ITEM_BYTES_MAX: usize = 1024 * 1024;
/// After so many rows at which the platform fails, rather than refuse them, it is the platform that is broken.
const FAILURES_MAX: u32 = 20;

/// What has become of a row, or of the rows of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Imported now, perhaps with something left out.
    Imported(Vec<String>),
    /// Imported before; nothing changed.
    Repeated,
    /// Not imported, for these reasons.
    Rejected(Vec<String>),
}

impl Outcome {
    /// What has become of a row that was read so, by what the platform answers of it.
    pub(super) fn and(self, answer: Self) -> Self {
        match (self, answer) {
            (Self::Imported(mut notes), Self::Imported(further)) => {
                notes.extend(further);
                Self::Imported(notes)
            }
            // A row that is wrong was only judged; what the platform objects to, beside what was read, is told as well.
            (Self::Rejected(mut reasons), Self::Rejected(further)) => {
                let new = further
                    .into_iter()
                    .filter(|it| !is_told(&reasons, it))
                    .collect::<Vec<_>>();
                reasons.extend(new);
                Self::Rejected(reasons)
            }
            (wrong @ Self::Rejected(_), Self::Imported(_) | Self::Repeated) => wrong,
            (Self::Imported(_) | Self::Repeated, answer) => answer,
        }
    }
}

/// Parts items into calls, by their number and their bytes.
pub(super) fn calls<T: Message>(items: Vec<T>, items_max: usize) -> Vec<Vec<T>> {
    let (mut calls, mut call, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
    for item in items {
        let length = item.encoded_len();
        if !call.is_empty() && (call.len() >= items_max || bytes.saturating_add(length) > CALL_BYTES_MAX) {
            calls.push(std::mem::take(&mut call));
            bytes = 0;
        }
        bytes = bytes.saturating_add(length);
        call.push(item);
    }
    if !call.is_empty() {
        calls.push(call);
    }
    calls
}

/// How often the platform has failed at a row that stood alone.
#[derive(Debug, Default)]
pub(super) struct Failures(AtomicU32);

impl Failures {
    /// Sends items and answers one outcome for each. A call that is refused as a whole, or fails, is halved until the item
    /// stands alone that it fails at; that one is rejected.
    pub(super) async fn send<T>(
        &self,
        items: &[T],
        send: impl AsyncFn(&[T]) -> Result<Vec<Outcome>, Fault>,
    ) -> Result<Vec<Outcome>, Fault> {
        let mut outcomes = Vec::with_capacity(items.len());
        // The last part comes next.
        let mut parts = vec![items];
        while let Some(part) = parts.pop() {
            match send(part).await {
                Ok(answered) if answered.len() == part.len() => outcomes.extend(answered),
                Ok(_) => {
                    return Err(Fault::internal(
                        "the platform answers for more or fewer rows than it was sent",
                    ));
                }
                Err(fault) if !is_of_the_rows(&fault) => return Err(fault),
                Err(fault) if part.len() > 1 => {
                    tracing::debug!(%fault, rows = part.len(), "a call is halved");
                    let (first, second) = part.split_at(part.len().div_euclid(2));
                    parts.extend([second, first]);
                }
                Err(fault) => outcomes.push(Outcome::Rejected(self.alone(fault)?)),
            }
        }
        Ok(outcomes)
    }

    /// Why a row that stands alone is rejected.
    fn alone(&self, fault: Fault) -> Result<Vec<String>, Fault> {
        match &fault {
            Fault::Refused(refusal) if refusal.reason.is_empty() => Ok(vec![format!("{}: {fault}", refusal.code)]),
            Fault::Refused(refusal) => Ok(vec![format!("{}: {fault}", refusal.reason)]),
            _ if self.0.fetch_add(1, Ordering::Relaxed) >= FAILURES_MAX => Err(fault),
            _ => Ok(vec![format!(
                "the platform fails at this row, tell its operator: {fault}"
            )]),
        }
    }
}

/// Whether the fault may lie in the rows, so that fewer of them may pass.
fn is_of_the_rows(fault: &Fault) -> bool {
    match fault {
        Fault::Refused(refusal) => {
            let is_of_the_caller = matches!(
                refusal.code,
                Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented
            );
            !is_of_the_caller && refusal.reason != Common::Overloaded.name()
        }
        Fault::Internal(_) => true,
        Fault::Contended | Fault::Unavailable { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use contracts_tagging::v1::Activity;

    use super::*;

    fn activity(bytes: usize) -> Activity {
        Activity {
            source_id: "x".repeat(bytes),
            ..Activity::default()
        }
    }

    #[test]
    fn calls_are_cut_by_bytes_as_well_as_by_rows() {
        let lengths = |items: Vec<Activity>| calls(items, 500).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(vec![activity(10); 1_001]), [500, 500, 1]);
        let large = lengths(vec![activity(26 * 1024); 500]);
        assert_eq!((large.iter().sum::<usize>(), large.first()), (500, Some(&78)));
        assert_eq!(lengths(vec![activity(CALL_BYTES_MAX + 1), activity(1)]), [1, 1]);
        assert!(lengths(vec![]).is_empty());
    }

    fn too_large() -> Fault {
        Fault::from_peer(tonic::Status::out_of_range("message length too large"))
    }

    /// A platform that fails at some numbers.
    async fn send(
        failures: &Failures,
        numbers: &[u32],
        fails: impl Fn(u32) -> Option<Fault>,
    ) -> Result<Vec<Outcome>, Fault> {
        let answer = async |part: &[u32]| match part.iter().find_map(|number| fails(*number)) {
            Some(fault) => Err(fault),
            None => Ok(vec![Outcome::Imported(Vec::new()); part.len()]),
        };
        failures.send(numbers, answer).await
    }

    #[tokio::test]
    async fn the_row_that_a_call_fails_at_is_singled_out_and_the_others_pass() {
        let numbers: Vec<u32> = (0..500).collect();
        let fails = |number| match number {
            7 => Some(too_large()),
            300 => Some(Fault::internal("a bug")),
            _ => None,
        };
        let outcomes = send(&Failures::default(), &numbers, fails).await.unwrap();
        let rejected: Vec<usize> = (0..500)
            .filter(|at| matches!(outcomes[*at], Outcome::Rejected(_)))
            .collect();
        assert_eq!((outcomes.len(), rejected), (500, vec![7, 300]));
    }

    #[tokio::test]
    async fn what_is_not_of_the_rows_stops_and_so_does_a_platform_that_fails_at_every_row() {
        let numbers: Vec<u32> = (0..100).collect();
        for fault in [
            || Fault::unavailable("away"),
            || Fault::refused(Common::ScopeMissing, "no"),
            || Fault::internal("every row"),
        ] {
            assert!(send(&Failures::default(), &numbers, |_| Some(fault())).await.is_err());
        }
        assert!(
            send(&Failures::default(), &numbers, |_| Some(too_large()))
                .await
                .is_ok()
        );
    }
}
