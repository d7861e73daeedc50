//! The tables and their statements. Everything that changes a balance goes through [`load()`] and [`apply()`].

pub(crate) mod identifiers;
pub(crate) mod migrations;
pub(crate) mod row;

use crate::adjustment::rows::adjustment;

use crate::posting::apply::apply;

use crate::asset::rows::asset;

use crate::liability::counters::counters;

use crate::account::freezes::freeze;

use crate::posting::load::load;

pub(crate) use migrations::migrations;

use crate::member::owners::owners;

use crate::pool::rows::pool;

use crate::proof::reconcile_rows::reconcile;

use crate::proof::reconciliations::reconciliation;

use crate::posting::whereabouts::whereabouts;

