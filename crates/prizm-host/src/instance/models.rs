//! The models of an instance, asked for anew.

use std::sync::Arc;

use prizm_protocol::methods::{Empty, ListModels};

use super::Instance;
use crate::wire::soon;
use crate::{Error, ErrorKind, ProviderInfo, Stage, Timing};

impl Instance {
    /// Asks the plugin for its models, and returns the provider with them.
    pub(crate) async fn refresh_models(&self, timing: Timing) -> Result<Arc<ProviderInfo>, Error> {
        let answer = self.connection.request::<ListModels>(&Empty {}, Stage::Call, soon(timing.query)).await?;
        let info = self.info().with_models(answer.models).map_err(|violation| {
            let message = format!("the plugin's list of models is not valid: {violation}");
            Error::new(ErrorKind::Invalid, Stage::Validate, message)
                .with_hint("the plugin's author must mend its list of models; the one it declared is kept")
                .with_stderr(self.connection.log.tail())
        })?;
        let info = Arc::new(info);
        self.set_info(Arc::clone(&info));
        Ok(info)
    }
}
