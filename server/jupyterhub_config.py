"""A hub on one machine with systemd, for the accounts that the machine has.

README.md says what lies beside this file, and how it is started.
"""

import sys
from pathlib import Path

c = get_config()  # noqa: F821  (JupyterHub gives it)

c.Authenticator.allow_all = True  # whoever has an account and its password

# Each server is a unit of systemd, which keeps it to its memory and its core.
c.JupyterHub.spawner_class = "systemd"
c.SystemdSpawner.isolate_tmp = True
c.SystemdSpawner.disable_user_sudo = True
c.SystemdSpawner.readonly_paths = [sys.prefix]  # the package, too
c.Spawner.mem_limit = "1G"
c.Spawner.cpu_limit = 1
c.Spawner.environment = {"OMP_NUM_THREADS": "1"}
c.Spawner.cmd = [
    str(Path(__file__).parent / "start"),
    str(Path(sys.executable).parent / "jupyterhub-singleuser"),
]

# Thirty students fit into 16 GB; who comes later is told to wait.
c.JupyterHub.active_server_limit = 30
c.JupyterHub.concurrent_spawn_limit = 8
c.Spawner.http_timeout = 120  # seconds, when all begin at once

# A server that nobody used for an hour gives its memory back; the files stay.
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": [
            *("list:users", "read:users:activity", "read:servers", "delete:servers")
        ],
    }
]
