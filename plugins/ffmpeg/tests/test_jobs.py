"""Work that takes long: progress, cancelling, deadlines, many at once, and a host that goes away."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from .harness import Host, ProviderCase, children, executable, inspect, is_alive, scratch, wait_exit, wait_until

# Takes minutes: ten seconds of VP9 at four times the size and at 120 frames a second.
LONG = {"format": "webm", "width": 1920, "fps": 120, "crf": 10}


class LongCase(ProviderCase):
    def start_long(self, job: Path, **more: object) -> int:
        """Start a long transcode; gives its id once ffmpeg is at work."""
        request_id = self.host.send("transform", self.params(job, "transcode", "video-to-video", LONG, **more))
        self.host.wait_encoding(request_id)
        return request_id

    def encoders(self, count: int) -> list[int]:
        """So many ffmpegs at work: the first progress is told a moment before its ffmpeg is started."""
        wait_until(lambda: len(children(self.host.process.pid)) == count, f"{count} at work")
        return children(self.host.process.pid)

    def assert_nothing_left(self, job: Path) -> None:
        self.assertEqual(children(self.host.process.pid), [])
        self.assertEqual(list((job / "out").iterdir()), [])

    def assert_one_answer(self, request_id: int) -> None:
        self.host.call("ping")
        self.assertEqual(len([frame for frame in self.host.frames if frame.get("id") == request_id]), 1)


class Progress(LongCase):
    def test_reports_grow_and_come_before_the_answer(self) -> None:
        job = self.job_dir("film.mp4")
        options = {"width": 640, "duration": 4, "fps": 50}
        began = time.monotonic()
        request_id = self.host.send("transform", self.params(job, "transcode", "video-to-video", options))
        self.assertIn("result", self.host.answer(request_id))
        elapsed = time.monotonic() - began
        reports = self.host.progress(request_id)
        self.assertEqual(reports[0]["stage"], "probing")
        encoding = [report for report in reports if report["stage"] == "encoding"]
        self.assertGreater(len(encoding), 3)
        self.assertLessEqual(len(reports), elapsed * 10 + 2)
        fractions = [report["fraction"] for report in encoding]
        self.assertEqual(fractions, sorted(fractions))
        self.assertTrue(all(0 <= fraction <= 1 for fraction in fractions))
        self.assertGreater(fractions[-1], fractions[0])
        numbers = [report["seq"] for report in reports]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertTrue(any("etaMs" in report for report in encoding))
        place = [index for index, frame in enumerate(self.host.frames) if frame.get("id") == request_id]
        self.host.call("ping")
        self.assertFalse([frame for frame in self.host.frames[place[0] :] if frame.get("method") == "$/progress"])

    def test_contact_sheet_counts_its_frames(self) -> None:
        request_id = self.host.send(
            "transform",
            self.params(self.job_dir("film.mp4"), "contact-sheet", "video-to-image", {"columns": 2, "rows": 3}),
        )
        self.assertIn("result", self.host.answer(request_id))
        messages = [report.get("message", "") for report in self.host.progress(request_id)]
        self.assertTrue(any(message.endswith("of 6") for message in messages), messages)


class Stopping(LongCase):
    def test_cancel_in_the_middle(self) -> None:
        job = self.job_dir("film.mp4")
        request_id = self.start_long(job)
        self.host.wait_encoding(request_id, above=0)
        self.encoders(1)
        self.assertNotEqual(list((job / "out").iterdir()), [])
        self.host.send("$/cancelRequest", {"id": request_id}, notify=True)
        self.host.send("$/cancelRequest", {"id": request_id}, notify=True)
        self.assertEqual(self.host.answer(request_id, 5)["error"]["code"], -32800)
        self.assert_nothing_left(job)
        self.assert_one_answer(request_id)
        self.assertNotIn("lastError", self.host.call("health")["result"])

    def test_cancel_of_a_child_that_does_not_listen(self) -> None:
        deaf = executable(
            scratch() / "deaf-ffmpeg",
            '#!/bin/sh\ncase "$*" in *-encoders*) exec ffmpeg "$@";; esac\n'
            "exec python3 -c 'import signal, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            'while True:\n print("out_time_us=1000000", flush=True)\n time.sleep(0.15)\'\n',
        )
        self.host.call("configure", {"config": {"ffmpegPath": str(deaf)}})
        job = self.job_dir("film.mp4")
        request_id = self.start_long(job)
        self.host.wait_encoding(request_id, above=0)
        began = time.monotonic()
        self.host.send("$/cancelRequest", {"id": request_id}, notify=True)
        self.assertEqual(self.host.answer(request_id, 5)["error"]["code"], -32800)
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assert_nothing_left(job)

    def test_deadline(self) -> None:
        job = self.job_dir("film.mp4")
        request_id = self.host.send("transform", self.params(job, "transcode", "video-to-video", LONG, deadlineMs=800))
        error = self.host.answer(request_id, 5)["error"]
        self.assert_kind(error, 1101, "DeadlineExceeded", "800 ms")
        self.assert_nothing_left(job)
        self.assertIn("800 ms", self.host.call("health")["result"]["lastError"])
        self.assert_kind(self.refused(job, "frame", "video-to-image", deadlineMs=0), 1101, "DeadlineExceeded")

    def test_shutdown_cancels_and_answers(self) -> None:
        job = self.job_dir("film.mp4")
        request_id = self.start_long(job)
        shutdown = self.host.send("shutdown")
        self.assertEqual(self.host.answer(shutdown, 5)["result"], {})
        self.assertEqual(self.host.answer(request_id, 0.1)["error"]["code"], -32800)
        self.assert_nothing_left(job)

    def test_end_of_input_ends_everything(self) -> None:
        job = self.job_dir("film.mp4")
        self.start_long(job)
        (ffmpeg,) = self.encoders(1)
        began = time.monotonic()
        self.assertEqual(self.host.close(), 0)
        self.assertLess(time.monotonic() - began, 2)
        self.assertFalse(is_alive(ffmpeg))
        self.assertEqual(list((job / "out").iterdir()), [])

    def test_sigterm_ends_everything(self) -> None:
        job = self.job_dir("film.mp4")
        self.start_long(job)
        (ffmpeg,) = self.encoders(1)
        self.host.process.send_signal(signal.SIGTERM)
        self.assertEqual(wait_exit(self.host.process), 128 + signal.SIGTERM)
        self.assertFalse(is_alive(ffmpeg))
        self.assertEqual(list((job / "out").iterdir()), [])


class Together(LongCase):
    def test_jobs_queue_beyond_the_limit_and_can_be_cancelled_there(self) -> None:
        places = min(os.cpu_count() or 1, 4)
        running = [self.start_long(self.job_dir("film.mp4")) for _ in range(places)]
        job = self.job_dir("film.mp4")
        queued = self.host.send("transform", self.params(job, "transcode", "video-to-video", LONG))
        late = self.host.send("transform", self.params(job, "frame", "video-to-image", deadlineMs=200))
        self.assert_kind(self.host.answer(late, 5)["error"], 1101, "DeadlineExceeded")
        health = self.host.call("health")["result"]
        self.assertEqual((health["activeJobs"], health["queuedJobs"]), (places, 1))
        self.encoders(places)
        self.host.send("$/cancelRequest", {"id": queued}, notify=True)
        self.assertEqual(self.host.answer(queued, 1)["error"]["code"], -32800)
        for request_id in running:
            self.host.send("$/cancelRequest", {"id": request_id}, notify=True)
        for request_id in running:
            self.assertEqual(self.host.answer(request_id, 5)["error"]["code"], -32800)
        wait_until(lambda: self.host.call("health")["result"]["activeJobs"] == 0, "an idle provider")

    def test_many_at_once_keep_apart(self) -> None:
        pending = {}
        for index in range(1, 6):
            job = self.job_dir("film.mp4")
            options = {"format": "wav", "duration": index}
            pending[self.host.send("transform", self.params(job, "extract-audio", "video-to-audio", options))] = (
                job,
                index,
            )
        for request_id, (job, length) in pending.items():
            (output,) = self.host.answer(request_id)["result"]["outputs"]
            self.assertAlmostEqual(inspect(job / output["path"])["duration"], length, delta=0.05)

    def test_two_jobs_in_one_directory_do_not_overwrite_each_other(self) -> None:
        job = self.job_dir("film.mp4")
        ids = [
            self.host.send("transform", self.params(job, "frame", "video-to-image", {"time": time})) for time in (1, 8)
        ]
        outputs = [self.host.answer(request_id)["result"]["outputs"][0]["path"] for request_id in ids]
        self.assertEqual(len(set(outputs)), 2)
        self.assertNotEqual(*[(job / path).read_bytes() for path in outputs])


class Reconfigured(ProviderCase):
    def test_a_running_job_keeps_its_tools(self) -> None:
        host: Host = self.host
        job = self.job_dir("film.mp4")
        options = {"width": 640, "duration": 4, "fps": 50}
        request_id = host.send("transform", self.params(job, "transcode", "video-to-video", options))
        host.wait_encoding(request_id)
        host.call("configure", {"config": {"ffmpegPath": "/nowhere/ffmpeg"}})
        self.assertIn("result", host.answer(request_id))
        error = self.refused(self.job_dir("film.mp4"), "frame", "video-to-image")
        self.assert_kind(error, 1004, "NotConfigured", "/nowhere/ffmpeg not found;")
