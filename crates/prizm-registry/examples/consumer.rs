//! Registers a provider, asks who can do what, transforms with progress, and cancels.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::future::IntoFuture as _;

use prizm_registry::{Capability, PluginCommand, Registry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let command = std::env::args().nth(1).ok_or("usage: consumer PROVIDER-COMMAND")?;
    let registry = Registry::new()?;
    registry.register("echo", PluginCommand::new(command))?;
    registry.initialize().await?;
    println!("{:?}", registry.providers_by_capability(&Capability::TEXT_TO_TEXT));
    let model = registry.get_provider("echo").await?.model_for(&Capability::TEXT_TO_TEXT)?;
    let text = model.transform("hello").on_progress(|p| println!("{:?}", p.fraction)).await?;
    println!("{}", text.as_text().unwrap_or_default());
    drop(tokio::time::timeout(std::time::Duration::from_millis(5), model.transform("never mind").into_future()).await);
    registry.shutdown().await;
    Ok(())
}
