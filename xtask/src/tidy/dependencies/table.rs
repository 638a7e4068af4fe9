//! The dependency table: crates/README.md draws it, this holds it.

/// What one crate may depend on.
#[derive(Debug)]
pub struct Row {
    /// The crate.
    pub name: &'static str,
    /// The crates of the workspace that it may depend on, in any section of its manifest.
    pub may: May,
    /// What it does not know, as the rest of a sentence that begins with "it".
    pub ignorance: &'static str,
}

/// Some of the workspace's crates, or all.
#[derive(Debug)]
pub enum May {
    /// These and no others.
    DependOn(&'static [&'static str]),
    /// Any.
    DependOnEverything,
}

const fn row(name: &'static str, may: &'static [&'static str], ignorance: &'static str) -> Row {
    Row { name, may: May::DependOn(may), ignorance }
}

/// Every crate of the workspace, from the bottom up.
pub const TABLE: &[Row] = &[
    row("prizm-protocol", &[], "knows no I/O, no runtime, and not who is speaking"),
    row("prizm-plugin", &["prizm-protocol"], "knows no host, no registry and no URL"),
    row("prizm-install", &["prizm-protocol"], "knows no JSON-RPC and runs no plugin"),
    row("prizm-host", &["prizm-protocol"], "knows no git, no npm, no URL and no store"),
    row("prizm-service", &["prizm-install", "prizm-protocol"], "knows no JSON-RPC and no plugin"),
    row("prizm-route", &["prizm-protocol"], "knows no I/O, no clock, no chance and no plugin"),
    row("prizm-ledger", &[], "knows no clock, no runtime, and not what it keeps"),
    row(
        "prizm-registry",
        &["prizm-host", "prizm-install", "prizm-ledger", "prizm-protocol", "prizm-route", "prizm-service"],
        "knows no terminal and no command line",
    ),
    row("prizm-conformance", &["prizm-protocol"], "is an oracle independent of the host"),
    row("prizm-canvas", &["prizm-plugin"], "is a plugin like any other and has only the SDK"),
    row("prizm-relief", &["prizm-plugin", "prizm-canvas"], "is a plugin, and beside the SDK has only canvas's reading"),
    row(
        "prizm-cli",
        &["prizm-registry", "prizm-conformance", "prizm-canvas", "prizm-relief"],
        "knows no protocol frames",
    ),
    Row { name: "prizm-tests", may: May::DependOnEverything, ignorance: "is where everything meets" },
    row("xtask", &[], "must run when the workspace does not compile"),
];

/// Crates from elsewhere, with those whose names begin with theirs and a hyphen, that only one crate may name.
pub const ONLY: &[(&str, &str)] = &[
    ("jsonrpsee", "prizm-host"),
    ("git2", "prizm-install"),
    ("bollard", "prizm-service"),
    ("rusqlite", "prizm-ledger"),
];

/// Crates from elsewhere that a crate must do without, and why.
pub const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("prizm-protocol", &["tokio", "libc", "rustix"], "has no I/O and no runtime"),
    ("prizm-ledger", &["tokio"], "blocks, and its callers have the runtime"),
    ("prizm-route", &["tokio", "libc", "rustix", "fastrand", "rand", "tracing"], "is a pure function"),
];
