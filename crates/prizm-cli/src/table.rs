//! Tables for people.

use comfy_table::{ContentArrangement, Table, presets};

use crate::output::printable;

/// Makes a table without lines, as wide as the terminal.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width() {
        table.set_width(width);
    }
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell).replace('\n', " ")));
    }
    let text = table.to_string();
    text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect::<Vec<_>>().join("\n")
}

/// Without a terminal lines are as long as they are, for `grep` and `cut`.
fn width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns)
}
