//! The texts of statements do not depend on how long a list is, nor their plans: a list is one parameter, or one for each
//! column, and its rows are looked up one by one.

use std::fs;

use crate::architecture::{product_code, root, sources};

/// Where the ways to give a list to a statement are made.
const STORE: &str = "libs/store/src";

#[test]
fn no_statement_is_written_by_the_length_of_a_list() {
    let mut found = Vec::new();
    for folder in ["libs", "services"] {
        for file in sources(&root().join(folder)) {
            let path = file.strip_prefix(root()).unwrap().display().to_string();
            let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
            if is_test || path.starts_with(STORE) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code: Vec<&str> = product_code(&text).map(|(_, line)| line).collect();
            let of_file = by_length(&code.join("\n"));
            found.extend(of_file.into_iter().map(|line| format!("{path}: {line}")));
        }
    }
    assert!(
        found.is_empty(),
        "find the rows of a list with store::look_up, change and delete them with store::looked_up, and choose among rows \
         that something else finds with store::among:\n{}",
        found.join("\n")
    );
}

#[test]
fn the_search_for_lists_finds_them() {
    for text in [
        r#"format!("SELECT a FROM t WHERE a IN {list}")"#,
        r#"format!("SELECT a FROM t WHERE (a, b) IN ({})", places.join(", "))"#,
        "format!(\"SELECT a FROM t WHERE a IN \\\n             {list}\")",
        r#"format!("DELETE FROM t WHERE a = ANY({list})")"#,
        r#"let sql = "SELECT a FROM t WHERE (a, b) IN (VALUES ($1, $2))";"#,
        r#"let places = (1..).map(|number| format!("${number}"));"#,
    ] {
        assert_eq!(by_length(text).len(), 1, "{text}");
    }
    for text in [
        r#"let sql = "SELECT a FROM t WHERE b IN (SELECT b FROM u WHERE c = $1)";"#,
        r#"let sql = "SELECT a FROM t WHERE state IN ('locked', 'redeemed')";"#,
        r#"format!("SELECT a FROM {found} WHERE b <= ${}", parameters.len())"#,
        r#"// "a IN {list}" would be planned by its length"#,
        r#"format!("INSERT INTO {table} (a) VALUES ($1)")"#,
    ] {
        assert!(by_length(text).is_empty(), "{text}");
    }
}

/// The lines whose statement has a list as long as it is.
fn by_length(code: &str) -> Vec<String> {
    // A text that goes on in the next line is one line.
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in code.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        let part = line.strip_suffix('\\').unwrap_or(line);
        match lines.last_mut().filter(|_| goes_on) {
            Some(last) => last.push_str(part),
            None => lines.push(part.to_owned()),
        }
        goes_on = line.ends_with('\\');
    }
    lines.retain(|line| {
        let spliced = [" IN {", " IN ({", " IN (VALUES", "ANY({"];
        spliced.iter().any(|list| line.contains(list)) || numbers_alone(line)
    });
    lines
}

/// Whether a line makes a placeholder that is a text by itself: `"${number}"`.
fn numbers_alone(line: &str) -> bool {
    line.split("\"${").skip(1).any(|rest| {
        let name = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').count();
        rest.get(name..).is_some_and(|rest| rest.starts_with("}\""))
    })
}
