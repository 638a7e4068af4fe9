//! A job that whoever is best does: what happens when they fail, and how often anybody is asked.

mod accepted;
mod budgets;
mod classes;
mod command;
mod probes;
mod stage;
mod storm;
