"""
Fetch the JavaScript that is carried here again from the npm registry, through the npm client.

    python tools/fetch_scripts.py                   fetch every version named below; fail when a checksum has changed
    python tools/fetch_scripts.py plotly 4.2.0      fetch another version of one and record its checksum
    python tools/fetch_scripts.py --check           only compare the carried files with their recorded checksums
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Carried:
    """A script that is carried with its licence and its checksum beside it."""

    package: str
    version: str
    script: Path
    """Named as in the package."""

    @property
    def beside(self) -> tuple[Path, Path]:
        """Its licence and its checksum."""
        stem = self.script.name.removesuffix(".min.js")
        return self.script.with_name(f"{stem}.LICENSE"), self.script.with_name(f"{stem}.sha256")


CARRIED = {
    "plotly": Carried("plotly.js-basic-dist-min", "4.1.1", ROOT / "tco" / "present" / "static" / "plotly-basic.min.js"),
    "axe": Carried("axe-core", "4.14.1", ROOT / "tests" / "browser" / "axe.min.js"),
}


def main(arguments: list[str]) -> int:
    """Fetch or check; the exit status is 0 when the carried files are the recorded ones."""
    words = [word for word in arguments if not word.startswith("-")]
    chosen = [CARRIED[words[0]]] if words else list(CARRIED.values())
    if "--check" in arguments:
        return max(_compare(one, one.script.read_bytes()) for one in chosen)
    return max(_carry(one, words[1] if len(words) > 1 else one.version) for one in chosen)


def _carry(one: Carried, version: str) -> int:
    script, licence = _fetch(one, version)
    licence_file, checksum = one.beside
    if version == one.version and checksum.exists() and _compare(one, script):
        return 1
    one.script.parent.mkdir(parents=True, exist_ok=True)
    one.script.write_bytes(script)
    licence_file.write_bytes(licence)
    checksum.write_text(f"{_digest(script)}  {one.script.name}\n", encoding="utf-8")
    print(f"{one.package} {version}: {len(script):,} bytes written to {one.script.name}")
    return 0


def _fetch(one: Carried, version: str) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{one.package}@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            return _member(archive, one.script.name), _member(archive, "LICENSE")


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    opened = archive.extractfile(f"package/{name}")
    if opened is None:
        raise SystemExit(f"the package has no file {name}; look at what the new version carries")
    return opened.read()


def _compare(one: Carried, script: bytes) -> int:
    recorded, found = one.beside[1].read_text(encoding="utf-8").split()[0], _digest(script)
    if recorded == found:
        print(f"{one.script.name}: checksum agrees")
        return 0
    print(f"{one.script.name}: checksum {found}, recorded {recorded}; the file was changed", file=sys.stderr)
    return 1


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
