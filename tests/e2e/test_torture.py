"""Every call that loadgen makes fails in turn: it never crashes, never hangs,
leaves no process, and does not call a result good that is not.

TORTURE names how many calls of a class are tried at most in a process; `make
torture` tries many more than `make check`."""

import errno
import os
import queue
import threading

import pytest

import torture
from servers import Target

MOST = int(os.environ.get("TORTURE", "2"))
AT_ONCE = 2  # runs; they mostly wait
PROCESSES = 4  # parent, worker, setup, teardown: in the order of their births


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return torture.build(tmp_path_factory.mktemp("torture"))


@pytest.fixture
def racks(tmp_path, library, closing):
    made = []
    for i in range(AT_ONCE):
        folder = tmp_path / f"rack{i}"
        folder.mkdir()
        made.append(torture.Rack(folder, library, closing(Target(folder))))
    return made


def try_all(racks, faults, status=None):
    """What went wrong, a line for each fault; a status other than this is
    wrong, too."""
    todo = queue.SimpleQueue()
    wrong = []
    for fault in faults:
        todo.put(fault)

    def work(rack):
        while True:
            try:
                fault = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done, _, why = rack.run(fault)
                if status not in (None, done.status):
                    why = why or f"{fault}: status {done.status}: {done.said}"
            except AssertionError as problem:
                why = str(problem)
            if why:
                wrong.append(why)
    workers = [threading.Thread(target=work, args=(rack,)) for rack in racks]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return wrong


def calls_of_a_good_run(rack):
    done, record, why = rack.run(torture.Fault("", 0, 0))
    assert (done.status, why) == (0, None), done.said
    assert record.processes == PROCESSES
    return record.calls


def faults(calls, kind, **more):
    """Its calls in each process, from the first to the last."""
    return [torture.Fault(kind, process, call, **more)
            for process in range(PROCESSES)
            for call in torture.spread(calls[process, kind], MOST)]


@pytest.mark.parametrize("kind", torture.CLASSES)
def test_a_call_that_fails_breaks_nothing_in_silence(racks, kind):
    wrong = try_all(racks, faults(calls_of_a_good_run(racks[0]), kind))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", torture.CLASSES)
def test_calls_that_fail_for_good_break_nothing_in_silence(racks, kind):
    wrong = try_all(racks, faults(
        calls_of_a_good_run(racks[0]), kind, more=True))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["read", "write", "wait", "reap"])
def test_a_call_that_is_interrupted_changes_nothing(racks, kind):
    calls = calls_of_a_good_run(racks[0])
    wrong = try_all(racks, faults(calls, kind, error=errno.EINTR), 0)
    assert not wrong, "\n".join(wrong)


def test_reads_and_writes_of_a_byte_change_nothing(racks):
    wrong = try_all(racks, [torture.Fault("", 0, 0, short=True)], 0)
    assert not wrong, "\n".join(wrong)
