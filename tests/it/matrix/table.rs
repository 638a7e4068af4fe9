//! The table: each rule for plugins, and the mode that breaks it.

/// A rule and the mode that breaks it.
pub struct Row {
    /// The rule.
    pub rule: &'static str,
    /// The mode and its options.
    pub mode: &'static str,
    /// Rules that cannot but be broken with it, and why.
    pub also: &'static [(&'static str, &'static str)],
}

const fn row(rule: &'static str, mode: &'static str) -> Row {
    Row { rule, mode, also: &[] }
}

impl Row {
    /// Names a rule that cannot but be broken too.
    const fn also(self, also: &'static [(&'static str, &'static str)]) -> Self {
        Self { also, ..self }
    }
}

/// Why DE-15 is broken by a declaration that says what no manifest can say.
const NO_MANIFEST: &[(&str, &str)] = &[("DE-15", "No manifest says what is malformed.")];

/// Every rule for plugins.
pub const ROWS: &[Row] = &[
    row("CH-1", "frame-without-jsonrpc"),
    row("CH-2", "no-line-before-frames"),
    row("CH-3", "noise-between-frames --count 2"),
    row("CH-4", "dies-at-crlf"),
    row("CH-5", "dies-at-bom"),
    row("CH-6", "dies-at-noise"),
    row("CH-7", "answers-noise"),
    row("CH-8", "dies-at-unknown-notification"),
    row("CH-9", "ids-as-floats"),
    row("CH-10", "forgets-long-lines"),
    row("CH-11", "dies-at-oversized-line"),
    row("CH-12", "forgets-the-limit"),
    row("CH-13", "answers-twice"),
    row("CH-14", "fake-response-unknown-id"),
    row("CH-15", "notifies-without-dollar"),
    row("ST-1", "never-answer-initialize"),
    // Between the 3 s of this rule and the 10 s of the one before, with the patience of these tests.
    row("ST-2", "slow-initialize --ms 1400"),
    row("ST-3", "speaks-first"),
    row("ST-4", "works-before-initialize"),
    row("ST-5", "wants-one-version"),
    row("ST-6", "takes-any-version"),
    row("ST-7", "hides-its-versions"),
    row("ST-8", "initializes-again"),
    row("ST-9", "another-version-each-start"),
    row("ST-10", "runs-without-cookie"),
    row("ST-11", "breaks-before-configure"),
    row("DE-1", "malformed-model"),
    row("DE-2", "bad-id").also(NO_MANIFEST),
    row("DE-3", "bad-version"),
    row("DE-4", "unknown-capability").also(NO_MANIFEST),
    row("DE-5", "capability-twice"),
    row("DE-6", "capability-without-model"),
    row("DE-7", "model-outside-capabilities"),
    row("DE-8", "duplicate-models"),
    row("DE-9", "options-of-no-capability"),
    row("DE-10", "bad-schema"),
    row("DE-11", "bad-price"),
    row("DE-12", "limit-too-large"),
    row("DE-13", "bad-config-schema"),
    row("DE-14", "shown-secret"),
    row("DE-15", "id-differs"),
    row("DE-16", "no-type"),
    row("DE-17", "unpriced-model"),
    row("DE-18", "undescribed-option"),
    row("CF-1", "configure-not-ready"),
    row("CF-2", "configures-once"),
    row("CF-3", "takes-any-setting"),
    row("CF-4", "startup-while-working"),
    row("CF-5", "prints-secret"),
    row("ME-1", "answers-unknown-methods"),
    row("ME-2", "ping-says-pong"),
    row("ME-3", "models-drift"),
    row("ME-4", "health-lies"),
    row("ME-5", "estimate-lies"),
    row("ME-6", "wants-params"),
    row("ME-7", "ping-waits-for-jobs"),
    row("TR-1", "fails-every-job"),
    row("TR-2", "picture-in-words"),
    row("TR-3", "breaks-at-unknown-model"),
    row("TR-4", "breaks-at-unknown-capability"),
    row("TR-5", "takes-any-types"),
    row("TR-6", "takes-any-options"),
    row("TR-7", "works-without-input"),
    row("TR-8", "takes-any-kind"),
    row("TR-9", "refuses-repetition"),
    row("TR-10", "mangles-text"),
    row("TR-11", "drops-late-jobs"),
    row("TR-12", "breaks-at-resume"),
    row("MD-1", "mime-without-slash"),
    row("MD-2", "inline-picture"),
    row("MD-3", "output-dotdot-inside"),
    row("MD-4", "output-link-inside"),
    row("MD-5", "output-mime-lies"),
    row("MD-6", "writes-beside-out"),
    row("MD-7", "writes-after-answer"),
    row("MD-8", "breaks-at-missing-input"),
    row("MD-9", "reads-anywhere"),
    row("PR-1", "progress-unknown-id"),
    row("PR-2", "progress-after-response"),
    row("PR-3", "seq-stands-still"),
    row("PR-4", "fraction-falls"),
    row("PR-5", "reports-too-often"),
    row("PR-6", "chunk-of-both"),
    row("PR-7", "chunks-tell-another-story"),
    row("PR-8", "accepts-twice"),
    row("PR-9", "log-of-no-level"),
    row("CA-1", "deaf-to-cancel"),
    row("CA-2", "dies-at-late-cancel"),
    row("CA-3", "sulks-after-cancel"),
    row("CO-1", "takes-fewer-at-once"),
    row("CO-2", "works-on-the-first"),
    row("CO-3", "loses-jobs-over-the-limit"),
    row("ER-1", "errors-with-stack"),
    row("ER-2", "errors-without-kind"),
    row("ER-3", "errors-without-retryable"),
    row("ER-4", "errors-of-its-own"),
    row("ER-5", "errors-without-names"),
    row("EN-1", "ignore-shutdown"),
    row("EN-2", "works-while-draining"),
    row("EN-3", "shutdown-overtakes-jobs"),
    row("EN-4", "deaf-to-exit"),
    row("EN-5", "exits-with-1"),
    row("EN-6", "deaf-to-eof-when-idle"),
    row("EN-7", "deaf-to-eof-while-working"),
    row("EN-8", "deaf-to-sigterm"),
    row("EN-9", "fork-child-at-start"),
    row("EN-10", "stderr-long-line"),
    row("VE-1", "refuses-unknown-fields"),
    row("VE-2", "dies-at-unknown-kind"),
];
