//! How it grows: a plot for each thing of which there may be many, or that may be large.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use serde_json::Value;

use crate::bench::summary::Samples;

/// What is grey and what is coloured is legible on white and on black.
const GREY: RGBColor = RGBColor(128, 128, 128);
const COLOURS: [RGBColor; 2] = [RGBColor(46, 134, 222), RGBColor(225, 112, 30)];
/// A panel's size.
const SIZE: (u32, u32) = (420, 300);

/// A file with some panels beside each other.
#[derive(Debug)]
pub struct Plot {
    /// The file's name without its extension.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The list of points, as the host names it.
    list: &'static str,
    /// What grows.
    x: Axis,
    panels: &'static [Panel],
}

/// What grows.
#[derive(Debug)]
struct Axis {
    key: &'static str,
    title: &'static str,
    /// Whether a step to the right is twice as much.
    doubles: bool,
}

/// What comes of it.
#[derive(Debug)]
struct Panel {
    title: &'static str,
    /// The keys of what is drawn, and what each is called.
    series: &'static [(&'static str, &'static str)],
    /// Whether a step up is ten times as much.
    decades: bool,
}

const fn panel(title: &'static str, series: &'static [(&'static str, &'static str)], decades: bool) -> Panel {
    Panel { title, series, decades }
}

const PLOTS: [Plot; 4] = [
    Plot {
        name: "plugins",
        title: "Plugins that run",
        list: "grow_plugins",
        x: Axis { key: "n", title: "plugins", doubles: false },
        panels: &[
            panel("start of the next, ms", &[("start_ms", "")], false),
            panel("host's memory for each, KiB", &[("host_kib", "")], false),
            panel("choice among all, µs", &[("query_us", "")], false),
        ],
    },
    Plot {
        name: "inflight",
        title: "Calls in flight",
        list: "grow_inflight",
        x: Axis { key: "n", title: "in flight", doubles: true },
        panels: &[
            panel("calls/s", &[("calls_s", "")], false),
            panel("a call, µs", &[("p50_us", "p50"), ("p99_us", "p99")], true),
            panel("CPU of a call, µs", &[("cpu_us", "")], false),
        ],
    },
    Plot {
        name: "media",
        title: "Media, from file to file and back",
        list: "grow_media",
        x: Axis { key: "bytes", title: "size", doubles: true },
        panels: &[panel("ms", &[("ms", "")], true), panel("MB/s", &[("mb_s", "")], false)],
    },
    Plot {
        name: "loads",
        title: "Providers that are loaded at once, each for the first time",
        list: "grow_loads",
        x: Axis { key: "n", title: "at once", doubles: false },
        panels: &[panel("all of them, ms", &[("ms", "")], false)],
    },
];

/// Writes those of which there are points, and returns them.
pub fn write(samples: &Samples, directory: &Path) -> Result<Vec<Plot>> {
    let mut written = Vec::new();
    for plot in PLOTS {
        let points = samples.last("prizm", plot.list).and_then(Value::as_array);
        if let Some(points) = points.filter(|points| points.len() > 1) {
            let path = directory.join(plot.name).with_extension("svg");
            draw(&plot, points, &path).map_err(|error| anyhow!("`{}` cannot be drawn: {error}", path.display()))?;
            written.push(plot);
        }
    }
    Ok(written)
}

/// What goes wrong while something is drawn, of whatever kind.
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(plot: &Plot, points: &[Value], path: &Path) -> Drawn {
    let count = plot.panels.len();
    let area = SVGBackend::new(path, (SIZE.0 * u32::try_from(count)?, SIZE.1)).into_drawing_area();
    for (panel, area) in plot.panels.iter().zip(area.split_evenly((1, count))) {
        let lines: Vec<_> = panel.series.iter().map(|(key, name)| (*name, line(points, plot.x.key, key))).collect();
        let all = lines.iter().flat_map(|(_, line)| line);
        let (mut across, mut up) = ((f64::MAX, f64::MIN), (f64::MAX, f64::MIN));
        for (x, y) in all {
            across = (across.0.min(*x), across.1.max(*x));
            up = (up.0.min(*y), up.1.max(*y));
        }
        if across.0 > across.1 {
            continue;
        }
        let doubling: LogCoord<f64> = (across.0..across.1 * 1.1).log_scale().base(2.0).into();
        let even: RangedCoordf64 = (0.0..across.1 * 1.05).into();
        let lowest = 10_f64.powf(up.0.max(1e-3).log10().floor());
        let decades: LogCoord<f64> = (lowest..up.1 * 1.5).log_scale().into();
        // From nothing, so that what is flat looks flat.
        let from_nothing: RangedCoordf64 = (up.0.min(0.0)..up.1.max(1e-3) * 1.15).into();
        match (plot.x.doubles, panel.decades) {
            (false, false) => chart(&area, plot, panel, &lines, even, from_nothing),
            (false, true) => chart(&area, plot, panel, &lines, even, decades),
            (true, false) => chart(&area, plot, panel, &lines, doubling, from_nothing),
            (true, true) => chart(&area, plot, panel, &lines, doubling, decades),
        }?;
    }
    area.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn chart<X, Y>(area: &Area<'_>, plot: &Plot, panel: &Panel, lines: &[(&str, Vec<(f64, f64)>)], x: X, y: Y) -> Drawn
where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let text = |size: i32| ("sans-serif", size).into_font().color(&GREY);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, text(16))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .axis_style(GREY)
        .bold_line_style(GREY.mix(0.25))
        .light_line_style(TRANSPARENT)
        .label_style(text(12))
        .x_labels(if plot.x.key == "bytes" { 6 } else { 10 })
        .x_desc(plot.x.title)
        .x_label_formatter(&|value| if plot.x.key == "bytes" { size(*value) } else { short(*value) })
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    for ((name, line), colour) in lines.iter().zip(COLOURS) {
        chart.draw_series(LineSeries::new(line.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(line.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        if let Some(last) = line.last().filter(|_| !name.is_empty()) {
            let style = ("sans-serif", 12).into_font().color(&colour);
            let above =
                |at: (f64, f64)| EmptyElement::at(at) + Text::new((*name).to_owned(), (-28, -14), style.clone());
            chart.draw_series([above(*last)])?;
        }
    }
    Ok(())
}

fn line(points: &[Value], x: &str, y: &str) -> Vec<(f64, f64)> {
    points.iter().filter_map(|point| Some((point[x].as_f64()?, point[y].as_f64()?))).collect()
}

/// Writes a number on an axis.
fn short(value: f64) -> String {
    let (value, unit) = match value.abs() {
        large if large >= 1e6 => (value / 1e6, "M"),
        large if large >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{value:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Writes a size on an axis.
fn size(bytes: f64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)].map(|(name, power)| (name, f64::from(1 << power)));
    let unit = units.into_iter().find(|(_, unit)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes:.0} B"), |(name, unit)| format!("{:.0} {name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::summary::testing::sample;
    use serde_json::json;

    #[test]
    fn what_was_measured_is_drawn_and_nothing_else() {
        let points: Vec<_> =
            [1, 10, 100].map(|n| json!({"n": n, "start_ms": 3.5, "host_kib": null, "query_us": n})).into();
        let samples = Samples {
            all: vec![sample(0, "prizm", false, 0.0, json!({"grow_plugins": points}))],
            ..Samples::default()
        };
        let directory = tempfile::tempdir().unwrap();
        let names: Vec<_> = write(&samples, directory.path()).unwrap().into_iter().map(|plot| plot.name).collect();
        assert_eq!(names, ["plugins"]);
        let svg = std::fs::read_to_string(directory.path().join("plugins.svg")).unwrap();
        assert!(svg.contains("start of the next, ms") && !svg.contains("NaN"), "{svg}");
        assert!(!svg.contains("host&apos;s memory for each"), "there is no figure of it");
        assert_eq!(svg.matches("<circle").count(), 6);
    }

    #[test]
    fn labels_are_short() {
        assert_eq!([0.0, 0.25, 500.0, 12_000.0, 2_500_000.0].map(short), ["0", "0.25", "500", "12k", "2.5M"]);
        assert_eq!([512.0, 65_536.0, 1_073_741_824.0].map(size), ["512 B", "64 KiB", "1 GiB"]);
    }
}
