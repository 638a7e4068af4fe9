//! `models`: the list of models, found anew.

use serde::{Deserialize, Serialize};

use crate::Model;
use crate::methods::{Empty, Method};

/// Asks for the models that there are now. Their capabilities stay within the declared ones.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListModels;

impl Method for ListModels {
    const NAME: &'static str = "models";
    type Params = Empty;
    type Result = ModelsResult;
}

/// The models that there are now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelsResult {
    /// In the provider's own order.
    pub models: Vec<Model>,
}
