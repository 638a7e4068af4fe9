//! The nearest names to a wrong one.

/// Returns up to three names that somebody may have meant, best first.
pub(crate) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.to_lowercase();
    let mut scored: Vec<_> = names
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let similar = strsim::jaro_winkler(&wrong, &lower);
            let one_in_the_other =
                wrong.len().min(lower.len()) >= 3 && (lower.contains(&wrong) || wrong.contains(&lower));
            let score = if one_in_the_other { similar.max(0.8) } else { similar };
            (score, name)
        })
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Writes "did you mean …?", or what there is where nothing is near.
pub(crate) fn hint(wrong: &str, what: &str, names: &[&str]) -> String {
    let near = nearest(wrong, names.iter().copied());
    if !near.is_empty() {
        return format!("did you mean {}?", quoted(&near, " or "));
    }
    match names {
        [] => format!("there are no {what}"),
        _ => {
            let shown = &names[..names.len().min(12)];
            let more = if names.len() > shown.len() { " and others" } else { "" };
            format!("there are {what} {}{more}", quoted(shown, ", "))
        }
    }
}

fn quoted(names: &[&str], separator: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("canvsa", ["ffmpeg", "canvas"]), ["canvas"]);
        assert_eq!(nearest("flux", ["black-forest-labs/flux-schnell", "sdxl"]), ["black-forest-labs/flux-schnell"]);
        assert!(nearest("zzz", ["ffmpeg", "canvas"]).is_empty());
        assert_eq!(hint("zzz", "providers", &["a", "b"]), "there are providers `a`, `b`");
        assert_eq!(hint("zzz", "models", &[]), "there are no models");
    }
}
