//! The provider: models, options, and the way from a job to a picture and back.

use std::process::ExitCode;

use prizm_plugin::serde_json::{Map, Value};
use prizm_plugin::{
    Capability, Context, DataPolicy, Declaration, Error, ErrorKind, Location, MediaKind, Model, Price, Provider,
    Request, Response,
};

use crate::{CanvasError, CardOptions, EditOptions, Rendered, edit_image, render_card};

/// The provider's manifest, `prizm.toml`.
pub const MANIFEST: &str = include_str!("../prizm.toml");

const CARD: &str = "card";
const EDIT: &str = "edit";

/// What `edit` reads and writes.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"];

/// What both models can do beyond the plain call.
const FEATURES: &[&str] = &["cancel", "progress", "transparency"];

/// Serves the provider on this process's stdin and stdout until the host is done with it.
pub fn serve() -> ExitCode {
    prizm_plugin::serve(Canvas)
}

struct Canvas;

impl Provider for Canvas {
    fn declare(&self) -> Declaration {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get().min(16));
        Declaration::new("canvas", env!("CARGO_PKG_VERSION"))
            .name("Canvas")
            .location(Location::Local)
            .data_policy(DataPolicy { retention_days: Some(0), training: Some(false), regions: None })
            .model(card())
            .model(edit())
            .max_in_flight(u32::try_from(processors).unwrap_or(1))
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        let options = request.options.clone();
        let rendered = if request.capability == Capability::TEXT_TO_IMAGE {
            let text = request.text()?.to_owned();
            cx.blocking(move |cx| {
                let options = CardOptions::from_value(Value::Object(options))?;
                Ok(render_card(&text, &options, &step(cx))?)
            })
            .await?
        } else {
            let bytes = cx.read_input(request.input()?).await?;
            cx.blocking(move |cx| {
                let options = EditOptions::from_value(Value::Object(options))?;
                Ok(edit_image(&bytes, &options, &step(cx))?)
            })
            .await?
        };
        respond(&request.model, rendered, cx).await
    }
}

fn card() -> Model {
    Model {
        name: Some("Card".into()),
        description: Some("Typesets a text, or draws an SVG, on a card".into()),
        options: [(Capability::TEXT_TO_IMAGE.to_string(), CardOptions::schema())].into(),
        pricing: vec![free()],
        is_free: Some(true),
        output_formats: Some(words(&["image/png", "image/jpeg", "image/webp"])),
        features: words(FEATURES),
        // It sets what others would paint.
        quality: Some(1),
        typical_ms: Some(100),
        ..Model::new(CARD, ["text-to-image"])
    }
}

fn edit() -> Model {
    Model {
        name: Some("Edit".into()),
        description: Some("Crops, resizes, turns, blurs and converts a picture".into()),
        options: [(Capability::IMAGE_TO_IMAGE.to_string(), EditOptions::schema())].into(),
        pricing: vec![free()],
        is_free: Some(true),
        input_formats: Some(words(PICTURES)),
        output_formats: Some(words(PICTURES)),
        features: words(FEATURES),
        typical_ms: Some(200),
        ..Model::new(EDIT, ["image-to-image"])
    }
}

fn free() -> Price {
    Price { capability: None, unit: "call".into(), amount: "0".into(), currency: "USD".into() }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Tells the host how far the work is, and the work whether anybody still wants it.
fn step(cx: &Context) -> impl Fn(f32, &str) -> bool + use<'_> {
    |fraction, stage| {
        cx.progress(f64::from(fraction), stage);
        !cx.is_cancelled()
    }
}

async fn respond(model: &str, rendered: Rendered, cx: &Context) -> Result<Response, Error> {
    let Rendered { bytes, mime, width, height, warnings } = rendered;
    let name = format!("{model}.{}", mime.trim_start_matches("image/"));
    let mut media = cx.output_file(MediaKind::Image, mime, &name, bytes).await?;
    let mut meta = Map::new();
    meta.insert("width".into(), width.into());
    meta.insert("height".into(), height.into());
    media.meta = Some(meta);
    let response = Response::from(media);
    Ok(if warnings.is_empty() { response } else { response.meta("warnings", warnings) })
}

/// What the wire says of what went wrong.
impl From<CanvasError> for Error {
    fn from(error: CanvasError) -> Self {
        let message = error.to_string();
        match error {
            CanvasError::BadOption { .. } | CanvasError::TextTooLong { .. } => Self::invalid_params(message),
            CanvasError::InvalidMedia { .. } => Self::new(ErrorKind::InvalidMedia, message),
            CanvasError::TooLarge { .. } => Self::new(ErrorKind::ResourceExhausted, message).retryable(false),
            CanvasError::Encode { .. } => Self::internal(message),
            CanvasError::Cancelled => Self::cancelled(),
        }
    }
}

#[cfg(test)]
mod tests {
    use prizm_plugin::protocol::Manifest;

    use super::*;

    #[test]
    fn the_declaration_is_the_manifests() {
        let manifest = Manifest::from_toml(MANIFEST).unwrap();
        let declared = Canvas.declare().into_wire();
        assert_eq!(manifest.provider.id, declared.provider.id.as_str());
        assert_eq!(manifest.provider.version.to_string(), declared.provider.version);
        let names: Vec<_> = manifest.provider.capabilities.iter().map(Capability::as_str).collect();
        assert_eq!(names, declared.capabilities);
    }

    #[test]
    fn what_it_is_chosen_by_is_said() {
        let declared = Canvas.declare().into_wire();
        let policy = declared.data_policy.unwrap();
        assert_eq!((policy.retention_days, policy.training, policy.regions), (Some(0), Some(false), None));
        for model in declared.models {
            assert_eq!(model.pricing, [free()], "{}", model.id);
            assert_eq!(model.features, FEATURES, "{}", model.id);
        }
    }
}
