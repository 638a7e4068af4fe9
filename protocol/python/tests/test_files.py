"""The job's directory and nothing beyond it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from prizm_plugin import Context, Error, Media, Provider, Request, files

from .case import LabCase
from .lab import Lab


class Files(LabCase):
    def setUp(self) -> None:
        super().setUp()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.outside = Path(scratch.name) / "outside"
        self.dir = Path(scratch.name) / "job é"
        (self.dir / "in").mkdir(parents=True)
        self.outside.mkdir()
        (self.dir / "in/a.png").write_bytes(b"picture")
        (self.outside / "secret").write_bytes(b"secret")
        (self.dir / "in/link").symlink_to(self.outside)
        (self.dir / "in/good").symlink_to("a.png")
        provider = Provider("files", version="1")
        provider.model("copy", capabilities=["image-to-image"])(self.copy)
        provider.model("acopy", capabilities=["image-to-image"])(self.copy_in_a_coroutine)
        lab = Lab()
        lab.provider = provider
        self.files = self.host(lab)

    def copy(self, request: Request, context: Context) -> Any:
        data = context.read_input(request.input())
        output = context.output_file("image", "image/png", request.option("name", str, "copy.bin"), data)
        assert output.path is not None
        context.chunk_file(context.job_dir / output.path)
        for elsewhere in ("/etc/passwd", context.job_dir / "../x", context.job_dir):
            with self.assertRaises(Error):
                context.output("image", "image/png", elsewhere)
        self.assertEqual(context.output("image", "image/png", context.job_dir / output.path), output)
        return output

    async def copy_in_a_coroutine(self, request: Request, context: Context) -> Any:
        return self.copy(request, context)

    def job(self, path: str = "in/a.png", name: str = "x", model: str = "copy", **more: Any) -> dict[str, Any]:
        inputs = [{"kind": "image", "mime": "image/png", "path": path}]
        where = {"jobDir": str(self.dir), "options": {"name": name}, **more}
        return self.files.transform(model, "image-to-image", inputs=inputs, **where)

    def test_inputs_are_read_and_outputs_written_beneath_it(self) -> None:
        for model in ("copy", "acopy"):
            name = f"frames/{model} ü.png"
            answer = self.job(name=name, model=model)
            expected = {"kind": "image", "mime": "image/png", "path": f"out/{name}"}
            self.assertEqual(answer["result"]["outputs"], [expected])
            self.assertEqual((self.dir / "out" / name).read_bytes(), b"picture")
            chunk = self.files.notices(answer["id"], "$/chunk")
            self.assertEqual(chunk, [{"id": answer["id"], "seq": 1, "path": f"out/{name}"}])
        self.assertIn("result", self.job("in/good"))

    def test_inputs_that_leave_it_are_refused(self) -> None:
        for path, words in {
            "../secret": "leaves the job's directory",
            "in/../../secret": "leaves the job's directory",
            str(self.outside / "secret"): "leaves the job's directory",
            "": "leaves the job's directory",
            "in\\..\\a": "leaves the job's directory",
            "in/a\0": "leaves the job's directory",
            "in/link/secret": "links out of the job's directory",
            "in/missing.png": "cannot be read: No such file",
            "in": "cannot be read: Is a directory",
        }.items():
            self.assert_error(self.job(path), 1203, words)
        self.assertFalse((self.dir / "out").exists())

    def test_outputs_that_leave_it_are_refused(self) -> None:
        for name in ("../x", "/tmp/prizm-escape", "", "a/../../x", "..", "a\\b"):
            self.assert_error(self.job(name=name), -32603, "is no name for an output")
        self.assertFalse((self.dir / "x").exists() or (self.dir / "out").exists())

    def test_an_output_that_cannot_be_written_is_a_failure(self) -> None:
        (self.dir / "out").mkdir()
        (self.dir / "out/x").mkdir()
        self.assert_error(self.job(name="x"), -32603, "cannot write `", "Is a directory")
        (self.dir / "out/file").write_text("")
        self.assert_error(self.job(name="file/x"), -32603, "cannot make `")

    def test_a_job_without_a_directory_is_told_so(self) -> None:
        self.assert_error(self.job(jobDir=None), -32602, "`jobDir`")

    def test_text_is_read_where_it_is_and_is_no_file(self) -> None:
        media = Media.of_text("hé")
        with self.assertRaisesRegex(Error, "the text input is inline text; a file is needed"):
            files.input_path("", media)
        with self.assertRaisesRegex(Error, "the audio input is not in a file"):
            files.input_path("", Media("audio", "audio/mpeg", url="https://example.org"))

    def test_plain_paths_stay_where_they_start(self) -> None:
        for good in ("in/a.png", "a", "out/frames/1.png", "a..b"):
            self.assertTrue(files.is_plain(good), good)
        for bad in ("", "/etc/passwd", "../a", "in/../../a", "..", "a\\b", "a\0", "./a/..", "a//b", "a/"):
            self.assertFalse(files.is_plain(bad), bad)
        self.assertEqual(os.path.basename(files.OUTPUTS), "out")
