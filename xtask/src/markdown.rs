//! What xtask reads out of Markdown: links, tables and the lines of fenced code.

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

/// A table, with what stands around it.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The heading above it.
    pub section: String,
    /// The cells of its head.
    pub head: Vec<String>,
    /// Its rows, each with its line (from 1).
    pub rows: Vec<(usize, Vec<String>)>,
}

/// Every table. Cells are as they were written, code's backticks included.
pub fn tables(text: &str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut section = String::new();
    for (event, range) in events(text) {
        let Event::Start(tag) = event else { continue };
        let source = text[range.clone()].trim();
        match (tag, tables.last_mut()) {
            (Tag::Heading { .. }, _) => section = source.trim_start_matches('#').trim().to_owned(),
            (Tag::Table(_), _) => {
                tables.push(Table { section: section.clone(), head: Vec::new(), rows: Vec::new() });
            }
            (Tag::TableRow, Some(table)) => table.rows.push((line_of(text, range.start), Vec::new())),
            (Tag::TableCell, Some(table)) => {
                let cells = table.rows.last_mut().map_or(&mut table.head, |(_, cells)| cells);
                cells.push(source.replace("\\|", "|"));
            }
            _ => {}
        }
    }
    tables
}

/// Fenced code, and what a comment right before it says: `<!-- quotes PATH -->`.
#[derive(Debug, PartialEq, Eq)]
pub struct Fence {
    /// The line of its opening (from 1).
    pub line: usize,
    /// The first word after the backticks.
    pub language: String,
    /// What it holds.
    pub code: String,
    /// The file of which it is an excerpt.
    pub quotes: Option<String>,
}

/// Every fence, in order.
pub fn fences(text: &str) -> Vec<Fence> {
    let mut fences: Vec<Fence> = Vec::new();
    let (mut quotes, mut open) = (None, false);
    for (event, Range { start, .. }) in events(text) {
        match event {
            Event::Html(html) => quotes = quoted(&html),
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let language = info.split_whitespace().next().unwrap_or_default().to_owned();
                let line = line_of(text, start);
                fences.push(Fence { line, language, code: String::new(), quotes: quotes.take() });
                open = true;
            }
            Event::End(TagEnd::CodeBlock) => open = false,
            Event::Text(code) if open => fences.last_mut().into_iter().for_each(|fence| fence.code.push_str(&code)),
            _ => quotes = None,
        }
    }
    fences
}

fn quoted(html: &str) -> Option<String> {
    let path = html.trim().strip_prefix("<!-- quotes ")?.strip_suffix("-->")?;
    Some(path.trim().to_owned())
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
    fn tables_keep_what_was_written_and_know_their_section() {
        let text = "# Top\n\n| a | b |\n|---|---|\n| `x\\|y` | *z* |\n| 1 |\n\n## Below\n\n|c|\n|-|\n";
        let table = |section: &str, head: &[&str], rows: &[(usize, &[&str])]| {
            let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
            let rows = rows.iter().map(|(line, cells)| (*line, owned(cells))).collect();
            Table { section: section.to_owned(), head: owned(head), rows }
        };
        let first = table("Top", &["a", "b"], &[(5, &["`x|y`", "*z*"]), (6, &["1", ""])]);
        assert_eq!(tables(text), [first, table("Below", &["c"], &[])]);
    }

    #[test]
    fn fences_know_what_they_quote() {
        let text = "<!-- quotes a/b.rs -->\n```rust\none\n\ntwo\n```\n\n<!-- quotes c -->\n\nText.\n\n```console x\n$ y\n```\n";
        let fence = |line, language: &str, code: &str, quotes: Option<&str>| Fence {
            line,
            language: language.to_owned(),
            code: code.to_owned(),
            quotes: quotes.map(str::to_owned),
        };
        let expected = [fence(2, "rust", "one\n\ntwo\n", Some("a/b.rs")), fence(12, "console", "$ y\n", None)];
        assert_eq!(fences(text), expected);
    }

    #[test]
    fn commands_are_joined_and_lose_their_prompt() {
        let text = "cargo no\n\n```console\n$ cargo one \\\n    --two\ncargo three\n```\n`cargo no`\n\n    cargo no\n";
        let expected = [(4, "cargo one --two"), (6, "cargo three")];
        assert_eq!(commands(text), expected.map(|(line, command)| (line, command.to_owned())));
    }
}
