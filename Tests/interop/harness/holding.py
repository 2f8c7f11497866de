"""Holds one thread of a program still while its others go on (ptrace(2)): the condition "this loop is late" itself, on
a machine of any speed."""

import contextlib
import ctypes
import os
from pathlib import Path

from harness.waiting import eventually

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
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


@contextlib.contextmanager
def held(pid, name):
    """The one thread of that name stands still within the block."""
    eventually(lambda: threads(pid, name), 10, f"a thread named {name}")
    [thread] = threads(pid, name)
    _ptrace(PTRACE_SEIZE, thread)
    try:
        _ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WAIT_FOR_ANY_THREAD)
        yield
    finally:
        # Only a thread that stands still can be let go.
        with contextlib.suppress(ProcessLookupError):
            _ptrace(PTRACE_DETACH, thread)
