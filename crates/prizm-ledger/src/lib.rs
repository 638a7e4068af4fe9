//! What routing remembers from one run to the next, and shares with every other process of the machine.
//!
//! The values are its callers': what was learned, decided and remembered are strings that mean nothing here,
//! times are milliseconds since 1970 that the caller read from its clock, money is billionths of a US dollar.
//!
//! ```
//! use prizm_ledger::{BudgetTerms, Ledger};
//!
//! let ledger = Ledger::in_memory()?;
//! let terms = BudgetTerms { id: "project", limit: 5_000_000_000, per: Some(86_400_000) };
//! let reserved = ledger.reserve(&terms, 2_000_000_000, 1_000, 60_000)?;
//! ledger.settle(reserved.id, 1_500_000_000, 3_000)?;
//! assert_eq!(ledger.left(&terms, 4_000)?.left, 3_500_000_000);
//! # Ok::<(), prizm_ledger::LedgerError>(())
//! ```

mod aside;
mod budget;
mod decision;
mod error;
mod file;
mod learned;
mod ledger;
mod schema;
mod session;
mod spending;
mod sql;

pub use budget::{BudgetTerms, Left, Reserved};
pub use decision::Recorded;
pub use error::{LedgerError, Result, Stage};
pub use ledger::Ledger;
