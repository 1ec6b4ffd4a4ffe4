//! What is in an image: first as data, then as a tree.

mod display;
mod kernel;
mod objects;
mod tasks;

use nvm_core::{Phase, RegionHeader};
use serde::Serialize;

pub use self::kernel::{KernelReport, LogEntry, LogReport};
pub use self::objects::{AwaitedBits, HeapBlock, ObjectReport, ObjectState};
pub use self::tasks::{LoopReport, TaskReport};
use super::SHAPE;
use super::in_flight::{self, InFlight};
use super::program::ProgramLayout;
use super::recovery::recover;
use super::view::View;
use nvm_core::image::Image;

/// What is in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The version of this form.
    pub shape: u32,
    /// Bytes of the image.
    pub bytes: u32,
    /// Whether nothing was ever stored in it.
    pub blank: bool,
    /// Whether this is a copy, recovered in memory as the next start does, and not the image as it is.
    pub recovered: bool,
    /// The region's header.
    pub header: HeaderReport,
    /// The program whose layout it was read with.
    pub program: Option<ProgramReport>,
    /// What is missing here, and what can be done about it.
    pub missing: Option<String>,
    /// Where everything lies.
    pub layout: Vec<PlaceReport>,
    /// What a power loss interrupted.
    pub in_flight: Vec<InFlight>,
    /// The kernel.
    pub kernel: Option<KernelReport>,
    /// The tasks, by their numbers.
    pub tasks: Vec<TaskReport>,
    /// The objects, in the order in which the program places them.
    pub objects: Vec<ObjectReport>,
}

/// The region's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeaderReport {
    /// The first four bytes, as text.
    pub magic: String,
    /// Whether they are a region's.
    pub is_region: bool,
    /// The format version.
    pub version: u32,
    /// The format version that this tool reads.
    pub readable_version: u32,
    /// The fingerprint of the program's layout.
    pub fingerprint: u32,
    /// The size that the region was formatted with.
    pub size: u32,
    /// The checksum that is stored.
    pub checksum: u32,
    /// Whether it is that of what is there.
    pub checksum_ok: bool,
    /// How far the formatting has come: `formatting`, `completing`, `ready` or `damaged`.
    pub phase: &'static str,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgramReport {
    /// Its name.
    pub name: String,
    /// The version of its layout.
    pub version: u32,
    /// Bytes that its layout needs.
    pub bytes: u32,
    /// Whether the image has its fingerprint.
    pub fingerprint_ok: bool,
}

/// A place of the layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceReport {
    /// First byte.
    pub offset: u32,
    /// Bytes.
    pub bytes: u32,
    /// What lies there.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
}

impl HeaderReport {
    fn of(header: RegionHeader) -> Self {
        Self {
            magic: header.magic.escape_ascii().to_string(),
            is_region: header.magic == RegionHeader::MAGIC,
            version: header.version,
            readable_version: RegionHeader::FORMAT_VERSION,
            fingerprint: header.fingerprint,
            size: header.size,
            checksum: header.checksum,
            checksum_ok: header.checksum == header.computed_checksum,
            phase: match header.phase {
                Phase::Formatting => "formatting",
                Phase::Completing => "completing",
                Phase::Ready => "ready",
                Phase::Damaged(_) => "damaged",
            },
        }
    }
}

/// Looks at an image as it is: without a program at its header only.
pub fn inspect(image: &Image, program: Option<&ProgramLayout>) -> Inspection {
    let mut inspection = Inspection {
        shape: SHAPE,
        bytes: image.bytes(),
        blank: image.is_blank(),
        recovered: false,
        header: HeaderReport::of(image.header()),
        program: program.map(|program| ProgramReport {
            name: program.name().to_owned(),
            version: program.version(),
            bytes: program.bytes(),
            fingerprint_ok: program.fingerprint() == image.header().fingerprint,
        }),
        missing: None,
        layout: Vec::new(),
        in_flight: Vec::new(),
        kernel: None,
        tasks: Vec::new(),
        objects: Vec::new(),
    };
    inspection.missing = if inspection.blank {
        Some("it is blank: the next start formats it".to_owned())
    } else if image.header().phase == Phase::Formatting {
        Some("the power went in the first boot: the next start formats it again".to_owned())
    } else if let Some(program) = program {
        inspection.look(image, program)
    } else {
        Some(
            "tasks and objects: their names and places are the program's, and the image holds but a fingerprint of them. \
             Read it with a tool that knows the program: three lines, see intos::host::image"
                .to_owned(),
        )
    };
    inspection
}

/// Looks at a copy that was recovered in memory, as the next start does.
///
/// # Errors
///
/// What the start would end with.
pub fn inspect_recovered(
    image: &Image,
    program: &ProgramLayout,
) -> Result<Inspection, intos_sched::Error> {
    let copy = image.copy();
    if image.bytes() >= program.bytes() {
        recover(&copy, program)?;
    }
    let mut inspection = inspect(image, None);
    inspection.program = inspect(image, Some(program)).program;
    inspection.recovered = true;
    if !inspection.blank && image.header().phase != Phase::Formatting {
        inspection.missing = inspection.look_at(&copy, None, program);
    }
    Ok(inspection)
}

impl Inspection {
    fn look(&mut self, image: &Image, program: &ProgramLayout) -> Option<String> {
        self.look_at(image.memory(), Some(image), program)
    }

    /// Looks at all that a program has placed, and answers what cannot be told.
    fn look_at(
        &mut self,
        memory: &nvm_core::image::Memory,
        image: Option<&Image>,
        program: &ProgramLayout,
    ) -> Option<String> {
        let places = program.places().into_iter();
        self.layout = places
            .map(|place| PlaceReport {
                offset: place.offset,
                bytes: place.bytes,
                kind: place.kind,
                name: place.name,
            })
            .collect();
        let view = match View::of(memory, program) {
            Ok(view) => view,
            Err(error) => {
                return Some(format!(
                    "tasks and objects: the image has {} bytes and the layout needs {} ({error})",
                    self.bytes,
                    program.bytes()
                ));
            }
        };
        self.in_flight = image.map_or_else(Vec::new, |image| in_flight::all(image, &view));
        self.kernel = Some(kernel::report(&view));
        self.tasks = tasks::report(&view);
        self.objects = objects::report(&view);
        None
    }
}
