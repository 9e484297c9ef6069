"""Build the sdist, and from it the wheel; then try the wheel in an environment where nothing else is installed.

Run it from the root of the project: `python -m tools.check_wheel`. The results are in dist/.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"

# With the sdist, users can change the knowledge, generate, test and build again.
IN_SDIST = {
    ".pre-commit-hooks.yaml",
    "CITATION.cff",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "docs/authoring.md",
    "knowledge/facts.yaml",
    "knowledge/models.yaml",
    "knowledge/sources.yaml",
    "pyproject.toml",
    "src/cxrules/py.typed",
    "tests/conftest.py",
    "tools/check_wheel.py",
}
FOLDERS_IN_SDIST = {"examples", "knowledge/claims", "knowledge/rules", "schemas", "tests/data/cases"}
IN_WHEEL = {
    "cxrules/__init__.py",
    "cxrules/cli/__init__.py",
    "cxrules/py.typed",
    *(f"cxrules/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")),
}

# Runs in the clean environment, outside the project: the main job without extras or YAML.
MAIN_JOB = """
import importlib.metadata, importlib.util, json, sys
import cxrules

assert cxrules.__file__.startswith(sys.prefix), f"not the installed package: {cxrules.__file__}"
assert cxrules.__version__ == importlib.metadata.version("cxrules")
for extra in ("experta", "hypothesis", "networkx", "rich", "typer", "z3"):
    assert importlib.util.find_spec(extra) is None, f"{extra} came with a plain install"

advice = cxrules.recommend(maturity="early", marketing_bandwidth="stretched",
                           retention_budget_share=15, ceo_involvement="supportive")
assert advice.status in ("recommended", "contested"), advice.status
assert advice.fired and advice.cites and advice.explain().strip()
assert advice == cxrules.Advisor().recommend(cxrules.Organisation.model_validate(
    {"maturity": "early", "marketing_bandwidth": "stretched", "retention_budget_share": 15,
     "ceo_involvement": "supportive"}))
assert cxrules.recommend().status == "undetermined"
assert "yaml" not in sys.modules, "the built-in rule base was read from YAML"
print(json.dumps({"model": advice.model, "certainty": advice.certainty, "fired": list(advice.fired)}))
"""


def main() -> None:
    """Build, look inside, install and try."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST), str(ROOT))
    (sdist,) = DIST.glob("*.tar.gz")
    (wheel,) = DIST.glob("*.whl")
    check_sdist(sdist)
    check_wheel(wheel)
    with tempfile.TemporaryDirectory() as folder:
        model = check_installed(wheel, Path(folder))
    print(f"{sdist.name} and {wheel.name} are complete; the wheel alone, without extras, recommends {model}.")


def check_sdist(sdist: Path) -> None:
    """Fail unless the sdist contains the whole project."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = IN_SDIST - names
    missing |= {folder for folder in FOLDERS_IN_SDIST if not any(name.startswith(f"{folder}/") for name in names)}
    assert not missing, f"the sdist lacks {sorted(missing)}"


def check_wheel(wheel: Path) -> None:
    """Fail unless the wheel contains the package with its data, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    missing = IN_WHEEL - names
    assert not missing, f"the wheel lacks {sorted(missing)}"
    ours = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.json")}
    assert ours, "there is no built-in rule base"
    assert ours <= names, f"the wheel lacks {sorted(ours - names)}"
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"cxrules", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}, f"the wheel contains {sorted(tops)}"


def check_installed(wheel: Path, folder: Path) -> str:
    """Install the wheel alone into a new environment in the folder, and fail unless the main job runs there."""
    environment, elsewhere = folder / "environment", folder / "elsewhere"
    elsewhere.mkdir()
    venv.create(environment)  # without pip, which takes longer to install than the wheel
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = str(scripts / "python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--quiet", "--quiet", "--disable-pip-version-check")
    run(*pip, "install", "--no-compile", str(wheel))
    answer = json.loads(run(python, "-I", "-W", "error", "-c", MAIN_JOB, cwd=elsewhere))
    assert answer["model"], answer

    command = subprocess.run(
        [str(scripts / "cxrules"), "rules"], cwd=elsewhere, capture_output=True, text=True, check=False
    )
    told = command.stdout + command.stderr
    assert command.returncode != 0, "the command line runs without its extra"
    assert "cxrules[cli]" in told, f"the command line without its extra does not say which to install:\n{told}"
    assert "Traceback" not in told, f"the command line without its extra crashes:\n{told}"
    return str(answer["model"])


def run(*command: str, cwd: Path = ROOT) -> str:
    """The standard output of a command; if it fails, print all its output and stop."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
