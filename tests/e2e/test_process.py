"""What a process is given by whoever starts it: descriptors, ignored signals, a locale."""
import os
import resource
import signal

from harness import FleetCase, free_port, main


class StandardDescriptors(FleetCase):
    """Closed ones: no file of ours may take their place."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n")

    def run_without(self, *closed, args):
        def close():
            for fd in closed:
                os.close(fd)
        return self.fleet.run(*args, preexec_fn=close)

    def test_every_command_goes_on(self):
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(3)])
        for closed in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)):
            for command in ("current", "plan", "upgrade"):
                with self.subTest(closed=closed, command=command):
                    says_nothing = 1 in closed and command != "upgrade"
                    self.assertEqual(self.run_without(*closed, args=[command]).code, 2 if says_nothing else 0)

    def test_what_is_said_reaches_no_file(self):
        self.fleet.inventory([{"name": "t", "url": "sqlite:///data/t.db", "create": True}])
        os.mkdir(self.fleet.path("data"))
        self.assertEqual(self.run_without(0, 1, 2, args=["upgrade"]).code, 0)
        self.assertEqual(self.fleet.versions("t"), ["aaaa1111"])
        self.assertEqual(self.fleet.query("t", "PRAGMA integrity_check"), [("ok",)])

    def test_a_closed_stdout_is_still_an_error(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        result = self.run_without(1, args=["tenants"])
        self.assertEqual(result.code, 2)
        self.assertIn("stdout: cannot write it: Bad file descriptor", result.err)


class FewDescriptors(FleetCase):
    def test_too_few_for_a_loop_is_an_error(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\n", down="DROP TABLE a;")
        self.fleet.inventory([self.fleet.sqlite("t")])
        said = ""
        for limit in range(10, 24):
            for command in (("current",), ("upgrade",), ("downgrade", "base")):
                with self.subTest(limit=limit, command=command):
                    result = self.fleet.run(*command, preexec_fn=lambda: resource.setrlimit(
                        resource.RLIMIT_NOFILE, (limit, limit)))
                    self.assertIn(result.code, (0, 1, 2, 6))
                    said += result.err
        self.assertIn("cannot make an event loop: too many open files", said)


class ScarceCase(FleetCase):
    """Whatever runs out, skein says so and ends with a documented code, and the next run finds nothing half-done."""

    CODES = (0, 1, 2, 6, 71)
    OTHER_USER = 54321  # has no other process: RLIMIT_NPROC does not hold for root

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\nINSERT INTO a VALUES (1);", down="DROP TABLE a;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(4)])

    def check(self, result, loads=True):
        if not loads and "error while loading shared libraries" in result.err:
            return
        self.assertIn(result.code, self.CODES, repr(result))
        if result.code:
            self.assertTrue(result.err.strip(), repr(result))
        if result.code == 71:
            self.assertRegex(result.err, "skein: (out of memory|stopped at once)")

    def try_limits(self, resource_kind, limits):
        for limit in limits:
            for command in (("upgrade",), ("downgrade", "base")):
                with self.subTest(limit=limit, command=command):
                    self.check(self.fleet.run(*command, preexec_fn=lambda: resource.setrlimit(
                        resource_kind, (limit, limit))), loads=False)
        for command in (("upgrade",), ("downgrade", "base"), ("upgrade",)):
            self.run_ok(*command)
        for i in range(4):
            self.assertEqual((self.fleet.versions(f"t{i}"), self.fleet.query(f"t{i}", "SELECT * FROM a")),
                             (["aaaa1111"], [(1,)]))


class Scarce(ScarceCase):
    def test_file_size(self):
        self.try_limits(resource.RLIMIT_FSIZE, [0, 1, 4096, 20000, 40000, 70000])

    def test_descriptors(self):
        self.try_limits(resource.RLIMIT_NOFILE, range(4, 16))

    def test_threads(self):
        self.run_ok("upgrade")
        for limit, code in ((1, 2), (2, 0), (4, 0)):
            if os.getuid() and limit > 1:
                continue  # how many processes we have already is not known
            with self.subTest(limit):
                if not os.getuid():
                    for folder, _, files in os.walk(self.fleet.dir):
                        for path in (folder, *(os.path.join(folder, name) for name in files)):
                            os.chown(path, self.OTHER_USER, self.OTHER_USER)

                def preexec():
                    resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
                    if not os.getuid():
                        os.setgid(self.OTHER_USER)
                        os.setuid(self.OTHER_USER)
                result = self.run_ok("current", code=code, preexec_fn=preexec,
                                     env={"ASAN_OPTIONS": "detect_leaks=0"})  # which takes a thread of its own
                if code:
                    self.assertIn("the system gives no thread to work with", result.err)


class OpenToAll(FleetCase):
    """What everyone on the machine can write decides what runs: said, and no more."""

    def test_each_is_told(self):
        revision = self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);")
        gate = self.fleet.write("gate", "#!/bin/sh\n", mode=0o755)
        password = self.fleet.write("password", "#!/bin/sh\necho x\n", mode=0o755)
        self.fleet.inventory([self.fleet.sqlite("t"), {"name": "u", "url": f"postgresql://app@127.0.0.1:{free_port()}/x",
                                                       "password_command": [password], "retries": 0}],
                             rollout={"gates": {"before_run": [gate]}})
        self.assertNotIn("warning", self.run_ok("upgrade", "--tenant", "t").err)
        ledger = self.fleet.path(".skein", "ledger.db")
        for what, path in (("inventory", self.fleet.path("skein.yaml")), ("revision", revision), ("gate", gate),
                           ("chain's folder", self.fleet.path("versions")), ("inventory's folder", self.fleet.dir),
                           ("password command", password), ("ledger", ledger)):
            with self.subTest(what):
                mode = os.stat(path).st_mode
                os.chmod(path, mode | 0o002)
                args = ["current"] if what == "password command" else ["current", "--tenant", "t"]
                err = self.fleet.run(*args).err
                self.assertEqual(err.count("warning: everyone on this machine can write to the"), 1, err)
                self.assertIn(f"{what} '{path}'", err)
                self.assertNotIn("warning", self.fleet.run(*args, "-q").err)
                os.chmod(path, mode)
        os.chmod(self.fleet.dir, 0o1777)
        self.assertNotIn("warning", self.run_ok("current", "--tenant", "t").err)

    def test_a_chain_that_is_open_says_so_briefly(self):
        for i in range(20):
            os.chmod(self.fleet.revision(f"a{i}", "SELECT 1;"), 0o666)
        self.fleet.inventory([self.fleet.sqlite("t")])
        err = self.run_ok("upgrade").err
        self.assertEqual(err.count("warning: "), 4)
        self.assertIn("and to 17 more", err)


class IgnoredSigchld(FleetCase):
    """As some daemons and containers have it: how a child ended must be known all the same."""

    def run_ignoring(self, *args, code, **options):
        return self.run_ok(*args, code=code, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
                           **options)

    def test_a_passwords_command(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([{"name": "t", "url": f"postgresql://app@127.0.0.1:{free_port()}/x",
                               "password_command": ["/bin/echo", "x"]}], defaults={"retries": 0})
        self.assertIn("Connection refused", self.run_ignoring("current", code=1).err)

    def test_an_editor_that_fails(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.assertIn("'false' failed", self.run_ignoring("edit", "aaaa1111", code=2, env={"VISUAL": "false"}).err)


class Locale(FleetCase):
    """Formats are ASCII in every locale: a Turkish one has another small I."""

    def setUp(self):
        super().setUp()
        self.turkish = self.fleet.locale("tr_TR")

    def test_a_commit_in_a_revision_is_refused(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id);\nCOMMIT;")
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.assertIn("'COMMIT' would begin or end a transaction",
                      self.run_ok("upgrade", code=2, env=self.turkish).err)

    def test_the_environment_is_read(self):
        self.fleet.inventory([self.fleet.sqlite("t")])
        self.assertIn("SKEIN_ON_FAILURE",
                      self.run_ok("upgrade", code=2, env={**self.turkish, "SKEIN_ON_FAILURE": "nonsense"}).err)


if __name__ == "__main__":
    main()
