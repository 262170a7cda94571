"""
Fetch plotly.js-basic again from the npm registry, through the npm client, and put it where the package carries it.

    python tools/fetch_plotly.py            fetch the version named below; fail when its checksum has changed
    python tools/fetch_plotly.py 4.2.0      fetch another version and record its checksum
    python tools/fetch_plotly.py --check    only compare the carried file with its recorded checksum
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "plotly.js-basic-dist-min", "4.1.1"
STATIC = Path(__file__).resolve().parents[1] / "tco" / "present" / "static"
SCRIPT, LICENCE, CHECKSUM = (STATIC / f"plotly-basic.{ending}" for ending in ("min.js", "LICENSE", "sha256"))


def main(arguments: list[str]) -> int:
    """Fetch or check; the exit status is 0 when the carried file is the recorded one."""
    if "--check" in arguments:
        return _compare(SCRIPT.read_bytes())
    version = arguments[0] if arguments else VERSION
    script, licence = _fetch(version)
    if version == VERSION and CHECKSUM.exists() and _compare(script):
        return 1
    STATIC.mkdir(parents=True, exist_ok=True)
    SCRIPT.write_bytes(script)
    LICENCE.write_bytes(licence)
    CHECKSUM.write_text(f"{_digest(script)}  {SCRIPT.name}\n", encoding="utf-8")
    print(f"{PACKAGE} {version}: {len(script):,} bytes written to {SCRIPT.name}")
    return 0


def _fetch(version: str) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{PACKAGE}@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            return _member(archive, "plotly-basic.min.js"), _member(archive, "LICENSE")


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    opened = archive.extractfile(f"package/{name}")
    if opened is None:
        raise SystemExit(f"{PACKAGE} has no file {name}; look at what the new version carries")
    return opened.read()


def _compare(script: bytes) -> int:
    recorded, found = CHECKSUM.read_text(encoding="utf-8").split()[0], _digest(script)
    if recorded == found:
        print(f"{SCRIPT.name}: checksum agrees")
        return 0
    print(f"{SCRIPT.name}: checksum {found}, recorded {recorded}; the file was changed", file=sys.stderr)
    return 1


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
