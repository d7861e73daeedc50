//! Ids, tenants, principals, clocks, money and pages: no I/O, no transport, no database.
