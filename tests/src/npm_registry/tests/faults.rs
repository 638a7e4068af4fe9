use std::time::Duration;

use super::*;
use crate::Fault;
use crate::loopback::testing::get;

const PATIENCE: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_millis(300);

#[test]
fn npm_shows_its_credentials() {
    let bench = Bench::new();
    bench.registry.publish("private", "1.0.0", &[]);
    bench.registry.fault("*", Fault::Bearer("t0ken".to_owned()));
    assert!(bench.refused("install private --no-audit").contains("E401"));
    bench.configure("HOST/:_authToken=t0ken\n");
    bench.done("install private --no-audit");
    let received = bench.registry.received();
    assert_eq!(received.first().unwrap().authorization(), None);
    assert_eq!(received.last().unwrap().to_string(), "GET /private/-/private-1.0.0.tgz");
    assert_eq!(received.last().unwrap().authorization(), Some("Bearer t0ken"));

    bench.registry.clear_faults();
    bench.registry.fault("private", Fault::Basic { user: "ann".to_owned(), password: "s3cret".to_owned() });
    assert!(bench.refused("view private").contains("E401"));
    bench.configure("HOST/:username=ann\nHOST/:_password=czNjcmV0\n");
    bench.done("view private");
}

#[test]
fn npm_sees_the_status() {
    let bench = Bench::new();
    bench.registry.publish("broken", "1.0.0", &[]);
    let url = bench.registry.url();
    for status in [404, 500] {
        bench.registry.clear_faults();
        bench.registry.fault("broken", Fault::Status(status).at(Part::Payload));
        assert_eq!(get(&url, "/broken", &[], PATIENCE).status(), "200");
        assert!(bench.refused("pack broken").contains(&format!("E{status}")));
    }
    bench.registry.clear_faults();
    bench.registry.fault("broken", Fault::RetryAfter(429, 3));
    let got = get(&url, "/broken", &[], PATIENCE);
    assert_eq!((got.status(), got.header("retry-after")), ("429", Some("3")));
    assert_eq!(get(&url, "/other", &[], PATIENCE).status(), "404");
}

#[test]
fn a_tarball_can_be_broken() {
    let bench = Bench::new();
    bench.registry.publish("broken", "1.0.0", &[("file", "content")]);
    let tarball = || get(&bench.registry.url(), "/broken/-/broken-1.0.0.tgz", &[], PATIENCE);
    let whole = tarball().body;
    for (fault, regular) in [(Fault::Truncate(100), true), (Fault::Disconnect(100), false)] {
        bench.registry.clear_faults();
        bench.registry.fault("broken", fault);
        let got = tarball();
        assert_eq!((got.body.as_slice(), got.whole), (&whole[..100], regular));
    }
    bench.registry.clear_faults();
    bench.registry.fault("broken", Fault::FlipBit(100));
    let got = tarball();
    let changed: Vec<_> = (0..whole.len()).filter(|at| got.body[*at] != whole[*at]).collect();
    assert_eq!((got.body.len(), changed), (whole.len(), vec![100]));
    assert!(bench.refused("pack broken").contains("EINTEGRITY"));
}

#[test]
fn the_registry_can_be_silent_or_endless() {
    let bench = Bench::new();
    bench.registry.publish("broken", "1.0.0", &[("file", "content")]);
    let tarball = "/broken/-/broken-1.0.0.tgz";
    let url = bench.registry.url();
    bench.registry.fault("broken", Fault::Hang.at(Part::Index));
    assert_eq!(get(&url, "/broken", &[], SILENCE).head, "");
    assert!(get(&url, tarball, &[], PATIENCE).whole);
    bench.registry.clear_faults();
    bench.registry.fault("broken", Fault::HangAfter(50));
    assert!(get(&url, "/broken", &[], PATIENCE).whole);
    let got = get(&url, tarball, &[], SILENCE);
    assert_eq!((got.status(), got.body.len(), got.whole), ("200", 50, false));

    bench.registry.clear_faults();
    bench.registry.fault("broken", Fault::Endless);
    bench.registry.reset_requests();
    let mut stream = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    std::io::Write::write_all(&mut stream, format!("GET {tarball} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).unwrap();
    let mut buffer = vec![0; 5_000_000];
    std::io::Read::read_exact(&mut stream, &mut buffer).expect("more than there is");
}
