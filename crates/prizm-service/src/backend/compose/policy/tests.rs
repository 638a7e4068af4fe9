use serde_json::json;

use super::*;
use crate::backend::compose::raw;

fn judge_of(text: &str, root: &Path, grants: &[&str]) -> Vec<(String, Option<String>)> {
    let grants = grants.iter().map(ToString::to_string).collect();
    let file = raw::parse(text).unwrap();
    judge(&file, root, &grants).into_iter().map(|refusal| (refusal.path, refusal.grant)).collect()
}

/// A service with one more line.
fn with(line: &str) -> String {
    format!("services:\n  api:\n    image: x\n    {line}\n")
}

#[test]
fn what_reaches_this_machine_is_refused_until_it_is_granted() {
    let root = tempfile::tempdir().unwrap();
    for (line, key, grant) in [
        ("privileged: true", "privileged", "privileged"),
        ("network_mode: host", "network_mode", "host-network"),
        ("cap_add: [SYS_ADMIN]", "cap_add", "cap:SYS_ADMIN"),
        ("devices: [\"/dev/kvm:/dev/kvm\"]", "devices", "device:/dev/kvm"),
        ("devices: [{source: /dev/kvm, target: /x, permissions: rwm}]", "devices", "device:/dev/kvm"),
        ("ports: [\"0.0.0.0:80:80\"]", "ports", "public-ports"),
        ("ports: [{target: 80, host_ip: \"::\"}]", "ports", "public-ports"),
        ("volumes: [\"/:/host\"]", "volumes", "mount:/"),
        ("volumes: [{type: bind, source: /etc, target: /x}]", "volumes", "mount:/etc"),
        ("volumes: [\"/nowhere/docker.sock:/x\"]", "volumes", "docker-socket"),
        ("post_start: [{command: x, privileged: true}]", "post_start.privileged", "privileged"),
    ] {
        let expected = [(format!("services.api.{key}"), Some(grant.to_owned()))];
        assert_eq!(judge_of(&with(line), root.path(), &[]), expected, "{line}");
        assert_eq!(judge_of(&with(line), root.path(), &[grant]), [], "{line}");
    }
    assert_eq!(judge_of(&with("volumes: [\"/etc/ssl:/x\"]"), root.path(), &["mount:/etc"]), []);
    assert_eq!(judge_of(&with("volumes: [\"/etcetera:/x\"]"), root.path(), &["mount:/etc"]).len(), 1);
    assert_eq!(judge_of(&with("cap_add: [SYS_ADMIN]"), root.path(), &["cap:SYS"]).len(), 1);
}

#[test]
fn what_cannot_be_granted_is_refused_whatever_is() {
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/etc", root.path().join("link")).unwrap();
    let grants = ["privileged", "host-network", "docker-socket", "public-ports", "mount:/", "cap:ALL", "device:/dev"];
    for (line, key) in [
        ("pid: host", "pid"),
        ("ipc: host", "ipc"),
        ("ipc: container:other", "ipc"),
        ("uts: host", "uts"),
        ("userns_mode: host", "userns_mode"),
        ("cgroup: host", "cgroup"),
        ("cgroup_parent: /x", "cgroup_parent"),
        ("network_mode: container:other", "network_mode"),
        ("security_opt: [\"seccomp:unconfined\"]", "security_opt"),
        ("security_opt: [\"apparmor=unconfined\"]", "security_opt"),
        ("sysctls: {kernel.shmmax: 1}", "sysctls"),
        ("sysctls: [\"vm.overcommit_memory=1\"]", "sysctls"),
        ("volumes_from: [\"container:other\"]", "volumes_from"),
        ("external_links: [other]", "external_links"),
        ("runtime: runc", "runtime"),
        ("device_cgroup_rules: [\"a *:* rwm\"]", "device_cgroup_rules"),
        ("oom_kill_disable: true", "oom_kill_disable"),
        ("storage_opt: {size: 1G}", "storage_opt"),
        ("credential_spec: {file: x}", "credential_spec"),
        ("provider: {type: x}", "provider"),
        ("use_api_socket: true", "use_api_socket"),
        ("what_comes_next: 1", "what_comes_next"),
        ("volumes: [{type: npipe, source: a, target: b}]", "volumes"),
        ("build: /etc", "build.context"),
        ("build: https://example.com/x.git", "build.context"),
        ("build: {context: link}", "build.context"),
        ("build: {context: ., dockerfile: ../../etc/passwd}", "build.dockerfile"),
        ("build: {context: ., additional_contexts: {x: /etc}}", "build.additional_contexts"),
        ("build: {context: ., network: host}", "build.network"),
        ("build: {context: ., ssh: [default]}", "build.ssh"),
        ("build: {context: ., privileged: true}", "build.privileged"),
        ("build: {context: ., secrets: [x]}", "build.secrets"),
    ] {
        let expected = [(format!("services.api.{key}"), None)];
        assert_eq!(judge_of(&with(line), root.path(), &grants), expected, "{line}");
    }
    for (text, path) in [
        ("networks: {a: {external: true}}", "networks.a.external"),
        ("networks: {a: {driver: host}}", "networks.a.driver"),
        ("networks: {a: {driver: macvlan}}", "networks.a.driver"),
        ("networks: {a: {driver_opts: {parent: eth0}}}", "networks.a.driver_opts"),
        ("volumes: {a: {external: true}}", "volumes.a.external"),
        ("volumes: {a: {driver_opts: {type: none, o: bind, device: /}}}", "volumes.a.driver_opts"),
        ("volumes: {a: {driver: rexray}}", "volumes.a.driver"),
        ("secrets: {a: {file: /etc/shadow}}", "secrets.a.file"),
        ("secrets: {a: {environment: HOME}}", "secrets.a.environment"),
        ("configs: {a: {external: true}}", "configs.a.external"),
        ("models: {a: {}}", "models"),
    ] {
        assert_eq!(judge_of(text, root.path(), &grants), [(path.to_owned(), None)], "{text}");
    }
}

#[test]
fn an_ordinary_file_is_taken() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("site")).unwrap();
    std::fs::write(root.path().join("Dockerfile"), "FROM scratch").unwrap();
    std::fs::write(root.path().join("secret"), "x").unwrap();
    let path = root.path().display();
    let text = format!(
        "version: '3.9'\nname: x\nx-common: {{}}\nservices:\n  api:\n    build: {{context: {path}, dockerfile: Dockerfile, args: {{A: b}}}}\n    \
         command: null\n    container_name: fixed\n    depends_on: {{db: {{condition: service_started, required: true}}}}\n    \
         deploy: {{resources: {{limits: {{memory: 1G}}, reservations: {{devices: [{{driver: nvidia, count: 1, capabilities: [gpu]}}]}}}}}}\n    \
         environment: {{A: b}}\n    healthcheck: {{test: [CMD, x]}}\n    networks: {{default: null}}\n    \
         ports: [{{mode: ingress, target: 80, published: '80', protocol: tcp}}, '8080:80', '127.0.0.1::80']\n    \
         restart: always\n    secrets: [{{source: s, target: /x}}]\n    security_opt: [no-new-privileges:true]\n    \
         sysctls: {{net.core.somaxconn: 1024}}\n    ulimits: {{nofile: 1024}}\n    \
         volumes: ['{path}/site:/site', 'cache:/cache', {{type: volume, source: cache, target: /y, volume: {{}}}}]\n  \
         db: {{image: y, network_mode: 'service:api', privileged: false, devices: []}}\n\
         networks: {{default: {{name: x_default, ipam: {{}}, external: false}}}}\nvolumes: {{cache: {{name: x_cache}}}}\n\
         secrets: {{s: {{name: x_s, file: {path}/secret}}}}\n"
    );
    assert_eq!(judge_of(&text, root.path(), &[]), []);
}

#[test]
fn a_file_refers_to_nothing_beyond_its_own() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("own.env"), "A=b").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.path().join("link.env")).unwrap();
    let faults = |text: &str| raw::faults(&raw::parse(text).unwrap(), root.path());
    for bad in [
        "include: [other.yml]",
        "services: {a: {extends: {file: other.yml, service: b}}}",
        "services: {a: {label_file: own.env}}",
        "services: {a: {env_file: /etc/passwd}}",
        "services: {a: {env_file: [own.env, ../../etc/passwd]}}",
        "services: {a: {env_file: [{path: link.env, required: false}]}}",
        "services: {a: {env_file: absent.env}}",
    ] {
        assert_eq!(faults(bad).len(), 1, "{bad}");
    }
    for good in
        ["services: {a: {env_file: own.env}}", "services: {a: {extends: {service: b}}, b: {image: x}}", "services: {}"]
    {
        assert_eq!(faults(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn yaml_that_would_fill_memory_is_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(raw::parse(&bomb).is_err());
    let deep = format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(raw::parse(&deep).is_err());
    assert!(raw::parse("[1]").is_err());
    assert_eq!(raw::parse("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2").unwrap()["c"], json!({"b": 1, "d": 2}));
}
