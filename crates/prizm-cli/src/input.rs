//! What INPUT is: text, a file, or what comes on stdin.

use std::path::Path;

use prizm_registry::{Capability, Media, MediaKind, Model, Provider};
use tokio::io::AsyncReadExt as _;

use crate::failure::Failure;

/// Most that is read from stdin, in bytes.
const STDIN_LIMIT: u64 = 1024 * 1024 * 1024;

/// Reads the input for a capability: the text itself where it takes text, else a path.
pub(crate) async fn for_capability(input: Option<&str>, capability: &Capability) -> Result<Media, Failure> {
    let takes_text = capability.input().is_none_or(|kind| kind == MediaKind::Text);
    match input {
        None => Err(missing(capability.input().unwrap_or(MediaKind::Text))),
        Some("-") => stdin(capability.input()).await,
        Some(text) if takes_text => Ok(Media::from(text)),
        Some(path) => Ok(Media::from_path(path).await?),
    }
}

/// Reads the input where only the provider is known, and finds what it is for: a file's kind
/// decides where the input names a file that the provider takes, else it is text.
pub(crate) async fn for_provider(
    input: Option<&str>,
    provider: &Provider,
    model: Option<&Model>,
    output: Option<MediaKind>,
) -> Result<(Media, Model, Capability), Failure> {
    let models = model.map_or_else(|| provider.models(), |model| vec![model.clone()]);
    let capability_taking = |kind: MediaKind| {
        models.iter().find_map(|model| {
            let fits = |capability: &&Capability| {
                capability.input() == Some(kind) && output.is_none_or(|output| capability.output() == Some(output))
            };
            model.info().capabilities.iter().find(fits).map(|capability| (model.clone(), capability.clone()))
        })
    };
    let text = capability_taking(MediaKind::Text);
    let Some(input) = input else {
        return Err(match &text {
            Some(_) => missing(MediaKind::Text),
            None => Failure::usage("INPUT is missing: a path").hint("see `prizm run --help`"),
        });
    };
    if input == "-" {
        let media = stdin(None).await?;
        let found = capability_taking(media.kind());
        return found
            .map(|(model, capability)| (media.clone(), model, capability))
            .ok_or_else(|| unfit(&media, provider, output));
    }
    let is_file = !input.contains('\n') && Path::new(input).exists();
    if let Some((model, capability)) = text.filter(|_| !is_file) {
        return Ok((Media::from(input), model, capability));
    }
    let media = Media::from_path(input).await?;
    match capability_taking(media.kind()) {
        Some((model, capability)) if media.kind() != MediaKind::Text => Ok((media, model, capability)),
        // A text file's name would be a strange text; its content is what is meant.
        Some((model, capability)) => Ok((Media::from_bytes(media.bytes().await?)?, model, capability)),
        None => Err(unfit(&media, provider, output)),
    }
}

fn missing(kind: MediaKind) -> Failure {
    let what = if kind == MediaKind::Text { "the text".to_owned() } else { format!("the path of the {kind}") };
    Failure::usage(format!("INPUT is missing: {what}, or `-` for stdin")).hint("see `prizm run --help`")
}

fn unfit(media: &Media, provider: &Provider, output: Option<MediaKind>) -> Failure {
    let gives = output.map(|kind| format!(" and gives {kind}")).unwrap_or_default();
    let names: Vec<_> =
        provider.info().iter().flat_map(|info| info.capabilities.clone()).map(|c| c.to_string()).collect();
    Failure::usage(format!("provider `{}` has no model that takes {}{gives}", provider.id(), media.kind()))
        .hint(format!("it has {}", names.join(", ")))
}

async fn stdin(kind: Option<MediaKind>) -> Result<Media, Failure> {
    let mut bytes = Vec::new();
    let read = tokio::io::stdin().take(STDIN_LIMIT + 1).read_to_end(&mut bytes).await;
    let read = read.map_err(|error| Failure::usage(format!("stdin cannot be read: {error}")))?;
    if read as u64 > STDIN_LIMIT {
        return Err(Failure::usage("stdin has more than 1 GiB").hint("save it to a file and name that"));
    }
    if kind == Some(MediaKind::Text) {
        let text = String::from_utf8(bytes).map_err(|_| Failure::usage("what came on stdin is no UTF-8 text"))?;
        return Ok(Media::from(text));
    }
    Ok(Media::from_bytes(bytes)?)
}
