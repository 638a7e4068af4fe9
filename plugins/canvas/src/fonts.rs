//! The fonts that ship with the provider, in order of preference.

use std::sync::{Arc, OnceLock};

use fontdb::{Database, FaceInfo, Source};
use parley::FontContext;
use parley::fontique::{Blob, Collection, CollectionOptions, FontInfoOverride, SourceCache};
use skrifa::{FontRef, MetadataProvider};

struct Bundled {
    family: &'static str,
    bytes: &'static [u8],
}

macro_rules! bundled {
    ($($family:literal: $($file:literal),+;)+) => {
        &[$($(Bundled { family: $family, bytes: include_bytes!(concat!("../fonts/", $file)) }),+),+]
    };
}

/// For each character the first family that has it is taken. The display cut of Inter is its bold.
static BUNDLED: &[Bundled] = bundled! {
    "Inter": "Inter-Regular.otf", "InterDisplay-Bold.otf";
    "Noto Sans Arabic": "NotoSansArabic-Regular.ttf", "NotoSansArabic-Bold.ttf";
    "Noto Sans Hebrew": "NotoSansHebrew-Regular.ttf", "NotoSansHebrew-Bold.ttf";
    "Noto Sans Devanagari": "NotoSansDevanagari-Regular.ttf", "NotoSansDevanagari-Bold.ttf";
    "Noto Sans Thai": "NotoSansThai-Regular.ttf", "NotoSansThai-Bold.ttf";
    "DejaVu Sans": "DejaVuSans.ttf";
    "Droid Sans Fallback": "DroidSansFallback.ttf";
};

/// The families to try for each character, best first.
pub(crate) fn families() -> Vec<String> {
    let mut families: Vec<String> = BUNDLED.iter().map(|font| font.family.to_owned()).collect();
    families.dedup();
    families
}

/// The fonts as the text shaper wants them. Built once; a copy shares the data.
pub(crate) fn context() -> FontContext {
    static COLLECTION: OnceLock<Collection> = OnceLock::new();
    let collection = COLLECTION.get_or_init(|| {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        for font in BUNDLED {
            let name = FontInfoOverride { family_name: Some(font.family), ..FontInfoOverride::default() };
            collection.register_fonts(Blob::new(Arc::new(font.bytes)), Some(name));
        }
        collection
    });
    FontContext { collection: collection.clone(), source_cache: SourceCache::default() }
}

/// The fonts as the SVG renderer wants them. Built once.
pub(crate) fn database() -> Arc<Database> {
    static DATABASE: OnceLock<Arc<Database>> = OnceLock::new();
    let database = DATABASE.get_or_init(|| {
        let mut parsed = Database::new();
        let mut database = Database::new();
        for font in BUNDLED {
            for id in parsed.load_font_source(Source::Binary(Arc::new(font.bytes))) {
                let Some(face) = parsed.face(id) else {
                    continue;
                };
                let families = vec![(font.family.to_owned(), fontdb::Language::English_UnitedStates)];
                database.push_face_info(FaceInfo { families, ..face.clone() });
            }
        }
        database.set_serif_family("Inter");
        database.set_sans_serif_family("Inter");
        database.set_cursive_family("Inter");
        database.set_fantasy_family("Inter");
        database.set_monospace_family("DejaVu Sans");
        Arc::new(database)
    });
    Arc::clone(database)
}

/// Whether the face can draw the character as an outline. Fonts of bitmaps (colour emoji) cannot.
pub(crate) fn draws(data: &[u8], index: u32, character: char) -> bool {
    let Ok(font) = FontRef::from_index(data, index) else {
        return false;
    };
    font.charmap().map(character).is_some_and(|glyph| font.outline_glyphs().get(glyph).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_font_is_read_by_both_users() {
        let mut context = context();
        let mut names: Vec<_> = context.collection.family_names().map(str::to_owned).collect();
        names.sort();
        let mut expected = families();
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(database().len(), BUNDLED.len());
        let weights: Vec<_> =
            database().faces().filter(|face| face.families[0].0 == "Inter").map(|face| face.weight.0).collect();
        assert_eq!(weights, [400, 700]);
    }

    #[test]
    fn the_bundled_fonts_cover_the_promised_scripts() {
        for character in "AéñßžŁαΩЖїאبकกԱა中あア한①→∑♥☺".chars() {
            let found = database().faces().any(|face| {
                database().with_face_data(face.id, |data, index| draws(data, index, character)) == Some(true)
            });
            assert!(found, "{character}");
        }
    }

    #[test]
    fn the_bundled_fonts_stay_small() {
        assert!(BUNDLED.iter().map(|font| font.bytes.len()).sum::<usize>() < 6_000_000);
    }
}
