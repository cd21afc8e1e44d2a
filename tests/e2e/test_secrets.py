"""No secret is needed for what needs no tenant; who needs one that is missing says so before anything is touched."""
import os

from harness import FleetCase, MariaDBCase, PostgresCase, main


class WithoutAny(FleetCase):
    """None of the variables is set, no file of a password is there."""

    def setUp(self):
        super().setUp()
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id INTEGER);", down="DROP TABLE a;")
        os.mkdir(self.fleet.path("data"))
        self.fleet.write("skein.yaml", """
chain: versions
defaults:
  labels: ['region=${REGION}']
tenants:
  - {name: here, url: 'sqlite:///data/here.db', create: true, labels: [region=eu, tier=canary]}
  - name: acme
    url: postgresql://app:${ACME_PW}@db1/acme
    labels: [region=us]
  - name: globex
    url: postgresql://app@db1/globex
    password_env: GLOBEX_PW
    labels: [region=us]
  - {name: initech, url: '${INITECH_URL}', labels: [region=us]}
  - {name: umbrella, url: 'postgresql://h/u', password_file: secrets/umbrella, schema: '${SCHEMA}', labels: [region=us]}
  - {name: lost, url: 'sqlite:///data/lost.db'}
sources:
  - {query: 'SELECT name, url FROM t', url: 'sqlite:///${CONTROL}/c.db'}
""")

    def refused(self, *args, says, env=None):
        result = self.run_ok(*args, code=2, env=env)
        for text in says:
            self.assertIn(text, result.err)
        self.assertIn("no tenant was touched", result.err)
        self.assertFalse(os.path.exists(self.fleet.path("data", "here.db")))
        return result

    def test_what_needs_no_tenant_works(self):
        for args in (["history"], ["history", "-v"], ["heads"], ["branches"], ["show", "aaaa1111"], ["runs"],
                     ["revision", "-m", "next"], ["upgrade", "--sql", "--dialect", "postgresql"],
                     ["downgrade", "--sql", "--dialect", "sqlite", "aaaa1111:base"],
                     ["check", "--chain"], ["check", "--chain", "--dialect", "postgresql"], ["completion", "reply", "--", "upgrade", "--tenant", ""]):
            with self.subTest(args=args):
                self.run_ok(*args)
        self.assertIn("globex", self.run_ok("completion", "reply", "--", "upgrade", "--tenant", "").out)

    def test_a_source_that_cannot_be_asked_is_told_first(self):
        self.refused("upgrade", "--tenant", "here",
                     says=["skein.yaml:18: sources[0]: 'url': the environment variable 'CONTROL' is not set"])

    def test_a_chain_that_is_not_sound(self):
        result = self.run_ok("check", "--chain")
        self.assertEqual(result.out, "the chain is sound: 1 revision, read as sqlite and postgresql; its head:\naaaa1111 (head)\n")
        self.fleet.revision("bbbb2222", "SELECT 'never ends;")
        self.assertIn("bbbb2222.sql:7: ", self.run_ok("check", "--chain", code=2).err)
        self.fleet.revision("bbbb2222", "SELECT 1;", revises="nosuch")
        self.assertIn("nosuch", self.run_ok("check", "--chain", code=2).err)

    def test_the_chain_alone_has_no_tenants(self):
        for args in (["--tenant", "here"], ["--select", "tier=canary"], ["--parallel", "2"]):
            self.assertIn(f"{args[0]} has no effect with --chain", self.run_ok("check", "--chain", *args, code=2).err)
        self.assertIn("--dialect has no effect without --chain",
                      self.run_ok("check", "--dialect", "sqlite", "--tenant", "here", code=2).err)

    def control(self):
        self.fleet.write("skein.yaml", self.fleet.read("skein.yaml").decode().split("sources:")[0])

    def test_what_the_selected_ones_lack_is_told_together(self):
        self.control()
        self.refused("upgrade", says=[
            "skein.yaml:4: 'defaults': 'labels': the environment variable 'REGION' is not set",
            "skein.yaml:8: tenant 'acme': 'url': the environment variable 'ACME_PW' is not set",
            "skein.yaml:12: tenant 'globex': 'password_env': the environment variable 'GLOBEX_PW' is not set",
            "skein.yaml:14: tenant 'initech': 'url': the environment variable 'INITECH_URL' is not set",
            "skein.yaml:15: tenant 'umbrella': 'schema': the environment variable 'SCHEMA' is not set",
            "skein.yaml:15: tenant 'umbrella': 'password_file': password file", "6 faults"])

    def test_the_others_are_not_in_the_way(self):
        self.control()
        self.run_ok("upgrade", "--tenant", "here")
        self.run_ok("current", "--tenant", "here")
        self.run_ok("check", "--tenant", "here")
        self.run_ok("report")
        self.assertIn("nothing is in doubt here", self.run_ok("resolve", "here", "--done", code=1).err)
        self.assertIn("tenant 'acme': 'url': the environment variable 'ACME_PW' is not set", self.run_ok("resolve", "acme", "--done", code=2).err)
        self.run_ok("rollback")
        self.assertEqual(self.fleet.tables("here"), set())

    def test_what_a_selector_asks_must_be_known(self):
        self.control()
        self.run_ok("tenants", "--select", "tier=canary")
        self.refused("upgrade", "--select", "region=eu", says=["'labels': the environment variable 'REGION' is not set"])
        self.refused("upgrade", "--select", "dialect=sqlite", says=["tenant 'initech': 'url'"])
        self.run_ok("upgrade", "--select", "region=eu", env={"REGION": "us"})

    def test_the_list_shows_what_is_known(self):
        self.control()
        result = self.run_ok("tenants", "-o", "json")
        for text in ('"url": "postgresql://app@db1/acme", "server": "db1:5432"', '"url": "${INITECH_URL}"',
                     '"dialect": null', '"labels": {"region": null}'):
            self.assertIn(text, result.out)
        self.assertIn("warning: ", result.err)
        self.assertEqual(self.run_ok("tenants", "-q").err, "")

    def test_a_script_takes_no_password(self):
        self.control()
        self.assertIn("CREATE TABLE a", self.run_ok("upgrade", "--sql", "--tenant", "acme").out)
        self.refused("upgrade", "--sql", "--tenant", "initech", says=["INITECH_URL"])
        self.refused("upgrade", "--sql", "--tenant", "umbrella", says=["'SCHEMA' is not set"])

    def test_many_that_lack_the_same(self):
        tenants = [{"name": f"t{i}", "url": f"postgresql://h/t{i}"} for i in range(41)]
        self.fleet.inventory(tenants, defaults={"password_env": "NOSUCH"})
        result = self.refused("upgrade", says=["'NOSUCH' is not set; 41 of the selected tenants need it"])
        self.assertEqual(result.err.count("NOSUCH"), 1)

    def test_an_empty_variable_is_not_set(self):
        self.control()
        self.refused("upgrade", "--tenant", "globex", says=["'GLOBEX_PW' is empty"], env={"GLOBEX_PW": ""})
        self.refused("upgrade", "--tenant", "initech", says=["'url' is empty"], env={"INITECH_URL": ""})
        self.run_ok("heads", env={"GLOBEX_PW": "", "INITECH_URL": ""})

    def test_a_secret_that_breaks_its_url_is_not_shown(self):
        self.control()
        result = self.refused("upgrade", "--tenant", "acme", says=["skein.yaml:8: tenant 'acme': 'url': bad URL"],
                              env={"ACME_PW": "s3cr3t@Canary"})
        self.assertNotIn("Canary", result.out + result.err)
        self.assertNotIn("Canary", self.run_ok("tenants", env={"ACME_PW": "s3cr3t@Canary"}).out)

    def test_where_the_chain_or_the_ledger_is(self):
        self.fleet.inventory([{"name": "here", "url": "sqlite:///data/here.db", "create": True}],
                             chain="${CHAIN}", ledger="${LEDGER}", version_table="${TABLE}")
        self.assertIn("'chain': the environment variable 'CHAIN' is not set", self.run_ok("heads", code=2).err)
        chain = {"CHAIN": "versions"}
        self.run_ok("heads", env=chain)
        self.assertIn("'ledger': the environment variable 'LEDGER'", self.run_ok("runs", code=2).err)
        self.assertIn("there is no ledger", self.run_ok("runs", "--ledger", self.fleet.path("other.db"), code=2).err)
        self.assertIn("'version_table'", self.run_ok("current", code=2, env=chain).err)
        self.assertIn("'version_table'", self.run_ok("upgrade", "--sql", "--dialect", "sqlite", code=2, env=chain).err)
        chain["TABLE"] = "versions"
        self.run_ok("plan", env=chain)
        self.assertIn("'ledger': the environment variable 'LEDGER'", self.run_ok("upgrade", code=2, env=chain).err)
        self.run_ok("upgrade", env={**chain, "LEDGER": ".skein/l.db"})
        self.run_ok("runs", "--ledger", self.fleet.path(".skein/l.db"))

    def test_a_rollout_that_is_not_whole(self):
        self.fleet.inventory([{"name": "here", "url": "sqlite:///data/here.db", "create": True}],
                             rollout={"parallel": "${N}", "gates": {"before_run": ["${GATE}"]},
                                      "waves": [{"name": "${WAVE}", "select": "tier=${TIER}"}]})
        self.run_ok("heads")
        self.refused("upgrade", says=["'N' is not set", "'GATE' is not set", "'WAVE' is not set", "'TIER' is not set"])


class OfARun(PostgresCase):
    def test_a_plan_says_where_passwords_would_come_from(self):
        a, b, c, d, e = self.pg.create("pa", "pb", "pc", "pd", "pe")
        self.fleet.write("secret", "superuser-secret\n", mode=0o600)
        a["password_env"] = "PA_PASSWORD"
        b["password_file"] = c["password_file"] = "secret"
        d["password_command"] = ["echo", "superuser-secret"]
        self.fleet.revision("aaaa1111", "SELECT 1;")
        self.fleet.inventory([a, b, c, d, e, self.fleet.sqlite("lite")])
        out = self.run_ok("plan", "-v", env={"PA_PASSWORD": "superuser-secret"}).out
        places = out[out.index("\nPasswords\n"):out.index("\nAll tenants\n")]
        self.assertRegex(places, r"  password_env PA_PASSWORD: pa\n  password_file \S*secret: pb, pc\n"
                                 r"  password_command echo …: pd\n  none of the inventory's: pe\n$")
        self.assertNotIn("superuser", out)
        self.assertNotIn("Passwords", self.run_ok("plan", env={"PA_PASSWORD": "x"}).out)

    """`resume` and `rollback` ask for the secrets of the tenants of their run."""

    def test_the_others_are_not_asked_for(self):
        self.pg.create("a", "b")
        url = self.pg.url("a").replace("://skein@", "://skein:${A_PW}@")
        self.fleet.revision("aaaa1111", "CREATE TABLE a (id int);", down="DROP TABLE a;")
        self.fleet.inventory([{"name": "a", "url": url},
                              {"name": "b", "url": self.pg.url("b"), "password_env": "B_PW"}])
        mine = {"A_PW": "canary"}
        self.run_ok("upgrade", "--tenant", "a", env=mine)
        self.assertEqual(self.pg.tables("a"), {"a"})
        self.assertIn("tenant 'a': 'url': the environment variable 'A_PW' is not set", self.run_ok("rollback", code=2).err)
        self.assertEqual(self.pg.tables("a"), {"a"})
        self.run_ok("rollback", env=mine)
        self.assertEqual(self.pg.tables("a"), set())
        self.run_ok("upgrade", env={**mine, "B_PW": "x"})
        self.assertEqual(self.pg.tables("b"), {"a"})


FORMATS = ("text", "json", "csv", "junit", "markdown", "html")


class Sets:
    """What a revision sets as a password, a server repeats and a gate prints is in no output, and not in the ledger."""

    def outputs(self, *args, code, **options):
        files = [self.fleet.path(f"out.{name}") for name in FORMATS]
        named = [word for name, path in zip(FORMATS, files) for word in ("-o", f"{name}={path}")] if args[0] in ("plan", "upgrade", "report") else []
        result = self.run_ok(*args, "-v", *named, code=code, **options)
        texts = {"stdout": result.out, "stderr": result.err}
        for path in files if named else []:
            with open(path, encoding="utf-8") as file:
                texts[path] = file.read()
        for where, text in texts.items():
            self.assertNotIn("hunter2", text, f"{args}: {where}")
        return texts

    def look(self, tenants, good, bad, message):
        self.fleet.revision("aaaa1111", good, "SELECT 1;")
        self.fleet.revision("bbbb2222", bad, "SELECT 1;")
        gate = ["sh", "-c", "echo postgresql://bob:hunter2@db/x; echo PGPASSWORD=hunter2; exit 1"]
        self.fleet.inventory(tenants, defaults={"transaction": "each", "retries": 0}, rollout={"on_failure": "continue", "gates": {"after_wave": gate}})
        self.outputs("plan", code=0)
        self.outputs("lint", code=1)
        for format_ in ("json", "sarif"):
            self.outputs("lint", "-o", format_, code=1)
        metrics = self.fleet.path("skein.prom")
        told = self.outputs("upgrade", "--progress", "json", "--metrics", metrics, code=1)
        with open(metrics, encoding="utf-8") as file:
            self.assertNotIn("hunter2", file.read())
        self.assertIn("***", told["stdout"])
        self.assertIn("PGPASSWORD=***", told["stdout"])
        self.assertIn("bob:***@db", told["stderr"])
        error, = self.run_ok("report", "-o", "json").report["errors"]
        self.assertRegex(error["message"], message)
        self.outputs("report", code=0)
        for root, _, names in os.walk(self.fleet.path(".skein")):
            for name in names:
                self.assertNotIn(b"hunter2", self.fleet.read(os.path.join(root, name)), name)


class SetsOnPostgres(Sets, PostgresCase):
    def test_it_is_nowhere(self):
        self.addCleanup(self.pg.sql, "postgres", "DROP ROLE IF EXISTS app")
        self.look(self.pg.create("sets"), "CREATE TABLE t (id int);\nCREATE ROLE app\n  PASSWORD 'hunter2one';",
                  "ALTER ROLE app SET PASSWORD 'hunter2two';", r"""near "'\*\*\*'"$""")


class SetsOnMariaDB(Sets, MariaDBCase):
    def test_it_is_nowhere(self):
        self.addCleanup(self.maria.sql, "", "DROP USER IF EXISTS app")
        self.look(self.maria.create("sets"), "CREATE TABLE t (id int);\nCREATE USER app\n  IDENTIFIED BY 'hunter2one';",
                  "ALTER USER app IDENTIFIED BY 'hunter2two' NONSENSE;", "near 'NONSENSE' at line 1")


if __name__ == "__main__":
    main()
