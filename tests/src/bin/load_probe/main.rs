//! A program that links the registry and asks for one provider many times at once: `load_probe URL
//! TASKS`. It prints a line for each answer.

use std::sync::Arc;

use prizm_registry::{Capability, Registry};

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (url, tasks) = (arguments.next().ok_or("URL")?, arguments.next().ok_or("TASKS")?.parse::<usize>()?);
    let registry = Arc::new(Registry::builder().project(None).build()?);
    let asked = (0..tasks).map(|number| {
        let (registry, url) = (Arc::clone(&registry), url.clone());
        tokio::spawn(async move {
            let provider = registry.get_provider(&url).await?;
            let model = provider.model_for(&Capability::TEXT_TO_TEXT)?;
            let answer = model.transform(number.to_string().as_str()).await?;
            answer.bytes().await
        })
    });
    let asked: Vec<_> = asked.collect();
    for answer in asked {
        let line = String::from_utf8(answer.await??)?;
        #[expect(clippy::print_stdout, reason = "this is what the program is for")]
        {
            println!("{line}");
        }
    }
    registry.shutdown().await;
    Ok(())
}
