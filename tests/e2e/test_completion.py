"""The completions for bash and zsh know what --help tells."""

import os
import re
import shutil
import subprocess

import pytest

import runner
from servers import ROOT

BASH = os.path.join(ROOT, "completions", "loadgen.bash")
ZSH = os.path.join(ROOT, "completions", "_loadgen")
PLAN = """[load]
host = http://127.0.0.1:1
[task buy a thing]
get = /
[task browse]
get = /
[task $(touch ran)]
get = /
"""


def options():
    """Of --help: [names], what the option takes or None."""
    text = subprocess.run([runner.PROGRAM, "--help"], capture_output=True,
                          text=True, check=True).stdout
    found = [([name for name in (short, long) if name], value)
             for short, long, value in re.findall(
                 r"^  (?:(-\w), |    )(--[\w-]+)(?: (\[?[A-Z][\w.,=]*\]?))?",
                 text, re.M)]
    assert len(found) > 20
    return found


def names():
    return {name for option, _ in options() for name in option}


@pytest.fixture
def bash(tmp_path):
    """bash(word...) -> what it offers for the last of them."""
    program = shutil.which("bash")
    if not program:
        pytest.skip("no bash here")
    (tmp_path / "shop.ini").write_text(PLAN)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "plans").mkdir()

    def complete(*words):
        script = ('source "$1"; shift; COMP_WORDS=(loadgen "$@"); '
                  'COMP_CWORD=$#; _loadgen; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(
            [program, "--norc", "-uc", script, "bash", BASH, *words],
            cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return sorted(done.stdout.split("\n")[:-1]) if done.stdout != "\n" \
            else []
    return complete


def test_bash_offers_every_option_and_no_other(bash):
    assert set(bash("-")) == names()
    assert bash("--js") == ["--json"]


def test_bash_registers_itself_for_loadgen():
    if not shutil.which("bash"):
        pytest.skip("no bash here")
    done = subprocess.run(
        ["bash", "--norc", "-c", f"source {BASH}; complete -p loadgen"],
        capture_output=True, text=True, check=True)
    assert done.stdout == "complete -o filenames -F _loadgen loadgen\n"


def test_bash_offers_plans_and_folders(bash):
    assert bash("") == bash("-f", "") == ["plans", "shop.ini"]
    assert bash("sh") == bash("--file", "=", "sh") == ["shop.ini"]
    assert bash("--check", "--file", "=") == ["plans", "shop.ini"]
    assert bash("shop.ini", "") == []


SYSTEM = ["HOSTS", "COMMAND"]


def test_bash_offers_files_or_nothing_behind_what_takes_a_value(bash):
    for option, value in options():
        # what the system knows: hosts, commands
        if not value or value.startswith("[") or value in SYSTEM:
            continue
        for name in option:
            assert bash(name, "-") == [], name
            files = bash("shop.ini", name, "")
            expected = {"FILE": ["notes.txt", "plans", "shop.ini"],
                        "PREFIX": ["notes.txt", "plans", "shop.ini"],
                        "PLAN": ["plans", "shop.ini"]}.get(value, [])
            assert files == expected, name


def test_bash_offers_the_tasks_of_the_plan_behind_once(bash, tmp_path):
    assert bash("shop.ini", "--once", "b") == ["browse", "buy a thing"]
    assert bash("-f", "shop.ini", "--once", "=", "bu") == ["buy a thing"]
    assert "$(touch ran)" in bash("shop.ini", "--once", "")
    assert not (tmp_path / "ran").exists()
    assert bash("--once", "") == ["plans", "shop.ini"]


@pytest.fixture
def zsh():
    program = shutil.which("zsh")
    if not program:
        pytest.skip("no zsh here")
    return program


def test_zsh_offers_every_option_and_no_other(zsh):
    """_arguments is given them; what takes a value says so."""
    script = ('_arguments() { print -rl -- "$@" }; source "$1"')
    done = subprocess.run([zsh, "-fc", script, "zsh", ZSH],
                          capture_output=True, text=True, check=True)
    assert done.stderr == ""
    found = dict(re.findall(
        r"^(?:\([^)]*\)|\*)?(-[\w-]+)([+=]?)\[", done.stdout, re.M))
    assert set(found) == names()
    for option, value in options():
        takes = bool(value) and not value.startswith("[")
        for name in option:
            assert bool(found[name]) == takes, name


def test_zsh_finds_the_tasks_of_the_plan(zsh, tmp_path):
    (tmp_path / "shop.ini").write_text(PLAN)
    script = ('_arguments() { }; compadd() { print -rl -- ${(P)2} }; '
              'source "$1"; words=(loadgen shop.ini --once ""); '
              '_loadgen_tasks')
    done = subprocess.run([zsh, "-fc", script, "zsh", ZSH], cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "buy a thing", "browse", "$(touch ran)"], done.stderr
    assert not (tmp_path / "ran").exists()
