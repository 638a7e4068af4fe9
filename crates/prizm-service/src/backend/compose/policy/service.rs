//! What one service of a Compose file may ask for.

use std::path::Path;

use serde_json::Value;

use super::{Judge, is_empty, is_false, shown};
use crate::backend::compose::mounts::Mount;
use crate::backend::compose::paths::own;
use crate::backend::compose::ports::Published;
use crate::backend::compose::table;
use crate::spec::grant;

/// Keys that can do no harm, whatever they say, or that are replaced.
const HARMLESS: &[&str] = &[
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

impl Judge<'_> {
    pub(super) fn service(&mut self, name: &str, service: &Value) {
        for (key, value) in service.as_object().into_iter().flatten() {
            let path = format!("services.{name}.{key}");
            match key.as_str() {
                key if HARMLESS.contains(&key) => {}
                _ if is_empty(value) || is_false(value) => {}
                "privileged" => self.rights(path, value),
                "network_mode" => self.network_mode(path, value),
                "pid" | "ipc" | "uts" | "userns_mode" | "cgroup" => self.namespace(path, value),
                "cap_add" => self.capabilities(&path, value),
                "devices" => self.devices(&path, value),
                "security_opt" => {
                    let tight = ["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"];
                    for option in words(value).iter().filter(|option| !tight.contains(&option.as_str())) {
                        let what = format!("`{}`: it loosens what keeps the container in", option.escape_debug());
                        self.unless(grant::PRIVILEGED.to_owned(), path.clone(), what);
                    }
                }
                "sysctls" => self.sysctls(&path, value),
                "volumes" => self.mounts(&path, value),
                "volumes_from" => {
                    for from in words(value).iter().filter(|from| from.starts_with("container:")) {
                        let what = format!("`{}`: it is a container of somebody else", from.escape_debug());
                        self.never(path.clone(), what);
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

    fn rights(&mut self, path: String, value: &Value) {
        let what = format!("`{}`: all rights over this machine", shown(value));
        self.unless(grant::PRIVILEGED.to_owned(), path, what);
    }

    fn network_mode(&mut self, path: String, value: &Value) {
        match value.as_str().unwrap_or_default() {
            "bridge" | "default" | "none" => {}
            service if service.starts_with("service:") => {}
            "host" => {
                self.unless(grant::HOST_NETWORK.to_owned(), path, "`host`: the network of this machine".to_owned())
            }
            _ => self.never(path, format!("`{}`: it is a network of somebody else", shown(value))),
        }
    }

    fn namespace(&mut self, path: String, value: &Value) {
        match value.as_str().unwrap_or_default() {
            "private" | "shareable" | "none" => {}
            service if service.starts_with("service:") => {}
            "host" => self.rights(path, value),
            _ => self.never(path, format!("`{}`: it is of somebody else", shown(value))),
        }
    }

    fn capabilities(&mut self, path: &str, value: &Value) {
        for name in words(value) {
            let plain = name.to_ascii_uppercase();
            let plain = plain.strip_prefix("CAP_").unwrap_or(&plain);
            let what = format!("`{}`: a capability that containers do not have by themselves", name.escape_debug());
            self.unless(format!("{}{plain}", grant::CAPABILITY), path.to_owned(), what);
        }
    }

    fn devices(&mut self, path: &str, value: &Value) {
        for device in words(value) {
            let host = device.split(':').next().unwrap_or_default();
            // What is named by a path is that to which it leads.
            let real = match Path::new(host).is_absolute() {
                true => Path::new(host).canonicalize().ok().map(|real| real.to_string_lossy().into_owned()),
                false => Some(device.clone()),
            };
            match real {
                Some(real) => {
                    let what = format!("`{}`: a device of this machine", device.escape_debug());
                    self.unless(format!("{}{real}", grant::DEVICE), path.to_owned(), what);
                }
                None => self.never(path.to_owned(), format!("`{}`: there is no such device", device.escape_debug())),
            }
        }
    }

    fn sysctls(&mut self, path: &str, value: &Value) {
        let names = table(Some(value)).map(|(name, _)| name.clone()).chain(words(value));
        for name in names.filter(|name| !name.starts_with("net.")) {
            self.never(path.to_owned(), format!("`{}`: a setting of this machine's kernel", name.escape_debug()));
        }
    }

    fn mounts(&mut self, path: &str, value: &Value) {
        for mount in value.as_array().into_iter().flatten() {
            let Some(read) = Mount::read(mount) else {
                self.never(path.to_owned(), format!("`{}`: no mount that is known", shown(mount)));
                continue;
            };
            let Some(host) = read.host_path().filter(|host| own(self.root, host).is_none()) else { continue };
            let real = Path::new(host).canonicalize().map(|real| real.to_string_lossy().into_owned());
            let is_socket = |path: &str| path.ends_with("/docker.sock");
            if is_socket(host) || real.as_ref().is_ok_and(|real| is_socket(real)) {
                let what = "the engine's own socket, which is worth all rights over this machine";
                let what = format!("`{}`: {what}", host.escape_debug());
                self.unless(grant::DOCKER_SOCKET.to_owned(), path.to_owned(), what);
                continue;
            }
            match real {
                Ok(real) => {
                    let what = format!("`{}`: it is not among the service's own files", host.escape_debug());
                    self.unless(format!("{}{real}", grant::MOUNT), path.to_owned(), what);
                }
                Err(_) => {
                    let what = "there is no such path; what is written belongs into a volume of the file";
                    self.never(path.to_owned(), format!("`{}`: {what}", host.escape_debug()));
                }
            }
        }
    }

    fn ports(&mut self, path: &str, value: &Value) {
        for port in value.as_array().into_iter().flatten() {
            let published = Published::read(port);
            if let Some(address) = published.address.filter(|_| published.is_public) {
                let what = format!("`{}`: an address that other machines can reach", address.escape_debug());
                self.unless(grant::PUBLIC_PORTS.to_owned(), path.to_owned(), what);
            }
        }
    }

    fn deploy(&mut self, path: &str, value: &Value) {
        let devices = value.pointer("/resources/reservations/devices").and_then(Value::as_array);
        for device in devices.into_iter().flatten() {
            let driver = device.get("driver").and_then(Value::as_str).unwrap_or("nvidia");
            if !matches!(driver, "nvidia" | "") {
                let path = format!("{path}.resources.reservations.devices");
                self.never(path, format!("`{}`: it is no GPU that is known", shown(device)));
            }
        }
    }

    fn hooks(&mut self, path: &str, value: &Value) {
        for hook in value.as_array().into_iter().flatten() {
            if let Some(privileged) = hook.get("privileged").filter(|privileged| !is_false(privileged)) {
                self.rights(format!("{path}.privileged"), privileged);
            }
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
