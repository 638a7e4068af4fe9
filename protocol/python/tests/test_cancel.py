"""Cancellation and deadlines."""

from __future__ import annotations

import time

from .case import LabCase
from .lab import Lab

BOTH = ("plain", "lab")


class Cancellation(LabCase):
    def test_work_that_listens_is_cancelled_at_once(self) -> None:
        for model in BOTH:
            lab = Lab()
            host = self.host(lab)
            id = host.start(model, "text-to-text", text="wait")
            lab.wait("begun")
            self.assert_alive(host)
            began = time.monotonic()
            host.cancel(id)
            host.cancel(id)
            self.assert_error(host.answer(id), -32800)
            self.assertLess(time.monotonic() - began, 2)
            lab.wait("ended")
            self.assertNotIn("lastError", self.health(host))

    def test_a_result_that_wins_the_race_stands(self) -> None:
        for model in BOTH:
            lab = Lab()
            host = self.host(lab)
            id = host.start(model, "text-to-text", text="finish-anyway")
            lab.wait("begun")
            host.cancel(id)
            self.assertEqual(self.text_of(host.answer(id)), "finish-anyway")

    def test_a_failure_after_the_cancellation_is_the_cancellation(self) -> None:
        for model in BOTH:
            lab = Lab()
            host = self.host(lab)
            for number, what in enumerate(("fail-after-cancel", "break-after-cancel"), 1):
                id = host.start(model, "text-to-text", text=what)
                lab.wait("begun", number)
                host.cancel(id)
                self.assert_error(host.answer(id), -32800)
            self.assertNotIn("lastError", self.health(host))

    def test_work_that_ignores_it_is_answered_after_three_seconds_and_heard_no_more(self) -> None:
        for model, what in (("plain", "block"), ("lab", "ignore")):
            lab = Lab()
            host = self.host(lab)
            id = host.start(model, "text-to-text", text=what)
            lab.wait("begun")
            began = time.monotonic()
            host.cancel(id)
            self.assert_error(host.answer(id), -32800)
            self.assertTrue(2.9 < time.monotonic() - began < 4.5, time.monotonic() - began)
            # Its turn has passed to the next.
            self.assertEqual(self.text_of(host.transform(model, "text-to-text", text="next")), "next")
            lab.gate.set()
            lab.wait("unblocked")
            self.assert_alive(host)
            self.assertEqual(host.notices(id, "$/chunk") + host.notices(id, "$/progress"), [])
            self.assertEqual(sum(frame.get("id") == id for frame in host.seen), 1)

    def test_a_job_that_waits_for_its_turn_never_has_it(self) -> None:
        lab = Lab()
        host = self.host(lab)
        first = host.start("plain", "text-to-text", text="block")
        second = host.start("plain", "text-to-text", text="never begun")
        lab.wait("begun")
        host.cancel(second)
        self.assert_error(host.answer(second), -32800)
        self.assertEqual(self.health(host)["queuedJobs"], 0)
        lab.gate.set()
        self.assertEqual(self.text_of(host.answer(first)), "block")
        self.assertEqual(lab.count("begun"), 1)

    def test_a_cancellation_of_ones_own_is_a_failure(self) -> None:
        host = self.host(Lab())
        answer = host.transform("lab", "text-to-text", text="cancel-oneself")
        self.assert_error(answer, -32603, "the work was cancelled, but not by the host")

    def test_a_thousand_cancelled_jobs_leave_nothing_behind(self) -> None:
        lab = Lab(4)
        host = self.host(lab)
        for number in range(1000):
            id = host.start(BOTH[number % 2], "text-to-text", text="wait")
            host.cancel(id)
            self.assert_error(host.answer(id), -32800)
            host.seen.clear()
        health = self.health(host)
        self.assertEqual((health["activeJobs"], health["queuedJobs"]), (0, 0))
        lab.wait("ended", lab.count("begun"))


class Deadlines(LabCase):
    def test_a_deadline_answers_for_the_work(self) -> None:
        for model, what in (("plain", "block"), ("lab", "ignore"), ("lab", "wait"), ("plain", "wait")):
            lab = Lab()
            host = self.host(lab)
            began = time.monotonic()
            running = host.start(model, "text-to-text", text=what, deadlineMs=500)
            lab.wait("begun")
            waiting = host.start(model, "text-to-text", text="never begun", deadlineMs=200)
            for id in (waiting, running):
                error = self.assert_error(host.answer(id), 1101)
                self.assertEqual(error["data"]["kind"], "DeadlineExceeded")
            self.assertGreater(time.monotonic() - began, 0.49)
            self.assertEqual(self.health(host)["activeJobs"], 0)
            lab.gate.set()
            lab.wait("ended")
            self.assertEqual(lab.count("begun"), 1)
            self.assert_alive(host)
            self.assertEqual(host.notices(running, "$/chunk"), [])

    def test_one_that_has_passed_already_takes_no_turn(self) -> None:
        host = self.host(Lab())
        for _ in range(20):
            answer = host.transform("plain", "text-to-text", text="echo", deadlineMs=0)
            self.assertIn(answer.get("error", {}).get("code"), (None, 1101))
        self.assertEqual(self.text_of(host.transform("plain", "text-to-text", text="echo")), "echo")
        self.assertEqual(self.health(host)["activeJobs"], 0)

    def test_the_author_sees_it_and_the_name_of_the_job(self) -> None:
        host = self.host(Lab())
        for model in BOTH:
            answer = host.transform(model, "text-to-text", text="deadline", deadlineMs=90_000)
            self.assertEqual(self.text_of(answer), "test 90")
            self.assertEqual(self.text_of(host.transform(model, "text-to-text", text="deadline")), "test None")
            # Longer than any clock counts.
            answer = host.transform(model, "text-to-text", text="echo", deadlineMs=2**64 - 1)
            self.assertEqual(self.text_of(answer), "echo")
