#!/usr/bin/env python3
"""The page of `-o html` in a headless Chromium: what a person sees, clicks and types, and what no tenant can do to it."""
import contextlib
import datetime
import json
import os
import re
import shutil
import sqlite3
import tempfile
import unittest

import schema
from browser import Browser
from harness import FleetCase, main, wait_until

HOSTILE = ["</script><script>hacked=1</script>", '"><img src=x onerror=hacked=1>', "<b>&amp;", "'; hacked=1; '", "javascript:hacked=1", "a b;$(id)`x`",
           "\u202egnp.exe", "\u05d0\u05d1\u05d2 \u0623\u0628", "\\u0000", "\u200b", "%3Cb%3E", "#tenant=acme", "__proto__", "=1+1", "$hacked", "<!--", "acme"]
PICTURES = os.environ.get("SKEIN_PICTURES")  # a folder: the picture of docs/ is made there

ACCOUNT = "CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT NOT NULL, plan TEXT);"
ORDERS = """CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    total NUMERIC NOT NULL DEFAULT 0
);
CREATE INDEX ix_orders_account ON orders (account_id);"""
UNIQUE = """-- Support has merged the duplicates.
CREATE INDEX ix_account_plan ON account (plan);

CREATE UNIQUE INDEX ux_account_email
    ON account (email);

CREATE TABLE login (account_id INTEGER, at TEXT);"""
NAMES = "acme globex initech umbrella hooli soylent stark wayne wonka cyberdyne tyrell oscorp aperture massive vehement gringotts".split()


# What leaves the card that it stands in; tables that can only be read by scrolling sideways. The list of all tenants scrolls by design.
STICKS_OUT = """[...document.querySelectorAll(".verdict, section.part")].flatMap((card) => {
    const right = card.getBoundingClientRect().right, left = card.getBoundingClientRect().left;
    const out = [...card.querySelectorAll("*")].filter((e) => !e.closest(".scroller, svg, .hidden")).filter((e) => {
        const box = e.getBoundingClientRect();
        return box.width > 1 && (box.right > right + 1 || box.left < left - 1);
    });
    return [...out, ...[...card.querySelectorAll(".sideways")].filter((e) => e.scrollWidth > e.clientWidth + 1)].map((e) => `${card.id || "verdict"}: ${e.tagName}.${e.className}: ${e.innerText.slice(0, 60)}`);
})"""


def setUpModule():
    Html.browser = Browser()
    unittest.addModuleCleanup(Html.browser.close)


class Html(FleetCase):
    browser = None

    def setUp(self):
        super().setUp()
        self.pages = []
        self.is_checked = True

    def tearDown(self):
        for page in self.pages:
            page.close()
        for page in self.pages if self.is_checked else []:
            self.assertEqual(page.logged, [])
            self.assertEqual(page.requests, [])

    def page(self, path, **options):
        page = self.browser.open(path, **options)
        self.pages.append(page)
        return page

    def tenant(self, name, email=None, **labels):
        """One that stands at the first revision; where `email` is given, it is there twice."""
        tenant = dict(self.fleet.sqlite(f"t{len(os.listdir(self.fleet.path('data')))}", ACCOUNT), name=name, labels=labels)
        with sqlite3.connect(self.fleet.path(tenant["url"].removeprefix("sqlite:///"))) as db:
            db.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")
            db.execute("INSERT INTO alembic_version VALUES ('1975ea83b712')")
            if email:
                db.executemany("INSERT INTO account (email) VALUES (?)", [(email,)] * 2)
        db.close()
        return tenant

    def make(self, count):
        """Of the tenants that came from another system every one has an address twice; one tenant has no file."""
        os.makedirs(self.fleet.path("data"), exist_ok=True)
        self.fleet.revision("1975ea83b712", ACCOUNT, "DROP TABLE account;", message="accounts")
        self.fleet.revision("27c6a30d7c24", ORDERS, "DROP TABLE orders;", message="orders and their totals")
        self.fleet.revision("83241ca0f125", UNIQUE, "DROP INDEX ux_account_email;", message="one account an address")
        tenants = []
        for i in range(count):
            name = NAMES[i % len(NAMES)] + (f"-{i // len(NAMES) + 1}" if i >= len(NAMES) else "")
            is_imported = i > 3 and i % 5 == 2
            labels = {"region": "ap" if is_imported else ("eu", "us", "ap")[i % 3], "tier": "canary" if i < 4 else "pro" if i % 4 == 1 else "free"}
            tenants.append(self.tenant(name, "info@example.com" if is_imported else None, **labels, **({"imported": "legacy-crm"} if is_imported else {})))
        tenants.append({"name": "virtucon", "url": "sqlite:///data/gone.db", "labels": {"region": "eu", "tier": "free"}})
        self.fleet.inventory(tenants, rollout={"on_failure": "continue", "parallel": 4, "waves": [
            {"name": "canary", "select": "tier=canary", "soak": "120ms"}, {"name": "pro", "select": "tier=pro"}, {"name": "everyone"}]})

    def story(self, count=48):
        self.make(count)
        path = self.fleet.path("report.html")
        self.run_ok("upgrade", "-o", f"html={path}", code=1)
        return path

    def many(self, count):
        """The story's page with so many tenants."""
        with open(self.story(24), encoding="utf-8") as file:
            text = file.read()
        start, end = re.search(r'id="data">(.*?)</script>', text, re.DOTALL).span(1)
        data = json.loads(text[start:end])
        few = data["tenants"]
        data["tenants"] = [[f"{row[0]}-{i}", *row[1:]] for i in range(count) for row in [few[i % len(few)]]]
        data["totals"]["tenants"] = count
        path = self.fleet.path("many.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text[:start] + json.dumps(data).replace("<", "\\u003c") + text[end:])
        return path

    def rows(self, page):
        return page.texts(".grid tbody tr.row td.c-name")


class Reading(Html):
    def test_when_it_stood_still_is_marked(self):
        self.story(12)
        run = self.run_ok("report", "-o", "json").report["run"]
        begin_ms = round(datetime.datetime.fromisoformat(run["started_at"].replace("Z", "+00:00")).timestamp() * 1000)
        end_ms = int(run["duration_ms"])
        with sqlite3.connect(self.fleet.path(".skein", "ledger.db")) as db:
            db.executemany("INSERT INTO moments (run, n, kind, at_ms, made_by, reason) SELECT max(seq), ?, ?, ?, ?, ? FROM runs", [
                (0, 0, begin_ms, "<b>alice</b>", None), (1, 1, begin_ms + end_ms // 2, "bob", None), (2, 3, begin_ms + end_ms, None, "too many")])
        db.close()
        path = self.fleet.path("paused.html")
        self.run_ok("report", "-o", f"html={path}")
        page = self.page(path)
        moments = [" ".join(text.split()) for text in page.texts("#waves .moments li")]
        self.assertRegex(moments[0], r"^[\d.]+ m?s paused by <b>alice</b> for [\d.]+ m?s$")
        self.assertRegex(moments[-1], r"^[\d.]+ m?s began to roll back: too many$")
        self.assertEqual(page.eval("document.querySelectorAll('.chart rect.pause').length"), 1)

    def test_it_tells_what_happened_and_what_to_do(self):
        page = self.page(self.story())
        run = self.run_ok("report", "-o", "json").report["run"]["id"]
        self.assertEqual(page.eval("document.title"), "skein upgrade head: failed")
        self.assertEqual(page.text("h1"), "10 of 49 tenants failed; no tenant is half-way")
        self.assertIn(f"Exit code\n1", page.text(".verdict .facts"))
        self.assertEqual(page.texts(".next .command code"), [f"skein resume {run}", f"skein rollback {run}", f"skein report {run}"])
        self.assertEqual([" ".join(text.split()) for text in page.texts(".verdict .why li")], ["9 UNIQUE constraint failed: account.email", "1 " + page.texts("#causes .cause .message")[1]])
        self.assertEqual(page.eval("document.querySelector('.verdict .why a').hash"), "#cause-1")
        self.assertIn("What to do: mend the database or the revision", page.texts("#causes .cause")[0])
        self.assertEqual(page.texts("#states .key"), ["39\nsucceeded", "10\nfailed"])
        self.assertEqual(page.texts("#causes .cause .count"), ["9 tenants", "1 tenant"])
        self.assertEqual(page.texts("#causes .cause .message")[0], "UNIQUE constraint failed: account.email")
        self.assertEqual(page.texts("#causes .share:not(.soft)")[:1], ["label imported legacy-crm\n9 of 9\n0 of 40"])
        self.assertEqual(page.text("#causes .source .at").split("\n"), ["10", "CREATE UNIQUE INDEX ux_account_email"])
        self.assertEqual(page.text("#causes .source").split("\n")[0::2][:3], ["7", "8", "9"])
        waves = page.texts("#waves tbody tr")
        self.assertEqual([wave.split("\t")[:4] for wave in waves], [["canary", "succeeded", "4", "0"], ["pro", "failed", "11", "2"], ["everyone", "failed", "34", "8"]])
        self.assertIn("any number may fail, soaks 120 ms", waves[0])
        self.assertEqual(page.eval("document.querySelectorAll('.chart .wave').length"), 3)
        moments = [" ".join(text.split()) for text in page.texts("#waves .moments li")]
        self.assertRegex(moments[0], r"^[\d.]+ ms waited [\d.]+ m?s after wave 'canary', which soaks 120 ms$")
        failures = [re.sub(r"^.*: ", "", moment) for moment in moments if "failure" in moment]
        self.assertEqual(failures, ["the first failure of wave 'pro'", "the first failure of wave 'everyone'"])
        self.assertEqual(page.eval("document.querySelectorAll('.chart .mark').length"), len(moments))
        self.assertEqual(page.eval("[...document.querySelectorAll('.chart .fine, .chart .bad')].length > 1"), True)
        self.assertEqual(page.texts("#moves tbody tr")[0].split("\t")[:3], ["39", "1975ea83b712 → 83241ca0f125", "2 revisions"])
        self.assertEqual([row.split()[:3] for row in page.texts("#moves tbody tr")[1:]], [["9", "1975ea83b712", "failed"], ["1", "unknown", "failed"]])
        page.click("#moves tbody tr:nth-child(2) button")
        self.assertEqual(page.text(".count-line strong"), "9 of 49 tenants")
        page.click("#moves tbody tr:nth-child(1) button")
        self.assertEqual(page.text(".count-line strong"), "39 of 49 tenants")
        page.click("#revisions details summary")
        self.assertIn("account_id INTEGER NOT NULL REFERENCES account (id),", page.text("#revisions details[open] .source"))

    def test_it_tells_who_was_in_the_way(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE a (n int);", "")
        self.fleet.inventory([self.fleet.sqlite("t0"), self.fleet.sqlite("t1")], defaults={"lock_timeout": "30ms", "retries": 1})
        path = self.fleet.path("report.html")
        with contextlib.closing(sqlite3.connect(self.fleet.path("data", "t1.db"))) as rival:
            rival.execute("BEGIN IMMEDIATE")
            self.run_ok("upgrade", "-o", f"html={path}", code=1)
        page = self.page(path)
        self.assertRegex(page.text("#retries tbody tr"), r"^t1\t1\t\d.*database is locked.*held by")
        page.eval("openTenant('t1')")
        page.until("document.getElementById('card').open")
        self.assertIn("held by", page.text("#card"))
        self.assertEqual(page.faults(), [])

    def test_without_scripts_the_verdict_is_there(self):
        page = self.page(self.story(6))
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.go(page.url)
        self.assertIn("skein upgrade head: failed. 1 of 7 tenants failed; no tenant is half-way.", page.eval("document.body.innerText"))

    def test_a_plan_and_where_tenants_stand(self):
        self.story(6)
        self.run_ok("downgrade", "27c6a30d7c24", "-t", "acme")
        for command, verdict, part in (("plan", "1 of 7 tenants would change; 1 could not be told", "#revisions"),
                                       ("check", "1 of 7 tenants does not stand at heads; 1 could not be told", "#moves"),
                                       ("current", "5 of 7 tenants stand at 83241ca0f125 (head), 1 elsewhere; 1 could not be told", "#moves")):
            with self.subTest(command):
                path = self.fleet.path(f"{command}.html")
                self.run_ok(command, "-o", f"html={path}", code=1)
                page = self.page(path)
                self.assertEqual(page.text("h1"), verdict)
                self.assertEqual(len(page.texts(part)), 1)
                self.assertEqual(page.faults(), [])


    def test_a_plan_shows_what_lint_finds_and_what_is_waived(self):
        self.fleet.revision("aaaa1111", "CREATE TABLE task (id int, owner text);", "DROP TABLE task;")
        self.fleet.revision("bbbb2222", "-- skein:allow drop-column: <b>no one</b> reads it\nALTER TABLE task DROP COLUMN owner;\nUPDATE task SET id = 1;", "")
        self.fleet.inventory([self.fleet.sqlite("acme"), self.fleet.sqlite("globex")])
        self.run_ok("upgrade", "aaaa1111")
        self.fleet.inventory([self.fleet.sqlite("acme"), self.fleet.sqlite("globex")], lint={"rules": {"drop-column": "error"}})
        path = self.fleet.path("plan.html")
        self.run_ok("plan", "-o", f"html={path}", "-o", f"json={self.fleet.path('plan.json')}", "-o", f"csv={self.fleet.path('plan.csv')}")
        page = self.page(path)
        page.eval("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        self.assertEqual(page.text("#lint header p"), "1 note, 1 allowed")
        cards = page.texts("#lint .finding")
        self.assertEqual([card.split("\n")[0].split()[0] for card in cards], ["note", "allowed"])
        self.assertIn("<b>no one</b> reads it", cards[1])
        self.assertEqual(page.texts("#revisions .tag.grade"), ["destroys data", "lint: 1 note, 1 allowed"])
        with open(self.fleet.path("plan.csv"), newline="", encoding="utf-8") as file:
            self.assertEqual(page.eval("csvText(inOrder())"), file.read())
        self.assertEqual(json.loads(page.eval("jsonText(inOrder())")), json.loads(self.fleet.read("plan.json")))
        self.assertEqual(page.faults(), [])

    def test_where_a_run_was_halted_is_marked(self):
        self.fleet.revision("aaaa1111", "SELECT * FROM missing;")
        self.fleet.inventory([self.fleet.sqlite(f"t{i}") for i in range(6)], rollout={"max_failures": 1, "parallel": 1})
        path = self.fleet.path("report.html")
        self.run_ok("upgrade", "-o", f"html={path}", code=1)
        page = self.page(path)
        self.assertEqual([re.sub(r"^[\d.]+ m?s ", "", " ".join(text.split())) for text in page.texts(".moments li")],
                         ["t0: the first failure", "t1: too many failures: 2 failed, 1 tolerated; nothing more was begun"])
        self.assertEqual(page.faults(), [])


    def test_the_way_back_is_shaded(self):
        self.make(12)
        path = self.fleet.path("report.html")
        self.run_ok("upgrade", "--on-failure", "rollback", "-o", f"html={path}", code=3)
        page = self.page(path)
        self.assertEqual(page.text(".verdict .word"), "Rolled back")
        self.assertIn("rolled back", " ".join(page.texts("#states .key")))
        self.assertNotIn("rolled_back", page.eval("document.body.innerText"))
        self.assertEqual(page.eval("document.querySelectorAll('.chart rect.backward').length"), 1)
        page.eval("showTenants({states: ['rolled back']})")
        rolled_back = self.run_ok("report", "-o", "json").report["totals"]["rolled_back"]
        self.assertGreater(rolled_back, 0)
        self.assertEqual(page.text(".count-line strong"), f"{rolled_back} of 13 tenants")

    def test_no_tenant_at_all(self):
        self.make(1)
        path = self.fleet.path("report.html")
        self.run_ok("upgrade", "--select", "tier=none", "--allow-empty", "-o", f"html={path}")
        page = self.page(path)
        self.assertEqual((page.text("h1"), page.text(".empty")), ("No tenant was selected", "No tenant was selected."))
        self.assertEqual(page.eval("document.querySelector('.filter').getClientRects().length"), 0)
        self.assertEqual(page.faults(), [])


class Planning(Html):
    """A plan whose rows were asked, or that was rehearsed: in two of sixteen tenants a value is there twice, one has no file."""

    def plan(self, *args):
        self.make(16)
        outputs = [word for name in ("html", "json", "csv") for word in ("-o", f"{name}={self.fleet.path(name)}")]
        self.run_ok("plan", *args, *outputs, code=1)
        return self.page(self.fleet.path("html"))

    def check(self, page):
        """What is saved is what the formats say, and everyone can read the page."""
        with open(self.fleet.path("csv"), newline="", encoding="utf-8") as file:
            self.assertEqual(page.eval("csvText(inOrder())"), file.read())
        self.assertEqual(json.loads(page.eval("jsonText(inOrder())")), json.loads(self.fleet.read("json")))
        page.eval("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        for theme in ("light", "dark"):
            page.theme(theme)
            self.assertEqual(page.faults(), [], theme)
        page.theme("light")
        page.size(390, 844, is_phone=True)
        page.eval("new Promise(requestAnimationFrame)")
        self.assertEqual(page.faults(), [], "phone")
        self.assertEqual(page.eval("document.documentElement.scrollWidth"), 390)

    def test_a_preflight(self):
        page = self.plan("--preflight", "--examples")
        self.assertEqual(page.text("h1"), "16 of 17 tenants would change; 2 will fail on their rows; 1 could not be told")
        self.assertEqual(page.texts(".verdict .why li")[0].split(), "2 will fail: several rows have the same email (account)".split())
        self.assertEqual(page.text("#preflight header p"), "1 question of the rows: 2 of 17 tenants will fail")
        self.assertEqual(page.text("#preflight .cause .count"), "2 of 16 will fail")
        self.assertEqual(page.text("#preflight .cause .message"), "several rows have the same email (account)")
        self.assertEqual(page.text("#preflight .cause .names"), "wayne (1: info@example.com), aperture (1: info@example.com)")
        self.assertEqual(page.texts("#preflight .share:not(.soft)")[0], "label imported legacy-crm\n2 of 2\n0 of 15")
        self.assertEqual(page.text("#preflight .source .at").split("\n")[-1], "CREATE UNIQUE INDEX ux_account_email")
        page.click("#preflight .act button")
        self.assertEqual(sorted(self.rows(page)), ["aperture", "wayne"])
        page.eval("openTenant('wayne')")
        page.until("document.getElementById('card').open")
        self.assertIn("will fail: several rows have the same email (account) (1: info@example.com)", page.text("#card .answer"))
        self.assertEqual(page.faults(), [])
        page.eval("closeSheet()")
        page.click(".count-line .chip")
        self.assertEqual(page.text(".count-line strong"), "17 tenants")
        self.check(page)

    def test_a_rehearsal(self):
        page = self.plan("--rehearse")
        self.assertEqual(page.text("h1"), "14 of 17 tenants would change; 2 would fail; 1 could not be told")
        self.assertRegex(page.text("#rehearsal .facts"), r"^The upgrade would take\nabout [\d.]+ m?s\nLongest wait\nwrites wait for [\d.]+ m?s, for the database in ")
        (group,) = page.texts("#rehearsal .rehearsal h3")
        self.assertEqual(" ".join(group.split()), "14 tenants 1975ea83b712 → 83241ca0f125 sqlite")
        steps = [row.split("\t") for row in page.texts("#rehearsal .rehearsal .sideways:nth-of-type(1) tbody tr")]
        self.assertEqual([step[0] for step in steps], ["↑ 27c6a30d7c24", "↑ 83241ca0f125"])
        self.assertTrue(all(re.fullmatch(r"[\d.]+ m?s", time) for step in steps for time in step[1:4]), steps)
        seen = [" ".join(text.split()) for text in page.texts("#rehearsal .rehearsal .sideways:nth-of-type(2) tbody tr")]
        self.assertRegex(seen[0], r"^lock locks the database \(write\) for up to [\d.]+ m?s in .*: writes wait .* 14$")
        self.assertTrue(any(re.match(r"growth the database grows by up to [\d.]+ kB in ", text) for text in seen), seen)
        self.assertEqual(page.eval("Object.keys(SEEN)"), schema.load("report")["$defs"]["seen"]["properties"]["seen"]["enum"])
        page.eval("openTenant('acme')")
        page.until("document.getElementById('card').open")
        self.assertRegex(page.text("#card"), r"Rehearsed on a copy\n(.*\n)*83241ca0f125: locks the database \(write\) for [\d.]+ m?s: writes wait")
        page.eval("closeSheet()")
        self.check(page)


class Choosing(Html):
    def test_filters_sort_and_search(self):
        page = self.page(self.story())
        self.assertEqual(page.text(".count-line strong"), "49 tenants")
        page.click("#states .key:nth-child(2)")
        self.assertEqual(page.text(".count-line strong"), "10 of 49 tenants")
        self.assertEqual(set(page.texts(".grid td.c-state")), {"failed"})
        page.click(".count-line .chip")
        self.assertEqual(page.text(".count-line strong"), "49 tenants")
        page.click("#cause-1 .act button")
        self.assertEqual(page.text(".count-line strong"), "9 of 49 tenants")
        page.click("#waves tbody tr:nth-child(2) button")
        self.assertEqual(page.text(".count-line strong"), "11 of 49 tenants")
        page.click("#moves tbody button")
        self.assertEqual(page.text(".count-line strong"), "39 of 49 tenants")
        page.click(".count-line .chip")
        page.type("legacy-crm WAYNE")
        self.assertEqual(self.rows(page), ["wayne"])
        page.type(" nowhere")
        self.assertEqual(page.text(".empty"), "No tenant is like this.")
        page.eval("spot.search.value = ''; spot.search.dispatchEvent(new Event('input'))")
        page.click(".grid th.c-duration button")
        page.click(".grid th.c-duration button")
        slowest = max(self.run_ok("report", "-o", "json").report["tenants"], key=lambda tenant: tenant["duration_ms"])
        self.assertEqual(self.rows(page)[0], slowest["name"])
        self.assertEqual(page.eval("document.querySelector('th.c-duration').ariaSort"), "descending")
        page.click(".grid th.c-name button")
        self.assertEqual(self.rows(page)[:3], ["acme", "acme-2", "acme-3"])

    def test_a_tenant_has_a_link_and_keys_go_everywhere(self):
        page = self.page(self.story())
        page.key("/", 191)
        page.until("document.activeElement.type === 'search'")
        page.type("soylent")
        page.eval("spot.body.querySelector('a').focus()")
        page.key("ArrowDown", 40)
        page.until("document.activeElement.textContent === 'soylent'")  # the one that failed stands first
        page.key("ArrowUp", 38)
        page.until("document.activeElement.textContent === 'soylent-3'")
        page.key("End", 35)
        page.until("document.activeElement.textContent === 'soylent-2'")
        page.key("Enter", 13, "\r")
        page.until("document.getElementById('card').open")
        self.assertEqual(page.text("#card h2"), "soylent-2")
        page.key("Escape", 27)
        page.until("!document.getElementById('card').open && document.activeElement.textContent === 'soylent-2'")
        page.eval("location.hash = '#tenant=virtucon'")
        page.reload()
        page.until("document.querySelector('#card h2')?.innerText === 'virtucon'")
        self.assertIn("no such file", page.text("#card .cause"))

    def test_what_is_saved_is_what_the_formats_say(self):
        page = self.page(self.story(12))
        for ending in ("csv", "json"):
            text = page.eval(f"{ending}Text(inOrder())")
            told = self.run_ok("report", "-o", ending).out
            with self.subTest(ending):
                if ending == "csv":
                    self.assertEqual(text.replace("\r\n", "\n"), told.replace("\r\n", "\n"))
                else:
                    self.assertEqual(json.loads(text), json.loads(told))
        folder = tempfile.mkdtemp(dir=self.browser.folder)
        os.chmod(folder, 0o777)
        self.browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder, eventsEnabled=False)
        page.click("#states .key:nth-child(2)")
        page.click(".count-line .act button")
        name = wait_until(lambda: next((name for name in os.listdir(folder) if name.endswith(".csv")), None), what="a saved file")
        with open(os.path.join(folder, name), newline="", encoding="utf-8") as file:
            self.assertEqual([line.split(",")[1] for line in file.read().split("\r\n")[1:-1]], ["wayne", "virtucon"])

    def test_twenty_thousand_tenants_answer_within_100_ms(self):
        """Of the processor's time, since other tests use it too; the best of three. Nothing that was found before is kept."""
        page = self.page(self.many(20000))
        self.assertLess(page.eval("document.querySelectorAll('.grid tr').length"), 100)
        for name, deed in (("search", "spot.search.value = 'legacy wayne'; spot.search.dispatchEvent(new Event('input'))"),
                           ("sort", "document.querySelector('th.c-name button').click()"),
                           ("filter", "document.querySelector('.filter .chip:nth-child(2)').click()"),
                           ("scroll", "spot.scroller.scrollTop += 90000; drawRows()")):
            with self.subTest(name):
                times = []
                for _ in range(3):
                    page.eval('haystacks = null; list.orders.clear(); list.filter = {}; list.words = ""; choose()')
                    times.append(page.work(f"{deed}; document.body.offsetHeight"))
                self.assertLess(min(times), 100, times)
        page.eval("spot.search.value = 'wayne-19982'; spot.search.dispatchEvent(new Event('input'))")
        self.assertEqual(self.rows(page), ["wayne-19982"])


class Hostile(Html):
    def test_no_name_label_sql_or_error_is_anything_but_text(self):
        os.makedirs(self.fleet.path("data"))
        sql = 'CREATE TABLE "</script><script>hacked=1</script>\u202e" (n int);'
        self.fleet.revision("aaaa1111", "SELECT '<img src=x onerror=hacked=1>';", "", message="</style><script>hacked=1</script>")
        self.fleet.revision("bbbb2222", sql, "")
        tenants = [dict(self.fleet.sqlite(f"t{i}", sql if i % 2 else ""), name=name, labels={"of": "x"}) for i, name in enumerate(HOSTILE)]
        self.fleet.inventory(tenants, rollout={"on_failure": "continue", "waves": [{"name": "<img src=x onerror=hacked=1>", "select": "name=acme"}, {"name": "</title>"}]})
        path = self.fleet.path("report.html")
        self.run_ok("upgrade", "-o", f"html={path}", code=1)
        page = self.page(path)
        self.assertEqual(page.eval("[typeof hacked, document.scripts.length, document.images.length, document.querySelectorAll('style').length]"), ["undefined", 2, 0, 1])
        shown = [name.replace("\u202e", "\\u{202e}").replace("\u200b", "\\u{200b}") for name in HOSTILE]
        self.assertEqual(sorted(self.rows(page)), sorted(shown))
        self.assertIn('table "</script><script>hacked=1</script>\\u{202e}" already exists', page.text(".cause .message"))
        for name, text in zip(HOSTILE, shown):
            with self.subTest(name):
                page.eval(f"closeSheet(); openTenant({json.dumps(name)})")
                page.until(f"document.querySelector('#card h2')?.innerText === {json.dumps(text)}")
        self.assertEqual(page.eval("typeof hacked"), "undefined")
        page.eval("closeSheet()")
        self.assertEqual(page.eval("csvText(inOrder())"), self.bytes_of("csv"))
        self.assertEqual(json.loads(page.eval("jsonText(inOrder())")), self.run_ok("report", "-o", "json").report)

    def bytes_of(self, name):
        path = self.fleet.path("told")
        self.run_ok("report", "-o", f"{name}={path}")
        with open(path, newline="", encoding="utf-8") as file:
            return file.read()

    def test_the_policy_refuses_what_is_not_the_pages_own(self):
        page = self.page(self.story(6))
        self.is_checked = False
        page.eval("""document.body.append(make("script", {}, "hacked = 1"), make("img", {src: "http://127.0.0.1:1/x"}))""")
        wait_until(lambda: page.eval("1") and len(page.logged) > 1, what="two refusals")
        self.assertEqual(page.eval("typeof hacked"), "undefined")
        self.assertEqual(len([line for line in page.logged if "Content Security Policy" in line]), 2, page.logged)


class Looking(Html):
    def test_everyone_can_read_it(self):
        """In both themes, on a phone, with a tenant open and as it is printed: axe-core finds nothing."""
        page = self.page(self.story())
        page.eval("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        for theme in ("light", "dark"):
            page.theme(theme)
            self.assertEqual(page.faults(), [], theme)
            page.eval("openTenant('wayne')")
            page.until("document.getElementById('card').open")
            self.assertEqual(page.faults(), [], f"{theme}, a tenant")
            page.eval("closeSheet()")
        page.media("print")
        self.assertEqual(page.faults(), [], "print")
        page.theme("light")
        page.size(375, 700, is_phone=True)
        self.assertEqual(page.faults(), [], "phone")
        self.assertEqual(page.eval("document.documentElement.scrollWidth"), 375)

    def test_nothing_sticks_out(self):
        """Names, waves and errors without any place where a line could end, at every width: nothing leaves its card, and no table is cut off."""
        os.makedirs(self.fleet.path("data"), exist_ok=True)
        tenants = [{**self.tenant(f"x{i}", None, **{"l" * 60: "v" * 63}), "name": f"{i}" + "n" * 126, "create": True} for i in range(12)]
        tenants[0]["labels"] = {"only": "here"}
        self.fleet.write("versions/1975ea83b712.sql", "-- Revision ID: 1975ea83b712\n-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n")
        self.fleet.last = "1975ea83b712"
        self.fleet.revision("aaaa1111", "SELECT 1;\nCREATE TABLE " + "t" * 180 + " (x);\nSELECT * FROM " + "missing" * 30 + ";", "SELECT 1;", message="m" * 120)
        waves = [{"name": "w" * 90, "select": "!only"}]
        self.fleet.inventory(tenants, rollout={"on_failure": "continue", "waves": [*waves, {"name": "rest"}]})
        for args in (("plan", "--preflight"), ("plan", "--rehearse"), ("current", "--schema"), ("upgrade", "--on-failure", "continue")):
            path = self.fleet.path("report.html")
            self.fleet.run(*args, "-o", f"html={path}")
            page = self.page(path)
            for width in (1280, 1001, 999, 768, 761, 759, 360):
                page.size(width, 900, is_phone=width < 500)
                page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
                with self.subTest(args, width=width):
                    self.assertEqual(page.eval(STICKS_OUT), [])

    def test_a_print_has_every_tenant(self):
        page = self.page(self.story())
        page.eval("document.querySelector('.jump').scrollIntoView(); dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(len(self.rows(page)), 49)
        page.eval("dispatchEvent(new Event('afterprint'))")
        self.assertLess(len(self.rows(page)), 49)
        path = self.fleet.path("report.pdf")
        page.pdf(path)
        self.assertGreater(os.path.getsize(path), 20000)

    def picture(self, page, name):
        path = self.fleet.path("report.png")
        page.picture(path)
        self.assertLess(os.path.getsize(path), 200_000)
        if PICTURES:
            shutil.copyfile(path, os.path.join(PICTURES, f"{name}.png"))
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.assertLess(os.path.getsize(os.path.join(root, "docs", f"{name}.png")), 200_000)

    def test_the_pictures_of_the_docs(self):
        self.make(48)
        plan, preflight, path = self.fleet.path("plan.html"), self.fleet.path("preflight.html"), self.fleet.path("report.html")
        self.run_ok("plan", "--rehearse", "-o", f"html={plan}", code=1)
        self.run_ok("plan", "--preflight", "-o", f"html={preflight}", code=1)
        self.run_ok("upgrade", "-o", f"html={path}", code=1)
        pages = (("report", self.page(path, width=1120, height=820), None), ("report-preflight", self.page(preflight, width=1120, height=760), "preflight"),
                 ("report-rehearsal", self.page(plan, width=1120, height=760), "rehearsal"))
        for name, page, section in pages:
            for theme in ("dark", "light"):
                page.theme(theme)
                if section:
                    page.eval(f"document.getElementById('{section}').scrollIntoView({{block: 'start', behavior: 'instant'}})")
                self.picture(page, f"{name}-{theme}")
        page = pages[0][1]
        page.size(390, 844, is_phone=True)
        page.eval("scrollTo(0, 0)")
        self.picture(page, "report-phone")


if __name__ == "__main__":
    main()
