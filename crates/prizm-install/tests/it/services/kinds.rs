//! What is a provider is no service, and the reverse.

use std::fs;

use prizm_install::{Error, ErrorKind, Kind, Lockfile, Request};

use super::{COMPOSE, PROCESS};
use crate::common::{PROVIDER, Place};
use crate::installs::Job;

const RUN: &str = "[run]\ncommand = [\"sh\", \"x.sh\"]\n";

fn service() -> Place {
    Place::new(&[("prizm.toml", COMPOSE), ("docker-compose.yml", "services: {}\n")])
}

fn provider() -> Place {
    Place::new(&[("prizm.toml", &format!("{PROVIDER}{RUN}")), ("x.sh", "")])
}

/// Makes a repository of the directory, and names its commit.
fn committed(place: &Place) -> Job {
    let repository = git2::Repository::init(place.source_dir()).unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let author = git2::Signature::new("a", "a@example.com", &git2::Time::new(1_700_000_000, 0)).unwrap();
    let commit = repository.commit(Some("refs/heads/main"), &author, &author, "m", &tree, &[]).unwrap();
    Job { identifier: format!("{}?ref={commit}", place.job().identifier), ..place.job() }
}

async fn install(job: &Job, request: &Request, kind: Kind) -> Result<(), Error> {
    match kind {
        Kind::Provider => job.installer().install(request).await.map(drop),
        Kind::Service => job.installer().install_service(request).await.map(drop),
    }
}

#[tokio::test]
async fn each_is_told_by_its_own_command() {
    for (place, is, not, command) in [
        (service(), Kind::Service, Kind::Provider, "prizm service start"),
        (provider(), Kind::Provider, Kind::Service, "prizm run"),
    ] {
        for job in [place.job(), committed(&place)] {
            let refused = async |link: bool| {
                let error = install(&job, &Request { link, ..job.request() }, not).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::OtherKind);
                assert_eq!(error.to_string(), format!("`{}` is a {is}, not a {not}", job.identifier));
                let hint = error.hint().unwrap();
                assert!(hint.contains(&format!("`{command} {}`", job.identifier)), "{hint}");
            };
            refused(false).await;
            if !job.identifier.contains('?') {
                refused(true).await;
            }
            assert!(!job.lock().exists() && job.staged() == 0);
            // It is refused still once it is pinned.
            install(&job, &job.request(), is).await.unwrap();
            refused(false).await;
            fs::remove_file(job.lock()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_directory_may_become_the_other() {
    let place = provider();
    let job = place.job();
    job.install().await.unwrap();
    fs::write(place.source_dir().join("prizm.toml"), format!("{PROCESS}{RUN}")).unwrap();
    assert_eq!(job.install().await.unwrap_err().kind(), ErrorKind::OtherKind);
    job.install_service().await.unwrap();
    let lock = Lockfile::load(&job.lock()).unwrap();
    let kinds: Vec<_> = lock.entries().iter().map(|locked| (locked.id.as_str(), locked.kind)).collect();
    assert_eq!(kinds, [("llm", Kind::Service)]);
}

#[tokio::test]
async fn nobody_is_both_and_without_a_manifest_nothing_is_a_service() {
    let both = Place::new(&[("prizm.toml", &format!("{PROVIDER}{PROCESS}"))]);
    for error in [both.job().install().await.unwrap_err(), both.job().install_service().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Manifest);
        assert!(error.to_string().ends_with("it has `[provider]` and `[service]`"), "{error}");
        assert!(error.hint().unwrap().contains("a directory of its own"), "{error:?}");
    }
    let plain = Place::new(&[("x.sh", "")]);
    let error = plain.job().install_service().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherKind);
    assert!(error.to_string().contains("is no service: it has no manifest"), "{error}");
    let wrong = Place::new(&[("prizm.toml", &format!("{PROCESS}colour = 3\n"))]);
    let error = wrong.job().install_service().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Manifest);
    assert!(error.to_string().contains("line 6: unknown field `colour`"), "{error}");
}
