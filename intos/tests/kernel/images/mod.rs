//! Looking at images: what is told of a sound one, and what is said of each damage that can be noticed.

mod damage;
mod gallery;
mod inspection;
mod unformatted;
