//! Why nothing could be examined at all.

/// Why nothing could be examined at all. What is wrong with a plugin is in the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to start.
    #[error("no command was given")]
    NoCommand,
    /// The program is not there.
    #[error("cannot start `{command}`: no executable `{program}` was found")]
    NoProgram {
        /// The whole command.
        command: String,
        /// Its program.
        program: String,
    },
    /// The system does not start it.
    #[error("cannot start `{command}`: {source}")]
    Start {
        /// The whole command.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such rule.
    #[error("there is no rule `{id}` for plugins")]
    NoSuchRule {
        /// What was asked for.
        id: String,
    },
    /// What the user gave for the jobs cannot be used.
    #[error("{0}")]
    Input(String),
    /// The machine failed.
    #[error("{0}")]
    Machine(String),
    /// The user wants no more.
    #[error("interrupted")]
    Interrupted,
}
