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
        ("file:///a?ref=v1", "nothing after `?`"),
        ("file:///a#b", "nothing after `#`"),
        ("./nowhere-2718", "there is no such directory"),
        ("/nowhere/2718", "there is no such directory"),
        ("~/nowhere-2718", "there is no such directory"),
        ("Cargo.toml", "it is a file"),
        ("ext::sh -c x", "`ext:` is no scheme"),
        ("ssh://git@example.org/x", "`ssh:` is no scheme"),
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
fn the_schemes_to_come_are_named() {
    for (text, scheme) in [
        ("github:acme/echo@v1", "`github:`"),
        ("GitHub:acme/echo", "`github:`"),
        ("https://github.com/acme/echo.git@v1?dir=x", "`https://github.com/`"),
        ("git+https://example.org/echo@main", "`git+https:`"),
        ("npm:echo@^1", "`npm:`"),
        ("@acme/echo", "`@SCOPE/NAME`"),
    ] {
        let (message, hint) = refusal(text, ErrorKind::Unsupported);
        assert!(message.contains(scheme), "{message}");
        assert!(hint.starts_with("this version loads ids and `file:///` directories"), "{hint}");
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
    ]) {
        if let Ok(identifier) = parse(&text) {
            let printed = identifier.to_string();
            prop_assert_eq!(parse(&printed).unwrap(), identifier);
            prop_assert_eq!(parse(&printed).unwrap().to_string(), printed);
        }
    }
}
