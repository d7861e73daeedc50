//! Members who turn out to be one person, and their parting: what every service does about these facts.
//!
//! Identity tells of a merge that an id leads to another one from then on, and of its undo that it leads to itself again. A
//! service moves what it keeps for the one to the other, and back; what it moves is all that it writes itself:
//!
//! ```
//! # use events::Envelope;
//! # use fault::Fault;
//! # use kernel::Kind;
//! # use lineage::{Merge, Part, Undo};
//! # use store::Tx;
//! # async fn hear<K: Kind>(tx: &Tx, facts: &[&Envelope]) -> Result<(), Fault> { Ok(()) }
//! # async fn move_over<K: Kind>(tx: &Tx, merges: &[Merge<K>]) -> Result<(), Fault> { Ok(()) }
//! # async fn give_back<K: Kind>(tx: &Tx, undo: &Undo<K>) -> Result<(), Fault> { Ok(()) }
//! # async fn example<Member: Kind>(tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
//! for part in lineage::parts::<Member>(facts)? {
//!     match part {
//!         Part::Others(facts) => hear::<Member>(tx, &facts).await?,
//!         Part::Merges(merges) => {
//!             let merges = lineage::standing(&**tx, merges).await?;
//!             let merges = lineage::resolve(&**tx, merges).await?;
//!             move_over(tx, &merges).await?;
//!             lineage::redirect(&**tx, &merges).await?;
//!         }
//!         Part::Undo(undo) => {
//!             if undo.end(&**tx).await? {
//!                 give_back(tx, &undo).await?;
//!             }
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Facts are told at least once, and an undo may be told before its merge: [`Undo::end`] answers once for each merge, and
//! [`standing`] leaves out a merge that was undone, so both orders and any number of repetitions end in the same state.
//!
//! Every service has a kind of ids for members, so what is here speaks of `Id<K>`: who reads a fact gets ids of the service's
//! own type, and no id of anything else can slip in. The tables are those of [`store::redirects`], which any ids may use.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod facts;
mod redirects;
mod steps;

pub use facts::{Merge, Part, Undo, parse_id, parts};
pub use redirects::{Redirects, follow};
pub use steps::{ends, redirect, resolve, standing};
