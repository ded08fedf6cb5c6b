"""Every call that loadgen makes fails in turn: it never crashes, never hangs,
leaves no process, and does not call a result good that is not.

TORTURE is how many calls of a class are tried at most in a process: `make
torture` tries many, `make check` a few that always are the same."""

import errno
import os
import queue
import threading

import pytest

import torture
from servers import Target

MOST = int(os.environ.get("TORTURE", "1"))
SEED = 5
# what may be short for longer; `make torture` takes all
LASTING = ["memory", "open", "write", "wait"]
if MOST > 1:  # without a libcurl that does nothing nothing is to be expected
    LASTING = [kind for kind in torture.CLASSES if kind != "curl"]
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


def try_all(racks, faults, status=None, mode=None):
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
                done, record, why = rack.run(fault, mode)
                # some runs make fewer calls
                if (status not in (None, done.status)
                        and (record.failed or not fault.call)):
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


@pytest.fixture(scope="module")
def faults(tmp_path_factory, library):
    """faults(kind, ...): of calls that a good run makes, in each process."""
    folder = tmp_path_factory.mktemp("good")
    target = Target(folder)
    done, record, why = torture.Rack(folder, library, target).run(
        torture.Fault("", 0, 0))
    target.stop()
    assert (done.status, why) == (0, None), done.said
    assert record.processes == PROCESSES

    def choose(kind, **more):
        return [torture.Fault(kind, process, call, **more)
                for process in range(PROCESSES)
                for call in torture.sample(
                    record.calls[process, kind], MOST,
                    f"{SEED} {kind} {process}")]
    return choose


@pytest.mark.parametrize("kind", torture.CLASSES)
def test_a_call_that_fails_breaks_nothing_in_silence(racks, faults, kind):
    wrong = try_all(racks, faults(kind))
    assert not wrong, "\n".join(wrong)


def test_no_value_of_a_report_is_missing_for_want_of_memory(racks, faults):
    wrong = try_all(racks, [fault for fault in faults("json")
                            if fault.process == 0], 3)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", LASTING)
def test_calls_that_fail_for_good_break_nothing_in_silence(
        racks, faults, kind):
    wrong = try_all(racks, faults(kind, more=True))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["read", "write", "wait", "reap"])
def test_a_call_that_is_interrupted_changes_nothing(racks, faults, kind):
    wrong = try_all(racks, faults(kind, error=errno.EINTR), 0)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("mode", ["--once", "--check"])
def test_calls_that_fail_in_other_modes_end_them_with_words(
        racks, faults, mode):
    wrong = try_all(racks, [fault for kind in torture.CLASSES
                            for fault in faults(kind) if fault.process < 2],
                    mode=mode)
    assert not wrong, "\n".join(wrong)


def test_once_says_why_it_cannot_wait_for_answers(racks):
    done, _, why = racks[0].run(torture.Fault("watch", 0, 1), "--once")
    assert (done.status, why) == (3, None)
    assert "cannot wait for answers: Too many open files" in done.said


def test_reads_and_writes_of_a_byte_change_nothing(racks):
    wrong = try_all(racks, [torture.Fault("", 0, 0, short=True)], 0)
    assert not wrong, "\n".join(wrong)
