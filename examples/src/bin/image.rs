//! Looks at images of the project's own programs: `cargo run -p examples --bin image -- inspect weather.nvm`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match examples::images::known() {
        Ok(programs) => nvm_core::image::tool(programs),
        Err(error) => {
            eprintln!("error: a program's table is wrong: {error}");
            ExitCode::from(2)
        }
    }
}
