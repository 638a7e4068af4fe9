use serde_json::json;

use super::*;

fn judged(file: &Value, grants: &[&str]) -> Vec<Refusal> {
    let root = tempfile::tempdir().unwrap();
    judged_in(file, root.path(), grants)
}

fn judged_in(file: &Value, root: &Path, grants: &[&str]) -> Vec<Refusal> {
    judge(file, root, &grants.iter().map(ToString::to_string).collect())
}

/// A file with one service.
fn service(service: Value) -> Value {
    json!({"services": {"a": service}})
}

#[test]
fn what_can_be_granted() {
    for (asked, path, grant) in [
        (json!({"privileged": true}), "privileged", "privileged"),
        (json!({"privileged": "true"}), "privileged", "privileged"),
        (json!({"network_mode": "host"}), "network_mode", "host-network"),
        (json!({"pid": "host"}), "pid", "privileged"),
        (json!({"ipc": "host"}), "ipc", "privileged"),
        (json!({"uts": "host"}), "uts", "privileged"),
        (json!({"userns_mode": "host"}), "userns_mode", "privileged"),
        (json!({"cgroup": "host"}), "cgroup", "privileged"),
        (json!({"volumes": ["/var/run/docker.sock:/s"]}), "volumes", "docker-socket"),
        (
            json!({"volumes": [{"type": "bind", "source": "/gone/docker.sock", "target": "/s"}]}),
            "volumes",
            "docker-socket",
        ),
        (json!({"volumes": ["/etc:/host:ro"]}), "volumes", "mount:/etc"),
        (json!({"volumes": ["/usr/../etc:/host"]}), "volumes", "mount:/etc"),
        (json!({"volumes": [{"type": "bind", "source": "/etc", "target": "/x"}]}), "volumes", "mount:/etc"),
        (json!({"cap_add": ["SYS_ADMIN"]}), "cap_add", "cap:SYS_ADMIN"),
        (json!({"cap_add": ["cap_net_admin"]}), "cap_add", "cap:NET_ADMIN"),
        (json!({"cap_add": ["ALL"]}), "cap_add", "cap:ALL"),
        (json!({"devices": ["/dev/null:/dev/x:rwm"]}), "devices", "device:/dev/null"),
        (json!({"devices": [{"source": "/dev/null", "target": "/dev/x"}]}), "devices", "device:/dev/null"),
        (json!({"devices": ["nvidia.com/gpu=all"]}), "devices", "device:nvidia.com/gpu=all"),
        (json!({"security_opt": ["seccomp:unconfined"]}), "security_opt", "privileged"),
        (json!({"security_opt": ["apparmor=unconfined"]}), "security_opt", "privileged"),
        (json!({"security_opt": ["label:disable"]}), "security_opt", "privileged"),
        (json!({"security_opt": ["no-new-privileges:false"]}), "security_opt", "privileged"),
        (json!({"ports": ["0.0.0.0:80:80"]}), "ports", "public-ports"),
        (json!({"ports": [{"target": 80, "host_ip": "::"}]}), "ports", "public-ports"),
        (json!({"post_start": [{"command": "x", "privileged": true}]}), "post_start.privileged", "privileged"),
        (json!({"pre_stop": [{"command": "x", "privileged": true}]}), "pre_stop.privileged", "privileged"),
    ] {
        let file = service(asked);
        let refusals = judged(&file, &[]);
        assert_eq!(refusals.len(), 1, "{file}: {refusals:?}");
        assert_eq!(refusals[0].path, format!("services.a.{path}"), "{file}");
        assert_eq!(refusals[0].grant.as_deref(), Some(grant), "{file}");
        assert!(refusals[0].what.starts_with('`'), "{refusals:?}");
        assert_eq!(judged(&file, &[grant]), [], "{file}");
    }
}

#[test]
fn what_cannot_be_granted() {
    let all = ["privileged", "host-network", "docker-socket", "public-ports", "mount:/", "cap:ALL", "device:/"];
    for (asked, path) in [
        (json!({"network_mode": "container:db"}), "network_mode"),
        (json!({"network_mode": "somebodys"}), "network_mode"),
        (json!({"pid": "container:db"}), "pid"),
        (json!({"ipc": "container:db"}), "ipc"),
        (json!({"volumes_from": ["container:db"]}), "volumes_from"),
        (json!({"volumes": ["/no/such/../path:/x"]}), "volumes"),
        (json!({"volumes": [{"type": "npipe", "source": "x", "target": "/x"}]}), "volumes"),
        (json!({"devices": ["/dev/gone/../mem"]}), "devices"),
        (json!({"sysctls": {"kernel.shmmax": 1}}), "sysctls"),
        (json!({"sysctls": ["fs.mqueue.msg_max=1"]}), "sysctls"),
        (json!({"runtime": "other"}), "runtime"),
        (json!({"cgroup_parent": "/x"}), "cgroup_parent"),
        (json!({"device_cgroup_rules": ["a *:* rwm"]}), "device_cgroup_rules"),
        (json!({"oom_kill_disable": true}), "oom_kill_disable"),
        (json!({"oom_score_adj": -1000}), "oom_score_adj"),
        (json!({"provider": {"type": "x"}}), "provider"),
        (json!({"credential_spec": {"file": "x"}}), "credential_spec"),
        (json!({"external_links": ["db"]}), "external_links"),
        (json!({"storage_opt": {"size": "1G"}}), "storage_opt"),
        (json!({"blkio_config": {"weight": 10}}), "blkio_config"),
        (json!({"use_api_socket": true}), "use_api_socket"),
        (json!({"whatever": "x"}), "whatever"),
        (json!({"build": {"context": "/etc"}}), "build.context"),
        (json!({"build": "/etc"}), "build.context"),
        (json!({"build": {"context": "https://git.example/x.git"}}), "build.context"),
        (json!({"build": {"context": ".", "dockerfile": "/etc/passwd"}}), "build.dockerfile"),
        (json!({"build": {"context": ".", "network": "host"}}), "build.network"),
        (json!({"build": {"context": ".", "privileged": true}}), "build.privileged"),
        (json!({"build": {"context": ".", "entitlements": ["security.insecure"]}}), "build.entitlements"),
        (json!({"build": {"context": ".", "ssh": ["default"]}}), "build.ssh"),
        (json!({"build": {"context": ".", "secrets": ["x"]}}), "build.secrets"),
        (json!({"build": {"context": ".", "additional_contexts": {"x": "/etc"}}}), "build.additional_contexts"),
        (json!({"build": {"context": ".", "cache_to": ["type=local,dest=/x"]}}), "build.cache_to"),
        (
            json!({"deploy": {"resources": {"reservations": {"devices": [{"driver": "cdi"}]}}}}),
            "deploy.resources.reservations.devices",
        ),
    ] {
        let file = service(asked);
        let refusals = judged(&file, &all);
        assert_eq!(refusals.len(), 1, "{file}: {refusals:?}");
        assert_eq!(refusals[0].path, format!("services.a.{path}"), "{file}");
        assert_eq!(refusals[0].grant, None, "{file}");
    }
}

#[test]
fn what_stands_beside_services() {
    for (file, path) in [
        (json!({"networks": {"n": {"external": true}}}), "networks.n.external"),
        (json!({"networks": {"n": {"external": {"name": "x"}}}}), "networks.n.external"),
        (json!({"networks": {"n": {"driver": "macvlan"}}}), "networks.n.driver"),
        (json!({"networks": {"n": {"driver_opts": {"parent": "eth0"}}}}), "networks.n.driver_opts"),
        (json!({"volumes": {"v": {"external": true}}}), "volumes.v.external"),
        (json!({"volumes": {"v": {"driver": "nfs"}}}), "volumes.v.driver"),
        (
            json!({"volumes": {"v": {"driver_opts": {"type": "none", "o": "bind", "device": "/"}}}}),
            "volumes.v.driver_opts",
        ),
        (json!({"secrets": {"s": {"file": "/etc/shadow"}}}), "secrets.s.file"),
        (json!({"secrets": {"s": {"environment": "AWS_SECRET"}}}), "secrets.s.environment"),
        (json!({"secrets": {"s": {"external": true}}}), "secrets.s.external"),
        (json!({"configs": {"c": {"file": "../../etc/shadow"}}}), "configs.c.file"),
        (json!({"models": {"m": {}}}), "models"),
        (json!({"include": []}), "include"),
    ] {
        let refusals = judged(&file, &[]);
        assert_eq!(refusals.len(), 1, "{file}: {refusals:?}");
        assert_eq!((refusals[0].path.as_str(), refusals[0].grant.as_deref()), (path, None), "{file}");
    }
}

#[test]
fn what_every_service_may_do() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path();
    std::fs::create_dir(path.join("conf")).unwrap();
    std::fs::write(path.join("Dockerfile"), "").unwrap();
    std::fs::write(path.join("key"), "").unwrap();
    let file = json!({
        "version": "3.8", "name": "x", "x-y": 1,
        "services": {"a": {
            "image": "i", "command": ["x"], "privileged": false, "security_opt": ["no-new-privileges:true"],
            "build": {"context": path, "dockerfile": "Dockerfile", "args": {"A": "1"}, "network": "none"},
            "ports": ["8080", "127.0.0.1:1:1", {"target": 80, "published": "80"}],
            "volumes": ["cache:/c", "/anonymous", "./conf:/x", {"type": "tmpfs", "target": "/t"}],
            "sysctls": {"net.core.somaxconn": 1}, "network_mode": "service:b", "pid": "service:b", "ipc": "private",
            "volumes_from": ["b:ro"], "cap_drop": ["ALL"], "devices": [], "provider": null,
            "deploy": {"replicas": 2, "resources": {"reservations": {"devices": [{"driver": "nvidia", "count": 1}]}}},
            "post_start": [{"command": "x"}], "secrets": [{"source": "s"}],
        }},
        "networks": {"default": {"name": "x", "ipam": {}, "driver": "bridge", "external": false}},
        "volumes": {"cache": {"name": "x", "driver": "local", "driver_opts": {}}, "plain": null},
        "secrets": {"s": {"file": path.join("key")}},
        "configs": {"c": {"content": "text"}},
    });
    assert_eq!(judged_in(&file, path, &[]), []);
}

#[test]
fn links_in_its_own_files_do_not_lead_out() {
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/etc", root.path().join("out")).unwrap();
    let link = root.path().join("out");
    let file = service(json!({"volumes": [{"type": "bind", "source": link, "target": "/x"}]}));
    assert_eq!(judged_in(&file, root.path(), &[])[0].grant.as_deref(), Some("mount:/etc"));
    let file = service(json!({"build": {"context": link}}));
    assert_eq!(judged_in(&file, root.path(), &[])[0].path, "services.a.build.context");
}

#[test]
fn a_grant_of_a_path_covers_what_is_below_and_nothing_beside() {
    let file = service(json!({"volumes": ["/usr/lib:/x"]}));
    for (granted, good) in [("mount:/usr", true), ("mount:/usr/", true), ("mount:/usr/lib", true), ("mount:/", true)]
        .into_iter()
        .chain([("mount:/usr/li", false), ("mount:/usr/lib/x", false), ("device:/usr", false), ("mount:", false)])
    {
        assert_eq!(judged(&file, &[granted]).is_empty(), good, "{granted}");
    }
}

#[test]
fn everything_is_reported_at_once() {
    let file = json!({
        "services": {"a": {"privileged": true, "cap_add": ["A", "B"]}, "b": {"pid": "host"}},
        "volumes": {"v": {"external": true}},
    });
    assert_eq!(judged(&file, &[]).len(), 5);
}
