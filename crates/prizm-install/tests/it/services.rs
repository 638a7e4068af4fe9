//! Services go the way of providers, and nobody shakes hands with them.

mod in_place;
mod kinds;

use std::fs;
use std::sync::Arc;

use prizm_install::{
    BoxError, BoxFuture, Candidate, ErrorKind, Installer, Kind, Lease, Lockfile, Mode, Policy, Request, Revision,
    Validator,
};
use prizm_protocol::methods::initialize::Declaration;
use serde_json::json;

use crate::common::{Place, Recorder};
use crate::home::Home;
use crate::installs::{Job, service_output};
use crate::registry::Registry;

/// The manifest of a service with a Compose file.
pub const COMPOSE: &str = "[service]\nname = \"llm\"\nversion = \"1.2.0\"\nbackend = \"compose\"\n\
                           capabilities = [\"text-to-text\"]\nendpoints.http = { port = 80 }\n";
/// One that runs as a process.
pub const PROCESS: &str =
    "[service]\nname = \"llm\"\nversion = \"1.2.0\"\nbackend = \"process\"\nendpoints.http = {}\n";

/// Finds nothing valid: services are not tried.
struct Nothing;

impl Validator for Nothing {
    fn validate<'a>(&'a self, _candidate: &'a Candidate) -> BoxFuture<'a, Result<Declaration, BoxError>> {
        panic!("a service shakes no hands")
    }
}

pub fn installer(job: &Job) -> Installer {
    Installer::new(&job.home, job.store(), Arc::new(Nothing))
}

#[tokio::test]
async fn what_containers_are_made_of_is_taken_as_it_is() {
    let place = Place::new(&[
        ("prizm.toml", COMPOSE),
        ("docker-compose.yml", "services: {}\n"),
        ("Dockerfile", "FROM scratch\n"),
        // In several languages, with what no registry has.
        ("package.json", r#"{"dependencies": {"no-such-package-2718": "1"}, "scripts": {"build": "exit 1"}}"#),
        ("requirements.txt", "-e git+https://example.com/x\n"),
        ("tsconfig.json", "{"),
    ]);
    let (job, recorder) = (place.job(), Arc::new(Recorder::default()));
    let installer = installer(&job).reporter(recorder.clone());
    let installed = installer.install_service(&job.request()).await.unwrap();
    assert_eq!(recorder.stages(), ["resolve", "fetch"]);
    assert_eq!((installed.manifest.service.name.as_str(), installed.argv.len()), ("llm", 0));
    assert!(matches!(installed.revision, Some(Revision::Directory(_))) && installed.isolation.is_some());
    let mut files: Vec<_> = fs::read_dir(&installed.root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    let expected =
        ["Dockerfile", "docker-compose.yml", "package.json", "prizm.toml", "requirements.txt", "tsconfig.json"];
    assert_eq!(files, expected);

    let lock = Lockfile::load(&job.lock()).unwrap();
    let [locked] = lock.entries() else { panic!("{lock:?}") };
    assert_eq!((locked.id.as_str(), locked.kind), ("llm", Kind::Service));
    assert_eq!((&locked.source_hash, locked.build.recipe.name.as_str()), (&installed.digest, "files/1"));
    assert!(locked.contract.capabilities.contains("text-to-text") && locked.contract.protocol.is_none());
    let entries = place.store().entries().unwrap();
    assert_eq!((entries[0].kind, entries[0].id.as_str()), (Some(Kind::Service), "llm"));

    // It is there, also offline and locked, and is not pruned as long as it is in use or pinned.
    let again = installer.clone().mode(Mode { locked: true, offline: true }).install_service(&job.request()).await;
    assert_eq!(again.unwrap().root, installed.root);
    assert_eq!(recorder.stages().len(), 2, "nothing was fetched again");
    assert!(installer.prune(false).unwrap().removed.is_empty());
    fs::remove_file(job.lock()).unwrap();
    assert_eq!(installer.prune(false).unwrap().in_use.len(), 1);
    // Whoever runs it needs no more than to know where its files are.
    let root = installed.root.clone();
    drop(installed);
    let lease = Lease::of(&job.home, &root.join("in/it")).unwrap().unwrap();
    for dry_run in [true, false] {
        let pruned = installer.prune(dry_run).unwrap();
        assert_eq!((pruned.removed.len(), pruned.in_use.len()), (0, 1), "{dry_run}");
    }
    drop(lease);
    assert_eq!(installer.prune(true).unwrap().removed.len(), 1);
    assert!(root.exists());
    for elsewhere in [place.source_dir(), job.home.clone(), job.home.join("store/artifacts/x/tree")] {
        assert!(Lease::of(&job.home, &elsewhere).unwrap().is_none(), "{}", elsewhere.display());
    }
    let audit = fs::read_to_string(job.home.join("audit.jsonl")).unwrap();
    let lines = audit.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(lines.map(|line| line["action"].clone()).collect::<Vec<_>>(), ["installed", "loaded"]);
}

#[tokio::test]
async fn what_contradicts_the_backend_is_told() {
    let file = ("docker-compose.yml", "services: {}\n");
    let other = format!("{COMPOSE}[service.compose]\nfile = \"../secret.yml\"\n");
    let external = COMPOSE.replace("\"compose\"", "\"external\"").replace("{ port = 80 }", "{}");
    let [run, build, prebuilt] =
        ["[run]\ncommand = [\"x\"]\n", "[build]\nnoDeps = true\n", "[prebuilt.x]\npath = \"x\"\nsha256 = \"00\"\n"]
            .map(|table| external.clone() + table);
    for (files, says, hint) in [
        (vec![("prizm.toml", COMPOSE)], "the Compose file `docker-compose.yml` is no file", "its author must add it"),
        (
            vec![("prizm.toml", COMPOSE), ("compose.yaml", "")],
            "`docker-compose.yml` is no file",
            "file = \"compose.yaml\"",
        ),
        (vec![("prizm.toml", &other), file], "`../secret.yml` is no file", "file = \"docker-compose.yml\""),
        (vec![("prizm.toml", &run)], "`[run]` in `prizm.toml` contradicts", "leave `[run]` out"),
        (vec![("prizm.toml", &build)], "contradicts `backend = \"external\"`", "leave `[build]` out"),
        (vec![("prizm.toml", &prebuilt)], "`[prebuilt]` in `prizm.toml`", "`backend = \"process\"`"),
    ] {
        let place = Place::new(&files);
        fs::write(place.source_dir().parent().unwrap().join("secret.yml"), "").unwrap();
        for link in [false, true] {
            let request = Request { link, ..place.job().request() };
            let error = installer(&place.job()).install_service(&request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Manifest, "{error:?}");
            assert!(error.to_string().contains(says) && error.hint().unwrap().contains(hint), "{error:?}");
        }
        assert_eq!((place.job().staged(), place.store().entries().unwrap().len()), (0, 0));
    }
    let installed = Place::new(&[("prizm.toml", &external)]);
    assert!(installed.job().install_service().await.unwrap().argv.is_empty(), "it needs no file but its manifest");
}

#[tokio::test]
async fn a_process_is_built_and_started_like_a_provider() {
    let run = "[run]\ncommand = [\"sh\", \"serve.sh\"]\n\
               [build]\ncommand = [\"sh\", \"-c\", \"echo 'echo made' > serve.sh\"]\n";
    let place = Place::new(&[("prizm.toml", &format!("{PROCESS}{run}"))]);
    let installed = installer(&place.job()).install_service(&place.job().request()).await.unwrap();
    assert_eq!((installed.argv.len(), service_output(&installed).as_str()), (2, "made\n"));
    let place = Place::new(&[("prizm.toml", PROCESS), ("requirements.txt", ""), ("main.py", "print('snake')\n")]);
    assert_eq!(service_output(&place.job().install_service().await.unwrap()), "snake\n");
    let place = Place::new(&[("prizm.toml", PROCESS)]);
    let error = place.job().install_service().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EntryPoint, "{error:?}");
}

#[tokio::test]
async fn a_package_of_npm_may_be_a_service() {
    let service =
        json!({"service": {"name": "llm", "version": "2.0.0", "backend": "process", "endpoints": {"http": {}}}});
    let package = json!({"name": "@acme/llm", "version": "1.0.0", "main": "x.js", "prizm": service});
    let mut both = package.clone();
    both["name"] = "@acme/both".into();
    both["prizm"]["provider"] = json!({});
    let says = &[("x.js", "console.log('node')\n")][..];
    let registry = Registry::serve(&[(package, says), (both, says)]);
    let mut home = Home::new(&[]);
    home.registry = Some(registry.url.clone());
    let installed = home.service_from("npm:@acme/llm@1".parse().unwrap()).await.unwrap();
    assert_eq!(installed.manifest.service.version.to_string(), "2.0.0");
    assert_eq!(service_output(&installed), "node\n");
    let error = home.service_from("npm:@acme/both@1".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Manifest);
    let says = "package.json`: under `prizm`: it has `[provider]` and `[service]`";
    assert!(error.to_string().contains(says), "{error}");
    let error = home.install_from("npm:@acme/llm@1".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherKind, "{error:?}");
}

#[tokio::test]
async fn a_service_that_asks_for_more_needs_approval_apart_from_a_provider_of_its_source() {
    let place = Place::new(&[("prizm.toml", COMPOSE), ("docker-compose.yml", "")]);
    let job = place.job();
    let installer =
        installer(&job).policy(Policy::new(&job.home).allowing(std::slice::from_ref(&job.identifier)).unwrap());
    let request = Request { own: false, ..job.request() };
    installer.install_service(&request).await.unwrap();
    let more = COMPOSE.replace("[\"text-to-text\"]", "[\"text-to-text\", \"text-to-image\"]")
        + "[permissions]\nnetwork = [\"example.com\"]\n";
    fs::write(place.source_dir().join("prizm.toml"), &more).unwrap();
    let error = installer.install_service(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Policy);
    let says = "`llm` now asks for more than was approved:\n+ capability text-to-image\n+ network example.com";
    assert_eq!(error.to_string(), says);
    fs::write(place.source_dir().join("prizm.toml"), COMPOSE).unwrap();
    installer.install_service(&request).await.unwrap();
    let approved = fs::read(job.home.join("approved.json")).unwrap();
    let approved: serde_json::Value = serde_json::from_slice(&approved).unwrap();
    let names: Vec<_> = approved.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, [format!("service {}", job.identifier)]);
}
