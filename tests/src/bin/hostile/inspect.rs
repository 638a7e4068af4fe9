//! Modes that do no harm, and tell a test what the plugin was given.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;

use serde_json::json;

use crate::mode::Mode;
use crate::sys;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("records-configure", "Answers with the parameters of the last `configure`, as JSON.")
        .transform(|session, job| session.say(&job, &session.config.to_string())),
    Mode::new("configures-slowly", "Takes --ms (500) for each `configure`, and answers with the last one, as JSON.")
        .configure(|session, id| {
            std::thread::sleep(session.options.wait(500));
            session.output.answer(id, json!({"ready": true}));
        })
        .transform(|session, job| session.say(&job, &session.config.to_string())),
    Mode::new("reports-itself", "Answers with its pid, group, arguments, directory and environment, as JSON.")
        .transform(|session, job| {
            let variables: BTreeMap<_, _> = std::env::vars_os()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
                .collect();
            let report = json!({
                "pid": std::process::id(),
                "group": sys::process_group(),
                "arguments": std::env::args().collect::<Vec<_>>(),
                "directory": std::env::current_dir().unwrap_or_default(),
                "environment": variables,
            });
            session.say(&job, &report.to_string());
        }),
    Mode::new("answers-job", "Answers with the parameters of the transform itself, as JSON.")
        .transform(|session, job| session.say(&job, &job.params.to_string())),
    Mode::new("counts-starts", "Appends its pid, a line, to --file at each start, and is good.").launch(|session| {
        let Some(path) = &session.options.file else {
            eprintln!("hostile: counts-starts needs `--file FILE`");
            std::process::exit(2)
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let line = format!("{}\n", std::process::id());
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            eprintln!("hostile: {}: {error}", path.display());
            std::process::exit(74)
        }
    }),
];
