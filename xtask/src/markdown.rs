//! What xtask reads out of Markdown: links and the lines of fenced code.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The target of every link and image, HTML's `src` and `href` included, with its line (from 1).
pub fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (event, Range { start, .. }) in events(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push((line_of(text, start), dest_url.into_string()));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let line = line_of(text, start);
                links.extend(attributes(&html).map(|target| (line, target.to_owned())));
            }
            _ => {}
        }
    }
    links
}

/// Every command in fenced code, with its first line (from 1): prompts removed, continuation lines joined.
pub fn commands(text: &str) -> Vec<(usize, String)> {
    let mut commands: Vec<(usize, String)> = Vec::new();
    let mut fenced = false;
    let mut continued = false;
    for (event, Range { start, .. }) in events(text) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => fenced = matches!(kind, CodeBlockKind::Fenced(_)),
            Event::End(TagEnd::CodeBlock) => (fenced, continued) = (false, false),
            Event::Text(code) if fenced => {
                for (offset, line) in code.lines().enumerate() {
                    let line = line.trim();
                    let (part, continues) =
                        line.strip_suffix('\\').map_or((line, false), |part| (part.trim_end(), true));
                    match commands.last_mut() {
                        Some((_, command)) if continued => *command = format!("{command} {part}"),
                        _ => {
                            let command = part.strip_prefix("$ ").unwrap_or(part);
                            commands.push((line_of(text, start) + offset, command.to_owned()));
                        }
                    }
                    continued = continues;
                }
            }
            _ => {}
        }
    }
    commands
}

fn events(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES).into_offset_iter()
}

fn attributes(html: &str) -> impl Iterator<Item = &str> {
    ["src=\"", "href=\""].into_iter().flat_map(move |name| {
        html.split(name).skip(1).filter_map(|rest| rest.split_once('"').map(|(target, _)| target))
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_every_kind_and_none_from_code() {
        let text = "[a](one.md)\n![b](two.png \"t\")\n\n[c]\n\n`[x](no.md)`\n\n```\n[y](no.md)\n```\n\n\
                    <img alt=\"\" src=\"three.png\">\n\n[c]: four.md\n";
        let expected = [(1, "one.md"), (2, "two.png"), (4, "four.md"), (12, "three.png")];
        assert_eq!(links(text), expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn commands_are_joined_and_lose_their_prompt() {
        let text = "cargo no\n\n```console\n$ cargo one \\\n    --two\ncargo three\n```\n`cargo no`\n\n    cargo no\n";
        let expected = [(4, "cargo one --two"), (6, "cargo three")];
        assert_eq!(commands(text), expected.map(|(line, command)| (line, command.to_owned())));
    }
}
