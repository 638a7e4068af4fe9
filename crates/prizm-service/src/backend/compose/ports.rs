//! Ports as Compose files write them, in two forms.

use std::net::IpAddr;

use serde_json::Value;

/// A port that a file publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Published {
    /// The address of this machine, where one is named.
    pub(super) address: Option<String>,
    /// Whether that address is named and is not the loopback's.
    pub(super) is_public: bool,
}

impl Published {
    pub(super) fn read(port: &Value) -> Self {
        let address = match port {
            Value::String(text) => of_text(text),
            port => {
                port.get("host_ip").and_then(Value::as_str).filter(|address| !address.is_empty()).map(str::to_owned)
            }
        };
        let is_loopback = |address: &String| {
            let address = address.trim_matches(['[', ']']);
            address == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        };
        let is_public = address.as_ref().is_some_and(|address| !is_loopback(address));
        Self { address, is_public }
    }
}

/// `ADDRESS:HOST:CONTAINER`, `HOST:CONTAINER` or `CONTAINER`.
fn of_text(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').map(|(address, _)| address.to_owned());
    }
    let parts: Vec<_> = text.split(':').collect();
    match parts[..] {
        [_] | [_, _] => None,
        // IPv6 without brackets has more than three.
        [.., _, _] => Some(parts[..parts.len() - 2].join(":")),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_named_address_is_public() {
        for (port, public) in [
            (json!("8080"), false),
            (json!(8080), false),
            (json!("8080:80"), false),
            (json!("127.0.0.1:8080:80"), false),
            (json!("127.0.0.1::80"), false),
            (json!("[::1]:8080:80"), false),
            (json!("0.0.0.0:8080:80/udp"), true),
            (json!("192.168.1.5::80"), true),
            (json!("::1:8080:80"), false),
            (json!("[::]:8080:80"), true),
            (json!({"target": 80, "published": "8080"}), false),
            (json!({"target": 80, "host_ip": "0.0.0.0"}), true),
            (json!({"target": 80, "host_ip": "127.0.0.1"}), false),
        ] {
            assert_eq!(Published::read(&port).is_public, public, "{port}");
        }
    }
}
