//! XML as platforms write it: elements, texts, CDATA. Nothing else is needed, so nothing else is taken.
//!
//! A document type is refused at once, and so is every reference but the five of XML itself and those to characters: with
//! no entity of its own, a short document cannot become a long one, nor ask for a file. Bytes, depth, elements and the length of
//! names are bounded. An element becomes a JSON text, or an object where it has elements of its own; what comes twice
//! becomes an array, and an attribute a field with `@` before its name, so that nothing is lost.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

use crate::Refusal;
use crate::request::BODY_BYTES_MAX;

/// How deep elements may lie in each other.
pub const DEPTH_MAX: usize = 16;

/// How many elements and attributes a document may have.
pub const ELEMENTS_MAX: usize = 2_000;

/// An element that has begun.
struct Open {
    name: String,
    fields: Map<String, Value>,
    text: String,
}

/// Reads a document and answers what its root holds.
pub fn read(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::Unreadable)?;
    let mut reading = Reading::default();
    let mut reader = Reader::from_str(text);
    // Each event takes a byte at least: the length of the body is the bound of this loop.
    loop {
        let event = reader.read_event().map_err(|_| Refusal::Unreadable)?;
        if let Event::Eof = event {
            return reading
                .root
                .filter(|_| reading.open.is_empty())
                .ok_or(Refusal::Unreadable);
        }
        reading.take(event)?;
    }
}

#[derive(Default)]
struct Reading {
    open: Vec<Open>,
    root: Option<Value>,
    elements: usize,
}

impl Reading {
    fn take(&mut self, event: Event<'_>) -> Result<(), Refusal> {
        match event {
            Event::Start(tag) => self.begin(&tag),
            Event::Empty(tag) => {
                self.begin(&tag)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.say(&text.xml10_content()),
            Event::CData(text) => self.say(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let resolved = resolve(&reference)?;
                self.say(resolved.encode_utf8(&mut [0; 4]))
            }
            Event::DocType(_) => Err(Refusal::DocumentType),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn begin(&mut self, tag: &BytesStart<'_>) -> Result<(), Refusal> {
        if self.open.len() >= DEPTH_MAX || (self.open.is_empty() && self.root.is_some()) {
            return Err(Refusal::Unreadable);
        }
        self.count()?;
        let mut fields = Map::new();
        for attribute in tag.attributes() {
            self.count()?;
            let attribute = attribute.map_err(|_| Refusal::Unreadable)?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| Refusal::Unreadable)?;
            fields.insert(
                format!("@{}", name_of(attribute.key.as_ref())?),
                Value::String(value.into_owned()),
            );
        }
        self.open.push(Open {
            name: name_of(tag.name().as_ref())?,
            fields,
            text: String::new(),
        });
        Ok(())
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.elements = self.elements.saturating_add(1);
        match self.elements <= ELEMENTS_MAX {
            true => Ok(()),
            false => Err(Refusal::Unreadable),
        }
    }

    fn say(&mut self, text: &str) -> Result<(), Refusal> {
        match self.open.last_mut() {
            Some(open) => open.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(Refusal::Unreadable),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let Open { name, mut fields, text } = self.open.pop().ok_or(Refusal::Unreadable)?;
        let value = if fields.is_empty() {
            Value::String(text)
        } else {
            if !text.trim().is_empty() {
                fields.insert("#text".to_owned(), Value::String(text));
            }
            Value::Object(fields)
        };
        match self.open.last_mut() {
            Some(parent) => add(&mut parent.fields, name, value),
            None => self.root = Some(value),
        }
        Ok(())
    }
}

/// What comes a second time makes an array of the first.
fn add(fields: &mut Map<String, Value>, name: String, value: Value) {
    match fields.get_mut(&name) {
        None => {
            fields.insert(name, value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => {
            let before = first.take();
            *first = Value::Array(vec![before, value]);
        }
    }
}

fn name_of(name: &str) -> Result<String, Refusal> {
    match !name.is_empty() && name.len() <= 128 {
        true => Ok(name.to_owned()),
        false => Err(Refusal::Unreadable),
    }
}

/// The character of a reference: one of XML's own five, or one by its number.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Refusal> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| Refusal::Unreadable)? {
        return Ok(character);
    }
    match reference.xml10_content().as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(Refusal::DocumentType),
    }
}
