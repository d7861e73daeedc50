//! The database of a service: SQLite or PostgreSQL, idempotent transactions, the outbox, migrations.
