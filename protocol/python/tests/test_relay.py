"""Who reads while functions run that have been quick so far."""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue
from typing import Callable

from prizm_plugin import relay
from prizm_plugin.clock import Clock
from prizm_plugin.relay import Relay

from .case import LabCase
from .lab import PATIENCE, Lab

QUICK_RUNS = 2 * relay.TRUSTED


class Reading(LabCase):
    def test_what_was_quick_may_take_its_time_and_the_host_is_heard(self) -> None:
        lab = Lab(8)
        host = self.host(lab)
        for number in range(1, 4):
            for each in range(QUICK_RUNS):
                self.assertEqual(self.text_of(host.transform("plain", "text-to-text", text=f"{each}")), f"{each}")
            begun = lab.count("begun")
            ids = [host.start("plain", "text-to-text", text="wait") for _ in range(6)]
            lab.wait("begun", begun + 6)
            self.assert_alive(host)
            self.assertEqual(self.health(host)["activeJobs"], 6)
            for id in ids:
                host.cancel(id)
            for id in ids:
                self.assert_error(host.answer(id), -32800)
            lab.wait("ended", number * (QUICK_RUNS + 6))

    def test_a_job_that_ignores_its_cancellation_holds_up_nobody(self) -> None:
        lab = Lab(2)
        host = self.host(lab)
        for _ in range(QUICK_RUNS):
            host.transform("plain", "text-to-text", text="quick")
        id = host.start("plain", "text-to-text", text="block")
        lab.wait("begun", QUICK_RUNS + 1)
        host.cancel(id)
        self.assertEqual(self.text_of(host.transform("plain", "text-to-text", text="next")), "next")
        self.assert_error(host.answer(id), -32800)

    def test_shutdown_and_the_end_come_while_one_takes_its_time(self) -> None:
        lab = Lab(2)
        host = self.host(lab)
        for _ in range(QUICK_RUNS):
            host.transform("plain", "text-to-text", text="quick")
        id = host.start("plain", "text-to-text", text="wait")
        lab.wait("begun", QUICK_RUNS + 1)
        self.assertEqual(host.call("shutdown")["result"], {})
        self.assert_error(host.answer(id), -32800)
        host.notify("exit")
        host.close()


class Watching(LabCase):
    def setUp(self) -> None:
        super().setUp()
        self.leads = 0
        self.work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.relay = Relay(lambda lead: threading.Thread(target=lead, daemon=True).start())
        self.watch = threading.Thread(target=self.relay.watch, args=(self.lead,), daemon=True)
        self.watch.start()
        self.addCleanup(self.watch.join, PATIENCE)
        self.addCleanup(self.work.put, None)

    def lead(self) -> None:
        self.leads += 1
        work = self.work.get()
        while work is not None:
            self.relay.run_next(work)
            if not self.relay.goes_on():
                return
            work = self.work.get()
        self.relay.end()

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.001)

    def test_nobody_looks_while_there_is_nothing_to_do(self) -> None:
        for _ in range(3):
            self.until(lambda: self.relay._asleep)
            begun, gate = threading.Event(), threading.Event()
            before = self.leads
            self.work.put(lambda begun=begun, gate=gate: (begun.set(), gate.wait(PATIENCE)))  # type: ignore[misc]
            self.assertTrue(begun.wait(PATIENCE))
            self.until(lambda before=before: self.leads == before + 1)  # type: ignore[misc]
            gate.set()

    def test_a_failure_to_read_is_that_of_the_session(self) -> None:
        other = Relay(lambda lead: threading.Thread(target=lead, daemon=True).start())
        with self.assertRaisesRegex(OSError, "no channel"):
            other.watch(lambda: other.end(OSError("no channel")))


class Clocks(LabCase):
    def test_what_is_earlier_than_all_that_was_cancelled_happens_in_time(self) -> None:
        clock = Clock()
        self.addCleanup(clock.stop)
        for _ in range(1000):
            clock.after(60, lambda: None).cancel()
        for _ in range(3):
            happened = threading.Event()
            clock.after(0.01, happened.set)
            self.assertTrue(happened.wait(PATIENCE))
