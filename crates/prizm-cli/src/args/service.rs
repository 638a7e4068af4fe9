//! `prizm service`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with services.
#[derive(Subcommand)]
pub(crate) enum ServiceCommand {
    /// Start a service, and let it run until it is stopped
    ///
    /// It is installed where it is not, as a provider is, and this returns when it is ready. One that a provider
    /// has started is the same, where its configuration is the same; it is not stopped any more when nobody
    /// uses it.
    Start(Start),
    /// Stop a service, whoever uses it
    ///
    /// Its containers, networks and temporary files are removed; volumes that persist stay.
    Stop(Stop),
    /// Tell what runs, and where
    Status(Status),
    /// Print what a service writes
    Logs(Logs),
    /// Remove what nobody owns any more: after a crash, or with a PRIZM_HOME that is gone
    Gc(Gc),
    /// Own the instance in a directory until it has stopped
    #[command(hide = true)]
    Keep {
        /// The instance's directory
        directory: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Start {
    /// The service: an id or a URL
    pub(crate) service: String,
    /// A key of its serviceConfig, such as memory=8GB; may be given many times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Stop {
    /// The services: ids, URLs, or names of instances, as `prizm service status` lists them
    #[arg(value_name = "SERVICE", required_unless_present = "all")]
    pub(crate) services: Vec<String>,
    /// Stop all of them
    #[arg(long, conflicts_with = "services")]
    pub(crate) all: bool,
    /// Remove its volumes as well, and what is in them
    #[arg(long)]
    pub(crate) purge: bool,
}

#[derive(Args)]
pub(crate) struct Status {
    /// Only these: ids, URLs, or names of instances
    #[arg(value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Logs {
    /// The service: an id, a URL, or the name of an instance
    pub(crate) service: String,
    /// How many lines of each process or container
    #[arg(short = 'n', long, default_value_t = 100)]
    pub(crate) lines: usize,
    /// Go on with what is written from now on
    #[arg(short, long)]
    pub(crate) follow: bool,
}

#[derive(Args)]
pub(crate) struct Gc {
    /// Only tell what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
}
