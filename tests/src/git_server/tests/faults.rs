use std::process::Child;
use std::time::{Duration, Instant};

use super::*;
use crate::loopback::testing::{Got, get};
use crate::{Fault, eventually, within};

const REFS: &str = "/acme/echo.git/info/refs?service=git-upload-pack";
/// Enough for an answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(300);

impl Bench {
    /// Returns a bench with a pack of more than 100 000 bytes.
    fn heavy() -> Self {
        let bench = Self::new();
        let noise = fastrand::Rng::with_seed(7).repeat_bytes();
        bench.repository.commit_entries("main", &[("noise", Entry::file(noise))]);
        bench
    }

    fn refs(&self) -> Got {
        get(&self.server.url(), REFS, &[], PATIENCE)
    }

    fn clone_in_background(&self) -> Child {
        command(self.path(), ["clone", "--quiet", self.repository.url(), "background"]).spawn().expect("git runs")
    }
}

trait Noise {
    fn repeat_bytes(self) -> Vec<u8>;
}

impl Noise for fastrand::Rng {
    fn repeat_bytes(mut self) -> Vec<u8> {
        std::iter::repeat_with(|| self.u8(..)).take(100_000).collect()
    }
}

#[test]
fn a_status_is_the_answer() {
    let bench = Bench::new();
    bench.repository.commit("main", &[("a", "1")]);
    for status in [401, 403, 404, 429, 500, 503] {
        bench.server.fault("acme/echo.git", Fault::Status(status));
        let got = bench.refs();
        assert_eq!((got.status(), got.whole), (status.to_string().as_str(), true));
        assert_eq!(got.header("www-authenticate").is_some(), status == 401);
        assert_eq!(got.header("retry-after"), None);
        bench.refused("ls-remote URL");
        bench.server.clear_faults();
    }
    bench.server.fault("acme/echo", Fault::RetryAfter(429, 7));
    let got = bench.refs();
    assert_eq!((got.status(), got.header("retry-after")), ("429", Some("7")));
    bench.server.clear_faults();
    bench.server.fault("acme/echo", Fault::Html);
    let got = bench.refs();
    assert_eq!((got.status(), got.header("content-type")), ("200", Some("text/html; charset=utf-8")));
    assert!(bench.refused("ls-remote URL").contains("not valid: is this a git repository?"));
    bench.server.clear_faults();
    bench.done("ls-remote URL");
}

#[test]
fn a_fault_befalls_what_it_is_for() {
    let bench = Bench::new();
    bench.repository.commit("main", &[("a", "1")]);
    bench.server.repository("acme/other");
    bench.server.fault("acme/other", Fault::Status(500));
    bench.server.fault("acme/echo", Fault::Status(500).times(1));
    assert_eq!([bench.refs().status(), bench.refs().status()], ["500", "200"]);
    bench.server.fault("*", Fault::Status(503).at(Part::Payload));
    bench.done("ls-remote URL");
    for version in [0, 2] {
        assert!(bench.refused(&format!("-c protocol.version={version} clone URL clone")).contains("503"));
    }
    assert_eq!(
        get(&bench.server.url(), "/acme/none.git/info/refs?service=git-upload-pack", &[], PATIENCE).status(),
        "404"
    );
}

#[test]
fn credentials_are_asked_for_and_written_down() {
    let bench = Bench::new();
    bench.repository.commit("main", &[("a", "1")]);
    bench.server.fault("acme/echo", Fault::Basic { user: "ann".to_owned(), password: "s3cret".to_owned() });
    let got = bench.refs();
    assert_eq!((got.status(), got.header("www-authenticate")), ("401", Some("Basic realm=\"loopback\"")));
    assert!(bench.refused("ls-remote URL").contains("could not read Username"));
    let url = bench.repository.url().replace("http://", "http://ann:s3cret@");
    bench.server.reset_requests();
    bench.done(&format!("clone --quiet {url} clone"));
    let last = bench.server.received().pop().expect("a request");
    assert_eq!(last.authorization(), Some("Basic YW5uOnMzY3JldA=="));
    bench.server.clear_faults();
    bench.server.fault("acme/echo", Fault::Bearer("t0ken".to_owned()));
    assert_eq!(bench.refs().status(), "401");
    let got = get(&bench.server.url(), REFS, &[("Authorization", "Bearer t0ken")], PATIENCE);
    assert_eq!(got.status(), "200");
}

#[test]
fn redirects_lead_where_they_are_told() {
    let bench = Bench::new();
    let other = GitServer::start();
    let elsewhere = other.repository("moved/here").commit("main", &[("a", "moved")]);
    let here = bench.server.repository("acme/new").commit("main", &[("a", "new")]);
    for (base, commit) in [(format!("{}/moved/here.git", other.url()), elsewhere), ("/acme/new".to_owned(), here)] {
        bench.server.clear_faults();
        bench.server.fault("acme/echo", Fault::RedirectTo(base.clone()));
        let got = bench.refs();
        let location = format!("{base}/info/refs?service=git-upload-pack");
        assert_eq!((got.status(), got.header("location")), ("302", Some(location.as_str())));
        assert!(bench.done("ls-remote URL HEAD").starts_with(&commit));
    }
    assert_eq!(other.requests().len(), 2);
    bench.server.clear_faults();
    bench.server.fault("acme/echo", Fault::RedirectLoop);
    assert_eq!(bench.refs().header("location"), Some(REFS));
    bench.refused("ls-remote URL");
}

#[test]
fn a_server_can_be_silent_or_hang_up() {
    let bench = Bench::new();
    bench.server.fault("acme/echo", Fault::Hang);
    let got = get(&bench.server.url(), REFS, &[], SILENCE);
    assert_eq!((got.head.as_str(), got.whole), ("", false));
    bench.server.clear_faults();
    bench.server.fault("acme/echo", Fault::HangUp);
    assert_eq!(bench.refs().head, "");
    bench.server.clear_faults();
    bench.server.fault("acme/echo", Fault::Disconnect(10).at(Part::Index));
    let got = bench.refs();
    assert_eq!((got.status(), got.body.as_slice(), got.whole), ("200", b"001e# serv".as_slice(), false));
    bench.server.clear_faults();
    bench.server.fault("acme/echo", Fault::Truncate(10).at(Part::Index));
    let got = bench.refs();
    assert_eq!((got.body.as_slice(), got.whole), (b"001e# serv".as_slice(), true));
}

#[test]
fn a_pack_can_be_broken() {
    let bench = Bench::heavy();
    for version in [0, 2] {
        let clone = format!("-c protocol.version={version} clone --quiet URL clone-{version}");
        for fault in [Fault::Truncate(50_000), Fault::Disconnect(50_000), Fault::FlipBit(50_000), Fault::FlipBit(3)] {
            bench.server.clear_faults();
            bench.server.fault("acme/echo", fault.clone());
            bench.done("ls-remote URL");
            bench.server.reset_requests();
            bench.refused(&clone);
            let cut = !matches!(fault, Fault::FlipBit(_));
            assert_eq!(bench.server.sent() < 60_000, cut, "{fault:?}: {} bytes", bench.server.sent());
        }
        bench.server.clear_faults();
        bench.done(&clone);
    }
}

#[test]
#[should_panic(expected = "a server on loopback panicked")]
fn a_fault_beyond_the_pack_fails_its_test() {
    let bench = Bench::heavy();
    bench.server.fault("acme/echo", Fault::FlipBit(1_000_000));
    bench.refused("clone --quiet URL clone");
}

#[test]
fn an_answer_can_be_slow() {
    let bench = Bench::heavy();
    bench.server.fault("acme/echo", Fault::Drip { bytes: 20_000, every: Duration::from_millis(50) });
    let start = Instant::now();
    bench.done("clone --quiet URL clone");
    assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_pack_can_stop_in_the_middle() {
    let bench = Bench::heavy();
    bench.server.fault("acme/echo", Fault::HangAfter(50_000));
    let mut clone = bench.clone_in_background();
    eventually("half of the pack is sent", || (bench.server.sent() > 50_000).then_some(())).await;
    assert_eq!(bench.server.connections(), 1);
    assert!(clone.try_wait().unwrap().is_none());
    // The end of the server is the end of the wait.
    let Bench { server, repository: _, clones: _clones } = bench;
    let url = server.url();
    drop(server);
    let ended = within(20, "git sees the end", tokio::task::spawn_blocking(move || clone.wait())).await;
    assert!(!ended.unwrap().unwrap().success());
    assert!(std::net::TcpStream::connect(url.trim_start_matches("http://")).is_err());
}

#[tokio::test]
async fn a_pack_can_be_endless() {
    let bench = Bench::heavy();
    bench.server.fault("acme/echo", Fault::Endless);
    let mut clone = bench.clone_in_background();
    let plenty = || (bench.server.sent() > 10_000_000).then_some(());
    eventually("more is sent than there is", plenty).await;
    assert!(clone.try_wait().unwrap().is_none(), "git believes it");
    clone.kill().unwrap();
    clone.wait().unwrap();
    eventually("the server sees that nobody listens", || (bench.server.connections() == 0).then_some(())).await;
}
