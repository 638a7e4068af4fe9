//! No path of the machine of whoever commits.

use crate::tidy::fault::Fault;
use crate::tidy::tree::Tree;

/// Where people's directories are; written so that this file does not hold one.
const HOMES: &[&str] = &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// Every line with a path into somebody's home or into this very checkout.
pub fn check(tree: &Tree) -> Vec<Fault> {
    // A checkout directly below `/` has a name like `/src`, which says nothing about a machine.
    let own = tree.root.to_str().filter(|_| tree.root.components().count() > 2);
    let mut faults = Vec::new();
    for (path, text) in tree.texts() {
        for (index, line) in text.lines().enumerate() {
            let home = HOMES.iter().copied().find(|home| holds_home(line, home));
            let checkout = own.filter(|own| holds(line, own));
            if let Some(which) = home.or(checkout) {
                let what = format!("`{which}` is a path of somebody's machine");
                faults.push(Fault::of_line(
                    path,
                    index + 1,
                    what,
                    "use a relative path, `~`, or a temporary directory",
                ));
            }
        }
    }
    faults
}

/// Whether an absolute path in `line` goes below `home`: what precedes it is no path, what follows is a name.
fn holds_home(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(start, _)| {
        let name = line[start + home.len()..].chars().next();
        let is_name = name.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
        // The first directory below the superuser's own home already says whose machine it is.
        begins_path(line, start) && (is_name || home == HOMES[1])
    })
}

fn holds(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let next = line[start + path.len()..].chars().next();
        begins_path(line, start) && !next.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
    })
}

/// Whether the slash at `start` is the first of its path, as it is not in `example.org/x` or `$TOP/x`.
fn begins_path(line: &str, start: usize) -> bool {
    let previous = line[..start].chars().next_back();
    !previous.is_some_and(|c| c.is_alphanumeric() || "_-.~}>)*".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::testing::{found, tree};

    #[test]
    fn homes_are_found_in_any_text() {
        let [home, root, users] = [HOMES[0], HOMES[1], HOMES[2]];
        for (line, expected) in [
            (format!("\"{home}alice/x\""), Some(home)),
            (format!("file://{home}alice"), Some(home)),
            (format!("see {root}.cargo"), Some(root)),
            (format!("PATH=/usr/bin:{users}bob/bin"), Some(users)),
            (format!("https://example.org{home}page"), None),
            (format!("$TOP{root}x and <dir>{users}x"), None),
            (format!("{home}$USER is a pattern"), None),
        ] {
            let expected: Vec<_> = expected
                .map(|which| format!("a.md:1: `{which}` is a path of somebody's machine"))
                .into_iter()
                .collect();
            assert_eq!(found(&[("a.md", &line)], check), expected, "{line}");
        }
    }

    #[test]
    fn the_checkouts_own_path_is_found() {
        let (root, mut tree) = tree(&[("a.json", "")]);
        let own = root.path().to_str().unwrap();
        for (text, faults) in
            [(format!("{own}/src"), 1), (own.to_owned(), 1), (format!("{own}2"), 0), (format!("x{own}"), 0)]
        {
            tree.files[0].text = Some(text.clone());
            assert_eq!(check(&tree).len(), faults, "{text}");
        }
    }
}
