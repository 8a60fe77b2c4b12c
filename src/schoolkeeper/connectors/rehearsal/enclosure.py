"""A program that runs one other program where it can reach nothing but one database and be reached at one port.

It is run as a script of its own, like the guardian that watches over it, and imports nothing but the standard
library. Its order is a file (`Order`), because the process list is for everybody to read.

1. Outside: listen on the port at which the pages are asked for, and fork.
2. Between: begin a new process namespace (and, where we are not root, a new user namespace), and fork.
3. Inside: enter a network of our own with nothing in it but loopback, make everything outside the given folders
   read-only, cover the folders where sockets of other servers lie, and listen where the program expects its
   database. That listener is handed to the outside.
4. Fork the program, without the capabilities that would let it out.

A socket belongs to the network in which it was made, whoever uses it. So each side accepts what was listened for
on the other and connects on its own: no third network, no files, the same port numbers on both sides.

The first process of a process namespace takes all others with it when it ends, those that went into the
background too. The kernel ends it when the outside ends, and the guardian sees to that.

Exit code: that of the program; 124 when the port is taken; 125 when the enclosure could not be made. What was
made, or why not, is written to the file `report` of the order.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypedDict

PORT_TAKEN, NOT_ENCLOSED = 124, 125
LOOPBACK = "127.0.0.1"
ANYWHERE = ("192.0.2.1", 9)  # RFC 5737: an address that is nobody's
COVERED = ("/tmp", "/var/tmp", "/run", "/dev/shm")  # noqa: S108 what is there is hidden, not used

# linux/sched.h, linux/mount.h, linux/prctl.h, linux/capability.h, linux/sockios.h
NEW_FILES, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x20000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, ATTR_READ_ONLY = 442, -100, 0x8000, 1
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
# chown, dac_override, fowner, kill, setgid, setuid, net_bind_service: what a server needs with its own files.
KEPT_CAPABILITIES = {0, 1, 3, 5, 6, 7, 10}
LIBC = ctypes.CDLL(None, use_errno=True)


class Order(TypedDict):
    """`web_port` is the same inside and outside, and so is `database_port` (None: no port is needed).

    `writable` are the only folders that the program may change; `visible` stay there to read even below covered
    ones. `report` is where the result is written. `grace_seconds` pass between SIGTERM and SIGKILL.
    """

    argv: list[str]
    cwd: str
    web_port: int
    database_port: int | None
    writable: list[str]
    visible: list[str]
    report: str
    grace_seconds: int


class Report(TypedDict):
    """`enclosed`: whether the program was started in a network of its own; `lacks`: what could not be had."""

    enclosed: bool
    lacks: str


def _call(name: str, *arguments: object) -> None:
    if getattr(LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


# The relay


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _connect(near: socket.socket, port: int) -> None:
    with near:
        try:
            far = socket.create_connection((LOOPBACK, port))
        except OSError:
            return  # whoever asked sees the connection end
        with far:
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            _copy(near, far)
            back.join()


def _relay(listener: socket.socket, port: int) -> None:
    """Connect whoever comes to `listener` with `port` of this side's loopback address."""

    def accept() -> None:
        while True:
            near, _ = listener.accept()
            threading.Thread(target=_connect, args=(near, port), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(128)
    return listener


# The enclosure


def _enter_processes() -> None:
    """Children of ours begin a process namespace; without the right to that, as root of a user namespace."""
    try:
        _call("unshare", NEW_PROCESSES)
    except PermissionError:
        uid, gid = os.geteuid(), os.getegid()
        _call("unshare", NEW_USER | NEW_PROCESSES)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _enter_network() -> None:
    """A network with loopback alone. That there is no way out is looked at, not assumed."""
    _call("unshare", NEW_NETWORK | NEW_FILES | NEW_IPC)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        try:
            probe.connect(ANYWHERE)  # asks for a route; nothing is sent
        except OSError as error:
            if error.errno != errno.ENETUNREACH:
                raise
            return
    raise OSError(errno.EISCONN, "the new network still has a way out")


def _read_only(path: str, read_only: bool, depth: int = 0) -> None:
    change = (ATTR_READ_ONLY, 0) if read_only else (0, ATTR_READ_ONLY)
    attributes = (ctypes.c_uint64 * 4)(*change, 0, 0)
    arguments = (ctypes.c_int(AT_FDCWD), path.encode(), ctypes.c_uint(depth), attributes, ctypes.c_size_t(32))
    _call("syscall", ctypes.c_long(MOUNT_SETATTR), *arguments)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    _call("mount", *texts, ctypes.c_ulong(flags), data.encode() if data is not None else None)


def _close_files(order: Order) -> None:
    """The file system as the program sees it. Covered are the folders where the sockets of other servers lie: a
    socket in a file is no matter of networks, and read-only does not close it."""
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    covered = [folder for folder in COVERED if Path(folder).is_dir() and not Path(folder).is_symlink()]
    below = [path for path in order["visible"] if any(Path(path).is_relative_to(folder) for folder in covered)]
    kept = {path: os.open(path, os.O_PATH) for path in [*below, *order["writable"]]}
    for folder in covered:
        _mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    for path, descriptor in kept.items():
        Path(path).mkdir(parents=True, exist_ok=True)
        _mount(f"/proc/self/fd/{descriptor}", path, None, MS_BIND | MS_REC)
        os.close(descriptor)
    with contextlib.suppress(PermissionError):  # in some containers; the old one shows foreign processes, no more
        _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _read_only("/", True, AT_RECURSIVE)
    for path in [*covered, *order["writable"]]:
        _read_only(path, False)


def _become(order: Order) -> NoReturn:
    """The program, without what would let it out: no capability to change namespaces or mounts, no set-uid."""
    for capability in range(64):
        if capability not in KEPT_CAPABILITIES:
            LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # numbers that this kernel does not know are refused
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.setsid()  # a signal to its own group reaches no process outside
    try:
        os.chdir(order["cwd"])
        os.execvp(order["argv"][0], order["argv"])  # noqa: S606 a list, and no shell
    except OSError as error:
        print(f"cannot start {order['argv'][0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)


def _inside(order: Order, web: socket.socket, outside: socket.socket) -> NoReturn:
    """The first process of the enclosure: makes it, starts the program, and reaps what it leaves behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    try:
        _enter_network()
        listeners = [_listen(port)] if (port := order["database_port"]) is not None else []
    except OSError as error:
        outside.send(json.dumps(Report(enclosed=False, lacks=str(error.strerror))).encode())
        os._exit(NOT_ENCLOSED)
    lacks = ""
    try:
        _close_files(order)
    except OSError as error:
        lacks = f"files outside its own folders could not be closed to it ({error.strerror})"
    report = json.dumps(Report(enclosed=True, lacks=lacks)).encode()
    socket.send_fds(outside, [report], [listener.fileno() for listener in listeners])
    outside.close()
    if (program := os.fork()) == 0:
        _become(order)
    _pass_on(program, order["grace_seconds"])
    _relay(web, order["web_port"])
    while (ended := os.waitpid(-1, 0))[0] != program:
        pass
    os._exit(_code(ended[1]))


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _between(order: Order, web: socket.socket, outside: socket.socket) -> NoReturn:
    """Starts the process namespace. A process of its own, because one that did so can have no threads any more."""
    LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    try:
        _enter_processes()
        first = os.fork()
    except OSError as error:
        outside.send(json.dumps(Report(enclosed=False, lacks=str(error.strerror))).encode())
        os._exit(NOT_ENCLOSED)
    if first == 0:
        _inside(order, web, outside)
    web.close()
    outside.close()
    _pass_on(first, order["grace_seconds"] + 1)
    os._exit(_code(os.waitpid(first, 0)[1]))


def _pass_on(process: int, grace_seconds: int) -> None:
    """Hand SIGTERM on to a process, and insist after a while."""

    def stop(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL if number == signal.SIGALRM else signal.SIGTERM)
        signal.alarm(grace_seconds)

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, stop)


def enclose(order: Order) -> int:
    """Run the program of `order`; returns the exit code to end with."""
    try:
        web = _listen(order["web_port"])
    except OSError:
        return PORT_TAKEN
    ours, theirs = socket.socketpair()
    if (between := os.fork()) == 0:
        ours.close()
        _between(order, web, theirs)
    _pass_on(between, order["grace_seconds"] + 2)
    web.close()
    theirs.close()
    said, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
    if descriptors and (port := order["database_port"]) is not None:
        _relay(socket.socket(fileno=descriptors[0]), port)
    _tell(order, json.loads(said) if said else Report(enclosed=False, lacks="it ended while it was made"))
    return _code(os.waitpid(between, 0)[1])


def _tell(order: Order, report: Report) -> None:
    draft = Path(order["report"] + ".draft")
    draft.write_text(json.dumps(report))
    draft.replace(order["report"])


if __name__ == "__main__":
    received: Order = json.loads(Path(sys.argv[1]).read_bytes())
    code = enclose(received)
    sys.stderr.flush()
    os._exit(code)  # the threads of the relay wait for nobody
