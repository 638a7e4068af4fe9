//! Servers that break, hang, lie and lead astray: rows 9–17, 24 and 25 of the table in `tests/README.md`.

use std::fs;
use std::time::Duration;

use prizm_tests::{BASE, Fault, GitServer, Lie, Part, Proxy, Running, add_bomb};

use crate::shelf::{SECRET, Shelf, manifest};

const URL: &str = "github:acme/echo@v1";

fn shelf() -> (Shelf, prizm_tests::Repository, String) {
    let shelf = Shelf::new();
    let (echo, commit) = shelf.echo();
    echo.tag("v1", &commit);
    (shelf, echo, commit)
}

/// Row 9.
#[tokio::test]
async fn a_server_that_lies_is_found_out() {
    let (shelf, echo, commit) = shelf();
    let evil = echo.dangling_commit(&[("prizm.toml", &manifest("good")), ("payload", "evil")]);
    // It promises one commit and sends another.
    shelf.git.lie("acme/echo", Lie::of_ref("refs/tags/v1", &"3".repeat(40)));
    shelf.refuses(URL, 5, "fetch", "").await;
    shelf.git.clear_faults();
    shelf.git.lie("acme/echo", Lie::Pack(echo.pack(&echo.objects(&evil))));
    shelf.refuses(URL, 5, "fetch", "").await;
    // It leaves the files out.
    shelf.git.clear_faults();
    shelf.git.lie("acme/echo", Lie::Pack(echo.pack(std::slice::from_ref(&commit))));
    shelf.refuses(URL, 5, "fetch", "").await;
    shelf.git.clear_faults();
    shelf.git.lie("acme/echo", Lie::Error("\u{1b}[2Jgo away".to_owned()));
    let error = shelf.refuses(URL, 5, "fetch", "go away").await;
    assert!(!error["message"].as_str().unwrap().contains('\u{1b}'), "{error}");
    assert_eq!(shelf.stored(), 0);
    shelf.git.clear_faults();
    shelf.loads(URL).await;
}

/// Rows 10 and 11.
#[tokio::test]
async fn a_server_that_does_not_go_on_is_given_up() {
    let (shelf, _, _) = shelf();
    shelf.reconfigure("stallSeconds = 2", "stallSeconds = 1");
    shelf.fault(Fault::Hang);
    shelf.refuses(URL, 5, "fetch", "nothing came for 1s").await;
    shelf.fault(Fault::HangAfter(20));
    shelf.refuses(URL, 5, "fetch", "nothing came for 1s").await;
    shelf.reconfigure("totalSeconds = 60", "totalSeconds = 2");
    shelf.fault(Fault::Drip { bytes: 1, every: Duration::from_millis(200) });
    shelf.refuses(URL, 5, "fetch", "was not done after 2s").await;
}

/// Row 12.
#[tokio::test]
async fn a_pack_that_was_damaged_on_the_way_is_refused() {
    let (shelf, _, _) = shelf();
    for fault in [Fault::Truncate(40), Fault::Disconnect(40), Fault::FlipBit(30), Fault::HangUp, Fault::Html] {
        shelf.fault(fault);
        shelf.refuses(URL, 5, "fetch", "").await;
    }
    assert_eq!(shelf.stored(), 0);
    shelf.git.clear_faults();
    shelf.loads(URL).await;
}

/// Row 13.
#[tokio::test]
async fn each_status_has_its_words() {
    let (shelf, _, _) = shelf();
    for (fault, code, stage, says, hint) in [
        (Fault::Status(500), 5, "fetch", "is broken: it answers 500", "try again later"),
        (Fault::Status(404), 3, "resolve", "does not exist, or is private", "PRIZM_TOKEN_127_0_0_1"),
        (Fault::Status(401), 5, "fetch", "wants credentials", "PRIZM_TOKEN_127_0_0_1"),
        (Fault::Status(403), 5, "fetch", "wants credentials", "PRIZM_TOKEN_127_0_0_1"),
        (Fault::Status(429), 5, "fetch", "asked too often", "try again later"),
        (Fault::RetryAfter(429, 77), 5, "fetch", "asked too often", "after 77"),
    ] {
        shelf.fault(fault);
        let error = shelf.refuses(URL, code, stage, says).await;
        assert!(error["hint"].as_str().unwrap().contains(hint), "{error}");
    }
    shelf.refuses("github:acme/nothing-here", 3, "resolve", "does not exist, or is private").await;
}

/// Row 14.
#[tokio::test]
async fn no_redirect_leads_to_another_host() {
    let (shelf, _, commit) = shelf();
    let other = GitServer::start();
    other.repository("acme/echo").commit("main", &[("prizm.toml", &manifest("good"))]);
    for (to, says) in [
        (format!("{}/acme/echo.git", other.url()), "redirects to another host"),
        ("file:///etc".to_owned(), "redirects to another host"),
        ("ftp://127.0.0.1/x".to_owned(), "redirects to another host"),
    ] {
        shelf.fault(Fault::RedirectTo(to));
        let mut command = shelf.home.prizm(&["run", URL, "hi", "--json"]);
        command.env("PRIZM_TOKEN_127_0_0_1", SECRET);
        let ended = Running::start(command).ended().await;
        let error = ended.error(5);
        assert!(error["message"].as_str().unwrap().contains(says), "{ended}");
    }
    assert!(other.requests().is_empty(), "{:?}", other.requests());
    shelf.fault(Fault::RedirectLoop);
    shelf.refuses(URL, 5, "fetch", "redirects more than 5 times").await;
    // Within the host it is followed.
    let moved = shelf.git.repository("acme/moved");
    moved.tag("v1", &moved.commit("main", &[("prizm.toml", &manifest("good")), ("note", "moved")]));
    shelf.git.clear_faults();
    shelf.git.fault("acme/echo", Fault::RedirectTo(format!("{}/acme/moved.git", shelf.git.url())));
    shelf.loads(URL).await;
    assert_ne!(shelf.home.run(&["inspect", URL, "--json"]).await.json()["revision"], *commit);
}

/// Row 15.
#[tokio::test]
async fn credentials_come_from_the_environment_and_are_told_nobody() {
    let (shelf, _, _) = shelf();
    let url = format!("git+http://me:{SECRET}@127.0.0.1:1/acme/echo");
    let error = shelf.home.run(&["run", &url, "hi", "--json"]).await.error(2);
    assert!(!error.to_string().contains(SECRET) && error.to_string().contains("has a user or a password"), "{error}");
    shelf.fault(Fault::Basic { user: "x-access-token".to_owned(), password: SECRET.to_owned() });
    shelf.refuses(URL, 5, "fetch", "wants credentials").await;
    let with = async |token: &str, arguments: &[&str]| {
        let mut command = shelf.home.prizm(arguments);
        command.env("PRIZM_TOKEN_127_0_0_1", token);
        Running::start(command).ended().await
    };
    let ended = with("wrong-token-1", &["run", URL, "hi", "--json"]).await;
    assert!(ended.error(5).to_string().contains("refuses the credentials"), "{ended}");
    let ended = with(SECRET, &["run", URL, "hi", "-vvv"]).await;
    assert_eq!(ended.ok(), "hi\n");
    assert!(!ended.stderr.contains(SECRET), "{ended}");
    shelf.nothing_is_half_done();
}

/// Row 15: a mirror of the user's own has its own credentials.
#[tokio::test]
async fn credentials_go_where_they_were_found_for_and_nowhere_else() {
    let (shelf, _, _) = shelf();
    shelf.fault(Fault::Basic { user: "x-access-token".to_owned(), password: SECRET.to_owned() });
    let home = tempfile::tempdir().unwrap();
    let mirror = format!("[url \"{}/acme/\"]\n\tinsteadOf = http://127.0.0.1:1/acme/\n", shelf.git.url());
    fs::write(home.path().join(".gitconfig"), mirror).unwrap();
    let port = shelf.git.url().rsplit(':').next().unwrap().to_owned();
    let with = async |port: &str| {
        let mut command = shelf.home.prizm(&["run", "git+http://127.0.0.1:1/acme/echo@v1", "hi"]);
        command.env("HOME", home.path()).env(format!("PRIZM_TOKEN_127_0_0_1_{port}"), SECRET);
        Running::start(command).ended().await
    };
    let ended = with("1").await;
    assert!(ended.failed(5).contains("wants credentials"), "{ended}");
    assert!(shelf.git.received().iter().all(|request| request.authorization().is_none()));
    assert_eq!(with(&port).await.ok(), "hi\n");
}

/// Row 15: what git's own credential helpers know.
#[tokio::test]
async fn gits_credential_helpers_are_asked() {
    let (shelf, _, _) = shelf();
    shelf.fault(Fault::Basic { user: "me".to_owned(), password: SECRET.to_owned() });
    let home = tempfile::tempdir().unwrap();
    let helper = format!("!f() {{ echo username=me; echo password={SECRET}; }}; f");
    fs::write(
        home.path().join(".gitconfig"),
        format!("[credential \"{}\"]\n\thelper = \"{helper}\"\n", shelf.git.url()),
    )
    .unwrap();
    let mut command = shelf.home.prizm(&["run", URL, "hi"]);
    command.env("HOME", home.path());
    let ended = Running::start(command).ended().await;
    assert_eq!(ended.ok(), "hi\n");
    assert!(!ended.to_string().contains(SECRET), "{ended}");
    shelf.nothing_is_half_done();
}

/// Row 16.
#[tokio::test]
async fn a_proxy_is_used_where_it_is_set() {
    let (shelf, _, _) = shelf();
    let proxy = Proxy::start();
    proxy.route("git.example", &shelf.git.url());
    let with = async |name: &str, value: &str| {
        let mut command = shelf.home.prizm(&["run", URL, "hi"]);
        command.env("http_proxy", proxy.url()).env(name, value);
        Running::start(command).ended().await
    };
    // What is on this machine is asked directly.
    assert_eq!(with("no_proxy", "example.org").await.ok(), "hi\n");
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    shelf.lose_store();
    shelf.reconfigure(&shelf.git.url(), "http://git.example");
    shelf.reconfigure("[sources]", "[sources]\nplainHttp = [\"git.example\"]");
    assert_eq!(with("no_proxy", "example.org").await.ok(), "hi\n");
    assert!(proxy.requests().iter().any(|line| line.starts_with("CONNECT git.example:80")), "{:?}", proxy.requests());
    shelf.lose_store();
    proxy.reset_requests();
    let ended = with("no_proxy", "git.example").await;
    assert!(ended.failed(5).contains("git.example") && proxy.requests().is_empty(), "{:?}", proxy.requests());
}

/// Row 18: a pack without end meets the largest size.
#[tokio::test]
async fn a_pack_without_end_is_cut_at_the_largest_size() {
    let (shelf, _, _) = shelf();
    shelf.reconfigure("[policy]", "[policy]\nmaxSize = \"2 MB\"");
    shelf.fault(Fault::Endless);
    let error = shelf.refuses(URL, 5, "fetch", "sent more than 2000000 bytes").await;
    assert!(error["hint"].as_str().unwrap().contains("maxSize"), "{error}");
    shelf.git.clear_faults();
    shelf.git.fault("acme/echo", Fault::Endless.at(Part::Index));
    shelf.refuses(URL, 5, "fetch", "bytes").await;
}

/// Row 18: a few bytes of a pack that unpack to 256 MB.
#[tokio::test]
async fn a_pack_that_unpacks_to_very_much_is_refused() {
    let (shelf, echo, commit) = shelf();
    shelf.reconfigure("[policy]", "[policy]\nmaxSize = \"20 MB\"");
    let base = echo.write("blob", &[0; BASE]);
    let mut objects = echo.objects(&commit);
    objects.push(base.clone());
    let bomb = add_bomb(&echo.pack(&objects), &base, 256);
    assert!(bomb.len() < 10_000);
    shelf.git.lie("acme/echo", Lie::Pack(bomb));
    let error = shelf.refuses(URL, 5, "fetch", "sent what unpacks to more than 20000000 bytes").await;
    assert!(error["hint"].as_str().unwrap().contains("maxSize"), "{error}");
    // It is what it seems where that much is allowed.
    shelf.reconfigure("maxSize = \"20 MB\"", "maxSize = \"300 MB\"");
    shelf.loads(URL).await;
}

/// Row 24.
#[tokio::test]
async fn the_users_git_configuration_runs_nothing() {
    let (shelf, echo, _) = shelf();
    echo.commit("main", &[("prizm.toml", &manifest("good")), (".gitattributes", "* filter=evil\n")]);
    let home = tempfile::tempdir().unwrap();
    let witness = home.path().join("witness");
    let hook = home.path().join("hooks/post-checkout");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", witness.display())).unwrap();
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = format!(
        "[core]\n\thooksPath = {0}/hooks\n\tfsmonitor = touch {1}\n[filter \"evil\"]\n\tsmudge = touch {1}\n\trequired = true\n\
         [url \"{2}/acme/\"]\n\tinsteadOf = http://127.0.0.1:1/elsewhere/\n",
        home.path().display(),
        witness.display(),
        shelf.git.url()
    );
    fs::write(home.path().join(".gitconfig"), config).unwrap();
    let run = async |url: &str| {
        let mut command = shelf.home.prizm(&["run", url, "hi"]);
        command.env("HOME", home.path());
        Running::start(command).ended().await
    };
    assert_eq!(run("github:acme/echo@main").await.ok(), "hi\n");
    assert_eq!(run("git+http://127.0.0.1:1/elsewhere/echo@main").await.ok(), "hi\n", "`insteadOf` is the user's own");
    assert!(!witness.exists());
    fs::write(home.path().join(".gitconfig"), format!("[url \"ext::sh -c x\"]\n\tinsteadOf = {}\n", shelf.git.url()))
        .unwrap();
    let ended = run("github:acme/echo@refs/heads/main").await;
    assert!(ended.failed(4).contains("insteadOf"), "{ended}");
}

/// Row 25.
#[tokio::test]
async fn git_variables_of_the_environment_have_no_say() {
    let (shelf, _, _) = shelf();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = shelf.home.prizm(&["run", URL, "hi"]);
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_COMMON_DIR",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    ] {
        command.env(name, elsewhere.path());
    }
    assert_eq!(Running::start(command).ended().await.ok(), "hi\n");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

/// Row 17.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (shelf, _, _) = shelf();
    let server = TlsServer::start();
    let url = format!("git+https://localhost:{}/acme/echo", server.port);
    shelf.refuses(&format!("{url}.git"), 4, "policy", "is a new source").await;
    let with = async |certificate: &str| {
        let mut command = shelf.home.prizm(&["run", &url, "hi", "--json", "--yes"]);
        command.env("SSL_CERT_FILE", certificate).env_remove("SSL_CERT_DIR");
        Running::start(command).ended().await
    };
    let ended = with("/etc/ssl/certs/ca-certificates.crt").await;
    let message = ended.error(5)["message"].to_string();
    assert!(message.contains("certificate") || message.contains("UnknownIssuer"), "{ended}");
    // Whom the user trusts is asked; there is no repository there, and that is said.
    let ended = with(&server.certificate.display().to_string()).await;
    assert_eq!(ended.error(3)["stage"], "resolve", "{ended}");
}

/// A server with a certificate of its own, which answers everything with 404.
struct TlsServer {
    port: u16,
    certificate: std::path::PathBuf,
    _directory: tempfile::TempDir,
}

impl TlsServer {
    fn start() -> Self {
        use std::io::{Read as _, Write as _};

        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let certificate = directory.path().join("certificate.pem");
        fs::write(&certificate, signed.cert.pem()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![signed.cert.der().clone()], key).unwrap();
        let config = std::sync::Arc::new(config);
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
                let mut request = [0; 4096];
                // A client that does not trust the certificate hangs up.
                if stream.read(&mut request).is_ok() {
                    let _ =
                        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        Self { port, certificate, _directory: directory }
    }
}
