//! The same as a picture: bars, relative to the build without crash consistency.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_wrap)] // small numbers, in a picture

use std::path::PathBuf;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::measure::Costs;
use super::report::{Report, Row};
use super::variant::Variant;
use crate::toolchain;

/// From the workspace's top folder.
const FILE: &str = "docs/ablation.svg";
const SIZE: (u32, u32) = (1_200, 860);
const FONT: &str = "sans-serif";
/// Behind the bars of an application.
const GAP: f64 = 1.0;

/// Colours that also those tell apart who see fewer of them (Okabe and Ito).
const COLOURS: [RGBColor; BARS] = [
    RGBColor(0x99, 0x99, 0x99),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0x00, 0x00, 0x00),
];
/// All builds but the one without crash consistency, and `IntOS`.
const BARS: usize = Variant::ALL.len();

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Failure = Box<dyn std::error::Error>;

fn path() -> PathBuf {
    toolchain::root().join(FILE)
}

/// Where `BENCHMARKS.md` shows it.
pub(super) fn markdown() -> String {
    format!(
        "![Instructions and NVM bytes of each application, relative to no crash consistency]({FILE})"
    )
}

/// Writes it.
pub(super) fn write(report: &Report) -> Result<(), String> {
    let path = path();
    draw(report, &path).map_err(|error| format!("{} cannot be drawn: {error}", path.display()))
}

fn draw(report: &Report, path: &std::path::Path) -> Result<(), Failure> {
    let picture = SVGBackend::new(path, SIZE).into_drawing_area();
    picture.fill(&WHITE)?;
    let (legend, panels) = picture.split_vertically(40);
    draw_legend(&legend)?;
    let panels = panels.split_evenly((2, 1));
    draw_panel(
        &panels[0],
        report,
        "Instructions",
        |costs| costs.small,
        |row| row.application.intos.0 / row.application.intos_none.0,
    )?;
    draw_panel(&panels[1], report, "NVM bytes", Costs::bytes, |row| {
        row.application.intos.1 / row.application.intos_none.1
    })?;
    picture.present()?;
    Ok(())
}

fn draw_legend(area: &Area<'_>) -> Result<(), Failure> {
    let names = Variant::ALL[1..]
        .iter()
        .map(|variant| variant.description())
        .chain(["IntOS"]);
    let mut x = 60;
    for (name, colour) in names.zip(COLOURS) {
        area.draw(&Rectangle::new([(x, 12), (x + 16, 28)], colour.filled()))?;
        let style = (FONT, 16).into_font().color(&BLACK);
        area.draw(&Text::new(name, (x + 22, 13), style))?;
        x += 50 + 8 * name.len() as i32;
    }
    Ok(())
}

fn draw_panel(
    area: &Area<'_>,
    report: &Report,
    title: &str,
    of: impl Fn(&Costs) -> u64,
    intos: impl Fn(&Row) -> f64,
) -> Result<(), Failure> {
    let bars = |row: &Row| -> Vec<f64> {
        let none = of(row.costs(Variant::None)).max(1) as f64;
        Variant::ALL[1..]
            .iter()
            .map(|variant| of(row.costs(*variant)) as f64 / none)
            .chain([intos(row)])
            .collect()
    };
    let highest = report.rows.iter().flat_map(bars).fold(1.0, f64::max);
    let width = BARS as f64 + GAP;
    let mut chart = ChartBuilder::on(area)
        .caption(
            format!("{title}, times those without crash consistency"),
            (FONT, 20),
        )
        .margin(10)
        .set_label_area_size(LabelAreaPosition::Left, 50)
        .set_label_area_size(LabelAreaPosition::Bottom, 30)
        .build_cartesian_2d(0.0..width * report.rows.len() as f64, 0.0..highest * 1.08)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_label_formatter(&|value| format!("{value:.1}"))
        .y_label_style((FONT, 14))
        .draw()?;
    for (index, row) in report.rows.iter().enumerate() {
        let left = index as f64 * width + GAP / 2.0;
        let bars = bars(row);
        chart.draw_series(bars.iter().enumerate().map(|(bar, &height)| {
            let x = left + bar as f64;
            Rectangle::new([(x, 0.0), (x + 0.9, height)], COLOURS[bar % BARS].filled())
        }))?;
        let below = chart.backend_coord(&(left + BARS as f64 / 2.0, 0.0));
        let style = (FONT, 16)
            .into_font()
            .color(&BLACK)
            .pos(Pos::new(HPos::Center, VPos::Top));
        let top = area.get_base_pixel();
        area.draw(&Text::new(
            row.application.name,
            (below.0 - top.0, below.1 - top.1 + 8),
            style,
        ))?;
    }
    // As much as without crash consistency.
    let end = width * report.rows.len() as f64;
    chart.draw_series(LineSeries::new([(0.0, 1.0), (end, 1.0)], BLACK))?;
    Ok(())
}
