//! The machine's own fonts: looked at only for characters that no bundled font has.

use std::sync::OnceLock;

use fontdb::{Database, FaceInfo, ID, Style};

use crate::fonts;

/// The file of a system font, and which of its faces covers the character.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) info: FaceInfo,
    pub(crate) bytes: Vec<u8>,
}

/// System fonts that together draw as many of the characters as any can, best first.
pub(crate) fn covering(characters: impl IntoIterator<Item = char>, bold: bool) -> Vec<Found> {
    let mut chosen: Vec<Found> = Vec::new();
    for character in characters {
        if chosen.iter().any(|found| fonts::draws(&found.bytes, found.info.index, character)) {
            continue;
        }
        chosen.extend(find(character, bold));
    }
    chosen
}

fn find(character: char, bold: bool) -> Option<Found> {
    let database = database();
    let mut able: Vec<&FaceInfo> = database.faces().filter(|face| draws(face.id, character)).collect();
    able.sort_by_key(|face| preference(face, bold));
    let info = (*able.first()?).clone();
    let bytes = database.with_face_data(info.id, |data, _| data.to_vec())?;
    Some(Found { info, bytes })
}

/// Upright before slanted, proportional before fixed, near in weight, then by name: the order in which a directory was
/// read must not show in the picture.
fn preference(face: &FaceInfo, bold: bool) -> (bool, bool, u16, String) {
    let wanted = if bold { 700 } else { 400 };
    (face.style != Style::Normal, face.monospaced, face.weight.0.abs_diff(wanted), face.post_script_name.clone())
}

fn draws(id: ID, character: char) -> bool {
    database().with_face_data(id, |data, index| fonts::draws(data, index, character)) == Some(true)
}

fn database() -> &'static Database {
    static DATABASE: OnceLock<Database> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let mut database = Database::new();
        database.load_system_fonts();
        database
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unassigned_character_is_in_no_font() {
        assert!(covering(['\u{10FFFD}'], false).iter().all(|found| fonts::draws(
            &found.bytes,
            found.info.index,
            '\u{10FFFD}'
        )));
        assert!(covering(['\u{0378}'], true).is_empty());
    }

    #[test]
    fn what_is_found_covers_what_was_asked() {
        for found in covering(['A', 'b'], true) {
            assert!(
                fonts::draws(&found.bytes, found.info.index, 'A') || fonts::draws(&found.bytes, found.info.index, 'b')
            );
        }
    }
}
