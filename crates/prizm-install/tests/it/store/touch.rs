//! Plugins that write into their own directory.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use prizm_install::{BoxError, BoxFuture, Candidate, ErrorKind, Installer, Validator};
use prizm_protocol::methods::initialize::Declaration;

use super::faults::unprivileged;
use super::script;
use crate::common::Place;
use crate::installs::{declaration, passed};

/// What a plugin does in its own directory.
type Touch = fn(&Path) -> std::io::Result<()>;

/// Does it with whatever it tries.
struct Touching(Touch);

impl Validator for Touching {
    fn validate<'a>(&'a self, candidate: &'a Candidate) -> BoxFuture<'a, Result<Declaration, BoxError>> {
        Box::pin(async move {
            (self.0)(&candidate.root).map_err(|error| Arc::new(error) as BoxError)?;
            Ok(declaration())
        })
    }
}

async fn install(place: &Place, touch: Touch) -> Result<(), prizm_install::Error> {
    let job = place.job();
    let installer = Installer::new(&job.home, job.store(), Arc::new(Touching(touch)));
    installer.install(&job.request()).await.map(drop)
}

#[tokio::test]
async fn a_plugin_that_writes_into_its_own_directory_is_refused() {
    let place = script("cat data/one");
    let touches: &[(&str, Touch)] = &[
        ("cache/new", |root| {
            fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
            fs::create_dir(root.join("cache"))?;
            fs::write(root.join("cache/new"), "")
        }),
        ("data/one", |root| {
            fs::set_permissions(root.join("data/one"), fs::Permissions::from_mode(0o644))?;
            fs::write(root.join("data/one"), "1")
        }),
        ("data/two", |root| {
            fs::set_permissions(root.join("data"), fs::Permissions::from_mode(0o755))?;
            fs::remove_file(root.join("data/two"))
        }),
        ("provider.sh", |root| fs::set_permissions(root.join("provider.sh"), fs::Permissions::from_mode(0o755))),
    ];
    for (name, touch) in touches {
        let error = install(&place, *touch).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error:?}");
        assert!(error.to_string().contains(&format!("`{name}` was changed or added")), "{error}");
        assert!(error.hint().unwrap().contains("PRIZM_WORK_DIR"), "{error:?}");
        assert_eq!((place.store().entries().unwrap().len(), place.job().staged()), (0, 0));
    }
    install(&place, |_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn a_plugin_of_a_user_cannot_write_into_its_own_directory() {
    if std::env::var_os("PRIZM_TEST_UNPRIVILEGED").is_none() {
        let test = "store::touch::a_plugin_of_a_user_cannot_write_into_its_own_directory";
        return passed(&mut unprivileged(test, "PRIZM_TEST_UNPRIVILEGED"));
    }
    let place = script("cat data/one");
    let touches: &[Touch] = &[
        |root| fs::write(root.join("new"), ""),
        |root| fs::write(root.join("data/new"), ""),
        |root| fs::write(root.join("data/one"), ""),
        |root| fs::remove_file(root.join("data/one")),
        |root| fs::rename(root.join("data"), root.join("other")),
    ];
    for touch in touches {
        let error = install(&place, *touch).await.unwrap_err();
        assert_eq!(error.to_string(), "Permission denied (os error 13)");
        assert_eq!(place.job().staged(), 0, "what is read-only can be removed all the same");
    }
    // It can be committed, put aside, made again, and pruned.
    let root = place.install_plainly().await.unwrap().root;
    let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("data"), mode("data/one")), (0o555, 0o555, 0o444));
    fs::remove_file(root.parent().unwrap().join("entry.json")).unwrap();
    assert_eq!(place.install_plainly().await.unwrap().root, root);
    let pruned = place.store().prune(&std::collections::BTreeSet::new(), false).unwrap();
    assert_eq!((pruned.removed.len(), root.exists(), place.job().staged()), (1, false, 0));
}
