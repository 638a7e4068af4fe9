//! What is said between a Prizm host and a plugin: the types of the wire and of the manifest, and
//! framing without I/O.
//!
//! This crate does no I/O, has no runtime, and does not know who is speaking. A conversation is
//! JSON-RPC 2.0, one object a line; this is a whole one, with the host's lines marked `→`:
//!
//! ```text
//! → {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersions":["1.0"],"host":{"name":"prizm","version":"0.1.0"},"limits":{"maxFrameBytes":8388608,"maxInFlight":64},"instanceId":"canvas-1"}}
//! ← {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"1.0","provider":{"id":"canvas","version":"0.1.0"},"capabilities":["text-to-image"],"models":[{"id":"card","capabilities":["text-to-image"]}]}}
//! → {"jsonrpc":"2.0","id":2,"method":"configure","params":{"config":{},"services":{}}}
//! ← {"jsonrpc":"2.0","id":2,"result":{"ready":true}}
//! → {"jsonrpc":"2.0","id":3,"method":"transform","params":{"model":"card","capability":"text-to-image","inputs":[{"kind":"text","mime":"text/plain","text":"Hello"}],"options":{},"jobId":"j1","jobDir":"/tmp/j1"}}
//! ← {"jsonrpc":"2.0","method":"$/progress","params":{"id":3,"seq":1,"fraction":0.5}}
//! ← {"jsonrpc":"2.0","id":3,"result":{"outputs":[{"kind":"image","mime":"image/png","path":"out/card.png"}]}}
//! → {"jsonrpc":"2.0","id":4,"method":"shutdown"}
//! ← {"jsonrpc":"2.0","id":4,"result":{}}
//! → {"jsonrpc":"2.0","method":"exit"}
//! ```
//!
//! Reading it back:
//!
//! ```
//! use prizm_protocol::{Message, frame};
//!
//! let line = br#"{"jsonrpc":"2.0","id":3,"result":{"outputs":[]}}"#;
//! let Message::Response { id, outcome } = frame::classify(line)? else { panic!() };
//! assert_eq!(id, 3);
//! assert_eq!(outcome.unwrap().get(), r#"{"outputs":[]}"#);
//! # Ok::<(), frame::Noise>(())
//! ```

mod capability;
mod decimal;
mod env;
mod error;
pub mod frame;
mod id;
mod manifest;
mod media;
pub mod methods;
mod model;
#[cfg(feature = "schema")]
pub mod schema;
pub mod service;
mod units;
mod version;

pub use capability::{Capability, MediaKind, ParseCapabilityError};
pub use decimal::{Decimal, ParseDecimalError};
pub use env::is_inherited;
pub use error::{Charged, ErrorData, ErrorKind, ErrorObject, code};
pub use frame::Message;
pub use id::{ModelId, ParseIdError, ProviderId, ServiceId};
pub use manifest::{
    Build, Engine, Key, Manifest, ManifestError, Permissions, Prebuilt, ProviderSection, Run, ServiceReference,
};
pub use media::Media;
pub use model::{InputSlot, Model, Price};
pub use service::ServiceManifest;
pub use units::{ByteSize, ParseUnitError, Span};
pub use version::{ProtocolVersion, VersionError};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: ProtocolVersion = ProtocolVersion::new(1, 0);

/// The largest frame, in bytes without its line ends, that either side accepts by default.
pub const MAX_FRAME_BYTES: usize = 8 * 1024 * 1024;

/// The largest request id: what a JavaScript author can hold in a number.
pub const MAX_REQUEST_ID: u64 = (1 << 53) - 1;

/// Environment variable set to `1` for every plugin. Without it an SDK says how to run the plugin
/// and exits with [`EXIT_RUN_BY_HAND`].
pub const ENV_COOKIE: &str = "PRIZM_PLUGIN";

/// Environment variable that lists, separated by commas, the protocol versions the host speaks.
pub const ENV_VERSIONS: &str = "PRIZM_PROTOCOL_VERSIONS";

/// Environment variable that names a directory in which the plugin may keep files while it runs.
pub const ENV_WORK_DIR: &str = "PRIZM_WORK_DIR";

/// Exit code of a plugin that a person started by hand (`EX_USAGE` of sysexits.h).
pub const EXIT_RUN_BY_HAND: u8 = 64;

/// Name of the manifest at a plugin's root.
pub const MANIFEST_FILE: &str = "prizm.toml";
