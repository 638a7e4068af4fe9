//! What providers are routed by, apart from prices: features, quality, speed and what becomes of data.

use std::collections::BTreeSet;
use std::time::Duration;

use prizm_protocol::ModelId;
use prizm_protocol::methods::initialize::DataPolicy;

use super::{Violation, cut};

/// The most features of a model, and the most regions.
pub(super) const MAX_NAMES: usize = 64;
/// The most bytes of a feature's name, or a region's.
const MAX_NAME: usize = 64;
/// The best quality.
pub(super) const MAX_QUALITY: u8 = 5;

/// Checks the features of a model.
pub(super) fn check_features(model: &ModelId, names: &[String], violations: &mut Vec<Violation>) -> BTreeSet<String> {
    if names.len() > MAX_NAMES {
        violations.push(Violation::TooManyFeatures { model: model.clone(), count: names.len() });
    }
    let mut features = BTreeSet::new();
    for name in names.iter().take(MAX_NAMES) {
        if !is_name(name, '_') {
            violations.push(Violation::BadFeature { model: model.clone(), feature: cut(name) });
        } else if !features.insert(name.clone()) {
            violations.push(Violation::DuplicateFeature { model: model.clone(), feature: name.clone() });
        }
    }
    features
}

/// Checks how good a model says that it is.
pub(super) fn check_quality(model: &ModelId, quality: Option<u32>, violations: &mut Vec<Violation>) -> Option<u8> {
    let quality = quality?;
    let checked = u8::try_from(quality).ok().filter(|quality| *quality <= MAX_QUALITY);
    if checked.is_none() {
        violations.push(Violation::BadQuality { model: model.clone(), quality });
    }
    checked
}

/// Checks how long a model says that a call takes.
pub(super) fn check_typical(model: &ModelId, ms: Option<u64>, violations: &mut Vec<Violation>) -> Option<Duration> {
    let ms = ms?;
    if ms == 0 {
        violations.push(Violation::BadTypicalMs { model: model.clone() });
    }
    Some(Duration::from_millis(ms))
}

/// Checks where a provider says that it works on data.
pub(super) fn check_data_policy(policy: Option<&DataPolicy>, violations: &mut Vec<Violation>) -> Option<DataPolicy> {
    let policy = policy?.clone();
    if let Some(regions) = &policy.regions {
        check_regions(regions, violations);
    }
    Some(policy)
}

fn check_regions(regions: &[String], violations: &mut Vec<Violation>) {
    if regions.is_empty() || regions.len() > MAX_NAMES {
        violations.push(Violation::BadRegionCount { count: regions.len() });
    }
    let mut seen = BTreeSet::new();
    for region in regions.iter().take(MAX_NAMES) {
        if !is_name(region, '-') {
            violations.push(Violation::BadRegion { region: cut(region) });
        } else if !seen.insert(region) {
            violations.push(Violation::DuplicateRegion { region: region.clone() });
        }
    }
}

/// Whether a name is lower-case words with one character between them.
fn is_name(name: &str, between: char) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() <= MAX_NAME && name.split(between).all(is_word)
}
