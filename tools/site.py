"""The page as a static site: the library runs in the browser as WebAssembly, and facts do not leave it.

python -m tools.site TARGET

Fetches Pyodide as an npm package, and writes a folder that any web server can serve. The memory of Python with the
library loaded is part of it (`library.snapshot`), since starting Python takes most of the time until the first answer.
"""

from __future__ import annotations

import argparse
import html
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from cxrules.web.security_headers import content_policy

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "src" / "cxrules" / "web" / "static"
PYODIDE = "pyodide@314.0.7"
NEEDED = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")

# Not used by the page, and in need of packages that the browser does not have.
LEFT_OUT = ("cli", "decision_log", "graph", "testing", "verification", "web/static")


def build_site(target: Path) -> None:
    """Write the site.

    Args:
        target: The folder; what is in it is replaced.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(STATIC, target)
    page = target / "index.html"
    text = page.read_text("utf-8")
    rules = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(content_policy(offline=True))}">'
    back = '<meta name="back" content='
    page.write_text(text.replace(f'{back}"http">', f'{rules}\n{back}"wasm">'), "utf-8")
    fetch_pyodide(target / "pyodide")
    with zipfile.ZipFile(target / "cxrules.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in list_modules():
            archive.write(path, name)
    script = Path(__file__).with_name("snapshot.mjs")
    subprocess.run([shutil.which("node") or "node", script, target], capture_output=True, text=True, check=True)


def fetch_pyodide(folder: Path) -> None:
    """Fetch the Python of the browser."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        command = [shutil.which("npm") or "npm", "pack", "--json", "--silent", PYODIDE]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=True)
        shutil.unpack_archive(Path(scratch) / json.loads(done.stdout)[0]["filename"], scratch)
        for name in NEEDED:
            shutil.copy(Path(scratch) / "package" / name, folder)


def list_modules() -> Iterator[tuple[str, Path]]:
    """Return what goes into the archive: the package, and the YAML reader in plain Python."""
    package = ROOT / "src" / "cxrules"
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package).as_posix()
        if path.suffix in (".py", ".json") and not inside.startswith(tuple(f"{room}/" for room in LEFT_OUT)):
            yield f"cxrules/{inside}", path
    yaml = find_spec("yaml")
    assert yaml is not None
    assert yaml.origin is not None
    for path in sorted(Path(yaml.origin).parent.glob("*.py")):
        yield f"yaml/{path.name}", path


def main() -> int:
    """Write the site."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", type=Path)
    target = parser.parse_args().target
    try:
        build_site(target)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        print(
            f"The site needs npm and node, to fetch {PYODIDE} and to load the library in it: {error}", file=sys.stderr
        )
        print(getattr(error, "stderr", "") or "", file=sys.stderr)
        return 1
    print(f"The site is in {target}: serve it, for instance with `python -m http.server --directory {target}`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
