"""The walls around the process that reads one file: no network, no file, no child, bounded memory and time.

Two independent walls stand against the network: an empty network namespace, and a filter of system calls that knows
no socket. Where a kernel refuses one of them the other still holds; `raise_walls` says which ones stand.
"""

import ctypes
import os
import resource
import signal
import struct
import sys

MEMORY_BYTES = 512 * 1024 * 1024
"""Address space of the process, its libraries included."""

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_DIE_WITH_PARENT, _NO_DUMP, _SECCOMP, _NO_NEW_PRIVILEGES = 1, 4, 22, 38
_FILTER = 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
"""Verdicts of the filter: a denied call fails with EPERM; a foreign instruction set kills."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CALLS = {
    # read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn ioctl readv
    # writev sched_yield mremap madvise getpid exit fcntl gettimeofday getrusage sigaltstack gettid futex
    # restart_syscall clock_gettime exit_group tgkill newfstatat getrandom rseq
    "x86_64": (
        *(0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 24, 25, 28, 39, 60, 72, 96, 98, 131, 186, 202),
        *(219, 228, 231, 234, 262, 318, 334),
    ),
    "aarch64": (
        *(63, 64, 57, 80, 73, 62, 222, 226, 215, 214, 134, 135, 139, 29, 65, 66, 124, 216, 233, 172, 93, 25, 169),
        *(165, 132, 178, 98, 128, 113, 94, 131, 79, 278, 293),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def raise_walls(seconds: int) -> list[str]:
    """Bound this process for good and return the walls that stand, among `limits`, `namespace`, `filter`.

    Everything the process needs must be imported and read before: no file opens afterwards.

    Args:
        seconds: processor time left from now on.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    processor = int(used.ru_utime + used.ru_stime) + 1 + seconds
    for what, limit in (
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    walls = ["limits"]
    if not sys.platform.startswith("linux"):
        return walls
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if library.unshare(_NEW_USER | _NEW_NETWORK) == 0:
        walls.append("namespace")
    library.prctl(_NO_DUMP, 0, 0, 0, 0)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and _filter(library):
        walls.append("filter")
    return walls


def _filter(library: ctypes.CDLL) -> bool:
    machine = os.uname().machine
    if machine not in _CALLS:
        return False
    program = _program(_ARCHITECTURES[machine], _CALLS[machine])
    described = _Program(len(program) // 8, program)
    return bool(library.prctl(_SECCOMP, _FILTER, ctypes.byref(described), 0, 0) == 0)


def _program(architecture: int, calls: tuple[int, ...]) -> bytes:
    """Return the filter: these calls of this architecture pass, every other one fails."""
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    steps += [(_EQUAL, len(calls) - index, 0, call) for index, call in enumerate(calls)]
    steps += [(_RETURN, 0, 0, _DENY), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def leave(status: int = 0) -> None:
    """End the process at once, standard output flushed, without the interpreter's farewell."""
    sys.stdout.flush()
    os._exit(status)
