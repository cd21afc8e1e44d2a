"""Runs a command with a MariaDB of its own, and another one that is read only: SKEIN_TEST_URL names the maintenance
database, SKEIN_TEST_READ_ONLY_URL the database `case` of the other one, for an account without special rights."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import MariaDB  # noqa: E402

server, standby = MariaDB(), MariaDB("--read-only")
try:
    standby.sql("", "CREATE DATABASE `case`; CREATE USER reader@'%' IDENTIFIED BY "
                    f"'{standby.SECRET}'; GRANT ALL ON `case`.* TO reader@'%'")
    code = subprocess.call(sys.argv[1:],
                           env={**os.environ, "SKEIN_TEST_URL": server.url("information_schema"),
                                "SKEIN_TEST_READ_ONLY_URL": standby.url("case", user="reader")})
finally:
    server.close()
    standby.close()
sys.exit(code)
