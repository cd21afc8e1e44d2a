"""A headless Chromium that a test drives, over the pipes of --remote-debugging-pipe: nothing but the browser is needed.

    with Browser() as browser:
        page = browser.open("/tmp/report.html")
        page.eval("document.title")
        page.click("#theme")

Whatever a page logs, throws or asks the network for is kept: page.logged, page.requests.
"""
import base64
import glob
import json
import os
import pwd
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium-headless-shell", "chromium")
SECONDS = 30


def axe():
    """Where tests/setup.sh has put the checker of accessibility."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    found = sorted(glob.glob(os.path.join(cache, "skein", "axe-core-*", "axe.min.js")))
    if not found:
        raise FileNotFoundError("axe-core is not here: sh tests/setup.sh --tests")
    return found[-1]


class Browser:
    def __init__(self):
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if not program:
            raise FileNotFoundError(f"none of {', '.join(PROGRAMS)} is installed: sh tests/setup.sh --tests")
        self.folder = tempfile.mkdtemp(prefix="skein-browser-")
        self._number = 0
        self._buffer = b""
        self._pages = {}
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # The program reads commands from its descriptor 3 and writes to 4. Only bash knows descriptors above 9.
        shell = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        command = ["bash", "-c", shell, "bash", str(theirs_in), str(theirs_out), program, "--headless", "--remote-debugging-pipe", "--no-sandbox",
                   "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
                   "--disable-component-update", "--force-color-profile=srgb", f"--user-data-dir={self.folder}/profile"]
        options = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, pass_fds=(theirs_in, theirs_out),
                                        env={"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8"}, **options)
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._out)
        os.close(self._in)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, end):
        """The next message; what belongs to no answer is kept by its page."""
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError(f"the browser did not answer within {SECONDS} s")
            part = os.read(self._in, 1 << 20)
            if not part:
                with open(self._log.name, encoding="utf-8", errors="replace") as log:
                    raise EOFError("the browser is gone: " + log.read()[-2000:])
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        message = json.loads(message)
        page = self._pages.get(message.get("sessionId"))
        if page and "method" in message:
            page._heard(message["method"], message["params"])
        return message

    def call(self, method, session=None, **params):
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data):]
        end = time.monotonic() + SECONDS
        while True:
            answer = self._read(end)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, path, width=1280, height=900):
        """The page of a file, once it has loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.size(width, height)
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        page.theme("light")
        if os.geteuid() == 0:  # the browser is another user
            copy = os.path.join(self.folder, f"page{len(self._pages)}.html")
            shutil.copyfile(path, copy)
            os.chmod(copy, 0o644)
            path = copy
        page.go("file://" + os.path.abspath(path))
        return page


class Page:
    def __init__(self, browser, session, target):
        self._browser, self._session, self._target = browser, session, target
        self.logged = []    # what the page logged or threw, and what the browser refused it
        self.requests = []  # addresses, but for the page's own
        self.url = None     # without a fragment
        self._is_loaded = False

    def call(self, method, **params):
        return self._browser.call(method, self._session, **params)

    def close(self):
        self._browser.call("Target.closeTarget", targetId=self._target)

    def _heard(self, method, params):
        if method == "Page.loadEventFired":
            self._is_loaded = True
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.logged.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled":
            self.logged.append(" ".join(str(arg.get("value", arg.get("description"))) for arg in params["args"]))
        elif method == "Log.entryAdded":
            self.logged.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent" and params["request"]["url"].split("#")[0] != self.url:
            self.requests.append(params["request"]["url"])

    def go(self, url):
        self.url = url.split("#")[0]
        self._load("Page.navigate", url=url)

    def reload(self):
        """With the fragment that it has by now. What is evaluated while a page goes is an error of the browser's: here no one does."""
        self._load("Page.reload")

    def _load(self, method, **params):
        self._is_loaded = False
        self.call(method, **params)
        end = time.monotonic() + SECONDS
        while not self._is_loaded:
            self._browser._read(end)

    def eval(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise AssertionError(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def until(self, expression):
        """Waits until it is so: what the page does in an event of its own, as after a click on a link."""
        end = time.monotonic() + SECONDS
        while not self.eval(expression):
            if time.monotonic() > end:
                raise AssertionError(f"not within {SECONDS} s: {expression}")
            time.sleep(0.01)

    def work(self, expression):
        """How many ms of a processor the page's thread works for it: whoever else uses the machine does not count."""
        def worked():
            return next(m["value"] for m in self.call("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration") * 1000
        self.call("Performance.enable", timeDomain="threadTicks")
        before = worked()
        self.eval(expression)
        return worked() - before

    def texts(self, selector):
        """Of all elements that the selector takes, as a person sees them."""
        return self.eval(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.innerText)")

    def text(self, selector):
        (text,) = self.texts(selector)
        return text

    def click(self, selector):
        """As a mouse does: where another element lies above, that one gets it."""
        box = self.eval(f"""(() => {{ const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: "center", behavior: "instant"}}); const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def key(self, name, code=0, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **({"text": text} if text and kind == "keyDown" else {}))

    def size(self, width, height, is_phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)

    def theme(self, name):
        """`light` or `dark`."""
        self.media("", name)

    def media(self, kind, theme="light"):
        """`print`, or `` for a screen."""
        self.call("Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": theme}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def faults(self):
        """What axe-core finds against WCAG 2.2 A and AA and its own best practices: `rule: element`, one each."""
        if not self.eval("'axe' in window"):
            with open(axe(), encoding="utf-8") as file:
                self.eval(file.read() + ";0")
        return self.eval("""axe.run(document, {resultTypes: ["violations"]}).then((found) =>
            found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary}`)))""")

    def picture(self, path, is_whole=False, **options):
        clip = {}
        if is_whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": options.pop("scale", 1)}, "captureBeyondViewport": True}
        data = self.call("Page.captureScreenshot", **{"format": "png", **clip, **options})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def pdf(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))
