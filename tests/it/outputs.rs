//! Outputs that are not what, or not where, they are said to be: the call fails, nothing is taken.

use std::fs;

use prizm_host::ErrorKind::Protocol;
use prizm_host::OutputSource;
use prizm_host::Stage::Output;
use prizm_tests::{picture, quiet, within};

use crate::check::{Failure, all, bad_answer, check, recovers, started};

const FAILURES: &[Failure] = &[
    bad_answer("output-dotdot", Protocol, Output, "`../escape.png` is not under `out/`").picture(),
    bad_answer("output-dotdot-inside", Protocol, Output, "leaves the job directory").picture(),
    bad_answer("output-absolute", Protocol, Output, "is not under `out/`").picture(),
    bad_answer("output-symlink", Protocol, Output, "the plugin gave text where the capability gives image").picture(),
    bad_answer("output-symlink-directory", Protocol, Output, "a part of its path is no directory").picture(),
    bad_answer("output-out-is-symlink", Protocol, Output, "a part of its path is no directory").picture(),
    bad_answer("output-hardlink", Protocol, Output, "it is a hard link to something else").picture(),
    bad_answer("output-fifo", Protocol, Output, "is no regular file").picture(),
    bad_answer("output-directory", Protocol, Output, "is no regular file").picture(),
    bad_answer("output-missing", Protocol, Output, "there is no such file").picture(),
    bad_answer("output-empty", Protocol, Output, "is declared as image (image/png), but is empty").picture(),
    bad_answer("output-mime-lies", Protocol, Output, "but its content is text/plain").picture(),
    bad_answer("output-kind-lies", Protocol, Output, "the plugin gave audio where the capability gives image")
        .picture(),
    bad_answer("output-wrong-kind", Protocol, Output, "the plugin gave text where the capability gives image")
        .picture(),
    bad_answer("output-outside-out", Protocol, Output, "`in/image.png` is not under `out/`").picture(),
    bad_answer("output-sparse-huge", Protocol, Output, "over the limit of").picture(),
    bad_answer("output-two-sources", Protocol, Output, "exactly one of `path` and `url`").picture(),
    bad_answer("output-no-source", Protocol, Output, "exactly one of `path` and `url`").picture(),
    bad_answer("output-twice", Protocol, Output, "there is no such file").picture(),
    bad_answer("output-nul-in-path", Protocol, Output, r"`out/image\0.png` cannot be taken").picture(),
    bad_answer("no-outputs", Protocol, Output, "without any output").picture(),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_lies_is_not_taken() {
    all(FAILURES, check).await;
}

#[tokio::test]
async fn an_output_that_may_not_be_read_is_not_taken() {
    let (lab, plugin) = started("output-unreadable", |_| {}).await;
    let outcome = within(20, "output-unreadable", plugin.transform(picture("hello"), quiet)).await;
    // SAFETY: `geteuid` takes nothing and cannot fail.
    let may_read_all = unsafe { libc::geteuid() } == 0;
    match outcome {
        Ok(outcome) => assert!(may_read_all, "{outcome:?}"),
        Err(error) => assert!(!may_read_all && error.to_string().contains("cannot be taken"), "{error:?}"),
    }
    assert_eq!(lab.confessions("output-unreadable"), 1);
    recovers(&plugin, "output-unreadable").await;
    lab.close(&plugin).await;
}

#[tokio::test]
async fn an_address_is_handed_on_and_never_followed_here() {
    for (mode, expected) in
        [("output-url-file", "file:///etc/passwd"), ("output-url-loopback", "http://127.0.0.1:9/image.png")]
    {
        let (lab, plugin) = started(mode, |_| {}).await;
        let outcome = within(20, mode, plugin.transform(picture("hello"), quiet)).await.unwrap();
        let OutputSource::Url(url) = &outcome.outputs[0].source else { panic!("{outcome:?}") };
        assert_eq!((url.as_str(), lab.confessions(mode)), (expected, 1));
        recovers(&plugin, mode).await;
        drop(outcome);
        lab.close(&plugin).await;
    }
}

#[tokio::test]
async fn an_output_lives_as_long_as_it_is_held_and_no_longer_than_its_plugin_needs() {
    let (lab, plugin) = started("good", |_| {}).await;
    let outcome = within(20, "good", plugin.transform(picture("hello"), quiet)).await.unwrap();
    let OutputSource::File(file) = &outcome.outputs[0].source else { panic!("{outcome:?}") };
    plugin.shutdown().await;
    let bytes = fs::read(file.path()).unwrap();
    assert_eq!(bytes.len() as u64, file.size());
    drop(outcome);
    lab.close(&plugin).await;
}
