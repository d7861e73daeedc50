//! The proof that nobody has tampered with the chains, or the first place where somebody has.

use std::collections::BTreeMap;

use fault::Fault;
use kernel::Tenant;
use store::Db;

use super::link::LinkHash;
use super::rows;
use super::rows::{Head, Written};
use crate::tenant;

/// How many links are read at once.
const PAGE: i64 = 500;

/// What was found of one tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The tenant's code, or its id where there is no such tenant any more.
    pub tenant: String,
    /// How many links follow on each other from the first one.
    pub links: i64,
    /// The hash of the last of them, in hexadecimal digits.
    pub hash: String,
    /// The first place where the chain is broken.
    pub broken: Option<Break>,
}

/// A place of a chain, with what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The place: 1, 2, 3 and so on.
    pub sequence: i64,
    /// What is wrong.
    pub cause: Cause,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A link is not there, and later ones are.
    Missing,
    /// A link does not have the hash of what it says and of the one before it: one of the two was changed.
    Altered,
    /// The links end before the place where the chain's end was noted.
    CutOff,
    /// The end of the chain that was noted is not its last link, or is gone.
    EndAltered,
    /// The link of an anchor is not there, or is another one: the chain was written anew since.
    NotTheAnchor,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "the entry is missing, and later ones are there",
            Self::Altered => "the entry was altered, or the one before it",
            Self::CutOff => "the entry and all after it were taken away",
            Self::EndAltered => "the note of where the chain ends was altered",
            Self::NotTheAnchor => {
                "the entry is not the one of the anchor: the chain was written anew, or cut off, since"
            }
        })
    }
}

/// What an earlier verification told of a chain and was kept elsewhere: a place and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The tenant's code.
    pub tenant: String,
    /// The place of the last link then.
    pub sequence: i64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
}

/// Verifies the chains of all tenants, against the anchors that there are.
pub async fn verify(db: &Db, anchors: &[Anchor]) -> Result<Vec<Chain>, Fault> {
    let tenants = tenant::rows::rows(db.read()).await?;
    let mut codes: BTreeMap<Tenant, String> = tenants.into_iter().map(|row| (row.tenant, row.code)).collect();
    for tenant in rows::tenants(db.read()).await? {
        codes.entry(tenant).or_insert_with(|| tenant.to_string());
    }
    let mut chains = Vec::new();
    for (tenant, code) in &codes {
        let of_tenant: Vec<&Anchor> = anchors.iter().filter(|anchor| anchor.tenant == *code).collect();
        chains.push(chain(db, *tenant, code, &of_tenant).await?);
    }
    // An anchor of nobody: the whole chain is gone, and its tenant with it.
    let lost = anchors
        .iter()
        .filter(|anchor| !codes.values().any(|code| *code == anchor.tenant));
    chains.extend(lost.map(|anchor| Chain {
        tenant: anchor.tenant.clone(),
        links: 0,
        hash: LinkHash::NONE.text(),
        broken: Some(Break {
            sequence: anchor.sequence,
            cause: Cause::NotTheAnchor,
        }),
    }));
    Ok(chains)
}

async fn chain(db: &Db, tenant: Tenant, code: &str, anchors: &[&Anchor]) -> Result<Chain, Fault> {
    // The end first: links that are written meanwhile lie behind it.
    let head = rows::head(db.read(), tenant).await?;
    let mut walk = Walk::new(tenant, head, anchors);
    loop {
        let links = rows::after(db.read(), tenant, walk.last.sequence, PAGE).await?;
        if links.is_empty() || links.iter().any(|written| walk.follow(written).is_err()) {
            break;
        }
    }
    let end = rows::head(db.read(), tenant).await?;
    let broken = walk.broken.clone().or_else(|| walk.end(end));
    Ok(Chain {
        tenant: code.to_owned(),
        links: walk.last.sequence,
        hash: walk.last.hash.text(),
        broken,
    })
}

/// How far a chain has been followed.
struct Walk<'a> {
    tenant: Tenant,
    head: Option<Head>,
    anchors: &'a [&'a Anchor],
    last: Head,
    broken: Option<Break>,
}

/// The chain ends here.
struct Broken;

impl<'a> Walk<'a> {
    fn new(tenant: Tenant, head: Option<Head>, anchors: &'a [&'a Anchor]) -> Self {
        let last = Head {
            sequence: 0,
            hash: LinkHash::NONE,
        };
        Self {
            tenant,
            head,
            anchors,
            last,
            broken: None,
        }
    }

    fn follow(&mut self, written: &Written) -> Result<(), Broken> {
        let sequence = self.last.sequence.saturating_add(1);
        if written.link.sequence != sequence {
            return self.breaks(sequence, Cause::Missing);
        }
        if written.link.hash(self.tenant, &self.last.hash) != written.hash {
            return self.breaks(sequence, Cause::Altered);
        }
        if self
            .anchors
            .iter()
            .any(|anchor| anchor.sequence == sequence && anchor.hash != written.hash.text())
        {
            return self.breaks(sequence, Cause::NotTheAnchor);
        }
        if self
            .head
            .is_some_and(|head| head.sequence == sequence && head.hash != written.hash)
        {
            return self.breaks(sequence, Cause::EndAltered);
        }
        self.last = Head {
            sequence,
            hash: written.hash,
        };
        Ok(())
    }

    fn breaks(&mut self, sequence: i64, cause: Cause) -> Result<(), Broken> {
        self.broken = Some(Break { sequence, cause });
        Err(Broken)
    }

    /// What is wrong with where the chain ends, by what is noted of it now.
    fn end(&self, now: Option<Head>) -> Option<Break> {
        let last = self.last.sequence;
        if self.head.is_some_and(|head| head.sequence > last) {
            return Some(Break {
                sequence: last.saturating_add(1),
                cause: Cause::CutOff,
            });
        }
        if now.map_or(0, |head| head.sequence) < last {
            return Some(Break {
                sequence: last,
                cause: Cause::EndAltered,
            });
        }
        let mut beyond = self.anchors.iter().filter(|anchor| anchor.sequence > last);
        beyond.next().map(|anchor| Break {
            sequence: anchor.sequence,
            cause: Cause::NotTheAnchor,
        })
    }
}
