"""make install, uninstall and dist: what they put where."""

import os
import re
import shutil
import subprocess
import tarfile

import pytest

import runner
from servers import ROOT

SHARED = {"share/bash-completion/completions/loadgen",
          "share/zsh/site-functions/_loadgen",
          "share/man/man1/loadgen.1",
          "share/man/man5/loadgen.ini.5",
          "share/man/man5/loadgen.json.5"}


def make(folder, *words):
    """As somebody would by hand: what this make was told is not passed on.
    loadgen is not built again: -o takes it as it is."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD",
                                  "CFLAGS", "DESTDIR", "PREFIX")}
    done = subprocess.run(
        ["make", "-C", str(folder), *words], env=environment,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=runner.BOUND_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_below(folder):
    return {str((path := os.path.join(place, name))[len(str(folder)) + 1:])
            for place, _, names in os.walk(folder) for name in names}


@pytest.fixture
def source(tmp_path):
    """The sources, with a loadgen that is built."""
    folder = tmp_path / "source"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(
        ".git", "build*", "loadgen", "loadgen-*", "__pycache__"))
    shutil.copy(runner.PROGRAM, folder / "loadgen")
    return folder


@pytest.mark.parametrize("prefix", ["/usr/local", "/opt/load"])
def test_uninstall_removes_what_install_put(source, tmp_path, prefix):
    place = tmp_path / "place"
    words = [f"DESTDIR={place}"]
    if prefix != "/usr/local":
        words.append(f"PREFIX={prefix}")
    make(source, "-o", "loadgen", "install", *words)
    expected = {f"{prefix}/{name}"[1:] for name in SHARED | {"bin/loadgen"}}
    assert files_below(place) == expected
    modes = {name: os.stat(place / name).st_mode & 0o777 for name in expected}
    assert {name for name, mode in modes.items() if mode == 0o755} == \
        {f"{prefix}/bin/loadgen"[1:]}
    assert set(modes.values()) == {0o755, 0o644}
    other = place / prefix[1:] / "bin" / "other"
    other.write_text("")
    make(source, "uninstall", *words)
    assert files_below(place) == {f"{prefix}/bin/other"[1:]}


def test_every_manual_is_installed():
    manuals = {name for name in os.listdir(os.path.join(ROOT, "man"))}
    assert {os.path.basename(name) for name in SHARED
            if name.startswith("share/man")} == manuals


def test_dist_makes_a_tarball_that_builds(tmp_path):
    """Of the last commit, under the name of its version."""
    git = ["git", "-C", ROOT]
    if not shutil.which("git") or subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True).returncode:
        pytest.skip("no git here, or these sources are not in it")
    version = re.search(r"^loadgen (\S+),", subprocess.run(
        [runner.PROGRAM, "--version"], capture_output=True, text=True,
        check=True).stdout).group(1)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--shared", ROOT, str(clone)],
                   check=True, capture_output=True)
    make(clone, "dist")
    name = f"loadgen-{version}"
    with tarfile.open(clone / f"{name}.tar.gz") as tar:
        names = set(tar.getnames())
        tar.extractall(tmp_path)
    tracked = subprocess.run(
        ["git", "-C", str(clone), "ls-files"], capture_output=True, text=True,
        check=True).stdout.splitlines()
    assert {f"{name}/{path}" for path in tracked} <= names
    assert f"{name}/README.md" in names
    assert all(path == name or path.startswith(f"{name}/") for path in names)
    make(tmp_path / name, "-j2", "CFLAGS=-O0", "loadgen")
    said = subprocess.run([tmp_path / name / "loadgen", "--version"],
                          capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"loadgen {version},")
