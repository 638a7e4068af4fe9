//! Where the symbolic links of a source lead.

use std::collections::BTreeMap;

/// How many links may lead to one another, as the kernel counts.
const MAX_HOPS: usize = 40;

/// Checks that a link leads to something inside the tree, also through other links.
pub(super) fn check(
    path: &str,
    target: &str,
    links: &BTreeMap<&str, &str>,
    is_there: impl Fn(&str) -> bool,
) -> Result<(), String> {
    if path.rsplit('/').next() == Some(".gitmodules") {
        return Err("`.gitmodules` is a link".to_owned());
    }
    if target.is_empty() || target.len() > 4096 || target.contains('\0') {
        return Err("it is a link to nothing".to_owned());
    }
    if target.starts_with('/') {
        return Err(format!("it is a link to the absolute path `{}`", target.escape_debug()));
    }
    let outside = || format!("it is a link that leads out of the source, to `{}`", target.escape_debug());
    let mut done: Vec<&str> = path.split('/').collect();
    done.pop();
    // What is left to walk, the next last.
    let mut left: Vec<&str> = target.split('/').rev().collect();
    let mut hops = 0;
    while let Some(part) = left.pop() {
        match part {
            "" | "." => {}
            ".." => {
                done.pop().ok_or_else(outside)?;
            }
            part => {
                done.push(part);
                let Some(next) = links.get(done.join("/").as_str()) else { continue };
                hops += 1;
                if hops > MAX_HOPS {
                    return Err("it is a link that leads in a circle".to_owned());
                }
                if next.starts_with('/') {
                    return Err(outside());
                }
                done.pop();
                left.extend(next.split('/').rev());
            }
        }
    }
    let end = done.join("/");
    if is_there(&end) {
        Ok(())
    } else {
        Err(format!("it is a link to `{}`, which is not there", target.escape_debug()))
    }
}
