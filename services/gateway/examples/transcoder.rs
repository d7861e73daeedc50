//! The gateway's JSON and its addresses for a program that holds them against those of others (`tests/protocols`):
//!
//! ```sh
//! cargo run -p gateway --example transcoder -- contracts.binpb
//! ```
//!
//! Each line that comes is asked, an object of JSON; each gets an answer, a line of the same kind. Binaries are base64.
//!
//! - `{"do": "write", "type": "quanyu.points.v1.Entry", "binary": ""}`: `{"json": "{...}"}`
//! - `{"do": "read", "type": "quanyu.points.v1.Entry", "json": "{}"}`: `{"binary": ""}`
//! - `{"do": "request", "method": "GET", "uri": "/v1/members", "body": ""}`: `{"rpc": "...", "type": "...", "binary": ""}`
//! - `{"do": "answer", "method": "GET", "uri": "/v1/members", "type": "...", "binary": ""}`: `{"json": "{...}"}`
//!
//! A refusal is `{"error": "why"}`, and of a request has the `status` of HTTP beside it.

use std::error::Error;
use std::io::{BufRead, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use contracts::{Contract, Files};
use gateway::{Transcoder, read_message};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde::Deserialize;
use serde_json::{Value, json};

type Failure = Box<dyn Error>;

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Asked {
    Write {
        r#type: String,
        binary: String,
    },
    Read {
        r#type: String,
        json: String,
    },
    Request {
        method: String,
        uri: String,
        body: String,
    },
    Answer {
        method: String,
        uri: String,
        r#type: String,
        binary: String,
    },
}

fn main() -> Result<(), Failure> {
    let path = std::env::args().nth(1).ok_or("give the file of a descriptor set")?;
    let set: &'static [u8] = std::fs::read(path)?.leak();
    let files = Files { whole: set, bare: set };
    let contract: &'static Contract = Box::leak(Box::new(Contract::new(files, &[])));
    let transcoder = Transcoder::new(contract)?;
    let (input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    for line in input.lines() {
        let answer = answer(contract, &transcoder, serde_json::from_str(&line?)?);
        let answer = answer.unwrap_or_else(|error| json!({"error": error.to_string()}));
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(contract: &Contract, transcoder: &Transcoder, asked: Asked) -> Result<Value, Failure> {
    match asked {
        Asked::Write { r#type, binary } => {
            let json = Transcoder::write(&message(contract, &r#type, &binary)?)?;
            Ok(json!({"json": String::from_utf8(json)?}))
        }
        Asked::Read { r#type, json } => {
            let (message, wrong) = read_message(&descriptor(contract, &r#type)?, json.as_bytes())?;
            wrong.map_or_else(
                || Ok(json!({"binary": STANDARD.encode(message.encode_to_vec())})),
                |wrong| Err(wrong.into()),
            )
        }
        Asked::Request { method, uri, body } => {
            let (uri, body) = (uri.parse()?, Bytes::from(body));
            Ok(match transcoder.request(&method.parse()?, &uri, &body) {
                Ok((rpc, message)) => json!({
                    "rpc": rpc.full_name,
                    "type": message.descriptor().full_name(),
                    "binary": STANDARD.encode(message.encode_to_vec()),
                }),
                Err((status, error)) => json!({"status": status.as_u16(), "error": error}),
            })
        }
        Asked::Answer {
            method,
            uri,
            r#type,
            binary,
        } => {
            let uri: http::Uri = uri.parse()?;
            let message = message(contract, &r#type, &binary)?;
            let json = transcoder.answer(&method.parse()?, uri.path(), &message)?;
            Ok(json!({"json": String::from_utf8(json)?}))
        }
    }
}

fn descriptor(contract: &Contract, name: &str) -> Result<MessageDescriptor, Failure> {
    let found = contract.descriptors().get_message_by_name(name);
    found.ok_or_else(|| format!("there is no message {name}").into())
}

fn message(contract: &Contract, name: &str, binary: &str) -> Result<DynamicMessage, Failure> {
    let binary = STANDARD.decode(binary)?;
    Ok(DynamicMessage::decode(descriptor(contract, name)?, &*binary)?)
}
