//! What a plugin sees of the environment.

/// Variables that every plugin inherits, beside `LC_*`.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "TERM",
    "USER",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
];

/// Returns whether a plugin inherits the environment variable of this name. Nothing else reaches it
/// unless its manifest asks for it and the user grants it.
///
/// ```
/// assert!(prizm_protocol::is_inherited("LC_ALL"));
/// assert!(!prizm_protocol::is_inherited("LD_PRELOAD"));
/// ```
pub fn is_inherited(name: &str) -> bool {
    INHERITED.contains(&name) || name.starts_with("LC_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_list_is_inherited() {
        for name in ["PATH", "LC_ALL", "https_proxy", "SSL_CERT_FILE"] {
            assert!(is_inherited(name), "{name}");
        }
        for name in ["AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "PYTHONPATH", "path", "NODE_OPTIONS"] {
            assert!(!is_inherited(name), "{name}");
        }
    }
}
