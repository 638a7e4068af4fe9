use super::*;

fn published() -> Bench {
    let bench = Bench::new();
    let manifest =
        r#"{"name":"plain","version":"1.2.0","dependencies":{"@acme/scoped":"^2.0.0"},"bin":{"plain":"run.js"}}"#;
    bench.registry.publish("plain", "1.2.0", &[("package.json", manifest), ("run.js", "#!/usr/bin/env node\n")]);
    bench.registry.publish("@acme/scoped", "2.0.0", &[("lib/index.js", "module.exports = 2\n")]);
    bench.registry.publish("@acme/scoped", "2.1.0", &[("lib/index.js", "module.exports = 2.1\n")]);
    bench.registry.publish("@acme/scoped", "3.0.0-beta.1", &[]);
    bench.registry.tag("@acme/scoped", "beta", "3.0.0-beta.1");
    bench.registry.tag("@acme/scoped", "latest", "2.1.0");
    bench
}

#[test]
fn npm_views_and_packs() {
    let bench = published();
    bench.registry.time("plain", "1.2.0", "2026-07-01T12:00:00.000Z");
    let view = bench.json("view plain --json");
    assert_eq!((&view["version"], &view["dist-tags"]["latest"]), (&json!("1.2.0"), &json!("1.2.0")));
    assert_eq!(view["dist"]["integrity"], json!(bench.registry.integrity("plain", "1.2.0")));
    assert_eq!(view["time"]["1.2.0"], json!("2026-07-01T12:00:00.000Z"));
    let versions = bench.json("view @acme/scoped versions --json");
    assert_eq!(versions, json!(["2.0.0", "2.1.0", "3.0.0-beta.1"]));
    assert!(bench.registry.requests().contains(&"GET /@acme%2fscoped".to_owned()), "{:?}", bench.registry.requests());

    let packed = bench.json("pack @acme/scoped@beta --json");
    assert_eq!(packed[0]["integrity"], json!(bench.registry.integrity("@acme/scoped", "3.0.0-beta.1")));
    assert!(bench.file(packed[0]["filename"].as_str().unwrap()).is_file());
    let accepts = |request: Request| request.header("accept").map(str::to_owned);
    let accepted: Vec<_> = bench.registry.received().into_iter().filter_map(accepts).collect();
    assert!(accepted.iter().any(|accept| accept.contains(ABBREVIATED)), "{accepted:?}");
}

#[test]
fn npm_installs() {
    let bench = published();
    bench.done("install plain");
    assert_eq!(bench.read("node_modules/@acme/scoped/lib/index.js"), "module.exports = 2.1\n");
    assert!(bench.file("node_modules/.bin/plain").exists());
    let lock: Value = serde_json::from_str(&bench.read("package-lock.json")).unwrap();
    let locked = &lock["packages"]["node_modules/@acme/scoped"];
    assert_eq!(locked["integrity"], json!(bench.registry.integrity("@acme/scoped", "2.1.0")));
    bench.forget();
    bench.registry.publish("@acme/scoped", "2.2.0", &[]);
    bench.done("ci");
    assert_eq!(bench.read("node_modules/@acme/scoped/lib/index.js"), "module.exports = 2.1\n");
}

#[test]
fn what_is_unpublished_is_gone() {
    let bench = Bench::new();
    for version in ["1.0.0", "1.1.0"] {
        bench.registry.publish("left", version, &[]);
    }
    bench.registry.tag("left", "next", "1.1.0");
    bench.registry.unpublish("left", "1.1.0");
    assert_eq!(bench.json("view left dist-tags --json"), json!({"latest": "1.0.0"}));
    assert!(bench.refused("pack left@1.1.0").contains("No matching version found for left@1.1.0"));
    assert!(bench.refused("view nobody").contains("E404"));
    bench.registry.unpublish("left", "1.0.0");
    bench.refused("pack left");
}

#[test]
fn an_integrity_can_be_wrong() {
    let bench = Bench::new();
    bench.registry.publish("lies", "1.0.0", &[]);
    let right = bench.registry.integrity("lies", "1.0.0");
    let state = |integrity: &str| {
        let integrity = json!(integrity);
        bench.registry.edit_version("lies", "1.0.0", |version| version["dist"]["integrity"] = integrity);
    };
    state(&format!("sha512-{}==", "A".repeat(86)));
    assert!(bench.refused("install lies").contains("EINTEGRITY"));
    assert_eq!(names(&bench.file("node_modules")), [""; 0]);
    state(&right);
    bench.done("install lies");
    bench.registry.replace_tarball("lies", "1.0.0", Archive::new().file("package/package.json", "{}").gzip());
    bench.forget();
    assert!(bench.refused("ci").contains("EINTEGRITY"));
}

#[test]
fn a_tarball_can_be_elsewhere() {
    let (bench, other) = (Bench::new(), NpmRegistry::start());
    bench.registry.publish("lies", "1.0.0", &[]);
    other.publish("lies", "1.0.0", &[("found", "elsewhere")]);
    let url = format!("{}/lies/-/lies-1.0.0.tgz", other.url());
    bench.registry.edit("lies", |packument| packument["versions"]["1.0.0"]["dist"] = json!({"tarball": url}));
    bench.done("install lies");
    assert_eq!(other.requests(), ["GET /lies/-/lies-1.0.0.tgz"]);
    assert_eq!(bench.read("node_modules/lies/found"), "elsewhere");
}

#[test]
fn scripts_are_in_the_packument() {
    let bench = Bench::new();
    let manifest = r#"{"name":"other","version":"9.9.9","scripts":{"postinstall":"true"}}"#;
    bench.registry.publish("scripted", "1.0.0", &[("package.json", manifest)]);
    bench.registry.edit("scripted", |packument| {
        let version = &packument["versions"]["1.0.0"];
        assert_eq!((&version["name"], &version["version"]), (&json!("scripted"), &json!("1.0.0")));
        assert_eq!(version["hasInstallScript"], json!(true));
    });
}
