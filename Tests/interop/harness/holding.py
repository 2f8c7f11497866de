"""Holds one thread of a program still while its others go on (ptrace(2)): the condition "this loop is late" itself, on
a machine of any speed."""

import contextlib
import ctypes
import os
from pathlib import Path

from harness.waiting import eventually

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_CONT, PTRACE_DETACH = 0x4206, 0x4207, 7, 17
WAIT_FOR_ANY_THREAD = 0x40000000  # __WALL

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def threads(pid, name):
    """The ids of a program's threads of that name (proc(5))."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            if (task / "comm").read_text().strip() == name:
                found.append(int(task.name))
    return found


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace({request:#x}) of thread {thread}: {os.strerror(error)}")


def waits(pid, thread):
    """Whether the thread, which stands still, does so where it waits for something to do: it holds no lock then that others
    need. By the number of its system call (proc(5)): epoll_wait and its like, of x86-64 and of ARM."""
    number = Path(f"/proc/{pid}/task/{thread}/syscall").read_text().split()[0]
    return number in ("232", "281", "441", "22")


def stop(pid, thread):
    """False where it was in the middle of something, and goes on."""
    _ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WAIT_FOR_ANY_THREAD)
    if waits(pid, thread):
        return True
    _ptrace(PTRACE_CONT, thread)
    return False


@contextlib.contextmanager
def held(pid, name):
    """The one thread of that name stands still within the block."""
    eventually(lambda: threads(pid, name), 10, f"a thread named {name}")
    [thread] = threads(pid, name)
    _ptrace(PTRACE_SEIZE, thread)
    try:
        eventually(lambda: stop(pid, thread), 10, f"{name} waits for something to do")
        yield
    finally:
        # Only a thread that stands still can be let go.
        with contextlib.suppress(ProcessLookupError):
            _ptrace(PTRACE_DETACH, thread)
