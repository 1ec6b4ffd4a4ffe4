//! A region in a file: made, opened, locked, overwritten, and every misfit refused without a change.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nvm_core::{Class, FileError, FileNvm, HEADER_BYTES, Layout, Nvm, Region, RegionError};
use tempfile::{TempDir, tempdir};

const SIZE: u32 = 4096;

fn place() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("test.nvm");
    (folder, path)
}

fn files(folder: &TempDir) -> usize {
    fs::read_dir(folder.path()).unwrap().count()
}

fn layout() -> Layout {
    let mut layout = Layout::new("file test", 1);
    let _ = layout.area("object", 4);
    layout
}

fn boot(nvm: &FileNvm) -> Result<Region, RegionError> {
    Region::open_or_format(nvm, &layout(), || {
        nvm.write_u32(Class::Data, HEADER_BYTES, 7)?;
        Ok(())
    })
}

fn assert_io<T>(result: Result<T, FileError>, kind: ErrorKind, named: &Path) {
    match result.map(drop) {
        Err(FileError::Io { path, source, .. }) => {
            assert_eq!((source.kind(), path.as_path()), (kind, named));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_file_is_zeros_and_keeps_what_is_stored() {
    let (folder, path) = place();
    let nvm = FileNvm::create(&path, SIZE).unwrap();
    assert_eq!(nvm.size(), SIZE);
    assert!(fs::read(&path).unwrap().iter().all(|byte| *byte == 0));
    nvm.write(Class::Data, 1, b"bytes").unwrap();
    nvm.write_u32(Class::Data, SIZE - 4, 0xDEAD_BEEF).unwrap();
    nvm.flush().unwrap();
    drop(nvm);
    let nvm = FileNvm::open(&path).unwrap();
    let mut bytes = [0; 5];
    nvm.read(1, &mut bytes).unwrap();
    assert_eq!(&bytes, b"bytes");
    assert_eq!(nvm.read_u32(SIZE - 4), Ok(0xDEAD_BEEF));
    assert!(nvm.read_u32(SIZE - 3).is_err());
    assert_eq!(files(&folder), 1, "nothing else is left behind");
}

#[test]
fn a_file_is_used_once_at_a_time() {
    let (_folder, path) = place();
    let nvm = FileNvm::create(&path, SIZE).unwrap();
    nvm.write_u32(Class::Data, 0, 7).unwrap();
    for second in [FileNvm::open(&path), FileNvm::overwrite(&path, SIZE)] {
        let error = second.unwrap_err();
        assert!(matches!(&error, FileError::InUse { path: named } if *named == path));
        assert!(error.to_string().contains("in use by another process"));
    }
    assert_eq!(
        nvm.read_u32(0),
        Ok(7),
        "the refused overwriting changed nothing"
    );
    drop(nvm);
    assert!(FileNvm::open(&path).is_ok());
}

#[test]
fn creating_never_overwrites_and_overwriting_does() {
    let (folder, path) = place();
    let nvm = FileNvm::overwrite(&path, SIZE).unwrap();
    nvm.write_u32(Class::Data, 8, 7).unwrap();
    drop(nvm);
    assert_io(
        FileNvm::create(&path, SIZE),
        ErrorKind::AlreadyExists,
        &path,
    );
    assert_eq!(FileNvm::open(&path).unwrap().read_u32(8), Ok(7));
    let nvm = FileNvm::overwrite(&path, 2 * SIZE).unwrap();
    assert_eq!((nvm.size(), nvm.read_u32(8)), (2 * SIZE, Ok(0)));
    assert_eq!(files(&folder), 1);
}

#[test]
fn an_interrupted_creation_is_simply_begun_again() {
    let (folder, path) = place();
    // What a process that was killed inside `create` leaves.
    fs::write(folder.path().join("test.nvm.new"), b"unfinished").unwrap();
    assert_io(FileNvm::open(&path), ErrorKind::NotFound, &path);
    let nvm = FileNvm::create(&path, SIZE).unwrap();
    assert_eq!((nvm.size(), nvm.read_u32(0)), (SIZE, Ok(0)));
    assert_eq!(files(&folder), 1);
}

#[test]
fn an_interrupted_overwriting_is_reported_and_can_be_repeated() {
    let (_folder, path) = place();
    let _ = boot(&FileNvm::create(&path, SIZE).unwrap()).unwrap();
    // What a process that was killed inside `overwrite` leaves: an empty file, …
    File::create(&path).unwrap();
    let error = FileNvm::open(&path).unwrap_err();
    assert!(matches!(error, FileError::BadLength { bytes: 0, .. }));
    assert!(error.to_string().contains("make it anew"), "{error}");
    assert_eq!(
        fs::metadata(&path).unwrap().len(),
        0,
        "and opening leaves it"
    );
    // … or zeros, which are a blank region.
    drop(FileNvm::overwrite(&path, SIZE).unwrap());
    let nvm = FileNvm::open(&path).unwrap();
    assert_eq!(Region::open(&nvm, &layout()), Err(RegionError::Blank));
    assert!(boot(&nvm).unwrap().is_first_boot());
}

#[test]
fn a_truncated_or_extended_file_is_refused_and_left_as_it_is() {
    let (_folder, path) = place();
    let _ = boot(&FileNvm::create(&path, SIZE).unwrap()).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in [1, 31, 32, 35, 36, 37, 2048, SIZE - 1, SIZE + 1, 2 * SIZE] {
        let mut image = whole.clone();
        image.resize(length as usize, 0);
        fs::write(&path, &image).unwrap();
        let error = boot(&FileNvm::open(&path).unwrap()).unwrap_err();
        let expected = if length < HEADER_BYTES {
            RegionError::TooSmall {
                needed: HEADER_BYTES,
                actual: length,
            }
        } else {
            RegionError::Size {
                formatted: SIZE,
                actual: length,
            }
        };
        assert_eq!(error, expected);
        assert_eq!(fs::read(&path).unwrap(), image, "{length} bytes");
    }
}

#[test]
fn foreign_files_are_refused_and_left_as_they_are() {
    let (_folder, path) = place();
    let text = b"date,temp\n2010/01/01 00:00,39.4\n".repeat(8);
    fs::write(&path, &text).unwrap();
    let error = boot(&FileNvm::open(&path).unwrap()).unwrap_err();
    assert_eq!(error, RegionError::NotARegion { found: *b"date" });
    assert_eq!(fs::read(&path).unwrap(), text);
}

#[test]
fn what_is_no_file_is_an_error_with_its_path() {
    let (folder, path) = place();
    assert_io(FileNvm::open(&path), ErrorKind::NotFound, &path);
    let nowhere = folder.path().join("missing").join("test.nvm");
    assert_io(
        FileNvm::create(&nowhere, SIZE),
        ErrorKind::NotFound,
        &nowhere,
    );
    assert_io(
        FileNvm::open(folder.path()),
        ErrorKind::IsADirectory,
        folder.path(),
    );
    let error = FileNvm::create(&path, 0).unwrap_err();
    assert!(matches!(error, FileError::BadLength { bytes: 0, .. }));
    assert_eq!(files(&folder), 0);
}

#[cfg(unix)]
#[test]
fn a_device_is_never_overwritten() {
    let null = Path::new("/dev/null");
    assert_io(
        FileNvm::overwrite(null, SIZE),
        ErrorKind::InvalidInput,
        null,
    );
    assert_io(FileNvm::open(null), ErrorKind::InvalidInput, null);
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_an_error_with_its_path() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let set = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    set(0o555);
    let result = FileNvm::create(&path, SIZE);
    set(0o755);
    // The superuser may write everywhere.
    if let Err(error) = result {
        let text = error.to_string();
        assert!(
            text.contains("test.nvm") && text.contains("ermission"),
            "{text}"
        );
        assert_io(Err::<(), _>(error), ErrorKind::PermissionDenied, &path);
    }
    let (_folder, path) = place();
    fs::write(&path, [0; 64]).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    if let Err(error) = FileNvm::open(&path) {
        assert_io(Err::<(), _>(error), ErrorKind::PermissionDenied, &path);
    }
}
