//! What a build has of the machine's network, and which programs keep it from that.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use prizm_tests::Home;

/// Makes a provider whose build is a script, and returns its URL.
fn built_by(home: &Home, script: &str, program: &str) -> String {
    let url = home.hostile("good");
    let path = url.strip_prefix("file://").unwrap();
    let manifest = fs::read_to_string(format!("{path}/prizm.toml")).unwrap();
    let manifest = format!("{manifest}[build]\ncommand = [\"sh\", \"build.sh\"]\n");
    let url = home.provider(
        "hostile",
        &[("prizm.toml", &manifest), ("build.sh", script), ("bin/unshare", program), ("bin/tool", program)],
    );
    for name in ["unshare", "tool"] {
        fs::set_permissions(format!("{path}/bin/{name}"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    url
}

/// As root without a user namespace it would be enough to enter the network of whoever started the build.
#[tokio::test]
async fn a_build_cannot_enter_the_network_of_its_ancestors() {
    let home = Home::new();
    let seen = home.file("seen");
    let script = format!(
        "exec >'{}' 2>&1\npid=$$\nwhile [ \"$pid\" -gt 1 ]; do\n\
         pid=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$pid/status)\n\
         echo \"tried $pid\"\nnsenter --net=/proc/$pid/ns/net readlink /proc/self/ns/net\ndone\nexit 0\n",
        seen.display()
    );
    let url = built_by(&home, &script, "");
    home.run(&["run", &url, "hi"]).await.ok();
    let seen = fs::read_to_string(seen).unwrap();
    let ours = fs::read_link("/proc/self/ns/net").unwrap();
    assert!(seen.contains(&format!("tried {}", std::process::id())) && !seen.contains("not found"), "{seen}");
    assert!(!seen.contains(ours.to_str().unwrap()), "{seen}");
}

/// A PATH with relative entries would be one of the repository's directories.
#[tokio::test]
async fn no_program_of_a_repository_runs_in_place_of_a_tool() {
    let home = Home::new();
    let marker = home.file("ran");
    let program = format!("#!/bin/sh\ntouch '{}'\n", marker.display());
    let url = built_by(&home, "tool || exit 0\n", &program);
    let mut command = home.prizm(&["run", &url, "hi"]);
    command.env("PATH", format!("./bin::{}", std::env::var("PATH").unwrap()));
    prizm_tests::Running::start(command).ended().await.ok();
    assert!(!marker.exists());
}

/// PRIZM_HOME is a `.prizm` like that of a project where it has this name.
#[tokio::test]
async fn a_home_named_as_a_projects_makes_no_project() {
    let home = Home::new();
    let state = home.file(".prizm");
    fs::create_dir(&state).unwrap();
    // What only a user may say, and a project may not.
    fs::write(state.join("config.toml"), "[policy]\nallow = [\"npm:echo\"]\n").unwrap();
    let mut command = home.prizm(&["list"]);
    command.env("PRIZM_HOME", &state);
    prizm_tests::Running::start(command).ended().await.ok();
}
