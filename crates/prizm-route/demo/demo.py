"""Registers the five offerings in a home of their own, and runs the commands of the README of this crate.

`python3 demo.py PRIZM DIRECTORY`, where the directory is new; `cargo xtask demo routing` does it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SDK = HERE.parents[2] / "protocol" / "python" / "prizm_plugin"

MANIFEST = """\
[provider]
id = "{id}"
name = "{id}"
version = "1.0.0"
type = "{type}"
protocol = "1.0"
capabilities = ["text-to-image"]

[run]
command = ["python3", "-B", "provider.py"]
"""


def register(directory: Path) -> None:
    """Make a directory for each offering, and the configuration that names them."""
    config = [(HERE / "config.toml").read_text()]
    offerings = json.loads((HERE / "offerings.json").read_text())
    for id in offerings.keys() - {"note"}:
        provider = directory / "providers" / id
        shutil.copytree(SDK, provider / "prizm_plugin", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ["provider.py", "offerings.json"]:
            shutil.copy(HERE / name, provider / name)
        (provider / "id").write_text(id)
        (provider / "prizm.toml").write_text(MANIFEST.format(id=id, type=offerings[id]["type"]))
        config.append(f'[providers.{id}]\nsource = "{provider.as_uri()}"\n')
    (directory / "home").mkdir()
    (directory / "home" / "config.toml").write_text("\n".join(config))


def main(prizm: str, where: str) -> int:
    directory = Path(where).resolve()
    (directory / "here").mkdir(parents=True)
    register(directory)
    path = f"{Path(prizm).resolve().parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PRIZM_HOME": str(directory / "home")}
    blocks = re.findall(r"```console\n(.*?)```", (HERE.parent / "README.md").read_text(), re.DOTALL)
    for line in "".join(blocks).splitlines():
        print(f"\n$ {line.removeprefix('$ ')}", flush=True)
        command = ["sh", "-c", line.removeprefix("$ ")]
        ended = subprocess.run(command, cwd=directory / "here", env=environment, stderr=subprocess.STDOUT)
        if ended.returncode:
            print(f"`{line}` ended with {ended.returncode}", file=sys.stderr)
            return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
