//! `quanyu audit`: whether the audit log was tampered with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use fault::Fault;
use gateway::audit::{Anchor, Chain, verify};
use store::Db;

use crate::config::Config;
use crate::connections::OF_ONE_MIN;
use crate::folder;
use crate::terminal::{complain, say};

/// Looks at the audit log at the gateway's database itself.
///
/// For operators: it needs the settings by which the gateway reaches its database (`folder` or `database_url`), works whether
/// the gateway runs or not, and changes nothing.
#[derive(Args, Clone, Debug)]
pub struct AuditArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Proves the chain of each tenant, and names the first entry that was altered, taken away or put in.
    ///
    /// Writes a line for each tenant to standard output: its code, the number of links, and the hash of the last. Keep
    /// them where nobody can write who can write to the database, and give them to a later verification as --anchors: a tail
    /// that was cut off together with the note of where the chain ends, or a chain that was written anew, is found by that
    /// alone.
    Verify(VerifyArgs),
}

#[derive(Args, Clone, Debug)]
struct VerifyArgs {
    /// What an earlier verification wrote.
    #[arg(long, value_name = "FILE")]
    anchors: Option<PathBuf>,
}

/// Runs one of the commands; answers whether all chains are whole.
pub(crate) async fn run(args: AuditArgs, config: &Config) -> Result<bool, Fault> {
    let What::Verify(VerifyArgs { anchors }) = args.what;
    let anchors = anchors.map_or(Ok(Vec::new()), |file| read_anchors(&file))?;
    folder::refuse_empty(config)?;
    let db = Db::attach(
        &config.database(gateway::NAME, OF_ONE_MIN),
        gateway::NAME,
        gateway::migrations(),
    )
    .await?;
    let chains = verify(&db, &anchors).await;
    db.close().await?;
    let chains = chains?;
    for chain in &chains {
        tell(chain);
    }
    Ok(chains.iter().all(|chain| chain.broken.is_none()))
}

fn tell(chain: &Chain) {
    match &chain.broken {
        None => say(format_args!("{} {} {}", chain.tenant, chain.links, chain.hash)),
        Some(broken) => complain(format_args!(
            "{}: the audit log is broken at entry {}: {}; {} entries before it are as they were written",
            chain.tenant, broken.sequence, broken.cause, chain.links,
        )),
    }
}

fn read_anchors(file: &PathBuf) -> Result<Vec<Anchor>, Fault> {
    let wrong = |message: String| Fault::invalid("anchors", format!("{}: {message}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let read = lines.map(|line| anchor(line).ok_or_else(|| wrong(format!("is no line of a verification: {line}"))));
    // A chain without a link has nothing that could be another.
    read.filter(|anchor| anchor.as_ref().map_or(true, |anchor| anchor.sequence > 0))
        .collect()
}

fn anchor(line: &str) -> Option<Anchor> {
    let mut words = line.split_whitespace();
    let (tenant, sequence, hash) = (words.next()?, words.next()?, words.next()?);
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && words.next().is_none()).then_some(Anchor {
        tenant: tenant.to_owned(),
        sequence: sequence.parse().ok()?,
        hash: hash.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_verification_is_read_back_and_no_other() {
        let hash = "ab".repeat(32);
        let line = format!("default 12 {hash}");
        assert_eq!(
            anchor(&line),
            Some(Anchor {
                tenant: "default".to_owned(),
                sequence: 12,
                hash: hash.clone()
            })
        );
        for wrong in [
            String::new(),
            "default 12".to_owned(),
            format!("default x {hash}"),
            format!("default 12 {}", &hash[1..]),
            format!("default 12 {hash} more"),
        ] {
            assert_eq!(anchor(&wrong), None, "{wrong}");
        }
    }
}
