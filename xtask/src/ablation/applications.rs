//! The applications, with what `IntOS` takes.

/// An application.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) name: &'static str,
    /// `IntOS`'s thousands of instructions and of bytes stored to NVM, without power losses.
    pub(super) intos: (f64, f64),
    /// The same without crash consistency.
    pub(super) intos_none: (f64, f64),
}

/// Those that there are, in the order of the paper.
pub(super) const APPLICATIONS: [Application; 11] = [
    application("bc", (554.0, 250.0), (447.0, 70.0)),
    application("dnn", (227.0, 384.0), (36.0, 26.0)),
    application("ar", (9_299.0, 5_975.0), (7_875.0, 3_388.0)),
    application("kv", (23.6, 26.0), (13.4, 10.0)),
    application("sense", (14.7, 13.0), (12.3, 10.0)),
    application("em", (226.0, 228.0), (187.0, 164.0)),
    application("mq", (263.0, 265.0), (149.0, 104.0)),
    application("etl", (624.0, 354.0), (282.0, 159.0)),
    application("pred", (721.0, 499.0), (364.0, 213.0)),
    application("stats", (767.0, 541.0), (375.0, 232.0)),
    application("train", (46.0, 24.0), (37.0, 10.0)),
];

const fn application(name: &'static str, intos: (f64, f64), intos_none: (f64, f64)) -> Application {
    Application {
        name,
        intos,
        intos_none,
    }
}

/// The application of a name.
pub(super) fn find(name: &str) -> Result<&'static Application, String> {
    let known = APPLICATIONS
        .iter()
        .find(|application| application.name == name);
    known.ok_or_else(|| {
        let names = APPLICATIONS.each_ref().map(|application| application.name);
        format!(
            "there is no application `{name}`; there are {}",
            names.join(", ")
        )
    })
}
