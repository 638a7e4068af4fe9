//! A build that nobody waits for any more ends, with everything that it started.

use std::fs;
use std::path::Path;

use prizm_install::{InPlace, install_in_place};

use crate::common::{Place, package, until};

/// The processes whose working directory or command line mentions `path`, dead ones left out.
fn processes_at(path: &Path) -> Vec<String> {
    let path = path.to_str().unwrap();
    let mentions = |process: &Path| {
        let cwd = fs::read_link(process.join("cwd")).ok()?;
        let line = String::from_utf8_lossy(&fs::read(process.join("cmdline")).ok()?).replace('\0', " ");
        let is_own = process.file_name()?.to_str()? == std::process::id().to_string();
        (!is_own && (cwd.starts_with(path) || line.contains(path))).then_some(line)
    };
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| mentions(&entry.path())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_cargo_build_leaves_no_process_and_no_lock() {
    let place = Place::new(&package("fn main() {}"));
    // The build script is a grandchild, and its own child one further away.
    let script = "fn main() {\n    std::fs::write(\"started\", \"\").unwrap();\n    \
        std::process::Command::new(\"sleep\").arg(\"600\").status().unwrap();\n}\n";
    fs::write(place.source_dir().join("build.rs"), script).unwrap();
    let (source, store) = (place.source(), place.store());
    let build = tokio::spawn(async move { install_in_place(&source, &store, InPlace::default(), &()).await });
    let started = place.source_dir().join("started");
    until("the build script runs", || started.exists()).await;
    until("its child runs", || processes_at(&place.source_dir()).iter().any(|line| line.contains("sleep 600"))).await;
    build.abort();
    assert!(build.await.unwrap_err().is_cancelled());
    until("no process is left", || processes_at(&place.source_dir()).is_empty()).await;

    fs::write(place.source_dir().join("build.rs"), "fn main() {}").unwrap();
    install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap();
}
