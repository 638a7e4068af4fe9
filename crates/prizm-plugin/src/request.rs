//! What a job asks for and what comes of it.

use prizm_protocol::methods::transform::{Resume, TransformResult, Usage};
use prizm_protocol::{Capability, ErrorKind, Media, MediaKind};
use serde_json::{Map, Value};

use crate::Error;

/// What a job asks for. The model exists and has the capability: the SDK has checked both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Which model.
    pub model: String,
    /// Which of its capabilities.
    pub capability: Capability,
    /// The media. Text is inline; a file is found with [`Context::input`](crate::Context::input).
    pub inputs: Vec<Media>,
    /// Options by the model's schema.
    pub options: Map<String, Value>,
    /// Two calls with one key are one job.
    pub idempotency_key: Option<String>,
    /// Set where the job was already accepted by a remote system and is taken up again.
    pub resume: Option<Resume>,
}

impl Request {
    /// Returns the primary input: the first one without a role.
    ///
    /// # Errors
    /// There is none: `InvalidMedia`.
    pub fn input(&self) -> Result<&Media, Error> {
        self.inputs
            .iter()
            .find(|media| media.role.is_none())
            .ok_or_else(|| Error::new(ErrorKind::InvalidMedia, "the job has no input; one is needed"))
    }

    /// Returns the input with this role.
    pub fn input_with_role(&self, role: &str) -> Option<&Media> {
        self.inputs.iter().find(|media| media.role.as_deref() == Some(role))
    }

    /// Returns the primary input's text.
    ///
    /// # Errors
    /// There is no primary input, or it is no inline text: `InvalidMedia`.
    pub fn text(&self) -> Result<&str, Error> {
        let input = self.input()?;
        match &input.text {
            Some(text) if input.kind == MediaKind::Text => Ok(text),
            _ => {
                let message = format!("the input is {} ({}); text is needed", input.kind, input.mime);
                Err(Error::new(ErrorKind::InvalidMedia, message))
            }
        }
    }
}

/// What came of a job.
///
/// One output is enough: `Ok(Media::text("…").into())`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The media, the best one first. Files are made with
    /// [`Context::output_file`](crate::Context::output_file).
    pub outputs: Vec<Media>,
    /// What the job used.
    pub usage: Option<Usage>,
    /// What else there is to say, such as a seed or warnings.
    pub meta: Option<Map<String, Value>>,
}

impl Response {
    /// Says what the job used.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Adds something else there is to say, by name.
    #[must_use]
    pub fn meta(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.meta.get_or_insert_default().insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn into_wire(self) -> TransformResult {
        TransformResult { outputs: self.outputs, usage: self.usage, meta: self.meta }
    }
}

impl From<Media> for Response {
    fn from(output: Media) -> Self {
        vec![output].into()
    }
}

impl From<Vec<Media>> for Response {
    fn from(outputs: Vec<Media>) -> Self {
        Self { outputs, ..Self::default() }
    }
}
