//! From what was asked for to a commit, by the remote's own list of refs.

use std::collections::BTreeMap;

use git2::{Direction, Oid, Remote};

use super::session::Session;
use crate::identifier::is_commit;
use crate::{Error, ErrorKind, GitRevision, GitSource};

/// The most refs that are looked at.
const MAX_REFS: usize = 200_000;
/// How many near names a missing ref is told with.
const MAX_NEAR: usize = 5;

/// The refs of a repository.
#[derive(Debug, Default)]
pub(super) struct Refs {
    /// By their full names, as they are: an annotated tag is its own object.
    pub(super) ids: BTreeMap<String, Oid>,
    /// What annotated tags lead to.
    peeled: BTreeMap<String, Oid>,
    /// The full name of the default branch.
    head: Option<String>,
}

/// Asks the remote, and finds the commit.
pub(super) fn resolve(source: &GitSource, session: &Session) -> Result<GitRevision, Error> {
    let mut remote = remote(session)?;
    let refs = list(&mut remote, session)?;
    refs.find(&source.repository(), source.reference())
}

/// Makes a remote without a repository or a name.
fn remote(session: &Session) -> Result<Remote<'static>, Error> {
    let made = Remote::create_detached(session.address().as_str());
    let remote = made.map_err(|error| session.git_error("to prepare for", &error))?;
    admit(&remote, session)?;
    Ok(remote)
}

/// Checks where a remote leads: the user's `insteadOf` may have changed that.
pub(super) fn admit(remote: &Remote<'_>, session: &Session) -> Result<(), Error> {
    let effective = remote.url().unwrap_or_default();
    if effective != session.address().as_str() {
        tracing::info!(from = %session.address(), "the git configuration leads elsewhere");
    }
    let url = effective.parse().map_err(|_| {
        Error::new(ErrorKind::Policy, format!("git's configuration leads `{}` to what is no URL", session.address()))
            .with_hint("look for `insteadOf` in your git configuration")
    })?;
    session.admit(&url)
}

/// Asks a remote for its refs.
pub(super) fn list(remote: &mut Remote<'_>, session: &Session) -> Result<Refs, Error> {
    let connection = remote.connect_auth(Direction::Fetch, None, None);
    let connection = connection.map_err(|error| session.git_error("to ask", &error))?;
    let heads = connection.list().map_err(|error| session.git_error("to ask", &error))?;
    if heads.len() > MAX_REFS {
        let message = format!("`{}` has {} refs, and {MAX_REFS} are looked at", session.address(), heads.len());
        return Err(Error::new(ErrorKind::Fetch, message).with_hint("load it from a repository with fewer refs"));
    }
    let mut refs = Refs::default();
    for head in heads {
        match (head.name(), head.name().strip_suffix("^{}")) {
            ("HEAD", _) => refs.head = head.symref_target().map(str::to_owned),
            (_, Some(name)) => {
                refs.peeled.insert(name.to_owned(), head.oid());
            }
            (name, None) => {
                refs.ids.insert(name.to_owned(), head.oid());
            }
        }
        if head.name() == "HEAD" && refs.head.is_none() {
            refs.ids.insert("HEAD".to_owned(), head.oid());
        }
    }
    Ok(refs)
}

impl Refs {
    /// Finds what is asked for: a commit, a full name, a tag or a branch; the default branch for nothing.
    pub(super) fn find(&self, repository: &str, asked: Option<&str>) -> Result<GitRevision, Error> {
        self.check_names(repository)?;
        let Some(asked) = asked else { return self.default_branch(repository) };
        if is_commit(asked) {
            return Ok(GitRevision { reference: None, tag_object: None, commit: asked.to_owned() });
        }
        if asked.starts_with("refs/") {
            return self.at(asked).ok_or_else(|| self.missing(repository, asked));
        }
        let (tag, branch) = (self.at(&format!("refs/tags/{asked}")), self.at(&format!("refs/heads/{asked}")));
        match (tag, branch) {
            (Some(tag), Some(branch)) if tag.commit != branch.commit => {
                Err(ambiguous(repository, asked, &tag, &branch))
            }
            (Some(found), _) | (None, Some(found)) => Ok(found),
            (None, None) => Err(self.missing(repository, asked)),
        }
    }

    /// Finds a ref that leads to a commit.
    pub(super) fn tip(&self, commit: Oid) -> Option<&str> {
        let leads = |(name, id): &(&String, &Oid)| {
            (name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
                && self.peeled.get(*name).unwrap_or(*id) == &commit
        };
        self.ids.iter().find(leads).map(|(name, _)| name.as_str())
    }

    fn at(&self, name: &str) -> Option<GitRevision> {
        let id = self.ids.get(name)?;
        let peeled = self.peeled.get(name);
        Some(GitRevision {
            reference: Some(name.to_owned()),
            tag_object: peeled.map(|_| id.to_string()),
            commit: peeled.unwrap_or(id).to_string(),
        })
    }

    fn default_branch(&self, repository: &str) -> Result<GitRevision, Error> {
        let named = self.head.as_deref().and_then(|head| self.at(head));
        // An old server does not say which branch its HEAD is.
        let same = || self.ids.get("HEAD").and_then(|head| self.at(self.tip(*head)?));
        named.or_else(same).ok_or_else(|| {
            let (what, hint) = match self.ids.keys().any(|name| name.starts_with("refs/heads/")) {
                true => ("has no default branch", format!("name one, as `{repository}@BRANCH`")),
                false => ("is empty: it has no branch", "push something to it first".to_owned()),
            };
            Error::new(ErrorKind::Source, format!("`{repository}` {what}")).with_hint(hint)
        })
    }

    /// A branch that is named like a commit could be taken for it.
    fn check_names(&self, repository: &str) -> Result<(), Error> {
        let short = |name: &str| name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/tags/")).map(is_commit);
        match self.ids.keys().find(|name| short(name) == Some(true)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("`{repository}` has `{name}`, a name that only commits have");
                Err(Error::new(ErrorKind::Policy, message)
                    .with_hint("such a name is made to deceive: ask its owner to rename it"))
            }
        }
    }

    fn missing(&self, repository: &str, asked: &str) -> Error {
        let short = |name: &str| {
            name.trim_start_matches("refs/").trim_start_matches("tags/").trim_start_matches("heads/").to_owned()
        };
        let wanted = short(asked);
        let mut near: Vec<_> = self
            .ids
            .keys()
            .filter(|name| name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
            .map(|name| short(name))
            .map(|name| (strsim::jaro_winkler(&name, &wanted), name))
            .filter(|(likeness, _)| *likeness > 0.6)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        near.dedup_by(|a, b| a.1 == b.1);
        let near: Vec<_> =
            near.into_iter().take(MAX_NEAR).map(|(_, name)| format!("`{}`", name.escape_debug())).collect();
        let hint = match near.is_empty() {
            true => "check the name: it is that of a branch or a tag, or all 40 digits of a commit".to_owned(),
            false => format!("did you mean {}?", near.join(", ")),
        };
        let message = format!("`{repository}` has no branch and no tag `{}`", asked.escape_debug());
        Error::new(ErrorKind::Source, message).with_hint(hint)
    }
}

fn ambiguous(repository: &str, asked: &str, tag: &GitRevision, branch: &GitRevision) -> Error {
    let message = format!(
        "`{asked}` is both a tag ({}) and a branch ({}) of `{repository}`",
        &tag.commit[..12],
        &branch.commit[..12]
    );
    Error::new(ErrorKind::Source, message)
        .with_hint(format!("say which: `{repository}@refs/tags/{asked}` or `{repository}@refs/heads/{asked}`"))
}
