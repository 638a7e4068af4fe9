//! What bad input gets: an exit code, the name of what is wrong, and what to do about it, for people
//! and for programs.

use std::fs;

use prizm_tests::Home;

/// A command line that fails, what its message names, and what its hint says.
type Case<'a> = (&'a [&'a str], &'a str, &'a str);

fn home(line: &str) -> Home {
    let home = Home::new();
    home.configure_hostile(line);
    home
}

/// Each line fails with this code and kind, for programs; the first of them for people too.
async fn all(home: &Home, code: i32, kind: &str, cases: &[Case<'_>]) {
    for (index, (line, says, hint)) in cases.iter().enumerate() {
        let error = home.run(&[*line, &["--json"]].concat()).await.error(code);
        let (message, remedy) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap_or_default());
        assert_eq!(error["kind"], kind, "{line:?}: {error}");
        assert!(message.contains(says) && remedy.contains(hint) && !remedy.is_empty(), "{line:?}: {error}");
        if index == 0 {
            let ended = home.run(line).await;
            assert!(ended.failed(code).contains(says) && ended.stderr.contains(remedy), "{ended}");
        }
    }
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_answered_with_its_words() {
    let home = Home::new();
    let lines: &[Case<'_>] = &[
        (&["run", "canvas", "hi", "--jsno"], "'--jsno'", "'--json'"),
        (&["run"], "<TARGET>", "--help"),
        (&["prvoiders"], "'prvoiders'", "'providers'"),
        (&[], "requires a subcommand", "--help"),
        (&["best"], "<CAPABILITY>", "--help"),
        (&["run", "canvas", "hi", "--timeout", "soon"], "'soon'", "--help"),
        (&["run", "canvas", "hi", "--timeout", "1e300"], "expected less", "--help"),
        (&["run", "canvas", "hi", "--timeout", "-1"], "-1", "--"),
        (&["run", "canvas", "hi", "--prefer", "cheap-ish"], "'cheap-ish'", "'cheap'"),
        (&["run", "canvas", "hi", "-o"], "--output <FILE>", "--help"),
    ];
    for (line, says, hint) in lines {
        let error = home.run(&[&["--json"], *line].concat()).await.error(2);
        assert_eq!(error["kind"], "usage", "{line:?}: {error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{line:?}: {error}");
        assert!(error["hint"].as_str().unwrap().contains(hint), "{line:?}: {error}");
        assert!(!error.to_string().contains("\\n"), "one line: {error}");
    }
    home.run(&["run", "canvas", "hi", "--jsno"]).await.failed(2);
    assert!(!home.path().join("work").exists() && !home.path().join("store").exists(), "nothing was begun");
}

#[tokio::test]
async fn words_that_mean_nothing_are_named() {
    let home = home("good");
    home.configure("[providers.other]\nsource = \"file:///no/such/directory\"");
    let usage: &[Case<'_>] = &[
        (&["run", "text-to-imgae", "hi"], "`text-to-imgae` is not a capability", "did you mean `text-to-image`?"),
        (&["best", "text-to-imag"], "`text-to-imag` is not a capability", "did you mean `text-to-image`?"),
        (&["models", "--capability", "nonsense"], "`nonsense` is not a capability", "prizm providers"),
        (&["run", "hostile", "hi", "--capability", "text-to-txet"], "`text-to-txet`", "`text-to-text`"),
        (&["run", "text-to-text", "hi", "--capability", "text-to-text"], "TARGET is a capability already", ""),
        (&["run", "hostile/echo", "hi", "--model", "echo"], "TARGET names a model already", ""),
        (&["run", "hostile", "hi", "--prefer", "free"], "TARGET names one", "text-to-image"),
        (&["run", "hostile"], "INPUT is missing: the text", "--help"),
        (&["run", "image-to-image"], "INPUT is missing: the path of the image", "--help"),
        (&["run", "hostile", "hi", "--option", "delayMs"], "`--option delayMs`", "--option width=640"),
        (&["run", "hostile", "hi", "--set", "=1"], "`--set =1`", "--set width=640"),
        (&["run", "hostile", "hi", "--option", "delayms=1"], "option `delayms`: there is no such option", "`delayMs`"),
        (
            &["run", "hostile", "hi", "--option", "delayMs=soon"],
            "`delayMs`: \"soon\" is not of type \"integer\"",
            "inspect",
        ),
        (
            &["run", "canvas", "hi", "--option", "width=9"],
            "`width`: 9 is less than the minimum of 16",
            "`width`: Width",
        ),
        (
            &["run", "hostile", "hi", "--set", "greeting=7"],
            "setting `greeting`: value is not of type \"string\"",
            "apiKey",
        ),
    ];
    for (line, says, hint) in usage {
        let ended = home.run(&[*line, &["--json"]].concat()).await;
        let error = ended.error(2);
        assert_eq!(error["kind"], "usage", "{ended}");
        assert!(error["message"].as_str().unwrap().contains(says), "{ended}");
        assert!(error["hint"].as_str().unwrap_or_default().contains(hint), "{ended}");
    }
    all(
        &home,
        2,
        "identifier",
        &[
            (&["run", "ssh://example.org/sd", "hi"], "`ssh://example.org/sd`", "git+https://HOST/PATH@REF"),
            (&["inspect", "../here"], "`../here`", "file://"),
        ],
    )
    .await;
    let unknown: &[&str] = &["run", "github:acme/sd", "hi"];
    all(&home, 4, "policy", &[(unknown, "`github:acme/sd` is a new source", "allow = [\"github:acme/sd\"]")]).await;
    all(
        &home,
        3,
        "not-found",
        &[
            (&["run", "hostil", "hi"], "there is no provider `hostil`", "did you mean `hostile`?"),
            (&["run", "canvas/crad", "hi"], "provider `canvas` has no model `crad`", "did you mean `card`?"),
            (&["run", "canvas", "hi", "--model", "cardd"], "no model `cardd`", "did you mean `card`?"),
            (&["run", "hostile", "hi", "--capability", "text-to-3d"], "no model for `text-to-3d`", "`text-to-image`"),
            (
                &["run", "hostile/echo", "hi", "--capability", "text-to-image"],
                "no capability `text-to-image`",
                "`text-to-text`",
            ),
            (&["inspect", "zzz"], "there is no provider `zzz`", "`hostile`, `other`, `canvas`"),
            (&["models", "ffmpg"], "there is no provider `ffmpg`", "did you mean `ffmpeg`?"),
            (&["run", "other", "hi"], "`/no/such/directory` does not exist", "check the path"),
            (&["inspect", "file:///no/such/place"], "`/no/such/place` does not exist", "check the path"),
        ],
    )
    .await;
    all(
        &home,
        8,
        "none-qualifies",
        &[(&["run", "x-acme/dream", "hi"], "no provider has the capability `x-acme/dream`", "prizm providers")],
    )
    .await;
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty() && home.files().is_empty());
}

#[tokio::test]
async fn an_input_that_cannot_be_used_is_named() {
    let home = home("good");
    fs::write(home.file("poem.txt"), "a poem").unwrap();
    fs::write(home.file("renamed.png"), "no picture at all").unwrap();
    fs::write(home.file("unknown.bin"), b"\x00\x01\x02").unwrap();
    fs::write(home.file("real.png"), b"\x89PNG\r\n\x1a\n").unwrap();
    fs::write(home.file("empty"), "").unwrap();
    fs::create_dir(home.file("album")).unwrap();
    all(
        &home,
        2,
        "usage",
        &[
            (&["run", "image-to-image", "missing.png"], "`missing.png`: there is no such file", "check the path"),
            (&["run", "canvas/edit", "missing.png"], "`missing.png`: there is no such file", "check the path"),
            (&["run", "image-to-image", "album"], "`album`: it is a directory", "name a file in it"),
            (&["run", "image-to-image", "/proc/self/mem"], "`/proc/self/mem`: Input/output error", "may be read"),
            (&["run", "image-to-image", "empty"], "`empty`: it is empty", "inputs are"),
            (&["run", "image-to-image", "unknown.bin"], "`unknown.bin`: its content is no known kind", "inputs are"),
            (&["run", "image-to-image", "renamed.png"], "the input `renamed.png` is text", "takes image"),
            (
                &["run", "canvas/edit", "poem.txt"],
                "the input `poem.txt` is text, and nothing that `canvas/edit` does takes text",
                "it has image-to-image",
            ),
            (
                &["run", "hostile", "real.png"],
                "the input `real.png` is image, and no model of provider `hostile` takes image",
                "text-to-text",
            ),
            (&["run", "canvas", "hi", "-o", "hi.mp3"], "no model of provider `canvas` gives audio", "text-to-image"),
            (
                &["run", "canvas/edit", "real.png", "-o", "x.txt"],
                "nothing that `canvas/edit` does gives text",
                "image-to-image",
            ),
            (
                &["run", "image-to-video", "real.png", "--input", "audio=gone.mp3"],
                "`gone.mp3`: there is no such file",
                "check",
            ),
            (&["run", "image-to-video", "real.png", "--input", "sound=real.png"], "as `sound`", "audio"),
        ],
    )
    .await;
    let error = home.feed(&["run", "text-to-text", "-", "--json"], b"\xff\xfe").await.error(2);
    assert!(error["message"].as_str().unwrap().contains("stdin is no UTF-8"), "{error}");
    let error = home.feed(&["run", "hostile", "-", "--json"], b"\x89PNG\r\n\x1a\n").await.error(2);
    assert!(error["message"].as_str().unwrap().contains("what came on stdin is image"), "{error}");
    let error = home.feed(&["run", "image-to-image", "-", "--json"], b"").await.error(2);
    assert!(error["message"].as_str().unwrap().contains("0 bytes"), "{error}");
    let all = ["album", "empty", "poem.txt", "real.png", "renamed.png", "unknown.bin"];
    assert_eq!(home.files(), all, "no output of what failed");
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_named_before_the_work_begins() {
    let home = home("counts-starts");
    fs::create_dir(home.file("album")).unwrap();
    fs::write(home.file("file"), "").unwrap();
    all(
        &home,
        2,
        "usage",
        &[
            (
                &["run", "hostile/file", "hi", "-o", "nowhere/x.png"],
                "`nowhere/x.png`: there is no directory `nowhere`",
                "mkdir -p nowhere",
            ),
            (&["run", "hostile/file", "hi", "-o", "album"], "`album`: it is a directory", "name a file"),
            (&["run", "hostile/file", "hi", "-o", "new/"], "`new/`: it is a directory", "name a file"),
            (&["run", "hostile/file", "hi", "-o", "file/x.png"], "`file/x.png`", "file"),
            // Where not even the superuser can make a file.
            (&["run", "hostile/file", "hi", "-o", "/sys/x.png"], "`/sys/x.png`", "choose another place"),
            (
                &["run", "hostile/file", "hi", "-o", "/dev/null"],
                "`/dev/null`: it is no regular file",
                "may be replaced",
            ),
            (&["run", "hostile/file", "hi", "-o", "-"], "`-`: only text goes to stdout", "name a file"),
        ],
    )
    .await;
    assert_eq!(home.pids().len(), 0, "no provider was started");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());

    // A name that is made up is in the directory of the command.
    let mut command = home.prizm(&["run", "hostile/file", "hi", "--json"]);
    command.current_dir("/sys");
    let error = prizm_tests::Running::start(command).ended().await.error(2);
    assert!(error["message"].as_str().unwrap().contains("cannot write the output into this directory"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("-o"), "{error}");
    home.processes().gone_within(5).await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_named() {
    let home = Home::new();
    home.configure("[provider.a]");
    let error = home.run(&["providers", "--json"]).await.error(2);
    assert!(error["message"].as_str().unwrap().contains("unknown field `provider`"), "{error}");
    let home = Home::new();
    home.configure("[providers.canvas]\nsource = \"file:///x\"");
    all(&home, 2, "config", &[(&["run", "canvas", "hi"], "this provider is bundled", "an id of its own")]).await;
    let home = Home::new();
    fs::write(home.path().join("work"), "a file where a directory should be").unwrap();
    all(&home, 1, "io", &[(&["run", "canvas", "hi"], "/work`", "set PRIZM_HOME")]).await;
}
