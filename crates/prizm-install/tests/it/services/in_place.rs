//! A service that is run where it is.

use std::fs;

use prizm_install::{Error, InstalledService, Request};

use super::{COMPOSE, PROCESS, installer};
use crate::common::Place;
use crate::installs::service_output;

async fn in_place(place: &Place) -> Result<InstalledService, Error> {
    let request = Request { link: true, ..place.job().request() };
    installer(&place.job()).install_service(&request).await
}

#[tokio::test]
async fn a_directory_may_run_where_it_is() {
    let run = format!("{PROCESS}[run]\ncommand = [\"sh\", \"serve.sh\"]\n");
    let place = Place::new(&[("prizm.toml", &run), ("serve.sh", "echo one\n")]);
    let first = in_place(&place).await.unwrap();
    assert_eq!((&first.root, service_output(&first).as_str()), (&place.source_dir(), "one\n"));
    assert!(first.digest.starts_with("in-place:") && first.revision.is_none() && first.isolation.is_none());
    assert_eq!(in_place(&place).await.unwrap().digest, first.digest, "nothing changed");
    fs::write(place.source_dir().join("serve.sh"), "echo another\n").unwrap();
    assert_ne!(in_place(&place).await.unwrap().digest, first.digest);
    assert!(!place.lock().exists(), "nothing is pinned");
}

#[tokio::test]
async fn nothing_is_installed_beside_a_compose_file() {
    let package = "{\"dependencies\": {\"no-such-package-2718\": \"1\"}}";
    let place = Place::new(&[("prizm.toml", COMPOSE), ("docker-compose.yml", ""), ("package.json", package)]);
    assert!(in_place(&place).await.unwrap().argv.is_empty());
    assert_eq!(place.files(), ["docker-compose.yml", "package.json", "prizm.toml"]);
}
