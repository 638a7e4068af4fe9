//! What one service of a Compose file may ask for.

use serde_json::Value;

use super::{Judge, is_empty, is_false, shown};
use crate::backend::compose::mounts::Mount;
use crate::backend::compose::ports::Published;
use crate::backend::compose::raw::is_inside;
use crate::backend::compose::table;
use crate::spec::grant;

/// Keys that can do no harm, whatever they say, or that are replaced.
const HARMLESS: &[&str] = &[
    "annotations",
    "attach",
    "cap_drop",
    "command",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_shares",
    "cpus",
    "cpuset",
    "depends_on",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "labels",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "networks",
    "pids_limit",
    "platform",
    "profiles",
    "pull_policy",
    "read_only",
    "restart",
    "scale",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "tmpfs",
    "tty",
    "ulimits",
    "user",
    "working_dir",
];

/// Keys of a build that can do no harm.
const HARMLESS_BUILD: &[&str] =
    &["args", "labels", "target", "shm_size", "no_cache", "pull", "cache_from", "platforms"];

impl Judge<'_> {
    pub(super) fn service(&mut self, name: &str, service: &Value) {
        for (key, value) in service.as_object().into_iter().flatten() {
            let path = format!("services.{name}.{key}");
            match key.as_str() {
                key if HARMLESS.contains(&key) || key.starts_with("x-") => {}
                _ if is_empty(value) || is_false(value) => {}
                "privileged" => {
                    self.unless(grant::PRIVILEGED.to_owned(), path, "all rights over this machine".to_owned())
                }
                "network_mode" => self.network_mode(path, value),
                "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" => self.namespace(path, value),
                "cap_add" => {
                    for name in words(value) {
                        let what = format!("the capability `{}`", name.escape_debug());
                        self.unless(format!("{}{name}", grant::CAPABILITY), path.clone(), what);
                    }
                }
                "devices" => {
                    for device in words(value) {
                        let host = device.split(':').next().unwrap_or_default();
                        let what = format!("the device `{}`", host.escape_debug());
                        self.unless(format!("{}{host}", grant::DEVICE), path.clone(), what);
                    }
                }
                "security_opt" => {
                    for option in words(value).iter().filter(|option| !option.starts_with("no-new-privileges")) {
                        self.never(path.clone(), format!("`{}` loosens what keeps it in", option.escape_debug()));
                    }
                }
                "sysctls" => self.sysctls(&path, value),
                "volumes" => self.mounts(&path, value),
                "volumes_from" => {
                    for from in words(value).iter().filter(|from| from.starts_with("container:")) {
                        self.never(path.clone(), format!("`{}` is a container of somebody else", from.escape_debug()));
                    }
                }
                "ports" => self.ports(&path, value),
                "build" => self.build(&path, value),
                "deploy" => self.deploy(&path, value),
                "secrets" | "configs" => {}
                "post_start" | "pre_stop" => self.hooks(&path, value),
                _ => self.never(path, format!("`{}`: nobody knows that it is harmless", shown(value))),
            }
        }
    }

    fn network_mode(&mut self, path: String, value: &Value) {
        match value.as_str().unwrap_or_default() {
            "bridge" | "none" => {}
            service if service.starts_with("service:") => {}
            "host" => self.unless(grant::HOST_NETWORK.to_owned(), path, "the network of this machine".to_owned()),
            _ => self.never(path, format!("`{}` is a network of somebody else", shown(value))),
        }
    }

    fn namespace(&mut self, path: String, value: &Value) {
        let word = value.as_str().unwrap_or_default();
        if !matches!(word, "private" | "shareable" | "none") && !word.starts_with("service:") {
            self.never(path, format!("`{}` is a namespace of this machine, or of somebody else", shown(value)));
        }
    }

    fn sysctls(&mut self, path: &str, value: &Value) {
        let listed = words(value);
        let names = table(Some(value)).map(|(name, _)| name.clone()).chain(listed);
        for name in names.filter(|name| !name.starts_with("net.")) {
            self.never(path.to_owned(), format!("`{}` is a setting of this machine's kernel", name.escape_debug()));
        }
    }

    fn mounts(&mut self, path: &str, value: &Value) {
        for mount in value.as_array().into_iter().flatten() {
            let Some(mount) = Mount::read(mount) else {
                self.never(path.to_owned(), format!("`{}` is no mount", shown(mount)));
                continue;
            };
            let Some(host) = mount.host_path() else { continue };
            if is_inside(self.root, host) {
                continue;
            }
            let real = std::path::Path::new(host).canonicalize();
            let real = real.map_or_else(|_| host.to_owned(), |real| real.to_string_lossy().into_owned());
            if real.ends_with("/docker.sock") || host.ends_with("/docker.sock") {
                let what = "the engine's own socket, which is worth all rights over this machine";
                self.unless(grant::DOCKER_SOCKET.to_owned(), path.to_owned(), what.to_owned());
            } else {
                let what = format!("`{}` of this machine", real.escape_debug());
                self.unless(format!("{}{real}", grant::MOUNT), path.to_owned(), what);
            }
        }
    }

    fn ports(&mut self, path: &str, value: &Value) {
        for port in value.as_array().into_iter().flatten() {
            let published = Published::read(port);
            if let Some(address) = published.address.filter(|_| published.is_public) {
                let what = format!("a port of `{}`, which other machines can reach", address.escape_debug());
                self.unless(grant::PUBLIC_PORTS.to_owned(), path.to_owned(), what);
            }
        }
    }

    fn build(&mut self, path: &str, value: &Value) {
        let short = value.as_str().map(|context| serde_json::json!({ "context": context }));
        let build = short.as_ref().unwrap_or(value);
        let context = build.get("context").and_then(Value::as_str).unwrap_or(".");
        for (key, value) in build.as_object().into_iter().flatten() {
            let at = format!("{path}.{key}");
            let text = value.as_str().unwrap_or_default();
            match key.as_str() {
                key if HARMLESS_BUILD.contains(&key) => {}
                _ if is_empty(value) || is_false(value) => {}
                "context" if is_inside(self.root, text) => {}
                "context" => self.never(at, format!("`{}` is no directory of the service's own", shown(value))),
                "dockerfile" if is_inside(self.root, &format!("{context}/{text}")) || is_inside(self.root, text) => {}
                "dockerfile" => self.never(at, format!("`{}` is no file of the service's own", shown(value))),
                "dockerfile_inline" | "extra_hosts" | "tags" | "isolation" | "provenance" | "sbom" => {}
                "network" if matches!(text, "default" | "none") => {}
                _ => self.never(at, format!("`{}`: a build is kept to the service's own files", shown(value))),
            }
        }
    }

    fn deploy(&mut self, path: &str, value: &Value) {
        let devices = value.pointer("/resources/reservations/devices").and_then(Value::as_array);
        for device in devices.into_iter().flatten() {
            let driver = device.get("driver").and_then(Value::as_str).unwrap_or("nvidia");
            if driver != "nvidia" {
                self.never(format!("{path}.resources.reservations.devices"), format!("`{}` is no GPU", shown(device)));
            }
        }
    }

    fn hooks(&mut self, path: &str, value: &Value) {
        let hooks = value.as_array().into_iter().flatten();
        if hooks.filter_map(|hook| hook.get("privileged")).any(|privileged| !is_false(privileged)) {
            let what = "all rights over this machine".to_owned();
            self.unless(grant::PRIVILEGED.to_owned(), format!("{path}.privileged"), what);
        }
    }
}

/// The words of a list; of a table with `source`, that.
fn words(value: &Value) -> Vec<String> {
    let word = |value: &Value| {
        let source = || value.get("source").and_then(Value::as_str);
        value.as_str().or_else(source).unwrap_or_default().to_owned()
    };
    value.as_array().into_iter().flatten().map(word).collect()
}
