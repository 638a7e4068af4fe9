//! Colours and backgrounds.

use csscolorparser::Color;
use resvg::tiny_skia::{self, GradientStop, LinearGradient, Paint, Pixmap, Point, Rect, SpreadMode, Transform};

use crate::CanvasError;

/// How many straight pieces approximate the curve between two colours of a gradient.
const PIECES: u16 = 8;
const MOST_COLORS: usize = 8;

/// Reads a CSS colour; the error names the option.
pub fn parse_color(option: &str, text: &str) -> Result<Color, CanvasError> {
    csscolorparser::parse(text.trim()).map_err(|_| {
        let expected = "a CSS colour such as #4f46e5, teal, rgb(79 70 229) or hsl(243 75% 59%)";
        CanvasError::option_value(option, expected, format!("{text:?}"))
    })
}

/// What lies beneath the text: one colour, or several along a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Background(Vec<Color>);

impl Background {
    /// Reads `colour` or `colour..colour…`.
    pub(crate) fn parse(option: &str, text: &str) -> Result<Self, CanvasError> {
        let colors: Vec<_> = text.split("..").map(|color| parse_color(option, color)).collect::<Result<_, _>>()?;
        if colors.len() > MOST_COLORS {
            let expected = format!("a gradient of at most {MOST_COLORS} colours");
            return Err(CanvasError::option_value(option, expected, format!("{} colours", colors.len())));
        }
        Ok(Self(colors))
    }

    /// Near-white or near-black: whichever stands out more from the least favourable colour of the background.
    pub(crate) fn contrasting(&self) -> Color {
        let (light, dark) = (Color::from_rgba8(255, 255, 255, 255), Color::from_rgba8(15, 23, 42, 255));
        let worst = |ink: &Color| self.0.iter().map(|color| contrast(ink, color)).fold(f32::MAX, f32::min);
        if worst(&light) >= worst(&dark) { light } else { dark }
    }

    /// Fills the picture. The angle is CSS's: 0 runs to the top, 90 to the right, 180 to the bottom.
    pub(crate) fn fill(&self, pixmap: &mut Pixmap, angle: f64) {
        if let [color] = self.0.as_slice() {
            pixmap.fill(skia_color(color));
            return;
        }
        let (width, height) = (pixmap.width() as f32, pixmap.height() as f32);
        let (sin, cos) = (angle as f32).to_radians().sin_cos();
        let half = ((width * sin).abs() + (height * cos).abs()) / 2.0;
        let (dx, dy) = (sin * half, -cos * half);
        let start = Point::from_xy(width / 2.0 - dx, height / 2.0 - dy);
        let end = Point::from_xy(width / 2.0 + dx, height / 2.0 + dy);
        let shader = LinearGradient::new(start, end, self.stops(), SpreadMode::Pad, Transform::identity());
        if let (Some(shader), Some(rect)) = (shader, Rect::from_xywh(0.0, 0.0, width, height)) {
            let paint = Paint { shader, anti_alias: false, ..Paint::default() };
            pixmap.fill_rect(rect, &paint, Transform::identity(), None);
        }
    }

    /// Colours mixed in Oklab, so that the middle of a gradient is not grey.
    fn stops(&self) -> Vec<GradientStop> {
        let segments = self.0.len() - 1;
        let mut stops = Vec::with_capacity(segments * usize::from(PIECES) + 1);
        for (index, pair) in self.0.windows(2).enumerate() {
            for piece in u16::from(index > 0)..=PIECES {
                let part = f32::from(piece) / f32::from(PIECES);
                let position = (index as f32 + part) / segments as f32;
                stops.push(GradientStop::new(position, skia_color(&pair[0].interpolate_oklab(&pair[1], part))));
            }
        }
        stops
    }
}

/// A colour for the rasteriser.
pub(crate) fn skia_color(color: &Color) -> tiny_skia::Color {
    let [red, green, blue, alpha] = color.to_rgba8();
    tiny_skia::Color::from_rgba8(red, green, blue, alpha)
}

/// WCAG's contrast ratio, with transparency over white.
fn contrast(a: &Color, b: &Color) -> f32 {
    let luminance = |color: &Color| {
        let [red, green, blue, alpha] = color.to_linear_rgba();
        let over_white = |part: f32| part * alpha + 1.0 - alpha;
        0.2126 * over_white(red) + 0.7152 * over_white(green) + 0.0722 * over_white(blue)
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_out_from_light_and_dark() {
        let ink = |text: &str| Background::parse("background", text).unwrap().contrasting().to_css_hex().to_string();
        assert_eq!(ink("black"), "#ffffff");
        assert_eq!(ink("#0f172a..#4f46e5"), "#ffffff");
        assert_eq!(ink("white"), "#0f172a");
        assert_eq!(ink("transparent"), "#0f172a");
        assert_eq!(ink("#fde68a .. #fca5a5"), "#0f172a");
    }

    #[test]
    fn a_gradient_runs_along_its_angle() {
        let gradient = Background::parse("background", "rgb(255,0,0)..#00f").unwrap();
        let mut pixmap = Pixmap::new(40, 20).unwrap();
        for (angle, start, end) in [(90.0, (0, 10), (39, 10)), (180.0, (20, 0), (20, 19)), (0.0, (20, 19), (20, 0))] {
            gradient.fill(&mut pixmap, angle);
            let (from, to) = (pixmap.pixel(start.0, start.1).unwrap(), pixmap.pixel(end.0, end.1).unwrap());
            assert!(from.red() > 220 && from.blue() < 60, "{angle}: {from:?}");
            assert!(to.blue() > 220 && to.red() < 60, "{angle}: {to:?}");
        }
    }

    #[test]
    fn a_bad_colour_names_its_option() {
        for text in ["", "..", "#12", "red..bleu"] {
            assert_eq!(Background::parse("background", text).unwrap_err().option(), Some("background"), "{text}");
        }
        let error = Background::parse("background", &["red"; 9].join("..")).unwrap_err();
        assert!(error.to_string().contains("9 colours"), "{error}");
    }
}
