use std::collections::HashMap;

use contracts::Unreadable;
use contracts::codec::Incoming;
use contracts_identity::v1::{
    ErrorReason, ImportMembersRequest, ImportMembersResponse, MemberRow, NotedRow, RefusedRow,
};
use fault::{Common, Fault, Violations};
use kernel::text::check_identifier;
use kernel::{RequestKey, Time};
use prost::Message;
use rpc::Call;
use store::Tx;
use tonic::Streaming;

use super::rows;
use super::rows::ImportedRow;
use crate::api::IdentityApi;
use crate::blocked_value::Blocklist;
use crate::channel::Channels;
use crate::graph::Arrival;
use crate::graph::arrival::{Importable, Judged};
use crate::graph::key::Key;
use crate::graph::recognition::{Outcome, Verdict};
use crate::graph::rows::Wanted;
use crate::{blocked_value, channel, graph};

/// Rows of one stream.
const ROWS_MAX: i64 = 10_000;
/// Rows of one transaction.
const CHUNK_ROWS_MAX: usize = 500;
const REQUEST_ID_CHARS_MAX: usize = 128;
const NOBODY: &str = "the row identifies nobody: give an external id, or evidence that is proved and not blocked";

impl IdentityApi {
    pub(crate) async fn import_members(
        &self,
        call: Call<()>,
        mut stream: Streaming<ImportMembersRequest>,
    ) -> Result<ImportMembersResponse, Fault> {
        let mut tally = ImportMembersResponse::default();
        while let Some(message) = stream.message().await.map_err(Fault::of_caller)? {
            let rows = i64::try_from(message.rows.len()).map_err(Fault::internal)?;
            tally.row_count = tally.row_count.saturating_add(rows);
            if tally.row_count > ROWS_MAX {
                let message = format!("a stream carries at most {ROWS_MAX} rows: go on in a new one");
                return Err(Fault::refused(ErrorReason::ImportTooLong, message).with("limit", ROWS_MAX));
            }
            let unreadable = Unreadable::of(&message.unreadable_items);
            let rows: Vec<Row<'_>> = message
                .rows
                .iter()
                .enumerate()
                .map(|(index, row)| Row { row, index })
                .collect();
            for chunk in rows.chunks(CHUNK_ROWS_MAX) {
                let chunk = rpc::retry(|| self.import(&call, chunk, &unreadable, message.validate_only)).await?;
                tally.created_count = tally.created_count.saturating_add(chunk.created_count);
                tally.found_count = tally.found_count.saturating_add(chunk.found_count);
                tally.repeated_count = tally.repeated_count.saturating_add(chunk.repeated_count);
                tally.refused_rows.extend(chunk.refused_rows);
                tally.repeated_row_numbers.extend(chunk.repeated_row_numbers);
                tally.noted_rows.extend(chunk.noted_rows);
            }
        }
        Ok(tally)
    }

    /// Imports the rows of one transaction, or judges them only: by the same code, whose transaction is not committed.
    async fn import(
        &self,
        call: &Call<()>,
        rows: &[Row<'_>],
        unreadable: &Unreadable,
        validate_only: bool,
    ) -> Result<ImportMembersResponse, Fault> {
        let mut tally = ImportMembersResponse::default();
        let tx = self.db.begin().await?;
        let channels = channel::rows::all(&*tx, call.tenant()).await?;
        let admitted = self.admit(&tx, call, rows, unreadable, &channels, &mut tally).await?;
        let keys: Vec<Key> = admitted.iter().flat_map(|row| row.arrival.keys()).cloned().collect();
        let wanted = Wanted {
            tenant: call.tenant(),
            channels,
            keys,
            ids: Vec::new(),
        };
        let mut graph = graph::rows::open(&tx, wanted).await?;
        let mut imported = Vec::with_capacity(admitted.len());
        for Admitted {
            row,
            request_id,
            digest,
            arrival,
        } in admitted
        {
            let resolution = self.decide(|moment| graph.resolve(&arrival, moment));
            tally.noted_rows.extend(noted(row, &resolution.verdicts));
            let count = match resolution.outcome {
                Outcome::Created => &mut tally.created_count,
                Outcome::Found | Outcome::Linked | Outcome::Merged => &mut tally.found_count,
            };
            *count = count.saturating_add(1);
            imported.push(ImportedRow {
                request_id,
                digest,
                member: resolution.member,
            });
        }
        graph::rows::save(&tx, &self.clock, call.tenant(), &call.principal().subject, &graph).await?;
        rows::insert(&*tx, call.tenant(), &imported).await?;
        if !validate_only {
            tx.commit().await?;
        }
        Ok(tally)
    }

    /// The rows that are right and were not imported before; the others are counted, or refused.
    async fn admit<'r>(
        &self,
        tx: &Tx,
        call: &Call<()>,
        rows: &[Row<'r>],
        unreadable: &Unreadable,
        channels: &Channels,
        tally: &mut ImportMembersResponse,
    ) -> Result<Vec<Admitted<'r>>, Fault> {
        // A row is judged by itself: no database is asked for an id that none could hold.
        let lawful = rows
            .iter()
            .map(|it| it.row)
            .filter(|row| check_identifier(&row.request_id).is_ok());
        let request_ids: Vec<String> = lawful.map(|row| row.request_id.clone()).collect();
        let mut digests: HashMap<String, Vec<u8>> = rows::digests(&**tx, call.tenant(), &request_ids).await?;
        let parsed: Vec<Parsed> = rows
            .iter()
            .map(|it| parse(it.row, channels, self.clock.now()))
            .collect::<Result<_, Fault>>()?;
        let brought = parsed.iter().flat_map(|it| it.judged.brought());
        let blocklist = blocked_value::rows::among(&**tx, call.tenant(), brought).await?;
        let mut admitted = Vec::with_capacity(rows.len());
        for (Row { row, index }, parsed) in rows.iter().zip(parsed) {
            let (request_id, digest) = (row.request_id.clone(), digest(call, row));
            let parsed = match digests.get(&request_id).filter(|_| unreadable.is_whole(*index)) {
                None => unreadable.judge(*index, "", parsed.heed(&blocklist)),
                Some(known) if *known == digest => {
                    tally.repeated_count = tally.repeated_count.saturating_add(1);
                    tally.repeated_row_numbers.push(row.row_number);
                    continue;
                }
                Some(_) => Err(reused(row)),
            };
            match parsed {
                Ok(arrival) => {
                    digests.insert(request_id.clone(), digest.clone());
                    admitted.push(Admitted {
                        row,
                        request_id,
                        digest,
                        arrival,
                    });
                }
                Err(fault) => tally.refused_rows.push(refused(row, fault)?),
            }
        }
        Ok(admitted)
    }
}

/// A row as it came.
struct Row<'r> {
    row: &'r MemberRow,
    /// Its place in the message.
    index: usize,
}

/// A row that is to be imported.
struct Admitted<'r> {
    row: &'r MemberRow,
    request_id: String,
    /// Tells whether the content is the same when the row comes again.
    digest: Vec<u8>,
    arrival: Arrival,
}

/// The digest of a row's content; its number does not matter, since a file may have been cut or sorted.
fn digest(call: &Call<()>, row: &MemberRow) -> Vec<u8> {
    let content = MemberRow {
        row_number: 0,
        ..row.clone()
    }
    .encode_to_vec();
    RequestKey::new(call.tenant(), call.method().full_name, &row.request_id, &content)
        .digest
        .to_vec()
}

fn reused(row: &MemberRow) -> Fault {
    let message = format!(
        "the request id {} was used before for a row with another content",
        row.request_id
    );
    Fault::refused(Common::RequestIdReused, message).with("request_id", &row.request_id)
}

/// A row as far as it could be read.
struct Parsed {
    judged: Judged,
    register_time: Option<Time>,
    violations: Violations,
}

fn parse(row: &MemberRow, channels: &Channels, now: Time) -> Result<Parsed, Fault> {
    let mut violations = Violations::new();
    violations.take("", row.check())?;
    let id_chars = row.request_id.chars().count();
    let id_fits = (1..=REQUEST_ID_CHARS_MAX).contains(&id_chars);
    violations.check(
        id_fits,
        "request_id",
        format!("must have 1 to {REQUEST_ID_CHARS_MAX} characters"),
    );
    violations.check(row.arrival.is_some(), "arrival", "must be given");
    let register_time = row.register_time.as_ref().and_then(|wire| {
        let time = violations.parse("register_time", Time::parse_recorded(wire))?;
        let has_been = time <= now;
        violations.check(has_been, "register_time", "must be a time that is not in the future");
        has_been.then_some(time)
    });
    let arrival = row.arrival.clone().unwrap_or_default();
    Ok(Parsed {
        judged: graph::arrival::judge(&arrival, channels, Importable::Yes, now),
        register_time,
        violations,
    })
}

impl Parsed {
    /// The arrival without the values that the tenant has blocked. Refuses one with nothing left that could lead to a
    /// member, and whatever else is wrong with the row.
    fn heed(self, blocklist: &Blocklist) -> Result<Arrival, Fault> {
        let Self {
            judged,
            register_time,
            mut violations,
        } = self;
        let names_ids = judged.names_ids;
        let heeded = judged.heed(blocklist);
        let is_nobody = match &heeded {
            Ok(arrival) => !arrival.identifies_somebody(),
            // Where an id is wrong, it may be somebody's once it is right.
            Err(_) => !names_ids,
        };
        let is_lawful = heeded.is_ok() && violations.is_empty();
        violations.check(!is_nobody, "arrival", NOBODY);
        if is_nobody && is_lawful {
            return Err(nobody_identified(violations));
        }
        let arrival = fault::together(violations.finish(), heeded)?;
        Ok(Arrival {
            register_time,
            ..arrival
        })
    }
}

fn nobody_identified(violations: Violations) -> Fault {
    let mut fault = Fault::refused(ErrorReason::NobodyIdentified, NOBODY);
    if let Fault::Refused(refusal) = &mut fault {
        refusal.violations = violations.into_inner();
    }
    fault
}

fn refused(row: &MemberRow, fault: Fault) -> Result<RefusedRow, Fault> {
    Ok(RefusedRow {
        row_number: row.row_number,
        request_id: row.request_id.clone(),
        refusal: Some(graph::refusals::refusal(fault)?),
    })
}

/// Notes on the evidence that was left out of a row.
fn noted(row: &MemberRow, verdicts: &[Verdict]) -> Option<NotedRow> {
    let notes: Vec<_> = verdicts
        .iter()
        .enumerate()
        .filter_map(|(index, verdict)| graph::wire::note(index, *verdict))
        .collect();
    (!notes.is_empty()).then(|| NotedRow {
        row_number: row.row_number,
        request_id: row.request_id.clone(),
        notes,
    })
}
