//! What the provider declares and does: it says a text as often as it is told, and gives an image back.

use std::time::Duration;

use prizm_plugin::serde_json::json;
use prizm_plugin::{
    Capability, Context, Declaration, Error, ErrorKind, Location, Media, MediaKind, Model, Provider, Request, Response,
};
use serde::Deserialize;

/// The provider. What all its jobs share would be its fields.
pub struct Plugin;

impl Provider for Plugin {
    fn declare(&self) -> Declaration {
        let times = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 1,
            "description": "How often the text is said"});
        let delay = json!({"type": "integer", "minimum": 0, "maximum": 60000, "default": 0,
            "description": "Milliseconds that it takes"});
        let text = json!({"type": "object", "additionalProperties": false,
            "properties": {"times": times, "delayMs": delay}});
        let image = json!({"type": "object", "additionalProperties": false, "properties": {"delayMs": delay}});
        let model = Model {
            is_free: Some(true),
            options: [("text-to-text".to_owned(), text), ("image-to-image".to_owned(), image)].into(),
            ..Model::new("echo", ["text-to-text", "image-to-image"])
        };
        Declaration::new("echo", env!("CARGO_PKG_VERSION"))
            .name("Echo")
            .location(Location::Local)
            .model(model)
            .max_in_flight(64)
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        match request.capability {
            Capability::TEXT_TO_TEXT => say(&request, cx).await,
            _ => copy(&request, cx).await,
        }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct TextOptions {
    times: u32,
    delay_ms: u64,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { times: 1, delay_ms: 0 }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct ImageOptions {
    delay_ms: u64,
}

/// Says the text, piece by piece and then whole.
async fn say(request: &Request, cx: &Context) -> Result<Response, Error> {
    let TextOptions { times, delay_ms } = request.parse_options()?;
    if !(1..=100).contains(&times) {
        return Err(Error::invalid_option("times", "an integer from 1 to 100", &times.into()));
    }
    let delay = delay(delay_ms)? / times;
    let text = request.text()?;
    let mut said = String::new();
    for time in 0..times {
        cx.progress(f64::from(time) / f64::from(times), "echoing");
        wait(delay, cx).await?;
        let piece = if time == 0 { text.to_owned() } else { format!(" {text}") };
        cx.chunk_text(&piece).await;
        said.push_str(&piece);
    }
    Ok(Media::text(said).into())
}

/// Gives the image back as a file of its own.
async fn copy(request: &Request, cx: &Context) -> Result<Response, Error> {
    let options: ImageOptions = request.parse_options()?;
    let delay = delay(options.delay_ms)?;
    let input = request.input()?;
    if input.kind != MediaKind::Image {
        let message = format!("the input is {} ({}); an image is needed", input.kind, input.mime);
        return Err(Error::new(ErrorKind::InvalidMedia, message));
    }
    cx.progress(0.0, "echoing");
    wait(delay, cx).await?;
    let bytes = cx.read_input(input).await?;
    let name = format!("echo.{}", extension(&input.mime));
    Ok(cx.output_file(input.kind, input.mime.clone(), &name, bytes).await?.into())
}

fn delay(milliseconds: u64) -> Result<Duration, Error> {
    if milliseconds > 60_000 {
        return Err(Error::invalid_option("delayMs", "an integer from 0 to 60000", &milliseconds.into()));
    }
    Ok(Duration::from_millis(milliseconds))
}

/// Waits, until nobody wants the answer any more.
async fn wait(delay: Duration, cx: &Context) -> Result<(), Error> {
    tokio::select! {
        () = tokio::time::sleep(delay) => Ok(()),
        () = cx.cancelled() => Err(Error::cancelled()),
    }
}

fn extension(mime: &str) -> &str {
    match mime {
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        _ => match mime.strip_prefix("image/") {
            Some(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => name,
            _ => "bin",
        },
    }
}
