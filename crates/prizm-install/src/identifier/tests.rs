use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Identifier, Error> {
    text.parse()
}

fn refusal(text: &str, kind: ErrorKind) -> (String, String) {
    let error = parse(text).expect_err(text);
    assert_eq!(error.kind(), kind, "{text:?}: {error:?}");
    let (message, hint) = (error.to_string(), error.hint().expect("a remedy").to_owned());
    assert!(!message.ends_with('.') && message.contains('`'), "{message}");
    assert!(!message.chars().any(is_treacherous), "{message:?}");
    (message, hint)
}

#[test]
fn spellings_of_one_source_are_one() {
    for (text, canonical) in [
        ("canvas", "canvas"),
        ("3d-maker", "3d-maker"),
        ("file:///srv/echo", "file:///srv/echo"),
        ("file:///srv/echo/", "file:///srv/echo"),
        ("file:////srv//./echo//", "file:///srv/echo"),
        ("FILE:///srv/echo", "file:///srv/echo"),
        ("file:///srv/my%20echo", "file:///srv/my%20echo"),
        ("file:///srv/my echo", "file:///srv/my%20echo"),
        ("file:///srv/%65cho", "file:///srv/echo"),
        ("file:///srv/100%25", "file:///srv/100%25"),
        ("file:///srv/a%23b%3Fc", "file:///srv/a%23b%3Fc"),
        ("file:///srv/écho", "file:///srv/%C3%A9cho"),
        ("file:///srv/~me/@x+y", "file:///srv/~me/@x+y"),
        ("file:///srv/...", "file:///srv/..."),
    ] {
        assert_eq!(parse(text).expect(text).to_string(), canonical);
    }
    let Identifier::File(source) = parse("file:///srv/%C3%A9%25/").unwrap() else { panic!() };
    assert_eq!(source.path(), Path::new("/srv/é%"));
}

#[test]
fn malformed_identifiers_are_refused_with_a_reason() {
    for (text, reason) in [
        ("", "it is empty"),
        ("Canvas", "an id is 1 to 64 of"),
        ("-canvas", "it starts with `-`"),
        ("a\nb", "control character U+000A"),
        ("a\0b", "NUL"),
        ("a\u{202e}b", "U+202E, which changes the direction"),
        ("file:///a%00b", "NUL"),
        ("file:///a%0Ab", "control character U+000A"),
        ("file:///a%E2%80%AEb", "U+202E"),
        ("file:///a%FF", "the path is not UTF-8"),
        ("file:///a%2", "a `%` is not followed by two hexadecimal digits"),
        ("file:///a%é0", "a `%` is not followed by two hexadecimal digits"),
        ("file:///a/../b", "the path contains `..`"),
        ("file:///a%2F..%2Fb", "the path contains `..`"),
        ("file:///a/%2e%2E", "the path contains `..`"),
        ("file:///", "it names no directory"),
        ("file://", "the path is not absolute"),
        ("file:", "must be followed by `///`"),
        ("file:/srv/echo", "must be followed by `///`"),
        ("file:echo", "must be followed by `///`"),
        ("file://nowhere-2718", "`nowhere-2718` would be another machine"),
        ("file://host/srv", "`host` would be another machine"),
        ("file://localhost/srv", "`localhost` would be another machine"),
        ("file://me@/srv", "has no user"),
        ("file://me:hunter2@host/srv", "has no user"),
        ("file://./nowhere-2718", "the path is not absolute"),
        ("file://~/echo", "`~` means the home directory only in a shell"),
        ("file:///~/echo", "`~` means the home directory only in a shell"),
        ("file:///a?rev=v1", "nothing but `?ref=…` after `?`"),
        ("file:///a#b", "nothing but `?ref=…` after `#`"),
        ("./nowhere-2718", "there is no such directory"),
        ("/nowhere/2718", "there is no such directory"),
        ("~/nowhere-2718", "there is no such directory"),
        ("Cargo.toml", "it is a file"),
        ("ext::sh -c x", "`ext:` is not loaded"),
        ("ssh://git@example.org/x", "`ssh:` is not loaded"),
        ("svn://example.org/x", "`svn:` is no scheme"),
        ("git@example.org:a/b", "is no scheme"),
        ("http://github.com/a/b", "only addresses of github.com"),
        ("https://example.org/a/b", "only addresses of github.com"),
    ] {
        let (message, _) = refusal(text, ErrorKind::Identifier);
        assert!(message.contains(reason), "{text:?}: {message}");
    }
    let (message, _) = refusal(&format!("file:///{}", "x".repeat(5000)), ErrorKind::Identifier);
    assert!(message.contains("5008 bytes") && message.len() < 300, "{message}");
    let (message, _) = refusal(&format!("file:///{}", "é".repeat(1000)), ErrorKind::Identifier);
    assert!(message.contains("its URL has 6008 bytes"), "{message}");
}

#[test]
fn spellings_of_one_repository_are_one() {
    let commit = "0123456789ABCDEF0123456789abcdef01234567";
    for (text, canonical) in [
        ("github:acme/echo", "github:acme/echo"),
        ("GitHub:Acme/Echo.git", "github:acme/echo"),
        ("github:acme/echo@v1.0.0", "github:acme/echo@v1.0.0"),
        ("github:acme/echo@feature/x?dir=providers/./echo/", "github:acme/echo@feature/x?dir=providers/echo"),
        ("github:acme/echo?dir=.", "github:acme/echo"),
        ("https://github.com/acme/echo", "github:acme/echo"),
        ("https://github.com/acme/echo/", "github:acme/echo"),
        ("https://www.github.com/acme/echo.git@v1?dir=x", "github:acme/echo@v1?dir=x"),
        ("HTTPS://GitHub.com/acme/echo@refs/tags/v1", "github:acme/echo@refs/tags/v1"),
        ("git+https://github.com/acme/echo.git@main", "github:acme/echo@main"),
        ("github:acme/x.git.git", "github:acme/x"),
        ("github:acme/X.GIT", "github:acme/x"),
        ("git+https://www.github.com/acme/echo", "github:acme/echo"),
        ("git+https://example.org/x.git.git/", "git+https://example.org/x"),
        ("git+https://Example.org:443/a/Echo.git/", "git+https://example.org/a/Echo"),
        ("git+https://example.org:8443/echo@v1?dir=x", "git+https://example.org:8443/echo@v1?dir=x"),
        ("git+http://127.0.0.1:8123/acme/echo@v1", "git+http://127.0.0.1:8123/acme/echo@v1"),
        ("git+http://[::1]:8123/acme/echo", "git+http://[::1]:8123/acme/echo"),
        ("file:///srv/echo?ref=v1", "file:///srv/echo?ref=v1"),
        ("npm:echo", "npm:echo"),
        ("npm:echo@latest", "npm:echo"),
        ("NPM:echo@v1.2.3", "npm:echo@1.2.3"),
        ("npm:echo@=1.2.3", "npm:echo@1.2.3"),
        ("npm:echo@^1.2 || ~2", "npm:echo@^1.2 || ~2"),
        ("@acme/echo", "npm:@acme/echo"),
        ("npm:@acme/echo@beta", "npm:@acme/echo@beta"),
    ] {
        assert_eq!(parse(text).expect(text).to_string(), canonical);
    }
    let pinned = parse(&format!("github:acme/echo@{commit}")).unwrap();
    assert_eq!(pinned.to_string(), format!("github:acme/echo@{}", commit.to_lowercase()));
    assert_eq!((pinned.source().as_str(), pinned.pin()), ("github:acme/echo", Pin::Commit));
}

#[test]
fn how_exactly_an_identifier_speaks_is_told() {
    for (text, pin) in [
        ("github:a/b", Pin::None),
        ("github:a/b@v1", Pin::Tag),
        ("github:a/b@refs/heads/main", Pin::None),
        ("npm:a@1.2.3", Pin::Tag),
        ("npm:a@^1", Pin::None),
        ("npm:a", Pin::None),
        ("file:///a", Pin::None),
    ] {
        assert_eq!(parse(text).unwrap().pin(), pin, "{text}");
    }
}

/// Row 27, and what else could be mistaken for something.
#[test]
fn repositories_and_packages_that_could_deceive_are_refused() {
    for (text, reason) in [
        ("github:acme", "it names no repository"),
        ("github:/echo", "`` is empty"),
        ("github:acme/..", "`..` is no name"),
        ("github:-acme/echo", "starts with `-`"),
        ("github:acme/-u", "starts with `-`"),
        ("github:acme/echo@--upload-pack=touch x", "starts with `-`, as an option does"),
        ("github:acme/echo@1234567", "looks like a commit that is cut short"),
        ("github:acme/echo@a..b", "is no name of a ref"),
        ("github:acme/echo@HEAD", "is no branch, tag or commit"),
        ("github:acme/echo@refs/heads", "is no branch, tag or commit"),
        ("github:acme/echo@", "is no name of a ref"),
        ("github:acme/echo@v1 x", "is no name of a ref"),
        ("github:acme/echo?dir=../x", "contains `..`"),
        ("github:acme/echo?dir=/etc", "absolute"),
        ("github:acme/echo?dir=.git/hooks", "contains `.git`"),
        ("github:acme/echo?ref=v1", "`?ref=v1` is not understood"),
        ("github:acme/echo?dir=", "says nothing"),
        ("github:acme/echo#v1", "it has a fragment"),
        ("github:me@acme/echo", "it has a user or a password"),
        ("https://github.com/acme/echo/tree/main", "an address of a page"),
        ("git+ssh://git@example.org/x/y", "user or a password"),
        ("git+ssh://example.org/x/y", "`git+ssh:` is not loaded"),
        ("git+file:///srv/x", "it names no host"),
        ("git+http://example.org/x", "plain http is spoken to this machine only"),
        ("git+https://example.org", "it names no repository"),
        ("git+https://example.org/", "it names no repository"),
        ("git+https://example.org/a/../b", "contains `..`"),
        ("git+https://example.org/-x/y", "starts with `-`"),
        ("git+https://github.com./acme/x", "characters that no repository's address needs"),
        ("git+https://*/*", "characters that no repository's address needs"),
        ("git+https://h.invalid/a[", "characters that no repository's address needs"),
        ("git+https://exämple.org/x", "not ASCII"),
        ("git+ext::sh -c x", "it names no repository"),
        ("file:///srv/x?ref=1234567", "cut short"),
        ("npm:", "is no package's name"),
        ("npm:Echo", "capital letters"),
        ("npm:../echo", "is no package's name"),
        ("npm:.echo", "is no package's name"),
        ("npm:a/b", "characters other than"),
        ("npm:echo@", "nothing follows the last `@`"),
        ("npm:echo@-g", "starts with `-`"),
        ("npm:echo@file:../x", "no version, range or tag"),
        ("npm:echo@git+ssh://x", "no version, range or tag"),
        ("@acme/", "is no package's name"),
        ("npm:еcho", "characters other than"),
    ] {
        let (message, _) = refusal(text, ErrorKind::Identifier);
        assert!(message.contains(reason), "{text:?}: {message}");
    }
}

#[test]
fn a_credential_is_never_shown() {
    for text in [
        "file://me:hunter2@host/srv",
        "https://me:hunter2@github.com/acme/echo",
        "git+https://hunter2@example.org/echo",
        "ssh://me:hunter2@example.org",
    ] {
        let error = parse(text).expect_err(text);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_bare_directory_gets_its_exact_spelling() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().canonicalize().unwrap().join("my echo");
    std::fs::create_dir(&directory).unwrap();
    let spelling = format!("write `{}`", FileSource::new(&directory).unwrap());
    assert!(spelling.ends_with("/my%20echo`"));
    let roundabout = format!("{}/./my echo/../my echo", directory.parent().unwrap().display());
    for text in [directory.to_str().unwrap(), &roundabout] {
        assert_eq!(refusal(text, ErrorKind::Identifier).1, spelling);
    }
    let here = FileSource::new(std::env::current_dir().unwrap().join("src")).unwrap();
    for text in ["./src", "src/", "file://src", "file://./src"] {
        assert_eq!(refusal(text, ErrorKind::Identifier).1, format!("write `{here}`"), "{text}");
    }
    assert_eq!(refusal("My_Echo", ErrorKind::Identifier).1, "did you mean `my-echo`?");
}

#[test]
fn sources_are_made_of_absolute_paths() {
    assert_eq!(FileSource::new("/srv/x/").unwrap().path(), Path::new("/srv/x"));
    for (path, reason) in
        [("srv", "not absolute"), ("/", "names no directory"), ("/a/../b", "`..`"), ("/a\tb", "U+0009")]
    {
        let error = FileSource::new(path).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

proptest! {
    #[test]
    fn a_path_survives_its_url(parts in prop::collection::vec("[^/\\p{C}\\p{Bidi_Control}]{1,20}", 1..6)) {
        prop_assume!(parts[0] != "~" && parts.iter().all(|part| part != "." && part != ".."));
        let path = format!("/{}", parts.join("/"));
        let source = FileSource::new(&path).unwrap();
        prop_assert_eq!(source.path(), Path::new(&path));
        let text = source.to_string();
        prop_assert!(text.is_ascii());
        prop_assert_eq!(parse(&text).unwrap(), Identifier::File(source));
    }

    #[test]
    fn what_is_accepted_prints_as_itself(text in prop_oneof![
        "\\PC{0,40}",
        "file://[a-z~./%@#?0-9F-]{0,30}",
        "[a-z0-9-]{1,70}",
        "[@a-z:+/.~-]{1,20}",
        "(github:|https://github.com/|GITHUB:|git[+]https://(www[.])?github.com/)[A-Za-z.-]{1,8}/[A-Za-z.-]{1,8}(.git|.GIT){0,2}/?(@[a-zA-Z0-9/._-]{1,12})?([?]dir=[a-z/.]{1,10})?",
        "git[+]https?://([a-z.]{1,8}|127[.]0[.]0[.]1)(:[0-9]{1,5})?/[A-Za-z/.-]{1,12}(.git){0,2}/?(@[a-z/.]{1,8})?([?]dir=[a-z/.]{1,10})?",
        "(npm:)?(@[a-z._-]{1,6}/)?[a-z._-]{1,8}(@[v=^~0-9.a-z| -]{1,12})?",
    ]) {
        if let Ok(identifier) = parse(&text) {
            let printed = identifier.to_string();
            prop_assert_eq!(parse(&printed).unwrap(), identifier);
            prop_assert_eq!(parse(&printed).unwrap().to_string(), printed);
        }
    }
}
