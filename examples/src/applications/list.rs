//! Which applications there are, in the order of their tables.

use example_applications::{Ar, Bc, Dnn, Em, Etl, Kv, Mq, Pred, Sense, Stats, Train};

use super::application::Application;
use super::plain;

/// All of them: the type, which knows its name, and the same computation written plainly.
pub const APPLICATIONS: &[Application] = &[
    Application::new::<Bc>(plain::bc::results),
    Application::new::<Dnn>(plain::dnn::results),
    Application::new::<Ar>(plain::ar::results),
    Application::new::<Kv>(plain::kv::results),
    Application::new::<Sense>(plain::sense::results),
    Application::new::<Em>(plain::em::results),
    Application::new::<Mq>(plain::mq::results),
    Application::new::<Etl>(plain::etl::results),
    Application::new::<Pred>(plain::pred::results),
    Application::new::<Stats>(plain::stats::results),
    Application::new::<Train>(plain::train::results),
];

/// The application of a name.
pub fn find(name: &str) -> Option<&'static Application> {
    APPLICATIONS
        .iter()
        .find(|application| application.name == name)
}
