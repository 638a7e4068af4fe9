//! The images that a service needs: built or pulled before anything is started, and used again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::cli::Cli;
use super::engine::Engine;
use super::rewrite::Plan;
use crate::Result;
use crate::backend::Report;
use crate::error::{ErrorKind, Phase};

/// How long images may be built or pulled.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Makes those be there that are not.
pub(super) async fn provide(engine: &Engine, cli: &Cli, file: &Path, plan: &Plan, report: &dyn Report) -> Result<()> {
    for (stage, images, failure) in
        [("build", &plan.built, "cannot be built"), ("pull", &plan.pulled, "is not here and cannot be pulled")]
    {
        for (service, image) in missing(engine, images).await? {
            report.stage(stage, &image);
            let said = cli.with(file, &[stage, &service], LIMIT, |line| report.stage(stage, line)).await?;
            if !said.success {
                let what = format!("image `{image}` of `{service}` {failure}");
                return Err(said.failure(ErrorKind::ImageUnavailable, Phase::Start, &what));
            }
        }
    }
    Ok(())
}

/// Returns the images that the engine does not have, by one of the services that need them.
async fn missing(engine: &Engine, images: &BTreeMap<String, String>) -> Result<Vec<(String, String)>> {
    let mut missing: Vec<(String, String)> = Vec::new();
    for (service, image) in images {
        let is_known = missing.iter().any(|(_, known)| known == image);
        if !is_known && !engine.has_image(image).await? {
            missing.push((service.clone(), image.clone()));
        }
    }
    Ok(missing)
}
