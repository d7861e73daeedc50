//! The reader of XML: what it takes, and what it refuses at once.

use channel_protocols::{BODY_BYTES_MAX, Refusal, xml};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn elements_texts_and_cdata_are_read_and_nothing_is_lost() {
    let read = xml::read(
        "<?xml version=\"1.0\"?><xml><!-- x --><A><![CDATA[<a&b>]]></A><B>1 &lt; 2 &#x4e2d;</B><C n='1'/><D><E>1</E><E>2</E></D></xml>"
            .as_bytes(),
    );
    assert_eq!(
        read,
        Ok(json!({"A": "<a&b>", "B": "1 < 2 中", "C": {"@n": "1"}, "D": {"E": ["1", "2"]}}))
    );
}

#[test]
fn a_document_type_or_an_entity_is_refused_at_once() {
    let bomb = "<!DOCTYPE lolz [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;\">]><xml>&b;</xml>";
    let file = "<!DOCTYPE foo [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml>&x;</xml>";
    for document in [bomb, file, "<!DOCTYPE xml><xml/>", "<xml>&b;</xml>"] {
        assert_eq!(xml::read(document.as_bytes()), Err(Refusal::DocumentType), "{document}");
    }
    assert!(
        xml::read(b"<xml a='&b;'/>").is_err(),
        "an attribute has no entities either"
    );
}

#[test]
fn what_is_too_deep_too_many_or_too_long_is_refused() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(xml::read(deep(xml::DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(xml::read(deep(xml::DEPTH_MAX + 1).as_bytes()), Err(Refusal::Unreadable));
    let many = |count: usize| format!("<x>{}</x>", "<a/>".repeat(count - 1));
    assert!(xml::read(many(xml::ELEMENTS_MAX).as_bytes()).is_ok());
    assert_eq!(
        xml::read(many(xml::ELEMENTS_MAX + 1).as_bytes()),
        Err(Refusal::Unreadable)
    );
    let long = format!("<x>{}</x>", " ".repeat(BODY_BYTES_MAX));
    assert_eq!(xml::read(long.as_bytes()), Err(Refusal::TooLarge));
}

#[test]
fn what_is_no_document_is_unreadable() {
    for broken in [
        "",
        "<a>",
        "</a>",
        "<a></b>",
        "text",
        "<a/><b/>",
        "<a/>text",
        "<a",
        "<a b='1' b='2'/>",
    ] {
        assert_eq!(xml::read(broken.as_bytes()), Err(Refusal::Unreadable), "{broken}");
    }
    assert_eq!(
        xml::read(&[b'<', b'a', b'>', 0xff, b'<', b'/', b'a', b'>']),
        Err(Refusal::Unreadable)
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = xml::read(&bytes);
    }

    #[test]
    fn no_markup_makes_it_panic(parts in proptest::collection::vec(
        prop_oneof!["<a>", "</a>", "<b/>", "<!DOCTYPE a", "<!\\[CDATA\\[", "\\]\\]>", "&lt;", "&#0;", "&#x110000;", "&x;", "<\\?", "\\?>", "<!--", "-->", "[a-z]{0,3}"],
        0..40,
    )) {
        let _ = xml::read(parts.concat().as_bytes());
    }
}
