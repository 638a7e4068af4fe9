//! jsonrpsee, behind the demultiplexer. This file is the only one that names its client.

use std::sync::{Arc, Mutex, PoisonError};

use jsonrpsee::core::client::async_client::RpcService;
use jsonrpsee::core::client::{
    Client, ClientBuilder, Error as ClientError, ReceivedMessage, TransportReceiverT, TransportSenderT,
};
use jsonrpsee::core::middleware::{RpcServiceBuilder, RpcServiceT as _};
use jsonrpsee::types::{Id, Request, ResponseSuccess};
use prizm_protocol::ErrorObject;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::calls::Handover;
use super::{Calls, Outbox, Refused};

/// Calls that jsonrpsee lets wait for its send task; the slots of the plugin bound them long before.
const QUEUE: usize = 1024;

/// What a plugin answered.
pub(crate) type Reply = Result<Box<RawValue>, ErrorObject>;

/// The call engine: matches answers with calls.
///
/// Calls go to jsonrpsee's `RpcService` rather than through `Client::request`, which arms a timer
/// with a thread of its own for every call; deadlines are ours, per call.
pub(crate) struct Engine {
    service: RpcService,
    /// Owns jsonrpsee's background tasks.
    _client: Client<RpcService>,
}

/// The connection ended before the answer came.
#[derive(Debug)]
pub(crate) struct Disconnected;

impl Engine {
    /// Starts the engine and returns it with the channel for well-formed responses.
    pub(crate) fn start(calls: Calls, outbox: Outbox) -> (Self, mpsc::UnboundedSender<Vec<u8>>) {
        let (responses, receiver) = mpsc::unbounded_channel();
        let sender = Sender { calls, outbox, responses: responses.downgrade() };
        let slot: Arc<Mutex<Option<RpcService>>> = Arc::default();
        let keep = Arc::clone(&slot);
        let middleware = RpcServiceBuilder::new().layer_fn(move |service: RpcService| {
            *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(service.clone());
            service
        });
        let client = ClientBuilder::new()
            .max_concurrent_requests(QUEUE)
            .set_rpc_middleware(middleware)
            .build_with_tokio(sender, Receiver(receiver));
        let service = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let service = service.unwrap_or_else(|| unreachable!("jsonrpsee builds its service at once"));
        (Self { service, _client: client }, responses)
    }

    /// Makes a call. The id must have been opened in the table.
    pub(crate) async fn call(&self, id: u64, method: &str, params: &RawValue) -> Result<Reply, Disconnected> {
        let request = Request::borrowed(method, Some(params), Id::Number(id));
        match self.service.call(request).await {
            Ok(response) => match ResponseSuccess::try_from(response.into_response().into_inner()) {
                Ok(success) => Ok(Ok(success.result)),
                Err(error) => Ok(Err(ErrorObject {
                    code: error.code().into(),
                    message: error.message().to_owned(),
                    data: error.data().and_then(|data| serde_json::from_str(data.get()).ok()),
                })),
            },
            Err(ClientError::Call(error)) => Ok(Err(ErrorObject::new(error.code().into(), error.message()))),
            Err(_) => Err(Disconnected),
        }
    }
}

struct Sender {
    calls: Calls,
    outbox: Outbox,
    responses: mpsc::WeakUnboundedSender<Vec<u8>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the plugin's pipes are closed")]
struct Closed;

impl TransportSenderT for Sender {
    type Error = Closed;

    /// Never waits and never fails: an error here would end jsonrpsee's client. A frame that finds
    /// no room is answered here, as is one that nobody waits for any more.
    async fn send(&mut self, request: String) -> Result<(), Closed> {
        let Some(id) = id_of(&request) else { return Ok(()) };
        let refused = match self.calls.hand_over(id) {
            Handover::Send => match self.outbox.push(request.as_bytes()) {
                // With a closed stdin the plugin is about to end, and the call with it: by its report.
                Ok(()) | Err(Refused::Closed) => return Ok(()),
                Err(refused @ Refused::Full) => refused.to_string(),
            },
            Handover::AnswerHere => "withdrawn".to_owned(),
        };
        self.calls.forget(id);
        if let Some(responses) = self.responses.upgrade() {
            let error = ErrorObject::new(prizm_protocol::code::INTERNAL_ERROR, refused);
            let _ = responses.send(error_frame(id, &error));
        }
        Ok(())
    }
}

/// Reads the id off a request that jsonrpsee wrote.
fn id_of(request: &str) -> Option<u64> {
    let digits = request.strip_prefix(r#"{"jsonrpc":"2.0","id":"#)?;
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    digits[..end].parse().ok()
}

/// Writes a response that jsonrpsee reads without fail.
pub(super) fn result_frame(id: u64, result: &RawValue) -> Vec<u8> {
    let mut frame = Vec::with_capacity(result.get().len() + 48);
    frame.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    frame.extend_from_slice(id.to_string().as_bytes());
    frame.extend_from_slice(br#","result":"#);
    frame.extend_from_slice(result.get().as_bytes());
    frame.push(b'}');
    frame
}

/// Writes an error response that jsonrpsee reads without fail: nothing beside code, message and data.
pub(super) fn error_frame(id: u64, error: &ErrorObject) -> Vec<u8> {
    let code = error.code.clamp(i32::MIN.into(), i32::MAX.into());
    let error = ErrorObject { code, ..error.clone() };
    serde_json::to_vec(&prizm_protocol::frame::Response::<()>::new(id, Err(error))).unwrap_or_else(|_| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"unprintable"}}}}"#).into_bytes()
    })
}

struct Receiver(mpsc::UnboundedReceiver<Vec<u8>>);

impl TransportReceiverT for Receiver {
    type Error = Closed;

    async fn receive(&mut self) -> Result<ReceivedMessage, Closed> {
        self.0.recv().await.map(ReceivedMessage::Bytes).ok_or(Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jsonrpsee_writes_the_id_where_it_is_looked_for() {
        let request = Request::borrowed("transform", None, Id::Number(42));
        assert_eq!(id_of(&serde_json::to_string(&request).unwrap()), Some(42));
        assert_eq!(id_of("{}"), None);
    }

    #[tokio::test]
    async fn a_request_that_finds_no_room_or_no_caller_is_answered_here() {
        let (abandoned, _monitor) = mpsc::unbounded_channel();
        let calls = Calls::new(abandoned);
        let outbox = Outbox::default();
        while outbox.push(&[b' '; 1 << 20]).is_ok() {}
        let (engine, _responses) = Engine::start(calls.clone(), outbox);
        let (id, _) = calls.open(None);
        let params = serde_json::value::to_raw_value(&"x".repeat(1 << 20)).unwrap();
        let reply = engine.call(id, "ping", &params).await.unwrap();
        assert_eq!(reply.unwrap_err().message, Refused::Full.to_string());
        assert_eq!(calls.len(), 0);
    }
}
