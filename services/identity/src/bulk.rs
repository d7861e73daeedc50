//! Members in bulk: files of rows, each judged alone.

mod import_members;
mod rows;
