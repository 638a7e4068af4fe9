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

/// Makes a table without the columns that are empty in every row.
pub(crate) fn filled(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    let is_filled = |column: usize| rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<_> = (0..header.len()).filter(|column| is_filled(*column)).collect();
    let header: Vec<_> = columns.iter().map(|column| header[*column]).collect();
    let kept = |row: &Vec<String>| columns.iter().filter_map(|column| row.get(*column).cloned()).collect();
    table(&header, rows.iter().map(kept))
}

/// Without a terminal lines are as long as they are, for `grep` and `cut`.
fn width() -> Option<u16> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_anything_are_left_out() {
        let rows = [["a", "", "1"], ["b", "", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(filled(&["name", "never", "now"], rows), "NAME  NOW\na     1\nb");
    }
}
