"""A real Slurm of one controller and one node on loopback, in a temporary folder, without systemd.

    python tests/cluster/local_slurm.py COMMAND …       runs COMMAND with SLURM_CONF set, and stops the daemons
    python tests/cluster/local_slurm.py --accounting COMMAND …    with slurmdbd on MariaDB, so that `sacct` answers

It needs Debian's `slurm-wlm` and `munge` (with --accounting `slurmdbd` and `mariadb-server` too), no service running.
"""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "sinfo", "scontrol", "scancel"]
OF_ACCOUNTING = ["slurmdbd", "sacct", "mariadbd", "mariadb-install-db"]
PATIENCE_S = 60
CLUSTER = "loopback"
# Without accounting a controller that remembers ended jobs is all that tells how one ended
SLURM_CONF = """ClusterName={cluster}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=5,batch_sched_delay=1
MinJobAge=86400
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
{accounting}
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={node_port} CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=local Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""
WITHOUT_ACCOUNTING = "AccountingStorageType=accounting_storage/none"
WITH_ACCOUNTING = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={dbd_port}
AccountingStoragePass={folder}/munge.socket"""
SLURMDBD_CONF = """DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={dbd_port}
SlurmUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={sql_port}
StorageUser={user}
StorageLoc=slurm
"""


def program(name: str) -> str | None:
    """The path of a program of Slurm, which distributions put into folders for administrators."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin:/usr/local/bin")


def lacking(accounting: bool = False) -> list[str]:
    """The programs that this machine lacks for a local Slurm."""
    return [name for name in PROGRAMS + (OF_ACCOUNTING if accounting else []) if not program(name)]


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


def wait_for(what: str, holds, folder: Path) -> None:
    """Wait until something holds. Raises RuntimeError, with the ends of the logs, where it does not in a minute."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end:
            logs = "\n".join(f"{log.name}: {log.read_text()[-800:]}" for log in sorted(folder.glob("*.log")))
            raise RuntimeError(f"local Slurm: {what} did not come in {PATIENCE_S} s\n{logs}")
        time.sleep(0.2)


def answers(*command: str, says: str = "", environment: dict[str, str] | None = None) -> bool:
    """Whether a command ends well, with these words."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)
        return done.returncode == 0 and says in done.stdout
    return False


def _write_configuration(folder: Path, values: dict, accounting: bool) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    lines = (WITH_ACCOUNTING if accounting else WITHOUT_ACCOUNTING).format(**values)
    (folder / "slurm.conf").write_text(SLURM_CONF.format(**values, accounting=lines))
    if accounting:
        (folder / "slurmdbd.conf").write_text(SLURMDBD_CONF.format(**values))
        (folder / "slurmdbd.conf").chmod(0o600)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)


def _write_srun(folder: Path, environment: dict[str, str]) -> None:
    """An `srun` that finds this configuration, first on the path of the environment.

    Snakemake's plugin clears all variables of Slurm before it calls `srun` inside a job, SLURM_CONF among them, for a
    cluster's configuration lies where the system looks for it.
    """
    wrapper = folder / "bin" / "srun"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {program("srun")} "$@"\n')
    wrapper.chmod(0o755)
    own = os.path.dirname(program("sbatch"))
    environment["PATH"] = os.pathsep.join([str(wrapper.parent), environment["PATH"], own])


def _start_database(folder: Path, values: dict, start) -> None:
    """MariaDB in the folder, and slurmdbd on it."""
    data, user = folder / "sql", values["user"]
    subprocess.run(
        [program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", f"--user={user}", "--skip-test-db",
         "--auth-root-authentication-method=normal"],
        check=True, capture_output=True,
    )  # fmt: skip
    rights = folder / "rights.sql"
    accounts = f"'{user}'@'localhost'", f"'{user}'@'127.0.0.1'"
    rights.write_text(
        "CREATE DATABASE slurm;\n"
        + "".join(f"CREATE USER IF NOT EXISTS {a};\nGRANT ALL ON slurm.* TO {a};\n" for a in accounts)
    )
    start(
        "mariadbd", "--no-defaults", f"--datadir={data}", f"--user={user}", f"--socket={folder}/sql.socket",
        f"--pid-file={folder}/sql.pid", "--bind-address=127.0.0.1", f"--port={values['sql_port']}",
        f"--init-file={rights}",
    )  # fmt: skip
    wait_for("MariaDB", lambda: (folder / "sql.socket").exists(), folder)
    start("slurmdbd", "-D")
    wait_for("slurmdbd", lambda: "slurmdbd version" in (folder / "slurmdbd.log").read_text(), folder)


def _stop(daemons: list[subprocess.Popen]) -> None:
    for daemon in reversed(daemons):
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(timeout=15)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


@contextlib.contextmanager
def running(cpus: int = 2, memory_mb: int = 6000, accounting: bool = False) -> Iterator[dict[str, str]]:
    """The environment in which Slurm's commands reach a local Slurm, which ends with the block.

    cpus, memory_mb: what the node offers. accounting: with slurmdbd on MariaDB, so that `sacct` answers; else only
    `squeue` tells how a job ended. Raises RuntimeError where programs are lacking or a daemon does not start.
    """
    if lacking(accounting):
        raise RuntimeError(f"local Slurm: this machine has no {', '.join(lacking(accounting))}")
    folder = Path(tempfile.mkdtemp(prefix="slurm."))  # short, for the names of sockets
    folder.chmod(0o755)
    values = {
        "cluster": CLUSTER, "folder": folder, "user": getpass.getuser(), "host": socket.gethostname().split(".")[0],
        "node": "node1", "cpus": cpus, "memory_mb": memory_mb,
    } | {name: free_port() for name in ("controller_port", "node_port", "dbd_port", "sql_port")}  # fmt: skip
    _write_configuration(folder, values, accounting)
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    _write_srun(folder, environment)
    daemons: list[subprocess.Popen] = []

    def start(name: str, *options: str) -> None:
        with open(folder / f"{name}.log", "ab") as log:
            daemons.append(
                subprocess.Popen(
                    [program(name), *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    cwd=folder,
                    start_new_session=True,
                )  # fmt: skip
            )

    try:
        start(
            "munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket",
            f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munge.seed", f"--log-file={folder}/munged.log",
        )  # fmt: skip
        wait_for("munged", lambda: (folder / "munge.socket").exists(), folder)
        if accounting:
            _start_database(folder, values, start)
        start("slurmctld", "-D", "-c")
        wait_for("slurmctld", lambda: answers(program("scontrol"), "ping", says="UP", environment=environment), folder)
        start("slurmd", "-D", "-N", values["node"])
        sinfo = [program("sinfo"), "--noheader", "--format=%T"]
        wait_for("the node", lambda: answers(*sinfo, says="idle", environment=environment), folder)
        yield environment
    finally:
        answers(program("scancel"), "--user", values["user"], environment=environment)
        time.sleep(1)
        _stop(daemons)
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run a command beside a local Slurm; returns its exit status."""
    accounting = arguments[:1] == ["--accounting"]
    command = arguments[1:] if accounting else arguments
    if not command:
        print(__doc__)
        return 2
    with running(accounting=accounting) as environment:
        return subprocess.run(command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
