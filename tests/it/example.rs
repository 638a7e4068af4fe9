//! The consumer's program in `crates/prizm-registry/examples`: it runs as it is printed in the
//! documentation, and leaves nothing behind however it ends.

use std::os::unix::fs::PermissionsExt as _;

use prizm_tests::{Home, Running, eventually, program};

#[tokio::test]
async fn it_asks_transforms_and_cancels() {
    let home = Home::new();
    let mut command = home.command(&program("examples/consumer"));
    command.arg(program("examples/echo"));
    let ended = Running::start(command).ended().await;
    let lines: Vec<_> = ended.ok().lines().collect();
    assert_eq!(lines.first(), Some(&"[Provider(echo, running)]"), "{ended}");
    assert_eq!(lines.last(), Some(&"hello"), "{ended}");
    let fractions = &lines[1..lines.len() - 1];
    assert!(fractions.iter().all(|line| line.starts_with("Some(")), "{ended}");
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());

    let ended = Running::start(home.command(&program("examples/consumer"))).ended().await;
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{ended}");
    assert!(ended.stderr.contains("usage: consumer"), "{ended}");
}

#[tokio::test]
async fn nothing_outlives_it_when_it_is_killed() {
    // `hostile` calls itself `hostile`, and the program expects `echo`: a script in between, as people
    // write them, makes three processes of one.
    let home = Home::new();
    let script = home.file("echo");
    let witness = home.file("witness");
    let text = format!(
        "#!/bin/sh\n'{}' never-answer --lifetime 300 --witness '{}' | sed -u 's/\"id\":\"hostile\"/\"id\":\"echo\"/'\n",
        crate::HOSTILE,
        witness.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = home.command(&program("examples/consumer"));
    command.arg(&script);
    let running = Running::start(command);
    eventually("the plugin works", || witness.exists().then_some(())).await;
    assert!(home.processes().running("").len() >= 4, "{}", home.processes());
    running.kill().await;
    home.processes().gone_within(2).await;
}
