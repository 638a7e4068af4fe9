//! The bundled provider `ffmpeg`, from end to end, on a film that ffmpeg makes.

use std::fs;
use std::path::{Path, PathBuf};

use prizm_tests::{Home, Running, eventually};
use serde_json::Value;

/// Makes a film of ten seconds, once for all tests.
async fn film(home: &Home) -> PathBuf {
    let film = Path::new(env!("CARGO_TARGET_TMPDIR")).join("testsrc2-160x120-10s.mp4");
    if !film.exists() {
        let made = home.file("film.mp4");
        let mut ffmpeg = home.command("ffmpeg".as_ref());
        ffmpeg.args([
            "-hide_banner",
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=160x120:rate=25:duration=10",
        ]);
        ffmpeg.args(["-f", "lavfi", "-i", "sine=frequency=440:duration=10", "-preset", "ultrafast"]).arg(&made);
        Running::start(ffmpeg).ended().await.ok();
        // Other tests may be making it too; a rename is whole.
        let copy = film.with_extension(std::process::id().to_string());
        fs::copy(&made, &copy).unwrap();
        fs::rename(copy, &film).unwrap();
        fs::remove_file(made).unwrap();
    }
    film
}

/// What ffprobe says of a file.
async fn probe(home: &Home, name: &str) -> (f64, Vec<String>) {
    let mut ffprobe = home.command("ffprobe".as_ref());
    ffprobe.args(["-v", "error", "-show_entries", "format=duration:stream=codec_name,width,height", "-of", "json"]);
    ffprobe.arg(home.file(name));
    let said: Value = serde_json::from_str(Running::start(ffprobe).ended().await.ok()).unwrap();
    let streams = said["streams"].as_array().unwrap().iter().map(|stream| match stream["width"].as_u64() {
        Some(width) => format!("{} {width}x{}", stream["codec_name"].as_str().unwrap(), stream["height"]),
        None => stream["codec_name"].as_str().unwrap().to_owned(),
    });
    let duration = said["format"]["duration"].as_str().and_then(|seconds| seconds.parse().ok());
    (duration.unwrap_or_default(), streams.collect())
}

async fn run(home: &Home, line: &[&str], more: &[&str]) {
    let ended = home.run(&[line, more].concat()).await;
    let name = line.iter().skip_while(|word| **word != "-o").nth(1).unwrap();
    assert_eq!((ended.ok(), ended.stderr.as_str()), (&*format!("{name}\n"), ""), "{ended}");
}

fn near(seconds: f64, expected: f64) -> bool {
    (seconds - expected).abs() <= 0.2
}

#[tokio::test]
async fn sound_and_pictures_are_taken_out_of_a_film() {
    let home = Home::new();
    let film = film(&home).await;
    let film = film.to_str().unwrap();
    run(&home, &["run", "video-to-audio", film, "-o", "sound.mp3"], &["--option", "bitrate=96"]).await;
    let (seconds, streams) = probe(&home, "sound.mp3").await;
    assert!(near(seconds, 10.0) && streams == ["mp3"], "{seconds} {streams:?}");
    run(&home, &["run", "ffmpeg/frame", film, "-o", "frame.png"], &["--option", "time=50%", "--option", "width=80"])
        .await;
    assert_eq!(probe(&home, "frame.png").await.1, ["png 80x60"]);
    let sheet = ["--option", "columns=3", "--option", "rows=2", "--option", "tileWidth=64", "--option", "gap=0"];
    run(&home, &["run", "ffmpeg/contact-sheet", film, "-o", "sheet.jpg"], &sheet).await;
    assert_eq!(probe(&home, "sheet.jpg").await.1, ["mjpeg 192x96"]);
    assert_eq!(home.files(), ["frame.png", "sheet.jpg", "sound.mp3"]);
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty());
}

#[tokio::test]
async fn sound_is_converted_and_a_picture_becomes_a_film() {
    let home = Home::new();
    let film = film(&home).await;
    run(&home, &["run", "video-to-audio", film.to_str().unwrap(), "-o", "sound.wav"], &[]).await;
    let cut = ["--option", "duration=4", "--option", "speed=2"];
    run(&home, &["run", "audio-to-audio", "sound.wav", "-o", "fast.ogg"], &cut).await;
    let (seconds, streams) = probe(&home, "fast.ogg").await;
    assert!(near(seconds, 2.0) && streams == ["vorbis"], "{seconds} {streams:?}");
    run(&home, &["run", "video-to-image", film.to_str().unwrap(), "-o", "frame.png"], &[]).await;
    let still = ["--option", "fps=5", "--option", "width=64", "--input", "audio=fast.ogg"];
    run(&home, &["run", "image-to-video", "frame.png", "-o", "still.mp4"], &still).await;
    let (seconds, streams) = probe(&home, "still.mp4").await;
    assert!(near(seconds, 2.0) && streams == ["h264 64x48", "aac"], "{seconds} {streams:?}");
    let scaled = ["--option", "width=80", "--option", "duration=1", "--option", "mute=true"];
    run(&home, &["run", "video-to-video", film.to_str().unwrap(), "-o", "small.mkv"], &scaled).await;
    let (seconds, streams) = probe(&home, "small.mkv").await;
    assert!(near(seconds, 1.0) && streams == ["h264 80x60"], "{seconds} {streams:?}");
}

#[tokio::test]
async fn what_is_no_film_is_said() {
    let home = Home::new();
    fs::write(home.file("notes.mp4"), "these are notes, whatever the name says").unwrap();
    let error = home.run(&["run", "video-to-audio", "notes.mp4", "-o", "x.mp3", "--json"]).await.error(2);
    assert!(error["message"].as_str().unwrap().contains("the input `notes.mp4` is text"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("takes video"), "{error}");
    let cut = fs::read(film(&home).await).unwrap()[..2000].to_vec();
    fs::write(home.file("cut.mp4"), cut).unwrap();
    let error = home.run(&["run", "video-to-audio", "cut.mp4", "-o", "x.mp3", "--json"]).await.error(7);
    assert_eq!((&error["kind"], &error["stage"]), (&"InvalidMedia".into(), &"call".into()), "{error}");
    assert!(error["message"].as_str().unwrap().contains("moov atom not found"), "ffmpeg's own words: {error}");
    assert_eq!(home.files(), ["cut.mp4", "notes.mp4"], "no output of what failed");
}

/// Starts a transcode that takes minutes, and waits until ffmpeg works.
async fn long_transcode(home: &Home) -> Running {
    let film = film(home).await;
    let line = ["run", "video-to-video", film.to_str().unwrap(), "-o", "x.webm"];
    let size = ["--option", "width=3840", "--option", "height=2160", "--option", "crf=4"];
    let running = home.start(&[&line[..], &size].concat());
    eventually("ffmpeg encodes", || (!home.processes().running("libvpx").is_empty()).then_some(())).await;
    running
}

#[tokio::test]
async fn an_interrupt_ends_a_long_transcode() {
    let home = Home::new();
    let running = long_transcode(&home).await;
    running.signal(libc::SIGINT);
    let ended = running.ended().await;
    assert_eq!(ended.failed(130), "error: cancelled\n");
    home.processes().gone_within(5).await;
    assert_eq!((home.work(), home.files()), (vec![], vec![]), "no temporary file is left");
}

#[tokio::test]
async fn no_ffmpeg_outlives_a_command_that_is_killed() {
    let home = Home::new();
    let running = long_transcode(&home).await;
    running.kill().await;
    home.processes().gone_within(2).await;
    assert!(home.files().is_empty(), "{:?}", home.files());
    home.run(&["run", "canvas", "", "-o", "x.png"]).await.failed(7);
    assert!(home.work().is_empty(), "the next command sweeps what was left: {:?}", home.work());
}
