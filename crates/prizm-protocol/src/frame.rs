//! Framing without I/O: bytes ⇄ lines ⇄ messages.
//!
//! [`LineDecoder`] cuts what is read into lines within bounded memory, [`classify`] tells what a
//! line is without copying it, and [`encode`] writes a frame. None of them can fail a session:
//! what is no frame is [`Noise`], and the next line starts afresh.

mod lines;

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use lines::{Line, LineDecoder};

use crate::MAX_REQUEST_ID;

/// A JSON-RPC message, borrowed from its line.
#[derive(Debug)]
pub enum Message<'a> {
    /// A call that wants an answer.
    Request {
        /// To be echoed in the answer.
        id: u64,
        /// What to do.
        method: Cow<'a, str>,
        /// The parameters, unparsed.
        params: Option<&'a RawValue>,
    },
    /// A message that wants no answer.
    Notification {
        /// What it says.
        method: Cow<'a, str>,
        /// The parameters, unparsed.
        params: Option<&'a RawValue>,
    },
    /// The answer to a request.
    Response {
        /// The request's id.
        id: u64,
        /// The result, or the error object, unparsed.
        outcome: Result<&'a RawValue, &'a RawValue>,
    },
}

/// Why a line is no frame. Noise is logged, never answered, and never breaks a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// It does not start with `{`: printed text, a batch.
    NotAnObject,
    /// It is no well-formed JSON in UTF-8, or repeats a key of the envelope.
    BadJson,
    /// `jsonrpc` is missing or is not `"2.0"`.
    NotJsonRpc,
    /// `id` is null, a string, negative, fractional, or over 2^53−1.
    BadId,
    /// It is neither request, notification nor response, or is two of them at once.
    BadShape,
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "not a JSON object",
            Self::BadJson => "not well-formed JSON",
            Self::NotJsonRpc => "JSON, but not JSON-RPC 2.0",
            Self::BadId => "its id is not an integer from 0 to 2^53-1",
            Self::BadShape => "neither a request, a notification nor a response",
        })
    }
}

impl std::error::Error for Noise {}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Tells a key that is there with `null` from one that is not there.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(d: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(d).map(Some)
}

/// Tells what a line is. Leading and trailing white space, a `\r` included, is ignored.
///
/// # Errors
/// The line is [`Noise`].
pub fn classify(line: &[u8]) -> Result<Message<'_>, Noise> {
    let line = line.trim_ascii();
    if line.first() != Some(&b'{') {
        return Err(Noise::NotAnObject);
    }
    let envelope: Envelope<'_> = serde_json::from_slice(line).map_err(|_| Noise::BadJson)?;
    if envelope.jsonrpc.as_deref() != Some("2.0") {
        return Err(Noise::NotJsonRpc);
    }
    let id = envelope.id.map(|raw| raw.get().parse().ok().filter(|id| *id <= MAX_REQUEST_ID).ok_or(Noise::BadId));
    match (envelope.method, id, envelope.result, envelope.error) {
        (Some(method), Some(id), None, None) => Ok(Message::Request { id: id?, method, params: envelope.params }),
        (Some(method), None, None, None) => Ok(Message::Notification { method, params: envelope.params }),
        (None, Some(id), Some(result), None) => Ok(Message::Response { id: id?, outcome: Ok(result) }),
        (None, Some(id), None, Some(error)) => Ok(Message::Response { id: id?, outcome: Err(error) }),
        _ => Err(Noise::BadShape),
    }
}

/// Returns the id that a response cut off after `head` answers, where it can be told.
///
/// Writers put `id` before the bulk of a frame; one that does not loses the name of its call.
pub fn id_of_truncated_response(head: &[u8]) -> Option<u64> {
    struct Ids<'a>(&'a mut (Option<u64>, bool));

    impl<'de> DeserializeSeed<'de> for Ids<'_> {
        type Value = ();
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_map(self)
        }
    }

    impl<'de> Visitor<'de> for Ids<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON-RPC response")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                match &*key {
                    "id" => self.0.0 = Some(map.next_value()?),
                    "method" => {
                        self.0.1 = true;
                        map.next_value::<IgnoredAny>()?;
                    }
                    _ => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(())
        }
    }

    let mut found = (None, false);
    let mut deserializer = serde_json::Deserializer::from_slice(head.trim_ascii_start());
    // The head ends in the middle of a value, so an error is expected; what was read before it counts.
    let _ = Ids(&mut found).deserialize(&mut deserializer);
    match found {
        (Some(id), false) if id <= MAX_REQUEST_ID => Some(id),
        _ => None,
    }
}

/// Writes a message as a frame: a line feed before it, so that text printed without one spoils
/// nothing, and one after.
///
/// # Errors
/// The message cannot be written as JSON.
pub fn encode(message: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut frame = Vec::with_capacity(256);
    frame.push(b'\n');
    serde_json::to_writer(&mut frame, message)?;
    frame.push(b'\n');
    Ok(frame)
}

/// A request to be written.
#[derive(Serialize)]
pub struct Request<'a, P> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: P,
}

impl<'a, P: Serialize> Request<'a, P> {
    /// Makes a request.
    pub fn new(id: u64, method: &'a str, params: P) -> Self {
        Self { jsonrpc: "2.0", id, method, params }
    }
}

/// A notification to be written.
#[derive(Serialize)]
pub struct Notification<'a, P> {
    jsonrpc: &'static str,
    method: &'a str,
    params: P,
}

impl<'a, P: Serialize> Notification<'a, P> {
    /// Makes a notification.
    pub fn new(method: &'a str, params: P) -> Self {
        Self { jsonrpc: "2.0", method, params }
    }
}

/// A response to be written.
pub struct Response<R> {
    id: u64,
    outcome: Result<R, crate::ErrorObject>,
}

impl<R: Serialize> Response<R> {
    /// Makes the response to the request `id`.
    pub fn new(id: u64, outcome: Result<R, crate::ErrorObject>) -> Self {
        Self { id, outcome }
    }
}

impl<R: Serialize> Serialize for Response<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Response", 3)?;
        fields.serialize_field("jsonrpc", "2.0")?;
        fields.serialize_field("id", &self.id)?;
        match &self.outcome {
            Ok(result) => fields.serialize_field("result", result)?,
            Err(error) => fields.serialize_field("error", error)?,
        }
        fields.end()
    }
}

#[cfg(test)]
mod tests;
