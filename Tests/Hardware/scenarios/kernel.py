"""What the guest's kernel says and takes of Bluetooth, beside its sockets."""
import glob
import os
import subprocess

DEBUG = "/sys/kernel/debug"


def bonded(adapter="hci0"):
    """Whose long term or identity keys the kernel has."""
    folder = f"{DEBUG}/bluetooth/{adapter}"
    if not os.path.isdir(folder):
        subprocess.run(["mount", "-t", "debugfs", "none", DEBUG], check=True)
    addresses = set()
    for name in ("long_term_keys", "identity_resolving_keys"):
        with open(f"{folder}/{name}") as file:
            addresses |= {line.split()[0].upper() for line in file if line.strip()}
    return addresses


def switch(is_on, adapter="hci*"):
    """What `rfkill unblock` and `rfkill block` do with an adapter."""
    switches = glob.glob(f"/sys/class/bluetooth/{adapter}/rfkill*/soft")
    assert switches, "the adapter has no rfkill switch"
    for file in switches:
        with open(file, "w") as soft:
            soft.write("0" if is_on else "1")
