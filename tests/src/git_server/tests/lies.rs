use super::*;

#[test]
fn a_ref_can_be_said_to_point_elsewhere() {
    let bench = Bench::new();
    let other = bench.server.repository("acme/other").commit("main", &[("a", "other")]);
    let truth = bench.repository.commit("main", &[("a", "true")]);
    let tag = bench.repository.annotated_tag("v1", &truth);
    bench.server.lie("acme/echo", Lie::of_ref("refs/heads/main", &other));
    bench.server.lie("acme/echo", Lie::of_ref("refs/heads/new", &other));
    bench.server.lie("acme/echo", Lie::of_ref("refs/tags/v1^{}", &other));
    for version in [0, 2] {
        let found = bench.done(&format!("-c protocol.version={version} ls-remote URL refs/*"));
        let mut found: Vec<_> = found.lines().collect();
        found.sort_by_key(|line| line.split_once('\t').map(|(_, name)| name));
        let names = ["refs/heads/main", "refs/heads/new", "refs/tags/v1", "refs/tags/v1^{}"];
        let lies = [&other, &other, &tag, &other];
        assert_eq!(found, names.iter().zip(lies).map(|(name, id)| format!("{id}\t{name}")).collect::<Vec<_>>());
    }
    // Who wants the other commit is sent the true one.
    bench.done("init --quiet --bare clone");
    for version in [0, 2] {
        let fetch = format!(
            "-C clone -c protocol.version={version} fetch --no-tags --depth 1 URL refs/heads/main:refs/heads/x"
        );
        assert!(bench.refused(&fetch).contains(&other));
    }
    bench.server.clear_faults();
    bench.done("-C clone fetch --quiet URL refs/heads/main:refs/heads/x");
    assert_eq!(bench.done("-C clone rev-parse x"), truth);
}

#[test]
fn another_pack_can_be_sent() {
    let bench = Bench::new();
    let (repository, other) = (&bench.repository, bench.server.repository("acme/other"));
    let commit = repository.commit("main", &[("a", "this"), ("b", "that")]);
    let foreign = other.pack(&other.objects(&other.commit("main", &[("a", "other")])));
    let blob = repository.object(&Entry::file("that"));
    let mut objects = repository.objects(&commit);
    assert_eq!(objects.len(), 4);
    let whole = repository.pack(&objects);
    objects.retain(|id| *id != blob);
    let without = repository.pack(&objects);
    for version in [0, 2] {
        let clone = format!("-c protocol.version={version} clone --quiet URL clone-{version}");
        for (pack, missing) in [(&foreign, &commit), (&without, &blob)] {
            bench.server.clear_faults();
            bench.server.lie("acme/echo", Lie::Pack(pack.clone()));
            let said = bench.refused(&clone);
            assert!(said.contains(missing) || said.contains("remote did not send all necessary objects"), "{said}");
        }
        bench.server.clear_faults();
        bench.server.lie("acme/echo", Lie::Pack(whole.clone()));
        bench.done(&clone);
    }
}

#[test]
fn the_server_can_say_anything() {
    let bench = Bench::new();
    bench.repository.commit("main", &[("a", "1")]);
    bench.server.lie("acme/echo", Lie::Says("\u{1b}[31mhello\n".to_owned()));
    let output = command(bench.path(), ["clone", "--progress", bench.repository.url(), "clone"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("remote: \u{1b}[31mhello"), "{said:?}");
    bench.server.lie("acme/echo", Lie::Error("no such thing\n".to_owned()));
    for version in [0, 2] {
        let said = bench.refused(&format!("-c protocol.version={version} ls-remote URL"));
        assert!(said.contains("no such thing"), "{said}");
    }
}
