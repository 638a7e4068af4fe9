//! The provider: models, options, and the way from a job to a solid and back.

use std::process::ExitCode;

use prizm_canvas::LONGEST_SIDE;
use prizm_plugin::serde_json::{Map, Value, json};
use prizm_plugin::{
    Capability, Context, DataPolicy, Declaration, Error, Location, MediaKind, Model, Price, Provider, Request, Response,
};

use crate::letters::MOST_CHARACTERS;
use crate::{HeightmapOptions, LettersOptions, Raised, raise_letters, raise_picture};

/// The provider's manifest, `prizm.toml`.
pub const MANIFEST: &str = include_str!("../prizm.toml");

const LETTERS: &str = "letters";
const HEIGHTMAP: &str = "heightmap";

/// What `heightmap` reads.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"];
/// What both models write.
const SOLIDS: &[&str] = &["model/gltf-binary", "model/stl"];
/// What both models can do beyond the plain call.
const FEATURES: &[&str] = &["cancel", "progress"];
/// A job may take half a gigabyte for its picture.
const MOST_AT_ONCE: usize = 4;

/// Serves the provider on this process's stdin and stdout until the host is done with it.
pub fn serve() -> ExitCode {
    prizm_plugin::serve(Relief)
}

struct Relief;

impl Provider for Relief {
    fn declare(&self) -> Declaration {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_AT_ONCE));
        Declaration::new("relief", env!("CARGO_PKG_VERSION"))
            .name("Relief")
            .location(Location::Local)
            .data_policy(DataPolicy { retention_days: Some(0), training: Some(false), regions: None })
            .model(letters())
            .model(heightmap())
            .max_in_flight(u32::try_from(processors).unwrap_or(1))
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        let options = Value::Object(request.options.clone());
        let raised = if request.capability == Capability::TEXT_TO_3D {
            let text = request.text()?.to_owned();
            cx.blocking(move |cx| Ok(raise_letters(&text, &LettersOptions::from_value(options)?, &step(cx))?)).await?
        } else {
            let bytes = cx.read_input(request.input()?).await?;
            cx.blocking(move |cx| Ok(raise_picture(&bytes, &HeightmapOptions::from_value(options)?, &step(cx))?))
                .await?
        };
        respond(&request.model, raised, cx).await
    }
}

fn letters() -> Model {
    Model {
        name: Some("Letters".into()),
        description: Some("Makes solid letters of a text, alone or on a plate".into()),
        options: [(Capability::TEXT_TO_3D.to_string(), LettersOptions::schema())].into(),
        limits: limits(&json!({"maxInputChars": MOST_CHARACTERS})),
        typical_ms: Some(20),
        ..model(LETTERS, &Capability::TEXT_TO_3D)
    }
}

fn heightmap() -> Model {
    Model {
        name: Some("Heightmap".into()),
        description: Some("Makes a relief of a picture: what is light rises".into()),
        options: [(Capability::IMAGE_TO_3D.to_string(), HeightmapOptions::schema())].into(),
        limits: limits(&json!({"maxInputWidth": LONGEST_SIDE, "maxInputHeight": LONGEST_SIDE})),
        input_formats: Some(words(PICTURES)),
        typical_ms: Some(150),
        ..model(HEIGHTMAP, &Capability::IMAGE_TO_3D)
    }
}

/// What both models have in common.
fn model(id: &str, capability: &Capability) -> Model {
    Model {
        pricing: vec![free()],
        is_free: Some(true),
        output_formats: Some(words(SOLIDS)),
        features: words(FEATURES),
        // They raise what others would model.
        quality: Some(1),
        ..Model::new(id, [capability.to_string()])
    }
}

fn limits(limits: &Value) -> Option<Map<String, Value>> {
    limits.as_object().cloned()
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

async fn respond(model: &str, raised: Raised, cx: &Context) -> Result<Response, Error> {
    let Raised { bytes, mime, triangles, size, warnings } = raised;
    let extension = if mime == "model/stl" { "stl" } else { "glb" };
    let mut media = cx.output_file(MediaKind::ThreeD, mime, &format!("{model}.{extension}"), bytes).await?;
    media.meta = limits(&json!({"triangles": triangles, "sizeMm": size}));
    let response = Response::from(media);
    Ok(if warnings.is_empty() { response } else { response.meta("warnings", warnings) })
}

#[cfg(test)]
mod tests {
    use prizm_plugin::protocol::Manifest;

    use super::*;

    #[test]
    fn the_declaration_is_the_manifests() {
        let manifest = Manifest::from_toml(MANIFEST).unwrap();
        let declared = Relief.declare().into_wire();
        assert_eq!(manifest.provider.id, declared.provider.id.as_str());
        assert_eq!(manifest.provider.version.to_string(), declared.provider.version);
        let names: Vec<_> = manifest.provider.capabilities.iter().map(Capability::as_str).collect();
        assert_eq!(names, declared.capabilities);
    }

    #[test]
    fn what_it_is_chosen_by_is_said() {
        let declared = Relief.declare().into_wire();
        let policy = declared.data_policy.unwrap();
        assert_eq!((policy.retention_days, policy.training, policy.regions), (Some(0), Some(false), None));
        for model in declared.models {
            assert_eq!((&*model.pricing, model.is_free), (&[free()][..], Some(true)), "{}", model.id);
            assert_eq!(model.output_formats.unwrap(), SOLIDS, "{}", model.id);
            assert!(model.limits.is_some_and(|limits| limits.values().all(Value::is_u64)), "{}", model.id);
        }
    }
}
