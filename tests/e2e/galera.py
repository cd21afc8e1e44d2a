"""A private Galera cluster of two nodes on 127.0.0.1: MariaDB servers that both take writes, on free ports."""
from harness import MariaDB, free_port, wait_until

PROVIDER = "/usr/lib/galera/libgalera_smm.so"


class Node(MariaDB):
    """`peer` None: it begins a cluster; else it joins the peer's, and takes its state by rsync."""

    def __init__(self, peer=None, *settings):
        self.group_port = free_port()
        members = f"127.0.0.1:{peer.group_port}" if peer else ""
        options = (f"gmcast.listen_addr=tcp://127.0.0.1:{self.group_port};ist.recv_addr=127.0.0.1:{free_port()};"
                   "gcache.size=16M;pc.recovery=no")
        super().__init__("--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", f"--wsrep-provider-options={options}",
                         f"--wsrep-cluster-address=gcomm://{members}", f"--wsrep-node-address=127.0.0.1:{self.group_port}",
                         "--wsrep-cluster-name=skein", "--wsrep-sst-method=rsync",
                         f"--wsrep-sst-receive-address=127.0.0.1:{free_port()}", "--binlog-format=ROW",
                         "--innodb-autoinc-lock-mode=2", *settings)

    def status(self, name):
        return self.sql("", f"SHOW STATUS LIKE 'wsrep_{name}'")[0][1]


def make_cluster():
    first = Node()
    try:
        second = Node(first)
    except BaseException:
        first.close()
        raise
    wait_until(lambda: second.status("ready") == "ON" and first.status("cluster_size") == "2", what="a cluster of two")
    return first, second
