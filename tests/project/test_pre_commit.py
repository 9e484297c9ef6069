"""The hooks run under the real pre-commit, in an environment that it creates; `make test-editors` installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests import DATA, ROOT

HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}


def test_hooks_name_commands_and_what_the_extras_need() -> None:
    pytest.importorskip("typer", reason="the extra `cli` is not installed")
    from cxrules.cli.app import make_app

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    commands = {command.name or getattr(command.callback, "__name__", "") for command in make_app().registered_commands}
    for hook in HOOKS.values():
        program, command = hook["entry"].split()
        assert program == "cxrules"
        assert command in commands
        needed = set(extras["cli"]) | (set(extras["verify"]) if command == "verify" else set())
        assert set(hook["additional_dependencies"]) == needed


def test_the_real_pre_commit_finds_a_mistake(tmp_path: Path) -> None:
    program = os.environ.get("PRE_COMMIT", "")
    if not program:
        pytest.skip("pre-commit is installed by `make test-editors`")
    program = str(Path(program).resolve().parent / Path(program).name)
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home"), "GIT_CONFIG_GLOBAL": os.devnull}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "PYTHONPATH"):
        environment.pop(name, None)

    def call(*arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(arguments, cwd=where, env=environment, capture_output=True, text=True, check=False)

    def commit(folder: Path) -> None:
        for arguments in (
            ("init", "-q"),
            ("add", "-A"),
            ("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "one"),
        ):
            done = call("git", *arguments, where=folder)
            assert done.returncode == 0, done.stderr

    project, own = tmp_path / "project", tmp_path / "own"
    kept = ("src", "schemas", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
    project.mkdir()
    for name in kept:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, project / name)
    commit(project)
    shutil.copytree(DATA / "faulty_bases" / "clean", own / "rules")
    rev = call("git", "rev-parse", "HEAD", where=project).stdout.strip()
    hooks = [{"id": "cxrules-check", "args": ["rules"]}]
    config = {"repos": [{"repo": project.as_uri(), "rev": rev, "hooks": hooks}]}
    (own / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    commit(own)
    done = call(program, "run", "--all-files", where=own)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in (own / "rules").rglob("*.yaml"):
        path.write_text(path.read_text("utf-8").replace("budget: {at_least", "bugdet: {at_least"), "utf-8")
    done = call(program, "run", "--all-files", where=own)
    assert done.returncode == 1
    assert "did you mean 'budget'" in done.stdout
