//! What bundled providers declare, kept so that they need not be started to be known.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use prizm_host::{ProviderInfo, validate};
use prizm_protocol::PROTOCOL_VERSION;
use prizm_protocol::methods::initialize::Declaration;

use super::{Entry, Origin};
use crate::bundled::BundledOrigin;
use crate::surroundings::Surroundings;

impl Entry {
    /// Returns what it declared without starting it: what came along with its files, or what it was found to
    /// declare before.
    pub(super) fn read_kept(&self, around: &Surroundings) -> Option<Arc<ProviderInfo>> {
        let Origin::Bundled(manifest, origin) = &self.origin else { return None };
        let declared = match origin {
            BundledOrigin::Files(files) | BundledOrigin::Project(files) => files.declaration(),
            BundledOrigin::Command { .. } => None,
        };
        let kept = || serde_json::from_slice(&fs::read(self.kept_file(around)?).ok()?).ok();
        let declaration: Declaration = declared.or_else(kept)?;
        let expected = self.expected(Some((**manifest).clone()));
        validate::validate_kept(&declaration, &[PROTOCOL_VERSION], &expected).ok().map(Arc::new)
    }

    /// Keeps what it declares, where it cannot change unnoticed.
    pub(super) fn keep(&self, around: &Surroundings, info: &ProviderInfo) {
        let Some(path) = self.kept_file(around) else { return };
        let written = (|| {
            let directory = path.parent().unwrap_or(&around.home);
            fs::create_dir_all(directory)?;
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            serde_json::to_writer(&mut file, &*info.declaration)?;
            file.persist(&path).map_err(|error| error.error)?;
            std::io::Result::Ok(())
        })();
        if let Err(error) = written {
            tracing::debug!(path = %path.display(), %error, "the declaration is not cached");
        }
    }

    /// Where the declaration of a provider that cannot change unnoticed is kept.
    fn kept_file(&self, around: &Surroundings) -> Option<PathBuf> {
        let Origin::Bundled(manifest, origin) = &self.origin else { return None };
        let mut hasher = blake3::Hasher::new();
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
        match origin {
            BundledOrigin::Command { stamp, .. } => {
                hasher.update(stamp.as_bytes());
            }
            // The store keeps what it declares along with what was built of it.
            BundledOrigin::Project(_) => return None,
            BundledOrigin::Files(files) => {
                for (path, bytes) in files.0 {
                    hasher.update(path.as_bytes()).update(&[0]).update(blake3::hash(bytes).as_bytes());
                }
            }
        }
        let name = format!("{}-{}.json", manifest.provider.id, &hasher.finalize().to_hex()[..32]);
        Some(around.home.join("cache/declarations").join(name))
    }
}
