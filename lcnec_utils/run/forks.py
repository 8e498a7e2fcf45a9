"""A server of forks: it imports once what the notebooks of a batch import, and each notebook starts as a fork of it.

`lcnec batch` starts one beside Snakemake. `lcnec execute`, which Snakemake calls, hands its command over: the server
forks a process that runs papermill, and that one a fresh kernel, with the modules imported and nothing else done. The
server knows nothing of them afterwards. A notebook ends with the `lcnec execute` that asked for it, the server with
the batch; where it is not there, `lcnec execute` does all of it itself, as it does on another machine.
"""

import contextlib
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# An environment variable: the socket of the server
SOCKET = "LCNEC_FORKS"
# Modules of the libraries that every kernel, and papermill, come to import sooner or later
LIBRARIES = [
    "papermill.execute", "papermill.engines", "papermill.clientwrap", "jupyter_client.asynchronous",
    "jupyter_client.provisioning", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell",
    "IPython.core.completer", "IPython.core.magics", "nbformat.v4", "psutil", "filelock", "PIL.PngImagePlugin",
    "matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg",
]  # fmt: skip
# What a kernel sets before anything can import matplotlib
BACKEND = "module://matplotlib_inline.backend_inline"
LOST = 1  # exit status of a notebook whose process was killed


def can_fork() -> bool:
    """Whether processes can be forked safely here: elsewhere than on Linux, libraries start threads of their own."""
    return sys.platform.startswith("linux")


# --- the batch's side


@contextlib.contextmanager
def server(modules: list[str], cohorts: list[tuple[str, str, str]] = ()) -> Iterator[dict[str, str]]:
    """A server that has imported these modules and read these cohorts, while the context lasts; gives the environment
    of who may ask it. cohorts: as (role, name, histology that the run keeps)."""
    if not can_fork():
        yield {}
        return
    folder = Path(tempfile.mkdtemp(prefix="lcnec-"))
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "s"))
            listener.listen(64)  # who asks before the modules are imported waits
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(listener.fileno()), json.dumps([modules, cohorts])],
                stdin=subprocess.PIPE, pass_fds=[listener.fileno()], env=os.environ | {"MPLBACKEND": BACKEND},
            )  # fmt: skip
        try:
            yield {SOCKET: str(folder / "s")}
        finally:
            process.stdin.close()  # which ends it
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# --- the side of `lcnec execute`


def ask(module: str, arguments: list[str]) -> int | None:
    """Have the server run a command, a module's `main` with its arguments; the exit status, or None where no server
    answers."""
    path = os.environ.get(SOCKET)
    if not path:
        return None
    with socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.connect(path)
            wanted = {"module": module, "arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
            text = json.dumps(wanted).encode()
            socket.send_fds(asked, [len(text).to_bytes(8, "big")], [1, 2])
            asked.sendall(text)
            if not asked.recv(1):
                return None  # it ended before it began with this
        except OSError:
            return None
        try:
            status = asked.recv(1)
        except OSError:
            status = b""
    if not status:
        print(f"lcnec: {' '.join(arguments)}: its process was killed", file=sys.stderr)
    return status[0] if status else LOST


# --- the server


def _serve(listener: socket.socket, modules: list[str], cohorts: list[tuple[str, str, str]]) -> None:
    import gc

    _prepare(modules, cohorts)
    gc.collect()
    gc.freeze()  # what is imported is shared by all forks, and not copied by their garbage collectors
    signal.signal(signal.SIGCHLD, _reap)
    with selectors.DefaultSelector() as events:
        events.register(listener, selectors.EVENT_READ)
        events.register(sys.stdin, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in events.select()}
            if sys.stdin in ready:
                return  # the batch has ended
            asked, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _run(asked)
            asked.close()


def _prepare(modules: list[str], cohorts: list[tuple[str, str, str]]) -> None:
    """Import and read what notebooks share. Digests are taken first: an edit from then on makes results stale."""
    from lcnec_utils.core import provenance
    from lcnec_utils.core.errors import MissingData, UserError

    provenance.take(modules)
    for library in LIBRARIES:
        importlib.import_module(library)
    for module in modules:
        _import(module)
    from lcnec_utils.cohort import read
    from lcnec_utils.ledger import claims
    from lcnec_utils.run import records, roles

    claims.published()
    records.panels_of("")
    for role, name, histology in cohorts:
        with contextlib.suppress(MissingData, UserError):  # which the notebook meets again, and says
            read.digest(roles.find_cohort(name))
            roles.read_role(role, name, histology)


def _import(module: str) -> None:
    """Import a module, but for what that does to matplotlib's style: kernels whose notebooks import it have it."""
    from matplotlib import rcParams

    from lcnec_utils.run import forked_kernel

    before = rcParams.copy()
    importlib.import_module(module)
    changed = {name: value for name, value in rcParams.copy().items() if value != before[name]}
    if changed:
        forked_kernel.styles[module] = changed
        rcParams.update({name: before[name] for name in changed})


def _reap(*_) -> None:
    """Take note of forks that have ended; the system then counts their processor time with this process's."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run(asked: socket.socket) -> None:
    """What a fork does for a notebook; it never returns."""
    import threading
    import traceback

    status = LOST
    try:
        os.setsid()  # a group of its own, with its kernel
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        size, handles, _, _ = socket.recv_fds(asked, 8, 2)
        wanted = json.loads(_exactly(asked, int.from_bytes(size, "big")))
        with open(os.devnull) as nothing:
            for place, handle in enumerate([nothing.fileno(), *handles]):
                os.dup2(handle, place)
        for handle in handles:
            os.close(handle)
        os.environ.clear()
        os.environ.update(wanted["environment"])
        os.environ.pop(SOCKET, None)
        os.chdir(wanted["folder"])
        asked.sendall(b"+")
        from lcnec_utils.run import forked_kernel

        forked_kernel.waiting = forked_kernel.Waiting(asked)
        threading.Thread(target=_end_with, args=(asked,), daemon=True).start()
        status = importlib.import_module(wanted["module"]).main(wanted["arguments"])
        sys.stdout.flush()
        asked.sendall(bytes([status]))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _exactly(asked: socket.socket, size: int) -> bytes:
    text = b""
    while len(text) < size:
        part = asked.recv(size - len(text))
        if not part:
            raise ConnectionError("who asked has gone")
        text += part
    return text


def _end_with(asked: socket.socket) -> None:
    """End this process and its kernel when who asked for them has ended."""
    asked.recv(1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    from lcnec_utils.core import provenance

    with socket.socket(fileno=int(sys.argv[1])) as given, provenance.taken_once():
        _serve(given, *json.loads(sys.argv[2]))
