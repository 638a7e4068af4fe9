//! What INPUT is: text, a file, or what comes on stdin.

use std::io::Read as _;
use std::path::Path;

use prizm_registry::{Capability, Media, MediaKind, Model, Provider};
use tokio::sync::oneshot;

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
    let takers = Takers::find(provider, model, output)?;
    let text = takers.of(MediaKind::Text);
    let Some(input) = input else {
        return Err(match &text {
            Some(_) => missing(MediaKind::Text),
            None => Failure::usage("INPUT is missing: a path").hint("see `prizm run --help`"),
        });
    };
    if input == "-" {
        let media = stdin(None).await?;
        return match takers.of(media.kind()) {
            Some((model, capability)) => Ok((media, model, capability)),
            None => Err(takers.unfit("what came on stdin", media.kind())),
        };
    }
    let is_file = !input.contains('\n') && Path::new(input).exists();
    if let Some((model, capability)) = text.filter(|_| !is_file) {
        return Ok((Media::from(input), model, capability));
    }
    let media = Media::from_path(input).await?;
    match takers.of(media.kind()) {
        Some((model, capability)) if media.kind() != MediaKind::Text => Ok((media, model, capability)),
        // A text file's name would be a strange text; its content is what is meant.
        Some((model, capability)) => Ok((Media::from_bytes(media.bytes().await?)?, model, capability)),
        None => Err(takers.unfit(&format!("the input `{input}`"), media.kind())),
    }
}

/// What may take an input and give the wanted output: a provider's models, or the chosen one.
struct Takers {
    /// The subject of a sentence about what none of them does.
    none: String,
    models: Vec<Model>,
    output: Option<MediaKind>,
}

impl Takers {
    fn find(provider: &Provider, model: Option<&Model>, output: Option<MediaKind>) -> Result<Self, Failure> {
        let (none, models) = match model {
            Some(model) => (format!("nothing that `{}/{}` does", provider.id(), model.id()), vec![model.clone()]),
            None => (format!("no model of provider `{}`", provider.id()), provider.models()),
        };
        let takers = Self { none, models, output };
        match output.filter(|_| takers.first(|_| true).is_none()) {
            Some(kind) => Err(Failure::usage(format!("{} gives {kind}", takers.none)).hint(takers.abilities())),
            None => Ok(takers),
        }
    }

    /// Returns the first declared that takes this kind, and what it takes it for.
    fn of(&self, kind: MediaKind) -> Option<(Model, Capability)> {
        self.first(|capability| capability.input() == Some(kind))
    }

    fn first(&self, fits: impl Fn(&Capability) -> bool) -> Option<(Model, Capability)> {
        let gives = |capability: &Capability| self.output.is_none_or(|output| capability.output() == Some(output));
        self.models.iter().find_map(|model| {
            let found = model.info().capabilities.iter().find(|capability| gives(capability) && fits(capability));
            found.map(|capability| (model.clone(), capability.clone()))
        })
    }

    fn unfit(&self, what: &str, kind: MediaKind) -> Failure {
        let gives = self.output.map(|kind| format!(" and gives {kind}")).unwrap_or_default();
        Failure::usage(format!("{what} is {kind}, and {} takes {kind}{gives}", self.none)).hint(self.abilities())
    }

    fn abilities(&self) -> String {
        let mut names: Vec<_> =
            self.models.iter().flat_map(|model| &model.info().capabilities).map(Capability::as_str).collect();
        names.dedup();
        format!("it has {}", names.join(", "))
    }
}

fn missing(kind: MediaKind) -> Failure {
    let what = if kind == MediaKind::Text { "the text".to_owned() } else { format!("the path of the {kind}") };
    Failure::usage(format!("INPUT is missing: {what}, or `-` for stdin")).hint("see `prizm run --help`")
}

async fn stdin(kind: Option<MediaKind>) -> Result<Media, Failure> {
    // A thread of its own, because nobody can take a read back: an interrupt must not wait for its end.
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().take(STDIN_LIMIT + 1).read_to_end(&mut bytes);
        // Who was interrupted does not want it any more.
        let _ = sender.send(read.map(|_| bytes));
    });
    let read = receiver.await.unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()));
    let bytes = read.map_err(|error| Failure::usage(format!("stdin cannot be read: {error}")))?;
    if bytes.len() as u64 > STDIN_LIMIT {
        return Err(Failure::usage("stdin has more than 1 GiB").hint("save it to a file and name that"));
    }
    if kind == Some(MediaKind::Text) {
        let text = String::from_utf8(bytes).map_err(|_| Failure::usage("what came on stdin is no UTF-8 text"))?;
        return Ok(Media::from(text));
    }
    Ok(Media::from_bytes(bytes)?)
}
