//! What our user of PostgreSQL may not do, and the statement by which an owner lets it.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use crate::place::Place;

/// `insufficient_privilege`.
const FORBIDDEN: &str = "42501";

/// What makes the schema of a service possible, where a right to make it is all that is missing.
pub(crate) fn to_make_a_schema(place: &Place, error: &DbErr) -> Option<String> {
    let told = forbidden(error)?;
    let (database, user) = place.database_and_user()?;
    let (database, user, schema) = (quoted(database), quoted(user), quoted(place.service()));
    Some(format!(
        "{told}; let an owner of the database run GRANT CREATE ON DATABASE {database} TO {user}, or, so that this right is not \
         needed, CREATE SCHEMA {schema} AUTHORIZATION {user}"
    ))
}

/// The same of the tables in it.
pub(crate) fn to_make_tables(place: &Place, error: &DbErr) -> Option<String> {
    let told = forbidden(error)?;
    let grant = to_use_a_schema(place)?;
    Some(format!(
        "{told}; {grant}; tables that another user has made there, ALTER TABLE ... OWNER TO hands over"
    ))
}

/// What lets us use the schema of a service, and make its tables.
pub(crate) fn to_use_a_schema(place: &Place) -> Option<String> {
    let (_, user) = place.database_and_user()?;
    let (user, schema) = (quoted(user), quoted(place.service()));
    Some(format!(
        "let an owner of the schema run GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}"
    ))
}

/// What the server says of a right that is missing.
fn forbidden(error: &DbErr) -> Option<&str> {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))
    | DbErr::Conn(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    let answer = cause.as_database_error()?;
    let code = DatabaseError::code(answer)?;
    (code == FORBIDDEN).then(|| answer.message())
}

/// A name as a statement has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
