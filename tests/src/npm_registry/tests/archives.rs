use std::io::Read as _;

use flate2::read::GzDecoder;

use super::*;

/// Returns what GNU tar lists of an archive.
fn listed(archive: &Archive) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("archive.tgz");
    fs::write(&path, archive.gzip()).unwrap();
    #[expect(clippy::disallowed_methods, reason = "tar itself is the reader")]
    let mut command = Command::new("tar");
    command
        .args(["--numeric-owner", "--quoting-style=c", "-P", "-tvzf"])
        .arg(&path)
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
    let output = command.output().expect("tar runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // What is between the mode and the name is the same for all.
    let lines = String::from_utf8(output.stdout).unwrap();
    let short = |line: &str| format!("{} {}", &line[..10], &line[line.find('"').unwrap()..]);
    lines.lines().map(short).collect::<Vec<_>>().join("\n")
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).expect("gzip");
    plain
}

#[test]
fn an_archive_holds_what_no_packer_would_write() {
    let long = format!("package/{}", "long/".repeat(40));
    let archive = Archive::new()
        .file("package/package.json", "{}")
        .file("../../evil", "evil")
        .file("/etc/evil", "evil")
        .symlink("package/link", "/etc/passwd")
        .hardlink("package/hard", "/etc/shadow")
        .fifo("package/fifo")
        .directory("package/dir")
        .entry(Header::file("package/setuid").mode(0o4755), "#!/bin/sh\n")
        .file("package/package.json", "{\"again\":true}")
        .file("package/a\nb\u{202e}c", "")
        .file(b"package/\xff", "")
        .file(format!("{long}x"), "long");
    let expected = format!(
        r#"-rw-r--r-- "package/package.json"
-rw-r--r-- "../../evil"
-rw-r--r-- "/etc/evil"
lrwxrwxrwx "package/link" -> "/etc/passwd"
hrw-r--r-- "package/hard" link to "/etc/shadow"
prw-r--r-- "package/fifo"
drwxr-xr-x "package/dir"
-rwsr-xr-x "package/setuid"
-rw-r--r-- "package/package.json"
-rw-r--r-- "package/a\nb\342\200\256c"
-rw-r--r-- "package/\377"
-rw-r--r-- "{long}x""#
    );
    let found = listed(&archive);
    assert_eq!(found.replacen("lrw-r--r--", "lrwxrwxrwx", 1), expected);
    assert_eq!(gunzip(&archive.gzip()), archive.tar());
    let again = Archive::new().file("a", "b");
    assert_eq!(again.gzip(), again.clone().gzip());
}

#[test]
fn headers_can_disagree_about_a_size() {
    let hidden = Archive::new().file("package/hidden", "hidden");
    let archive = Archive::new().desync("package/seen", 0, &hidden).file("package/last", "");
    assert_eq!(listed(&archive), "-rw-r--r-- \"package/seen\"\n-rw-r--r-- \"package/last\"");
    // Without the extended header, which has one block and one of content, there is another file.
    let rest = [&[0_u8; 0], &archive.tar()[1024..]].concat();
    assert_eq!((&rest[..12], &rest[512..526]), (b"package/seen".as_slice(), b"package/hidden".as_slice()));
}

#[test]
fn a_bomb_is_small_until_it_goes_off() {
    let size = 100_000_123;
    let archive = Archive::new().file("package/package.json", "{}").bomb("package/bomb", size);
    let packed = archive.gzip();
    assert!(packed.len() < 200_000, "{} bytes", packed.len());
    let read = std::io::copy(&mut GzDecoder::new(&*packed), &mut std::io::sink()).expect("gzip");
    assert_eq!(read, 1024 + 512 + size.next_multiple_of(512) + 1024);
}

#[test]
fn npm_installs_what_is_published_as_bytes() {
    let bench = Bench::new();
    let archive = Archive::new()
        .file("package/package.json", r#"{"name":"raw","version":"1.0.0"}"#)
        .symlink("package/link", "/etc/passwd");
    bench.registry.publish_tarball("raw", "1.0.0", archive.gzip());
    bench.done("install raw");
    assert_eq!(names(&bench.file("node_modules/raw")), ["package.json"], "npm leaves links out");
}
