//! Looks at images of the project's own programs: `cargo run -p examples --bin image -- inspect weather.nvm`.

use std::process::ExitCode;

fn main() -> ExitCode {
    intos::host::image::tool(examples::images::PROGRAMS)
}
