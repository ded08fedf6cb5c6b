"""Stands between loadgen and an agent, as a command for rsh that misbehaves:
relay.py BEHAVIOUR COMMAND...

Frames go through whole, unless the behaviour does something to them: see
fleet/wire.h for what they are."""

import os
import struct
import subprocess
import sys
import threading
import time

HEADER = struct.Struct("<IB")
GREETING, SNAPSHOT, FINAL, EVENT, MEMBER, READY, PONG = 1, 4, 5, 7, 12, 13, 15
BOOKS = bytes(14 * 8)
# a count of one worker; a final account; a trouble
COUNT = struct.pack("<QQQIIII4IQQ", 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1) \
    + BOOKS + b"\0\2\0"
ACCOUNT = BOOKS + bytes(8)
TROUBLE = b"\2" + struct.pack("<I", 5) + b"alarm" + struct.pack("<QI", 1, 0)


def read_frame(stream):
    """Type and payload; None at the end."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    size, kind = HEADER.unpack(header)
    return kind, stream.read(size)


def patch(payload, at, form, value):
    size = struct.calcsize(form)
    return payload[:at] + struct.pack(form, value) + payload[at + size:]


class Behaviour:
    """What becomes of each frame: change() gives the bytes to pass on."""

    delay_s = 0

    def __init__(self, *words):
        self.seen = {}
        self.words = words

    def change(self, kind, payload):
        self.seen[kind] = self.seen.get(kind, 0) + 1
        return self.become(kind, payload, self.seen[kind])

    def become(self, kind, payload, nth):
        return self.frame(kind, payload)

    @staticmethod
    def frame(kind, payload):
        return HEADER.pack(len(payload), kind) + payload


class Slow(Behaviour):
    """Each way takes so long, in seconds."""

    def __init__(self, seconds):
        super().__init__()
        self.delay_s = float(seconds)


class Version(Behaviour):
    """Greets with another version."""

    def become(self, kind, payload, nth):
        if kind == GREETING:
            payload = patch(payload, 4, "<I", int(self.words[0]))
        return self.frame(kind, payload)


class Mute(Behaviour):
    """Passes nothing of these types on."""

    def become(self, kind, payload, nth):
        return b"" if str(kind) in self.words else self.frame(kind, payload)


class Cut(Behaviour):
    """Ends in the middle of the second snapshot."""

    def become(self, kind, payload, nth):
        frame = self.frame(kind, payload)
        if kind == SNAPSHOT and nth == 2:
            os.write(1, frame[:len(frame) // 2])
            os._exit(0)
        return frame


class Noise(Behaviour):
    """Sends noise in place of the second snapshot."""

    def become(self, kind, payload, nth):
        if kind == SNAPSHOT and nth == 2:
            return bytes(range(256)) * 16
        return self.frame(kind, payload)


class Skip(Behaviour):
    """Loses the second snapshot."""

    def become(self, kind, payload, nth):
        return b"" if (kind, nth) == (SNAPSHOT, 2) \
            else self.frame(kind, payload)


class Twice(Behaviour):
    """Sends the first frame of a type twice."""

    def become(self, kind, payload, nth):
        frame = self.frame(kind, payload)
        return frame * 2 if str(kind) == self.words[0] and nth == 1 else frame


class Roster(Behaviour):
    """Is ready with a roster whose parts do not fit."""

    def become(self, kind, payload, nth):
        if kind == READY:  # u8 readiness, text: u32 and bytes, roster
            payload = patch(payload, len(payload) - 16 - 4, "<I", 77)
        return self.frame(kind, payload)


class Many(Behaviour):
    """Is ready with so many workers."""

    def become(self, kind, payload, nth):
        if kind == READY:
            payload = patch(payload, len(payload) - 16 - 8, "<I",
                            int(self.words[0]))
        return self.frame(kind, payload)


class Early(Behaviour):
    """Counts, or has ended, before it is ready."""

    def become(self, kind, payload, nth):
        frame = self.frame(kind, payload)
        if kind == READY:
            early = int(self.words[0])
            frame = self.frame(
                early, {SNAPSHOT: COUNT, FINAL: ACCOUNT}[early]) + frame
        return frame


class Flood(Behaviour):
    """Never stops talking, once it is ready."""

    def become(self, kind, payload, nth):
        if kind == READY:
            write_all(1, self.frame(kind, payload))
            alarms = self.frame(EVENT, TROUBLE) * 1000
            while True:
                write_all(1, alarms)
        return self.frame(kind, payload)


class Hush(Behaviour):
    """Passes nothing on any more, so many seconds after it was ready."""

    until = None

    def become(self, kind, payload, nth):
        if kind == READY:
            self.until = time.monotonic() + float(self.words[0])
        if self.until is not None and time.monotonic() > self.until:
            return b""
        return self.frame(kind, payload)


class Huge(Behaviour):
    """Puts a large number over some bytes of each snapshot, wherever they
    are; that is for them all to be looked at."""

    def become(self, kind, payload, nth):
        if kind == SNAPSHOT:
            at = int(self.words[0])
            at = at if at >= 0 else len(payload) + at
            payload = patch(payload, at, "<Q", (1 << 64) - 1)
        return self.frame(kind, payload)


class Future(Behaviour):
    """Counts what will be in a thousand years."""

    def become(self, kind, payload, nth):
        if kind == SNAPSHOT:
            payload = patch(payload, 16, "<Q", 1 << 55)
        return self.frame(kind, payload)


class Foreign(Behaviour):
    """Tells of workers that it does not have."""

    def become(self, kind, payload, nth):
        if kind == MEMBER:
            payload = patch(payload, 0, "<I", 1000)
        return self.frame(kind, payload)


BEHAVIOURS = {kind.__name__.lower(): kind for kind in (
    Slow, Version, Mute, Cut, Noise, Skip, Twice, Roster, Many,
    Early, Flood, Hush, Huge, Future, Foreign)}


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


class Pipe:
    """Bytes that come out at the other end when it is time."""

    def __init__(self, fd, delay_s):
        self.fd, self.delay_s = fd, delay_s
        self.items, self.change = [], threading.Condition()
        self.thread = threading.Thread(target=self.pass_on)
        self.thread.start()

    def put(self, data):
        with self.change:
            self.items.append((time.monotonic() + self.delay_s, data))
            self.change.notify()

    def pass_on(self):
        while True:
            with self.change:
                while not self.items:
                    self.change.wait()
                due, data = self.items.pop(0)
            time.sleep(max(0, due - time.monotonic()))
            if data is None:
                os.close(self.fd)
                return
            try:
                write_all(self.fd, data)
            except OSError:  # nobody is there any more
                return


def main():
    name, *words = sys.argv[1].split(":")
    behaviour = BEHAVIOURS[name](*words)
    agent = subprocess.Popen(
        sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    to_agent = Pipe(agent.stdin.fileno(), behaviour.delay_s)
    to_parent = Pipe(1, behaviour.delay_s)

    def hear_parent():
        while data := os.read(0, 65536):
            to_agent.put(data)
        to_agent.put(None)
    threading.Thread(target=hear_parent, daemon=True).start()
    while frame := read_frame(agent.stdout):
        to_parent.put(behaviour.change(*frame))
    to_parent.put(None)
    to_parent.thread.join()
    os._exit(agent.wait())


main()
