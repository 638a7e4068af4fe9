//! What an install must pass: trust, the ledger, the lock, and the drift of what is promised.

use std::path::Path;

use crate::lockfile::Locked;
use crate::policy::Verdict;
use crate::{Error, ErrorKind, Identifier, Pin, Question, Revision, resolve_revision};

use super::record::Record;
use super::{Installer, Request};

impl Installer {
    /// Asks whether the source may be loaded at all.
    pub(super) async fn check_trust(&self, request: &Request) -> Result<(), Error> {
        if !self.is_trusted(request)? {
            self.ask_for_trust(&request.identifier).await?;
        }
        Ok(())
    }

    /// Tells whether the source may be loaded without a question.
    pub(super) fn is_trusted(&self, request: &Request) -> Result<bool, Error> {
        let trusted = match self.policy.judge(&request.identifier) {
            Verdict::Denied(error) => return Err(error),
            Verdict::Allowed => true,
            Verdict::Unknown => request.own && matches!(request.identifier, Identifier::File(_)),
        };
        pinned_enough(request.identifier.pin(), self.policy.required_pin(), &request.identifier).map(|()| trusted)
    }

    async fn ask_for_trust(&self, identifier: &Identifier) -> Result<(), Error> {
        let source = identifier.source();
        if !self.ask(Question::NewSource { source: source.clone() }).await {
            return Err(self.policy.unknown(identifier));
        }
        self.blocking(move |this| this.policy.remember(&source)).await
    }

    /// Asks on a thread for it, because people take their time.
    pub(super) async fn ask(&self, question: Question) -> bool {
        let approver = std::sync::Arc::clone(&self.approver);
        tokio::task::spawn_blocking(move || approver.approves(&question)).await.unwrap_or(false)
    }

    /// Checks the pin again, now that it is known whether a name is that of a branch.
    pub(super) fn check_pin(&self, identifier: &Identifier, revision: &Revision) -> Result<(), Error> {
        let branch = |name: &String| name.starts_with("refs/heads/");
        match revision {
            Revision::Git(git) if git.reference.as_ref().is_some_and(branch) => {
                pinned_enough(Pin::None, self.policy.required_pin(), identifier)
            }
            _ => Ok(()),
        }
    }

    /// Compares what a name led to with what it led to before, on this machine.
    pub(super) fn check_ledger(
        &self,
        identifier: &Identifier,
        revision: &Revision,
        hash: Option<&str>,
    ) -> Result<(), Error> {
        if let Some(tag) = tag_of_a_branch(identifier, revision)
            && self.ledger.knows(&tag)?
        {
            return Err(no_tag_any_more(&tag, &revision.to_string()));
        }
        match immutable_name(identifier, revision) {
            Some(name) => self.ledger.check(&name, &revision.to_string(), hash),
            None => Ok(()),
        }
    }

    /// Tells whether a lock may be believed that says where a tag is: only where this machine has seen
    /// the tag itself. Where a commit or an integrity is asked for, that is its own proof.
    pub(super) fn has_seen(&self, identifier: &Identifier, revision: &Revision) -> Result<bool, Error> {
        match immutable_name(identifier, revision).filter(|name| name.contains("@refs/tags/")) {
            Some(tag) => self.ledger.knows(&tag),
            None => Ok(true),
        }
    }

    /// Asks the remote where a tag is that a lock knows and this machine does not.
    pub(super) async fn check_unseen(
        &self,
        identifier: &Identifier,
        locked: &Locked,
        scratch: &Path,
    ) -> Result<(), Error> {
        if self.has_seen(identifier, &locked.revision)? {
            return Ok(());
        }
        let now = resolve_revision(identifier, &self.fetch, scratch, &*self.reporter).await?;
        if now.to_string() == locked.revision.to_string() {
            return Ok(());
        }
        let message = format!("the lock says that `{identifier}` is {}, and it is {now} now", locked.revision);
        Err(Error::new(ErrorKind::Mismatch, message)
            .with_hint("somebody moved the tag, or edited the lock: find out which, then take the right one"))
    }

    /// Remembers what a name led to.
    pub(super) fn remember(&self, identifier: &Identifier, revision: &Revision, hash: &str) -> Result<(), Error> {
        match immutable_name(identifier, revision) {
            Some(name) => self.ledger.record(&name, &revision.to_string(), hash),
            None => Ok(()),
        }
    }

    /// Compares what was fetched with what the lock says.
    pub(super) fn check_lock(&self, locked: &Locked, now: &str) -> Result<(), Error> {
        if locked.source_hash == now {
            return Ok(());
        }
        let (id, then) = (&locked.id, &locked.source_hash);
        let message =
            format!("the files of `{}` are not those of the lock: `{id}` had {then}, now {now}", locked.request);
        Err(Error::new(ErrorKind::Mismatch, message).with_hint(format!(
            "somebody changed what is published, or the lock: find out which, then `prizm update {id}`"
        )))
    }

    /// Compares what was made with what the lock says was made of the same files.
    pub(super) fn check_build(&self, locked: &Locked, record: &Record) -> Result<(), Error> {
        if locked.source_hash != record.source_hash {
            return Ok(());
        }
        let text = |lock: &Option<String>| lock.clone().unwrap_or_else(|| "none".to_owned());
        let dependencies = [&locked.build.recipe, &record.recipe].map(|recipe| text(&recipe.dependency_lock));
        let trees = [&locked.tree, &record.tree].map(text);
        for (what, [then, now]) in [("dependencies", dependencies), ("git tree", trees)] {
            if then == now {
                continue;
            }
            let id = &locked.id;
            let message = format!("the {what} of `{id}` are not those of the lock: {then} then, {now} now");
            if !self.mode.locked {
                tracing::warn!("{message}");
                continue;
            }
            return Err(Error::new(ErrorKind::Mismatch, message).with_hint(format!(
                "where the author commits no lock file, the newest dependencies are taken: prizm update {id}"
            )));
        }
        Ok(())
    }

    /// Compares what is promised now with what was promised before, and asks about what is more. A
    /// directory of the user's own may promise what it likes: it is theirs.
    pub(super) async fn check_drift(
        &self,
        request: &Request,
        locked: Option<&Locked>,
        record: &Record,
    ) -> Result<(), Error> {
        if request.own && matches!(request.identifier, Identifier::File(_)) {
            return Ok(());
        }
        // Of a lock nobody knows who wrote it: it counts where this machine knows nothing else.
        let approved = self.approvals.of(&record.kind().name(request.identifier.source()))?;
        let approved = approved.or_else(|| locked.map(|locked| locked.contract.clone()));
        let Some(drift) = approved.and_then(|approved| approved.drift(&record.contract())) else { return Ok(()) };
        let id = record.id().to_owned();
        if self.ask(Question::Drift { id: id.clone(), drift: drift.to_string() }).await {
            return Ok(());
        }
        let message = format!("`{id}` now asks for more than was approved:\n{drift}");
        Err(Error::new(ErrorKind::Policy, message)
            .with_hint("read what changed; to approve it, repeat the command with --yes"))
    }
}

/// The tag of the same name, where a short name led to a branch.
fn tag_of_a_branch(identifier: &Identifier, revision: &Revision) -> Option<String> {
    let Revision::Git(git) = revision else { return None };
    let branch = git.reference.as_deref()?.strip_prefix("refs/heads/")?;
    (identifier.reference() == Some(branch)).then(|| format!("{}@refs/tags/{branch}", identifier.source()))
}

fn no_tag_any_more(tag: &str, now: &str) -> Error {
    let message = format!("`{tag}` was a tag when this machine saw it first, and is a branch now, at {now}");
    Error::new(ErrorKind::Mismatch, message)
        .with_hint("a tag that became a branch cannot be trusted: ask its author, then pin the commit you mean")
}

/// The name of a revision that must never lead to anything else: a tag, a commit, a version.
fn immutable_name(identifier: &Identifier, revision: &Revision) -> Option<String> {
    let source = identifier.source();
    match revision {
        Revision::Git(git) => match git.reference.as_deref().and_then(|name| name.strip_prefix("refs/tags/")) {
            Some(tag) => Some(format!("{source}@refs/tags/{tag}")),
            None => Some(format!("{source}@{}", git.commit)),
        },
        Revision::Npm(npm) => Some(format!("{source}@{}", npm.version)),
        Revision::Directory(_) => None,
    }
}

/// Checks that the identifier says as exactly as the policy wants what is meant.
fn pinned_enough(pin: Pin, required: Pin, identifier: &Identifier) -> Result<(), Error> {
    if pin >= required || matches!(identifier, Identifier::File(_)) {
        return Ok(());
    }
    let wanted = if required == Pin::Commit { "a full commit" } else { "a tag, a version or a commit" };
    let message = format!("`{identifier}` is not pinned: the policy requires {wanted}");
    Err(Error::new(ErrorKind::Policy, message).with_hint(format!("write `{}@…`", identifier.source())))
}
