//! Published schemas never change: third parties check their plugins by them.

use std::fmt::Write;
use std::fs;

use sha2::{Digest, Sha256};

use crate::documents::{names_in, protocol};

/// The digests of `protocol/schema/1.0`, as `sha256sum` prints them.
const DIGESTS: &str = include_str!("data/1.0.sha256");

const REMEDY: &str = "\
The schemas of protocol 1.0 are not those whose digests are known. Version 1.0 is a draft until the project's first
release. Until then, where the change is meant, renew the digests and commit them with it:
    (cd protocol/schema/1.0 && LC_ALL=C sha256sum *.json) > crates/prizm-protocol/tests/schema/data/1.0.sha256
After that release they stay as they are: what is new goes to a schema of the next minor version.";

#[test]
fn published_schemas_do_not_change() {
    let mut digests = String::new();
    for name in names_in("schema/1.0") {
        let bytes = fs::read(protocol().join(format!("schema/1.0/{name}.json"))).unwrap();
        for byte in Sha256::digest(&bytes) {
            write!(digests, "{byte:02x}").unwrap();
        }
        writeln!(digests, "  {name}.json").unwrap();
    }
    let (now, known): (Vec<_>, Vec<_>) = (digests.lines().collect(), DIGESTS.lines().collect());
    let changed: Vec<_> = now.iter().filter(|line| !known.contains(line)).collect();
    let gone: Vec<_> = known.iter().filter(|line| !now.contains(line)).collect();
    assert!(changed.is_empty() && gone.is_empty(), "{REMEDY}\nnow: {changed:#?}\nknown: {gone:#?}");
}
