use std::ops::Range;
use std::str::FromStr;

/// The path template of a REST address: `/v1/members/{member_id}/points:redeem`.
///
/// Source: the grammar in the comment of `google.api.HttpRule`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    /// The verb: the text after the last colon.
    pub(crate) verb: Option<String>,
    pub(crate) variables: Vec<Variable>,
}

/// One piece between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Exactly this.
    Literal(String),
    /// Any one piece: `*`.
    One,
    /// All that is left, nothing too: `**`.
    Rest,
}

/// A field that a part of the path fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// The field's path in the request: `order.order_id` is two names.
    pub(crate) field: Vec<String>,
    /// The segments that it takes.
    pub(crate) segments: Range<usize>,
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix('/').ok_or("must begin with a slash")?;
        let (path, verb) = split_verb(path)?;
        let mut template = Self {
            segments: Vec::new(),
            verb,
            variables: Vec::new(),
        };
        for piece in pieces(path)? {
            template.add(piece)?;
        }
        let before_last = template.segments.len().saturating_sub(1);
        if template
            .segments
            .iter()
            .take(before_last)
            .any(|segment| *segment == Segment::Rest)
        {
            return Err("** must come last".to_owned());
        }
        Ok(template)
    }
}

impl Template {
    fn add(&mut self, piece: &str) -> Result<(), String> {
        let Some(variable) = piece.strip_prefix('{') else {
            self.segments.push(segment(piece)?);
            return Ok(());
        };
        let variable = variable.strip_suffix('}').ok_or("a variable must end with }")?;
        let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
        let field: Vec<String> = field.split('.').map(str::to_owned).collect();
        if field.iter().any(|name| !is_identifier(name)) {
            return Err(format!("{{{variable}}} does not begin with the path of a field"));
        }
        let start = self.segments.len();
        for piece in pattern.split('/') {
            self.segments.push(segment(piece)?);
        }
        self.variables.push(Variable {
            field,
            segments: start..self.segments.len(),
        });
        Ok(())
    }
}

/// The path without its verb, and the verb. A colon before the last slash or brace belongs to no verb.
fn split_verb(path: &str) -> Result<(&str, Option<String>), String> {
    let last = path.rfind(['/', '}']).unwrap_or(0);
    let Some((before, verb)) = path.get(last..).and_then(|tail| tail.split_once(':')) else {
        return Ok((path, None));
    };
    if !is_identifier(verb) {
        return Err(format!("\"{verb}\" is no verb"));
    }
    let end = last.saturating_add(before.len());
    Ok((path.get(..end).unwrap_or_default(), Some(verb.to_owned())))
}

/// The pieces between the slashes that stand outside of braces.
fn pieces(path: &str) -> Result<Vec<&str>, String> {
    let mut pieces = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, letter) in path.char_indices() {
        match (letter, inside) {
            ('{', false) | ('}', true) => inside = !inside,
            ('{', true) | ('}', false) => return Err("braces must come in pairs, and not within each other".to_owned()),
            ('/', false) => {
                pieces.push(path.get(start..at).unwrap_or_default());
                start = at.saturating_add(1);
            }
            _ => {}
        }
    }
    if inside {
        return Err("a variable must end with }".to_owned());
    }
    pieces.push(path.get(start..).unwrap_or_default());
    Ok(pieces)
}

fn segment(piece: &str) -> Result<Segment, String> {
    match piece {
        "*" => Ok(Segment::One),
        "**" => Ok(Segment::Rest),
        "" => Err("has an empty segment".to_owned()),
        _ if piece.contains(['*', '{', '}', ':', '%', '?', '#']) => Err(format!("\"{piece}\" is no literal")),
        _ => Ok(Segment::Literal(piece.to_owned())),
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.to_owned())
    }

    #[test]
    fn a_template_is_read_into_segments_variables_and_a_verb() {
        let template: Template = "/v1/members/{member_id}/points:redeem".parse().unwrap();
        assert_eq!(
            template.segments,
            [literal("v1"), literal("members"), Segment::One, literal("points")]
        );
        assert_eq!(template.verb.as_deref(), Some("redeem"));
        assert_eq!(
            template.variables,
            [Variable {
                field: vec!["member_id".to_owned()],
                segments: 2..3
            }]
        );
    }

    #[test]
    fn a_verb_may_follow_a_variable() {
        let template: Template = "/v1/coupons/{coupon_id}:redeem".parse().unwrap();
        assert_eq!(template.verb.as_deref(), Some("redeem"));
        assert_eq!(template.segments.len(), 3);
    }

    #[test]
    fn a_variable_may_have_a_pattern_and_a_nested_field() {
        let template: Template = "/v1/{order.name=shops/*/orders/**}".parse().unwrap();
        let expected = [
            literal("v1"),
            literal("shops"),
            Segment::One,
            literal("orders"),
            Segment::Rest,
        ];
        assert_eq!(template.segments, expected);
        assert_eq!(template.variables[0].field, ["order", "name"]);
        assert_eq!(template.variables[0].segments, 1..5);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in [
            "v1/members",
            "/v1//members",
            "/v1/{a",
            "/v1/a}",
            "/v1/{a{b}}",
            "/v1/**/a",
            "/v1/{1a}",
            "/v1/a:",
            "/v1/a*",
        ] {
            assert!(text.parse::<Template>().is_err(), "{text}");
        }
    }
}
