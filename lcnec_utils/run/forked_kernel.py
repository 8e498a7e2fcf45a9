"""A kernel that is a fork of the process which has imported everything, as a manager of jupyter_client's."""

import json
import os
import signal
import socket
import sys
import traceback

from jupyter_client import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner


class Waiting:
    """A fork of this process that waits to be made a kernel; with the interface of a subprocess.Popen.

    asked: a connection of this process that the fork has to close. modules: those that its notebook imports; of what
    importing others did to matplotlib's style it has nothing. It is forked before this process starts threads and
    event loops, and ends where this process does.
    """

    stdin = stdout = stderr = None

    def __init__(self, asked: socket.socket):
        self.modules: list[str] = []
        start, self._tell = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._tell)
            asked.close()
            _become_kernel(start)
        os.close(start)

    def start(self, command: list[str], environment: dict[str, str], folder: str) -> None:
        """Make it a kernel, with the command line, environment and folder that a kernel of its own would have."""
        told = {"command": command, "environment": environment, "folder": folder, "modules": self.modules}
        with open(self._tell, "w", encoding="utf-8") as tell:
            json.dump(told, tell)

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        return self._wait(os.WNOHANG)

    def wait(self) -> int:
        """The exit code, when it has ended."""
        return self._wait(0)

    def _wait(self, options: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


# What importing a module does to matplotlib's style (marsilea, for one, has legends of its own)
styles: dict[str, dict] = {}
# The fork that the next notebook of this process gets for its kernel
waiting: Waiting | None = None


def _become_kernel(start: int) -> None:
    """What the fork does; it never returns."""
    status = 1
    try:
        with open(start, encoding="utf-8") as told:
            text = told.read()
        if not text:
            os._exit(0)  # nobody wants a kernel any more
        wanted = json.loads(text)
        os.environ.clear()
        os.environ.update(wanted["environment"])
        os.chdir(wanted["folder"])
        import pandas
        from ipykernel import kernelapp
        from matplotlib import rcParams

        for module in wanted["modules"]:
            rcParams.update(styles.get(module, {}))
        # pandas looks, when it is imported, whether that is in a kernel; there it shows 20 columns at most
        pandas.set_option("display.max_columns", 20)
        # python -m ipykernel_launcher -f FILE: what the launcher leaves of the path, and what stands behind its name
        sys.path[:] = [place for place in sys.path if place not in ("", wanted["folder"])]
        options = wanted["command"][wanted["command"].index("-f") :]
        kernelapp.launch_new_instance(argv=[*options, f"--IPKernelApp.parent_handle={os.getppid()}"])
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.__stdout__, sys.__stderr__):
            stream.flush()
        os._exit(status)


class _Provisioner(LocalProvisioner):
    async def launch_kernel(self, cmd, **kwargs):
        global waiting
        self.process, waiting = waiting, None
        self.process.start(cmd, kwargs["env"], str(kwargs.get("cwd") or os.getcwd()))
        self.pid = self.process.pid  # and no group: it is in that of this process
        return self.connection_info


class ForkedKernelManager(AsyncKernelManager):
    """jupyter_client's manager, whose kernel is the fork that waits."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.provisioner = _Provisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self, config=self.config
        )
