//! Files that a program carries, installed as a source is.

use std::sync::Arc;

use prizm_install::{
    Approver, BoxError, BoxFuture, BundledFiles, Candidate, Error, InstalledService, Installer, Lockfile, Mode, Pin,
    Policy, Question, Validator,
};
use prizm_protocol::methods::initialize::Declaration;
use prizm_protocol::{ProviderId, ServiceId};

use crate::common::{Place, Recorder};
use crate::installs::{Job, alone, output, service_output};
use crate::python::packages::Packages;

macro_rules! service {
    ($version:literal, $says:literal) => {
        &[
            (
                "prizm.toml",
                concat!(
                    "[service]\nname = \"llm\"\nversion = \"",
                    $version,
                    "\"\nbackend = \"process\"\nendpoints.http = {}\n[build]\nnoDeps = true\n"
                )
                .as_bytes(),
            ),
            ("requirements.txt", b"leaf==1.0\n"),
            ("main.py", concat!("import leaf; print(leaf.VALUE, '", $says, "')\n").as_bytes()),
        ]
    };
}

const FIRST: BundledFiles = service!("1.0.0", "first");
const SECOND: BundledFiles = service!("1.0.1", "second");
const PROVIDER: BundledFiles = &[
    (
        "prizm.toml",
        b"[provider]\nid = \"echo\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
          capabilities = [\"text-to-text\"]\n[build]\nnoDeps = true\n",
    ),
    ("requirements.txt", b"leaf==1.0\n"),
    ("provider.py", b"import leaf; print(leaf.VALUE)\n"),
];

/// Is never asked.
struct Nobody;

impl Approver for Nobody {
    fn approves(&self, question: &Question) -> bool {
        panic!("{question:?}")
    }
}

impl Validator for Nobody {
    fn validate<'a>(&'a self, _candidate: &'a Candidate) -> BoxFuture<'a, Result<Declaration, BoxError>> {
        panic!("a service shakes no hands")
    }
}

async fn install(job: &Job, version: &str, files: BundledFiles) -> Result<InstalledService, Error> {
    // Whatever the user says of sources: these are none.
    let policy = Policy::new(&job.home).denying(&["file:///**".to_owned()]).unwrap().requiring(Pin::Commit);
    let installer = Installer::new(&job.home, job.store(), Arc::new(Nobody))
        .policy(policy)
        .approver(Arc::new(Nobody))
        .mode(Mode { locked: true, offline: false });
    installer.install_bundled_service(&"llm".parse::<ServiceId>().unwrap(), version, files).await
}

#[tokio::test]
async fn a_bundled_project_is_built_once_and_its_next_version_takes_its_place() {
    let packages = Packages::new();
    packages.wheel_that_requires("leaf", "1.0", "nowhere-2718", &[("leaf.py", "VALUE = 'leaf'\n")]);
    if !alone("bundled::a_bundled_project_is_built_once_and_its_next_version_takes_its_place", &packages.only()) {
        return;
    }
    let place = Place::new(&[]);
    let job = place.job();
    let installed = install(&job, "1.0.0", FIRST).await.unwrap();
    assert_eq!(installed.argv, ["./.venv/bin/python3", "-B", "main.py"]);
    assert_eq!(service_output(&installed), "leaf first\n");
    assert!(installed.identifier.contains("/store/bundled/llm-"), "{}", installed.identifier);
    let again = install(&job, "1.0.0", FIRST).await.unwrap();
    assert_eq!((&again.root, &again.digest), (&installed.root, &installed.digest));

    let second = install(&job, "1.0.1", SECOND).await.unwrap();
    assert_eq!(service_output(&second), "leaf second\n");
    assert_ne!(second.digest, installed.digest);
    let recorder = Arc::new(Recorder::default());
    let provider = job.installer().reporter(recorder.clone());
    let provider = provider.install_bundled(&"echo".parse::<ProviderId>().unwrap(), "1.0.0", PROVIDER).await.unwrap();
    assert_eq!(output(&provider), "leaf\n");
    assert_eq!(provider.declaration.as_ref().unwrap().provider.id, "echo");
    assert_eq!(recorder.stages().last().unwrap(), "validate");

    let lock = Lockfile::load(&job.home.join("bundled.lock")).unwrap();
    let known: Vec<_> = lock.entries().iter().map(|locked| (locked.id.as_str(), &locked.source_hash)).collect();
    assert_eq!(known.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["echo", "llm"]);
    assert_eq!(known[1].1, &second.digest, "the earlier version is forgotten");
    assert!(!job.lock().exists(), "nothing of it is the user's");

    // What is not pinned any more goes, once nobody uses it; what is pinned stays.
    let root = installed.root.clone();
    drop((installed, again));
    let pruned = job.installer().prune(false).unwrap();
    assert_eq!((pruned.removed.len(), pruned.in_use.len()), (1, 0), "{pruned:?}");
    assert!(!root.exists() && second.root.exists() && provider.root.exists());
}
