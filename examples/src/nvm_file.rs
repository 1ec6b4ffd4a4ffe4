//! What the programs for single crates share: the file that stands for the NVM, and how they end.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use nvm_core::{FileNvm, Layout, Region, RegionError};

/// Opens the file, or makes it; formats it where it is new, or where `formats` asks for it. A file that is not the
/// program's is an error, and stays as it is.
pub fn open(
    path: &Path,
    formats: bool,
    layout: &Layout,
    first_boot: impl FnOnce(&FileNvm) -> Result<(), Box<dyn Error>>,
) -> Result<FileNvm, Box<dyn Error>> {
    let nvm = if formats {
        FileNvm::overwrite(path, layout.size())?
    } else if path.exists() {
        FileNvm::open(path)?
    } else {
        FileNvm::create(path, layout.size())?
    };
    let region: Result<Region, Box<dyn Error>> =
        Region::open_or_format(&nvm, layout, || first_boot(&nvm));
    match region {
        Ok(_) => Ok(nvm),
        Err(error) if error.is::<RegionError>() => {
            let path = path.display();
            Err(format!("{path}: {error}; --format begins anew, and drops what is there").into())
        }
        Err(error) => Err(error),
    }
}

/// The exit status: 0 where all was well, 1 where the program's answer is no, 2 for errors, which are told.
pub fn end(outcome: Result<bool, Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
