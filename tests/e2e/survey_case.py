"""What tests of surveys share: the same fleet is asked with tenants enough for a survey, and few at a time."""
import json

COUNT = 40  # enough for a survey


class Asked:
    """For a FleetCase whose `names` are its tenants."""

    def told(self, *args):
        """What a command says of each tenant, without times."""
        result = self.fleet.run(*args, "-o", "json", "--progress", "none")
        self.assertTrue(result.out, result.err)
        report = result.report
        kept = ("name", "state", "from", "to", "current", "partial", "error", "steps", "heads", "notices")
        return {tenant["name"]: {key: tenant[key] for key in kept if key in tenant} for tenant in report["tenants"]}, report

    def looks(self, *args):
        """The same, asked so that no survey is worth it."""
        told = {}
        for at in range(0, COUNT, 8):
            names = [word for name in self.names[at:at + 8] for word in ("--tenant", name)]
            told.update(self.told(*args, *names)[0])
        return told

    def schemas(self, *names):
        """What `skein schema` reads of tenants; those that cannot be read are not in it."""
        words = [word for name in names for word in ("--tenant", name)]
        out = self.fleet.run("schema", *words, "-o", "json").out
        return {schema["tenant"]: {key: schema[key] for key in ("fingerprint", "revision", "objects")}
                for schema in json.loads(out)["schemas"]}

    def schemas_of_sessions(self):
        told = {}
        for at in range(0, COUNT, 8):
            told.update(self.schemas(*self.names[at:at + 8]))
        return told


class SaysTheSame:
    """For an Asked that can `damage` its tenants in every way that a look tells apart."""

    def test_a_survey_says_what_looks_say(self):
        self.damage()
        for args in (("current",), ("plan",), ("plan", "aaaa1111"), ("upgrade", "--dry-run", "--yes"), ("upgrade", "--dry-run", "+1"),
                     ("check",)):
            with self.subTest(args):
                self.assertEqual(self.told(*args)[0], self.looks(*args))

    def test_an_upgrade_changes_whom_looks_would_change(self):
        self.damage()
        planned = self.looks("plan")
        told, _ = self.told("upgrade", "--yes")
        for name in self.names:
            with self.subTest(name):
                if planned[name]["error"]:
                    self.assertEqual(told[name]["error"]["message"], planned[name]["error"]["message"])
                else:
                    self.assertIn(told[name]["state"], ("succeeded", "unchanged", "failed"))
                    self.assertEqual(told[name]["from"], planned[name]["from"])
        self.assertEqual(self.told("current")[0], self.looks("current"))


class GoesBack:
    """What was surveyed when a wave began is no longer so when the wave goes back."""

    def test_a_wave_that_goes_back_is_looked_at(self):
        self.fleet.revision("cccc1111", "CREATE TABLE c (id int);", down="DROP TABLE c;")
        last = self.names[-1]
        self.sql(f"CREATE TABLE {last}.c (id int)")
        self.fleet.inventory(self.tenants, rollout={"on_failure": "rollback", "parallel": 8})
        told, report = self.told("upgrade")
        self.assertEqual(told[last]["state"], "failed")
        changed = [name for name in self.names if told[name]["state"] == "rolled_back"]
        self.assertGreater(len(changed), COUNT // 2)
        for name, tenant in self.told("current")[0].items():
            self.assertEqual(tenant["from"], ["bbbb2222"], name)
        self.sql("; ".join(f"CREATE TABLE {name}.c (id int)" for name in changed))  # it is gone everywhere
