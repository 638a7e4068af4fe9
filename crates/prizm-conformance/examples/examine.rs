//! Examines the plugin whose command is given as arguments.

use std::process::ExitCode;

use prizm_conformance::{Plan, Subject, Verdict, examine};

fn main() -> ExitCode {
    let subject = Subject::new(std::env::args_os().skip(1));
    let report = match examine(&subject, &Plan::default(), &|_| {}) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    for check in report.checks() {
        let why = match &check.verdict {
            Verdict::Failed { why, .. } | Verdict::NotApplicable { why } | Verdict::Blocked { why, .. } => why,
            _ => "",
        };
        eprintln!("{:8} {:14} {why}", check.requirement.id, check.verdict.as_str());
    }
    ExitCode::from(u8::from(!report.conforms(false)))
}
