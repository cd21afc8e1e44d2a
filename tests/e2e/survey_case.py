"""What tests of surveys share: the same fleet is asked with tenants enough for a survey, and few at a time."""

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
