//! How authors read the options of a job, done or only weighed.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, EstimateRequest, Request};

macro_rules! reads_options {
    ($($request:ty),*) => {$(
        impl $request {
            /// Reads one option; absent and `null` are `None`.
            ///
            /// # Errors
            /// It is of another type: −32602, naming the option, what was expected and what came.
            pub fn option<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
                match self.options.get(name) {
                    None | Some(Value::Null) => Ok(None),
                    Some(value) => T::deserialize(value).map(Some).map_err(|error| {
                        let error = error.to_string();
                        let expected = error.rsplit_once("expected ").map_or(&*error, |(_, what)| what);
                        Error::invalid_option(name, expected, value)
                    }),
                }
            }

            /// Reads one option, or takes what stands for it.
            ///
            /// # Errors
            /// As [`Self::option`].
            pub fn option_or<T: DeserializeOwned>(&self, name: &str, default: T) -> Result<T, Error> {
                Ok(self.option(name)?.unwrap_or(default))
            }

            /// Reads all options at once.
            ///
            /// # Errors
            /// One is wrong, missing, or unknown to a type that denies unknown fields: −32602, naming it.
            pub fn parse_options<T: DeserializeOwned>(&self) -> Result<T, Error> {
                serde_path_to_error::deserialize(Value::Object(self.options.clone())).map_err(|error| {
                    let path = error.path().to_string();
                    let name = if path == "." { "options" } else { &path };
                    Error::invalid_params(format!("option `{name}`: {}", error.inner())).detail("option", name)
                })
            }
        }
    )*};
}

reads_options!(Request, EstimateRequest);
