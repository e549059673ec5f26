"""What a server uses that may be many processes and many threads; it is named by its first pid."""
import os

PAGE_TABLES = "VmPTE"
KERNEL_STACK_BYTES = 16 * 1024  # of each task, on 64-bit machines


def numbered(folder):
    try:
        return [name for name in os.listdir(folder) if name.isdigit()]
    except FileNotFoundError:
        return []


def read(path):
    """The text of a file of /proc; empty if its task has ended meanwhile."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.readall().decode()
    except OSError:
        return ""


def field(text, name):
    """A number in a file of lines "Name:  number kB"; 0 if it is not there."""
    at = text.find(f"\n{name}:")
    return int(text[at:].split(":", 1)[1].split(None, 1)[0]) if at >= 0 else 0


def processes(server):
    """Its first process and all that descend from it."""
    found = [str(server)]
    for parent in found:
        for task in numbered(f"/proc/{parent}/task"):
            found += read(f"/proc/{parent}/task/{task}/children").split()
    return found


def count(server):
    """Of the server's processes and threads."""
    return sum(len(numbered(f"/proc/{pid}/task")) for pid in processes(server))


class Usage:
    """CPU time and context switches, of either kind, of all the server's tasks up to now."""

    def __init__(self, server):
        self.cpu_ns = self.switches = self.tasks = 0
        for pid in processes(server):
            for task in numbered(f"/proc/{pid}/task"):
                folder = f"/proc/{pid}/task/{task}"
                status = read(f"{folder}/status")
                self.switches += (field(status, "voluntary_ctxt_switches") +
                                  field(status, "nonvoluntary_ctxt_switches"))
                self.cpu_ns += int((read(f"{folder}/schedstat") or "0").split()[0])
                self.tasks += 1


def memory_bytes(server):
    """Anonymous memory of the processes, a page that several share counted in parts (PSS), with
    their page tables and the kernel's stacks of their tasks. Not in it: programs and libraries, of
    which there is one copy, and sockets, which are the same whoever serves them."""
    total = 0
    for pid in processes(server):
        total += 1024 * (field(read(f"/proc/{pid}/smaps_rollup"), "Pss_Anon") +
                         field(read(f"/proc/{pid}/status"), PAGE_TABLES))
        total += KERNEL_STACK_BYTES * len(numbered(f"/proc/{pid}/task"))
    return total
