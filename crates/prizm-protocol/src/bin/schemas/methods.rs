//! The methods and notifications, a row each, in the order in which a session meets them.

use prizm_protocol::ErrorKind::{self, *};
use prizm_protocol::code::{DRAINING, INVALID_REQUEST, METHOD_NOT_FOUND};
use prizm_protocol::methods::notifications::{self as wire, Accepted, CancelParams, Chunk, Log, Progress, Startup};
use prizm_protocol::methods::{
    Configure, DoTransform, Empty, Estimate, GetHealth, Initialize, ListModels, Method, Ping, Shutdown,
};
use schemars::{JsonSchema, SchemaGenerator, schema_for};
use serde_json::Value;

/// A method or a notification.
pub struct Row {
    /// The name on the wire.
    pub name: &'static str,
    pub from: Side,
    /// What it is for.
    pub summary: String,
    /// Its parameters; `None` where there is nothing to say.
    pub params: Option<Make>,
    /// The result: its name and its schema. A notification has none.
    pub result: Option<(&'static str, Make)>,
    /// The codes with which it is refused, beside those with which every request can be.
    pub errors: Vec<i64>,
    /// The example that shows it: its file's name below `protocol/examples/Request` or `Notification`.
    pub example: &'static str,
}

/// Makes a schema, and leaves what it uses with the generator.
pub type Make = fn(&mut SchemaGenerator) -> Value;

/// Who sends it.
#[derive(Clone, Copy)]
pub enum Side {
    Host,
    Plugin,
}

/// All of them.
pub fn all() -> Vec<Row> {
    let job = [NotInitialized, NotConfigured, CapabilityNotDeclared, ModelNotFound, RateLimited, QuotaExceeded];
    let work = [DeadlineExceeded, ResourceExhausted, UpstreamError, ContentRejected, InvalidMedia, FrameTooLarge];
    vec![
        request::<Initialize>("initialize", "declaration")
            .codes(&[INVALID_REQUEST])
            .kinds(&[UnsupportedProtocolVersion]),
        request::<Configure>("configure", "ready").kinds(&[NotInitialized, NotConfigured, ConfigInvalid]),
        request::<ListModels>("models", "models").kinds(&[NotInitialized, NotConfigured, RateLimited, UpstreamError]),
        request::<DoTransform>("transform", "result").codes(&[DRAINING]).kinds(&job).kinds(&work),
        request::<Estimate>("estimate", "estimate").codes(&[METHOD_NOT_FOUND]).kinds(&job).kinds(&[UpstreamError]),
        request::<GetHealth>("health", "health").kinds(&[NotInitialized]),
        request::<Ping>("ping", "empty"),
        request::<Shutdown>("shutdown", "empty"),
        notification::<CancelParams>(wire::CANCEL_REQUEST, Side::Host, "cancel"),
        Row {
            summary: "Asks the plugin to leave.".to_owned(),
            ..notification::<Empty>(wire::EXIT, Side::Host, "exit")
        },
        notification::<Progress>(wire::PROGRESS, Side::Plugin, "progress"),
        notification::<Chunk>(wire::CHUNK, Side::Plugin, "chunk"),
        notification::<Accepted>(wire::ACCEPTED, Side::Plugin, "accepted"),
        notification::<Startup>(wire::STARTUP, Side::Plugin, "startup"),
        notification::<Log>(wire::LOG, Side::Plugin, "log"),
    ]
}

fn request<M: Method + JsonSchema>(example: &'static str, result: &'static str) -> Row
where
    M::Params: JsonSchema,
    M::Result: JsonSchema,
{
    Row {
        summary: words_of::<M>(),
        result: Some((result, schema::<M::Result>)),
        ..notification::<M::Params>(M::NAME, Side::Host, example)
    }
}

fn notification<P: JsonSchema>(name: &'static str, from: Side, example: &'static str) -> Row {
    let params = (P::schema_name() != Empty::schema_name()).then_some(schema::<P> as Make);
    Row { name, from, summary: words_of::<P>(), params, result: None, errors: Vec::new(), example }
}

impl Row {
    fn codes(mut self, codes: &[i64]) -> Self {
        self.errors.extend(codes);
        self
    }

    fn kinds(self, kinds: &[ErrorKind]) -> Self {
        let codes: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
        self.codes(&codes)
    }
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// The first words of a type's documentation.
fn words_of<T: JsonSchema>() -> String {
    schema_for!(T).get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
}
