//! The command: `inspect FILE` and `check FILE`.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use super::bytes::Image;
use super::check::{Scope, check};
use super::description::Description;
use super::header::is_whole;
use super::inspection::{inspect, inspect_recovered, is_unformatted};

/// A program whose images are known: a [`Description`], or a program of a kernel.
pub trait KnownProgram {
    /// Its name.
    fn name(&self) -> &str;

    /// What its images are recognised by.
    fn fingerprint(&self) -> u32;

    /// Verifies an image, and answers whether it is sound.
    fn check(&self, image: &Image) -> (bool, Told);

    /// Looks at an image, or at a copy that was recovered as the next start does.
    ///
    /// # Errors
    ///
    /// What that start would end with.
    fn inspect(&self, image: &Image, recovered: bool) -> Result<Told, String>;
}

/// What is told of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// For people.
    pub text: String,
    /// For programs: JSON.
    pub json: String,
}

impl KnownProgram for Description {
    fn name(&self) -> &str {
        self.name()
    }

    fn fingerprint(&self) -> u32 {
        self.fingerprint()
    }

    fn check(&self, image: &Image) -> (bool, Told) {
        let check = check(image, Some(self));
        let (text, json) = (check.to_string(), format!("{:#}", check.json()));
        (check.sound, Told { text, json })
    }

    fn inspect(&self, image: &Image, recovered: bool) -> Result<Told, String> {
        let inspection = if recovered {
            inspect_recovered(image, self)?
        } else {
            inspect(image, Some(self))
        };
        let (text, json) = (inspection.to_string(), format!("{:#}", inspection.json()));
        Ok(Told { text, json })
    }
}

const SOUND: u8 = 0;
const BROKEN: u8 = 1;
const BAD_USE: u8 = 2;

const HELP: &str = "\
Looks at the image of an NVM: a file with its bytes, which is never changed.

Usage: image <COMMAND> <FILE> [OPTIONS]

Commands:
  inspect  Prints header, layout, objects, logs, and of a kernel its tasks, as a tree
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

/// The whole command, for any number of programs: an image is recognised by its fingerprint. Takes the arguments of the
/// process.
#[allow(clippy::needless_pass_by_value)] // it is the whole of a program
pub fn tool(programs: Vec<Box<dyn KnownProgram>>) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let status = match parse(std::env::args_os().skip(1)) {
        Ok(order) => run(&order, &programs, &mut stdout),
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

fn run(
    order: &Order,
    programs: &[Box<dyn KnownProgram>],
    out: &mut impl io::Write,
) -> io::Result<u8> {
    let image = match Image::read(&order.file) {
        Ok(image) => image,
        Err(error) => return Ok(refuse(&format!("{}: {error}", order.file.display()))),
    };
    let known = || {
        let names: Vec<&str> = programs.iter().map(|program| program.name()).collect();
        format!("Known are: {}.", names.join(", "))
    };
    let fingerprint = image.header().fingerprint;
    let program = match &order.program {
        None => programs
            .iter()
            .find(|program| program.fingerprint() == fingerprint),
        Some(name) => {
            let named = programs.iter().find(|program| program.name() == name);
            if named.is_none() {
                return Ok(refuse(&format!("there is no program {name}. {}", known())));
            }
            named
        }
    };
    let Some(program) = program else {
        return of_unknown(order, &image, &known(), out);
    };
    if order.checks {
        let (sound, told) = program.check(&image);
        write_out(out, order.json, &told)?;
        return Ok(if sound { SOUND } else { BROKEN });
    }
    match program.inspect(&image, order.recovered) {
        Ok(told) => write_out(out, order.json, &told)?,
        Err(error) => {
            writeln!(out, "the next start cannot recover it: {error}")?;
            return Ok(BROKEN);
        }
    }
    Ok(of_header(&image))
}

/// The header is told, and what is needed for more.
fn of_unknown(
    order: &Order,
    image: &Image,
    known: &str,
    out: &mut impl io::Write,
) -> io::Result<u8> {
    let status = if order.checks {
        let check = check(image, None);
        let (text, json) = (check.to_string(), format!("{:#}", check.json()));
        write_out(out, order.json, &Told { text, json })?;
        match (check.sound, check.checked) {
            (false, _) => return Ok(BROKEN),
            (true, Scope::HeaderOnly) => None,
            (true, _) => Some(SOUND),
        }
    } else {
        let inspection = inspect(image, None);
        let (text, json) = (inspection.to_string(), format!("{:#}", inspection.json()));
        write_out(out, order.json, &Told { text, json })?;
        match of_header(image) {
            SOUND if is_unformatted(image) => Some(SOUND),
            SOUND => None,
            status => Some(status),
        }
    };
    Ok(status.unwrap_or_else(|| {
        refuse(&format!(
            "the image is of no program that this tool knows: fingerprint {:#010x}. {known} For a program of your own \
             write a tool of a few lines: `intos::host::image_tool` where it has the kernel, \
             `nvm_core::image::Description` where it has not; see docs/images.md",
            image.header().fingerprint
        ))
    }))
}

fn of_header(image: &Image) -> u8 {
    if image.is_blank() || is_whole(image) {
        SOUND
    } else {
        BROKEN
    }
}

fn write_out(out: &mut impl io::Write, json: bool, told: &Told) -> io::Result<()> {
    if json {
        writeln!(out, "{}", told.json)
    } else {
        writeln!(out, "{}", told.text)
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
