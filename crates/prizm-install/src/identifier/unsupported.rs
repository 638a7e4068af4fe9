//! The sources that this version recognises but does not load. This is the only place that knows them.

use super::shown;
use crate::{Error, ErrorKind};

const SCHEMES: &[&str] = &["github:", "https://github.com/", "git+https:", "npm:"];

/// Refuses a source of a scheme that is recognised but not loaded.
pub(super) fn refuse(text: &str) -> Result<(), Error> {
    let starts_with = |scheme: &&&str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let scheme = match SCHEMES.iter().find(starts_with) {
        Some(scheme) => *scheme,
        None if text.starts_with('@') && text.contains('/') => "@SCOPE/NAME",
        None => return Ok(()),
    };
    let message = format!("`{}` is a `{scheme}` source, which is not supported", shown(text));
    let hint = "this version loads ids and `file:///` directories: \
                download the provider and name its directory as `file:///ABSOLUTE/DIRECTORY`";
    Err(Error::new(ErrorKind::Unsupported, message).with_hint(hint))
}
