//! The binary `fillwatch`: it reads the command line and `fillwatch.toml`, runs a command, prints,
//! and ends with a code that says how it went. What a command does, it leaves to the other crates.

mod answering;
mod args;
mod asker;
mod board;
mod commands;
mod config;
mod context;
mod demo;
mod exit_code;
mod failure;
mod here;
mod inspect;
mod interrupt;
mod logging;
mod memory_limit;
mod news;
mod pager;
mod quantity;
mod repl;
mod rules;
mod runtime;
mod screen;
mod settings;
mod sources;
mod suggest;
mod table;
mod terminal;
mod text;
mod unreadable;
mod waiting;
mod whole_file;

use std::io::Write;
use std::sync::Arc;
use std::thread;

use crate::args::Asked;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Decoding allocates by the column and DataFusion by the batch, from many threads at once; glibc's
/// allocator serialises that and keeps what it was given.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // The main thread's stack is the shell's to set; the program runs on one of its own.
    let program =
        thread::Builder::new().name("fillwatch".to_owned()).stack_size(runtime::STACK_BYTES);
    let outcome = program
        .spawn(program_main)
        .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))
        .and_then(|thread| {
            // The panic has printed its message; there is nothing to add but the code.
            thread.join().unwrap_or(Ok(ExitCode::Failed))
        });
    let code = outcome.unwrap_or_else(|failure| {
        failure.report();
        failure.code()
    });
    code.into()
}

fn program_main() -> Result<ExitCode, Failure> {
    match args::read()? {
        Asked::Print(text) => {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            Ok(ExitCode::Ok)
        }
        Asked::Run(global, command) => {
            let context =
                Context::new(&global, Arc::new(fillwatch_serve::SystemClock), runtime::build()?)?;
            let outcome = commands::run(*command, &context);
            // A query that was given up may still be running, and is not worth waiting for.
            context.runtime.shutdown_background();
            outcome
        }
    }
}
