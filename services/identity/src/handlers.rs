//! One file for each method: parse, decide, apply, answer.
