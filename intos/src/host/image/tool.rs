//! The command: `inspect FILE` and `check FILE`.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use nvm_core::sim::SimNvm;

use super::bytes::Image;
use super::check::{Scope, check};
use super::inspection::{Inspection, inspect, inspect_recovered};
use super::program::ProgramLayout;
use super::recognise;
use crate::host::Host;
use crate::kernel::BootError;
use crate::program::Program;

/// What gives a program's layout: `ProgramLayout::of::<Board, MyProgram>`.
pub type LayoutOf = fn() -> Result<ProgramLayout, BootError>;

const SOUND: u8 = 0;
const BROKEN: u8 = 1;
const BAD_USE: u8 = 2;

const HELP: &str = "\
Looks at the image of an NVM: a file with its bytes, which is never changed.

Usage: image <COMMAND> <FILE> [OPTIONS]

Commands:
  inspect  Prints header, layout, kernel, tasks and objects as a tree
  check    Verifies every invariant, and says precisely what is broken

Options:
      --program <NAME>  Reads it by the layout of this program, whatever its fingerprint
      --recovered       With inspect: as the next start finds it after its recovery, in memory
      --json            Prints JSON
  -h, --help            Prints this

Exit status of check: 0 sound, 1 broken, 2 bad use (no file, no image, unknown program).
Exit status of inspect: 0, or 1 where the header is damaged, or 2 as above.
";

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    checks: bool,
    file: PathBuf,
    program: Option<String>,
    recovered: bool,
    json: bool,
}

/// Why it is not.
enum Refusal {
    Help,
    BadUse(String),
}

/// The whole command for a program of one's own, whose board is an NVM and nothing else: see the
/// [module's page](crate::host::image).
pub fn image_tool<P>() -> ExitCode
where
    P: Program<Host<'static, SimNvm<4>>>,
{
    tool(&[ProgramLayout::of::<Host<'static, SimNvm<4>>, P>])
}

/// The same for several programs, each with its board: an image is recognised by its fingerprint. Takes the arguments of
/// the process.
pub fn tool(programs: &[LayoutOf]) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let status = match parse(std::env::args_os().skip(1)) {
        Ok(order) => run(&order, programs, &mut stdout),
        Err(Refusal::Help) => write!(stdout, "{HELP}").map(|()| SOUND),
        Err(Refusal::BadUse(why)) => Ok(refuse(&format!("{why}\n\n{HELP}"))),
    };
    // Whoever reads has gone: there is nobody to tell.
    ExitCode::from(status.unwrap_or(BAD_USE))
}

fn refuse(why: &str) -> u8 {
    // As above.
    let _ = writeln!(io::stderr(), "error: {}", why.trim_end());
    BAD_USE
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Order, Refusal> {
    let bad_use = |why: String| Refusal::BadUse(why);
    let mut arguments = arguments.into_iter();
    let (mut plain, mut program, mut recovered, mut json) = (Vec::new(), None, false, false);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("-h" | "--help") => return Err(Refusal::Help),
            Some("--json") => json = true,
            Some("--recovered") => recovered = true,
            Some("--program") => {
                let name = arguments.next().and_then(|name| name.into_string().ok());
                program = Some(name.ok_or_else(|| bad_use("--program needs a name".to_owned()))?);
            }
            Some(option) if option.starts_with("--program=") => {
                program = option.strip_prefix("--program=").map(str::to_owned);
            }
            Some(option) if option.starts_with('-') => {
                return Err(bad_use(format!("there is no option {option}")));
            }
            _ => plain.push(argument),
        }
    }
    let mut plain = plain.into_iter();
    let command = plain
        .next()
        .ok_or_else(|| bad_use("a command is missing: inspect or check".to_owned()))?;
    let checks = match command.to_str() {
        Some("check") => true,
        Some("inspect") => false,
        _ => {
            return Err(bad_use(format!(
                "there is no command {}",
                command.display()
            )));
        }
    };
    let file = plain
        .next()
        .ok_or_else(|| bad_use("the file is missing".to_owned()))?;
    if let Some(other) = plain.next() {
        return Err(bad_use(format!("one file, and no {}", other.display())));
    }
    if recovered && checks {
        return Err(bad_use(
            "--recovered goes with inspect: check recovers a copy by itself".to_owned(),
        ));
    }
    Ok(Order {
        checks,
        file: file.into(),
        program,
        recovered,
        json,
    })
}

fn run(order: &Order, programs: &[LayoutOf], out: &mut impl io::Write) -> io::Result<u8> {
    let file = order.file.display();
    let image = match Image::read(&order.file) {
        Ok(image) => image,
        Err(error) => return Ok(refuse(&format!("{file}: {error}"))),
    };
    let mut layouts = Vec::new();
    for program in programs {
        match program() {
            Ok(layout) => layouts.push(layout),
            Err(error) => return Ok(refuse(&format!("a program's table is wrong: {error}"))),
        }
    }
    let known = || {
        let names: Vec<&str> = layouts.iter().map(ProgramLayout::name).collect();
        format!("Known are: {}.", names.join(", "))
    };
    let program = match &order.program {
        None => recognise(&image, &layouts),
        Some(name) => {
            let named = layouts.iter().find(|layout| layout.name() == name);
            if named.is_none() {
                return Ok(refuse(&format!("there is no program {name}. {}", known())));
            }
            named
        }
    };
    if order.checks {
        let check = check(&image, program);
        write_out(out, order.json, &check, &check)?;
        if !check.sound {
            return Ok(BROKEN);
        }
        if check.checked == Scope::HeaderOnly {
            return Ok(refuse(&unknown(&image, &known())));
        }
        return Ok(SOUND);
    }
    let inspection = match program {
        Some(program) if order.recovered => match inspect_recovered(&image, program) {
            Ok(inspection) => inspection,
            Err(error) => {
                writeln!(out, "the next start cannot recover it: {error}")?;
                return Ok(BROKEN);
            }
        },
        _ => inspect(&image, program),
    };
    write_out(out, order.json, &inspection, &inspection)?;
    if is_header_damaged(&inspection) {
        return Ok(BROKEN);
    }
    if program.is_none() && inspection.header.phase == "ready" && !inspection.blank {
        return Ok(refuse(&unknown(&image, &known())));
    }
    Ok(SOUND)
}

fn is_header_damaged(inspection: &Inspection) -> bool {
    let header = &inspection.header;
    let is_whole = header.checksum_ok
        && header.phase != "damaged"
        && header.size == inspection.bytes
        && header.version == header.readable_version;
    !inspection.blank && !is_whole
}

fn unknown(image: &Image, known: &str) -> String {
    format!(
        "the image is of no program that this tool knows: fingerprint {:#010x}. {known} \
         For a program of your own write a tool of three lines: intos::host::image_tool",
        image.header().fingerprint
    )
}

fn write_out(
    out: &mut impl io::Write,
    json: bool,
    data: &impl serde::Serialize,
    text: &impl std::fmt::Display,
) -> io::Result<()> {
    if json {
        serde_json::to_writer_pretty(&mut *out, data)?;
        writeln!(out)
    } else {
        writeln!(out, "{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Order, String> {
        parse(arguments.iter().map(OsString::from)).map_err(|refusal| match refusal {
            Refusal::Help => "help".to_owned(),
            Refusal::BadUse(why) => why,
        })
    }

    #[test]
    fn options_come_in_any_order() {
        let order = Order {
            checks: false,
            file: "a.nvm".into(),
            program: Some("blinker".to_owned()),
            recovered: true,
            json: true,
        };
        for arguments in [
            [
                "inspect",
                "a.nvm",
                "--program=blinker",
                "--recovered",
                "--json",
            ],
            [
                "--json",
                "--recovered",
                "inspect",
                "--program=blinker",
                "a.nvm",
            ],
        ] {
            assert_eq!(parsed(&arguments), Ok(order.clone()));
        }
    }

    #[test]
    fn bad_use_says_what_is_wrong() {
        for (arguments, why) in [
            (&[][..], "a command is missing: inspect or check"),
            (&["mend", "a"], "there is no command mend"),
            (&["check"], "the file is missing"),
            (&["check", "a", "b"], "one file, and no b"),
            (&["check", "a", "--fast"], "there is no option --fast"),
            (&["inspect", "a", "--program"], "--program needs a name"),
            (
                &["check", "a", "--recovered"],
                "--recovered goes with inspect: check recovers a copy by itself",
            ),
            (&["--help"], "help"),
        ] {
            assert_eq!(parsed(arguments), Err(why.to_owned()));
        }
    }
}
