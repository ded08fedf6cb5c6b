"""What a plan names travels to the hosts, which have nothing of it; nothing of
it stays there."""

import os
import stat

import pytest

import remote
import servers

TWO = ("a,b", "-u", 2, "-n", 2, "-w", 1)
NOWHERE = "/nowhere/loadgen"  # what a host with `copy = yes` does not need


def all_bodies(recorder):
    return {sent.body for sent in recorder.sent}


def test_bodies_and_parts_travel(recorder, plan, run_remote):
    body = bytes(range(256)) * 5000  # more than one frame
    part = b"part \0 of it\r\n"
    done = run_remote(plan(
        recorder.url, "post = /body", "body_file = sub.body",
        "post = /parts", "multipart = note=hello",
        "multipart = file=@the.part", load="run_time = 60s"), *TWO,
        files={"sub.body": body, "the.part": part}).check()
    assert done.status == 0, done.said
    assert len(recorder.sent) == 4
    for sent in recorder.sent:
        if sent.uri == "/body":
            assert sent.body == body
        else:
            assert b"hello" in sent.body and part in sent.body


def test_rows_and_values_travel(recorder, plan, run_remote):
    done = run_remote(plan(
        recorder.url, "post = /x", "body = ${people.name} ${env COLOUR} ${v}",
        rest="[vars]\nv = ${env SHAPE}\n"
        "[data people]\nfile = data/people.csv\norder = unique\n"),
        *TWO, "-D", "data people.file=people.csv",
        env={"COLOUR": "sea green", "SHAPE": "'round'"},
        files={"people.csv": "name\nÄnne\n\"B, Bert\"\n".encode()}).check()
    assert done.status == 0, done.said
    assert all_bodies(recorder) == {
        "Änne sea green 'round'".encode(), b"B, Bert sea green 'round'"}


def test_certificates_travel(nginx, certificate, plan, run_remote):
    with open(certificate.cert, "rb") as f:
        cert = f.read()
    with open(certificate.key, "rb") as f:
        key = f.read()
    done = run_remote(plan(
        nginx.mutual_url, "get = /x",
        http="ca_file = ca.pem\ncert = my.pem\nkey = my.key"), *TWO,
        files={"ca.pem": cert, "my.pem": cert, "my.key": key}).check()
    assert done.status == 0, done.said
    assert done.requests == 2


def test_a_plan_that_comes_from_a_pipe_travels(
        nginx, plan, hosts, start):
    process = start(
        None, "-", *hosts.words("a,b"), "-u", 2, "-w", 1,
        env=hosts.environment(), stdin=stdin_with(plan(
            nginx.url, "get = /x", load="iterations = 6")))
    done = process.finish()
    assert done.status == 0, done.said
    assert len(nginx.log()) == 6


def stdin_with(text):
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    return reader


# --- this binary, sent ahead -------------------------------------------------

def copied(run_remote, hosts, plan, url, rsh, *args):
    return run_remote(plan(url, "get = /x", load="iterations = 6"), "a,b",
                      "-D", "remote.copy=yes", "-u", 2, "-w", 1, *args,
                      rsh=rsh, program=NOWHERE)


def test_the_binary_is_sent_run_and_gone(
        nginx, plan, hosts, start_remote):
    process = start_remote(
        plan(nginx.url, "get = /x", load="run_time = 60s\nwait = 10ms"), "a,b",
        "-D", "remote.copy=yes", "-u", 2, "-w", 1, program=NOWHERE)
    servers.wait_for("requests", nginx.log)
    running = [os.readlink(f"/proc/{pid}/exe") for pid in hosts.processes()
               if "--agent" in remote.command_line(pid)]
    assert len(running) >= 2
    assert all(str(hosts.folder) in exe and exe.endswith(" (deleted)")
               for exe in running)
    assert hosts.left() == []  # while it runs, too
    process.signal(2)
    done = process.finish()
    assert done.status == 130, done.said
    assert done.requests == len(nginx.log())


def test_another_architecture_is_told_and_the_rest_plays(
        nginx, plan, hosts, run_remote, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    remote.write_script(there / "uname", "#!/bin/sh\ncase $1 in -m) echo sparc"
                        ";; *) echo Linux;; esac\n")
    other = hosts.rsh(path=f"{there}:{os.environ['PATH']}")
    rsh = remote.write_script(
        tmp_path / "rsh", f"#!/bin/sh\n[ $1 = b ] && exec {other} \"$@\"\n"
        f"exec {hosts.rsh()} \"$@\"\n")
    done = copied(run_remote, hosts, plan, nginx.url, rsh).check()
    assert done.status == 3, done.said
    text = " ".join(done.said.split())
    assert 'is "Linux sparc", and this loadgen is for Linux' in text
    assert len(nginx.log()) == done.requests > 0


def test_a_host_with_no_folder_for_it_says_so(
        nginx, plan, hosts, run_remote, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    remote.write_script(there / "mktemp", "#!/bin/sh\nexit 1\n")
    rsh = hosts.rsh(path=f"{there}:{os.environ['PATH']}")
    done = copied(run_remote, hosts, plan, nginx.url, rsh)
    assert done.status == 3, done.said
    assert "set TMPDIR" in " ".join(done.said.split())
    assert nginx.log() == []


def test_a_folder_that_is_missing_is_passed_over(
        nginx, plan, hosts, run_remote):
    rsh = hosts.rsh(before="rm -rf $folder/tmp")
    done = copied(run_remote, hosts, plan, nginx.url, rsh).check()
    assert done.status == 0, done.said
    assert len(nginx.log()) == done.requests == 6


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_a_folder_from_which_nothing_runs_is_passed_over(
        nginx, plan, hosts, run_remote):
    rsh = hosts.rsh(how="""exec unshare -m sh -c '
mount -t tmpfs -o noexec,size=64m tmpfs "$0/tmp" || exit 9; shift 0
exec "$@"' $folder""")
    done = copied(run_remote, hosts, plan, nginx.url, rsh)
    if "unshare failed" in done.said or "mount:" in done.said:
        pytest.skip("no file system can be mounted here")
    assert done.status == 0, done.said
    assert len(nginx.log()) == 6


def test_only_the_user_can_read_what_was_sent(
        nginx, plan, hosts, start_remote):
    """A link that ends in the middle of the binary leaves nothing."""
    rsh = hosts.rsh(how="stdbuf -o0 head -c 300000 |", after="")
    process = start_remote(
        plan(nginx.url, "get = /x"), "a,b", "-D", "remote.copy=yes",
        rsh=rsh, program=NOWHERE)
    modes = set()

    def look():
        for path in hosts.left():
            if "/loadgen." in path:
                try:
                    modes.add(stat.S_IMODE(os.stat(path).st_mode))
                except OSError:
                    pass
        return process.popen.poll() is not None
    servers.wait_for("the end", look)
    done = process.finish()
    assert done.status == 3, done.said
    assert "a part of loadgen is missing" in " ".join(done.said.split())
    assert modes <= {0o600, 0o700}
    assert nginx.log() == []
