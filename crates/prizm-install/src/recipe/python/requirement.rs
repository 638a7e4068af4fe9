//! One requirement: a name, versions, markers and hashes. Nothing in it may say where it comes from.

/// The endings by which pip takes a word for a file.
const ARCHIVES: &[&str] =
    &[".whl", ".zip", ".tar", ".tgz", ".tbz", ".txz", ".tlz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.lz", ".tar.lzma"];
/// Hashes that pip knows, and their digits.
const HASHES: &[(&str, usize)] = &[("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// A package that is asked for by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    /// Its name as indexes compare it.
    pub(super) name: String,
    /// The requirement without hashes.
    text: String,
    /// `sha256:HEX` of what it may be.
    pub(super) hashes: Vec<String>,
    /// Whether it is one version exactly.
    pub(super) is_pinned: bool,
    /// Whether it depends on the machine.
    pub(super) has_marker: bool,
}

impl Requirement {
    /// Reads a requirement, with its `--hash` options, or says why it is refused.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (text, options) = match text.find(" -").or_else(|| text.find("\t-")) {
            Some(at) => (&text[..at], &text[at..]),
            None => (text, ""),
        };
        let hashes = parse_hashes(options)?;
        let (wanted, marker) = match text.split_once(';') {
            Some((wanted, marker)) => (wanted.trim(), Some(marker.trim())),
            None => (text.trim(), None),
        };
        if wanted.contains(['@', ':', '/', '\\']) || wanted.starts_with('.') {
            return Err("it names a URL or a file".to_owned());
        }
        let end = wanted.find(|c: char| !is_of_name(c)).unwrap_or(wanted.len());
        let (name, rest) = (&wanted[..end], wanted[end..].trim());
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !name.ends_with(|c: char| c.is_ascii_alphanumeric())
        {
            return Err("it is no requirement".to_owned());
        }
        let lower = name.to_ascii_lowercase();
        if ARCHIVES.iter().any(|ending| lower.ends_with(ending)) {
            return Err("it names a file".to_owned());
        }
        let (extras, versions) = split_extras(rest)?;
        check_versions(versions)?;
        if !marker.unwrap_or_default().chars().all(is_of_marker) {
            return Err("its marker has characters that none has".to_owned());
        }
        let versions: String = versions.trim_matches(['(', ')']).chars().filter(|c| !c.is_whitespace()).collect();
        let marker = marker.filter(|marker| !marker.is_empty());
        let marker_text = marker.map(|marker| format!(" ; {marker}")).unwrap_or_default();
        Ok(Self {
            name: normal(name),
            text: format!("{name}{extras}{versions}{marker_text}"),
            hashes,
            is_pinned: versions.starts_with("==") && !versions.contains([',', '*']),
            has_marker: marker.is_some(),
        })
    }

    /// Returns the line of a requirements file.
    pub(super) fn line(&self) -> String {
        let hashes: String = self.hashes.iter().map(|hash| format!(" --hash={hash}")).collect();
        format!("{}{hashes}", self.text)
    }
}

/// Writes a name as indexes compare it: lower case, and `-` for every run of `-`, `_` and `.`.
pub(super) fn normal(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn is_of_marker(c: char) -> bool {
    c.is_ascii_alphanumeric() || " \t_.\"'<>=!~(),+*".contains(c)
}

/// `[a, b]` in front of the versions, written as pip reads it.
fn split_extras(rest: &str) -> Result<(String, &str), String> {
    let Some(after) = rest.strip_prefix('[') else { return Ok((String::new(), rest)) };
    let (extras, versions) = after.split_once(']').ok_or("its `[` is not closed")?;
    let extras: Vec<_> = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect();
    if !extras.iter().all(|extra| extra.chars().all(is_of_name)) {
        return Err("its extras are no names".to_owned());
    }
    Ok((format!("[{}]", extras.join(",")), versions.trim()))
}

fn check_versions(versions: &str) -> Result<(), String> {
    let versions = versions.trim_matches(['(', ')']).trim();
    if versions.is_empty() {
        return Ok(());
    }
    let is_of_version = |c: char| c.is_ascii_alphanumeric() || " \t.*+!<>=~,-_".contains(c);
    if !versions.starts_with(['<', '>', '=', '!', '~']) || !versions.chars().all(is_of_version) {
        return Err("its versions are written as none are".to_owned());
    }
    Ok(())
}

fn parse_hashes(options: &str) -> Result<Vec<String>, String> {
    let mut hashes = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let hash = match word.strip_prefix("--hash") {
            Some("") => words.next().unwrap_or_default(),
            Some(rest) => rest.strip_prefix('=').unwrap_or_default(),
            None => return Err(format!("`{}` is refused", shown(word))),
        };
        let (algorithm, hex) = hash.split_once(':').unwrap_or_default();
        let digits = HASHES.iter().find(|(name, _)| *name == algorithm).map(|(_, digits)| *digits);
        if digits != Some(hex.len()) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("`{}` is no hash: `sha256:` and 64 hexadecimal digits are", shown(hash)));
        }
        hashes.push(format!("{algorithm}:{}", hex.to_ascii_lowercase()));
    }
    Ok(hashes)
}

/// A word of a stranger's file, cut and safe to print.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(100).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_meant_is_kept() {
        let hex = "AB".repeat(32);
        let low = hex.to_lowercase();
        for (text, line, is_pinned) in [
            ("six", "six".to_owned(), false),
            ("Six==1.16.0", "Six==1.16.0".to_owned(), true),
            ("six == 1.16.*", "six==1.16.*".to_owned(), false),
            ("a.b_c [x, y_z] (>=1.0, <2)", "a.b_c[x,y_z]>=1.0,<2".to_owned(), false),
            ("x===1.0+cu118", "x===1.0+cu118".to_owned(), true),
            (
                "x~=1!2.0 ; python_version < \"3.9\" and sys_platform == 'linux'",
                "x~=1!2.0 ; python_version < \"3.9\" and sys_platform == 'linux'".to_owned(),
                false,
            ),
            (
                &format!("six==1 --hash=sha256:{hex}\t--hash sha256:{hex}"),
                format!("six==1 --hash=sha256:{low} --hash=sha256:{low}"),
                true,
            ),
        ] {
            let parsed = Requirement::parse(text).expect(text);
            assert_eq!((parsed.line(), parsed.is_pinned), (line, is_pinned), "{text}");
        }
        assert_eq!(Requirement::parse("A.b__c").unwrap().name, "a-b-c");
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for (text, reason) in [
            ("six @ https://evil.example/six.whl", "URL or a file"),
            ("https://evil.example/six.tar.gz", "URL or a file"),
            ("git+ssh://evil.example/six", "URL or a file"),
            ("file:six", "URL or a file"),
            ("./six", "URL or a file"),
            (".", "URL or a file"),
            ("..\\six", "URL or a file"),
            ("six.whl", "names a file"),
            ("six-1.0.TAR.GZ", "names a file"),
            ("", "no requirement"),
            ("-e", "no requirement"),
            ("_x", "no requirement"),
            ("six ${TOKEN}", "written as none"),
            ("six==${TOKEN}", "written as none"),
            ("six ; '$(id)'", "marker"),
            ("six; python_version < '3' -r x", "`-r` is refused"),
            ("six --global-option=x", "`--global-option=x` is refused"),
            ("six --hash=md5:0123", "no hash"),
            ("six --hash=sha256:0123", "no hash"),
            ("six[a", "not closed"),
            ("six[a b]", "no names"),
            ("six seven", "written as none"),
            ("s\u{456}x", "written as none"),
        ] {
            let error = Requirement::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_line_that_is_written_is_one_requirement(text in "[ -~\t]{0,40}") {
            if let Ok(parsed) = Requirement::parse(&text) {
                let line = parsed.line();
                prop_assert!(line.starts_with(|c: char| c.is_ascii_alphanumeric()), "{}", line);
                prop_assert!(!line.contains(['@', '$', '#', '/', '\\', '\n', '\r']), "{}", line);
                prop_assert_eq!(Requirement::parse(&line).map(|again| again.line()), Ok(line));
            }
        }
    }
}
